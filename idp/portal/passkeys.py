"""Adding a passkey or a security key, for somebody who has just signed in; and what browsers are told about them."""

from __future__ import annotations

from typing import Any

from idp.accounts import factors
from idp.accounts.factors import backup_codes, webauthn
from idp.accounts.factors.backup_codes import Batch
from idp.accounts.factors.makers import kept_where, maker_of
from idp.accounts.factors.webauthn import NotProven, Registration, RelyingParty, WrongModel
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.db import Conflict
from idp.first_party import frame
from idp.first_party.signing_in import is_fresh, sign_in
from idp.language import locale_for
from idp.login import pages
from idp.login.authenticators import passkeys
from idp.login.authn import PASSKEY, SECURITY_KEY
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.recording import recorder
from idp.login.steps import offer_passkey
from idp.portal import backup_codes as code_pages
from idp.portal import security
from idp.portal.changing import tell
from idp.protocols import Services
from idp.showing import describe_browser
from idp.texts import N_, translate
from idp.wire import Json, Page, Raw, Request, Response

PATH = "/security/passkeys"
TTL = 300.0  # seconds from the page to the answer; so no proof that lets a change through is older than ten minutes

FAILED = N_("That did not work, and nothing was changed. Please try once more.")
MODEL = N_("Your company allows certain security keys only, and this is another one. Ask the help desk which to use.")
#: What the audit log has of a new one.
_RECORDED = (
    "aaguid", "attestation", "backup_eligible", "backed_up", "user_verified", "discoverable", "rp_id", "unasked",
)  # fmt: skip
TAKEN = N_("This passkey is set up already.")


def answer(services: Services, request: Request) -> Response:
    """GET and POST /security/passkeys."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, PATH)
    if request.method == "POST":
        # Its challenge was made for this very session while the proof was fresh (P7), and works once.
        return _enrol(services, request, session)
    if not is_fresh(services, session):
        return sign_in(services, request, PATH, fresh=True)
    return _page(services, request, session, "")


def _page(services: Services, request: Request, session: Session, problem: str) -> Page:
    party = webauthn.relying_party(services.settings)
    person = services.directory.get(session.person_id)
    enrolled = [f for f in factors.list_of(services.db, person.id) if f.kind == webauthn.KIND]
    options = ""
    if party is not None:
        challenge = passkeys.issue(services, "create", session.id, TTL)
        options = webauthn.registration_options(party, person, enrolled, challenge, sole=not person.has_password)
    return frame.page(
        services, request, session, "portal/passkeys.html",
        passkeys=[_shown(f, party) for f in enrolled], options=options, label=proposed_label(services, request),
        max_label=factors.MAX_LABEL, problem=problem, signals=passkeys.signals(services, person.id),
    )  # fmt: skip


def _shown(enrolled: factors.Enrolled, party: RelyingParty | None) -> dict[str, Any]:
    rp_id = enrolled.data.get("rp_id")
    return {
        "label": enrolled.label,
        "last_used_at": enrolled.last_used_at,
        "created_at": enrolled.created_at,
        "maker": maker_of(enrolled.data.get("aaguid")),
        "kept": kept_where(enrolled.data),
        "elsewhere": rp_id if party is None or rp_id != party.id else "",
    }


def proposed_label(services: Services, request: Request) -> str:
    """A name for the new one, such as "Passkey on Chrome, Linux", in the language of the page."""
    device = describe_browser(request.user_agent).replace(" on ", ", ")
    return translate(locale_for(services, request), N_("Passkey on %(device)s"), device=device)


def _enrol(services: Services, request: Request, session: Session) -> Response:
    person = services.directory.get(session.person_id)
    try:
        # Before the challenge is used up: ten hashes take a while. Not for what cannot be an answer.
        batch = code_pages.first(services, person) if is_answer(services, request, session) else None
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url(PATH))
    try:
        made = verify(services, request, session, sole=not person.has_password)
    except NotProven as error:
        services.log.info("passkey_not_added", reason=str(error), request_id=request.id)
        return _again(services, request, session, why_not(error))
    typed = " ".join((request.form.get("label") or "").split())
    label = typed[: factors.MAX_LABEL] or proposed_label(services, request)
    try:
        keep(services, request, person, made, label, batch)
    except Conflict:
        return _again(services, request, session, TAKEN)
    except factors.TooMany:
        return _again(services, request, session, security.TOO_MANY)
    return security.added(services, request, session, PASSKEY if made.data["user_verified"] else SECURITY_KEY, batch)


def why_not(error: NotProven) -> str:
    """What people are told."""
    return MODEL if isinstance(error, WrongModel) else FAILED


def is_answer(services: Services, request: Request, session: Session) -> bool:
    """Whether what was posted answers a challenge of this session."""
    try:
        credential = webauthn.read(request.form.first.get("credential", ""))
        return passkeys.is_issued(services, "create", session.id, credential)
    except NotProven:
        return False


def verify(
    services: Services, request: Request, session: Session, *, sole: bool, ceremony: str = "create"
) -> Registration:
    """What the browser made for the challenge of that ceremony. Errors: `NotProven`."""
    party = webauthn.relying_party(services.settings)
    if party is None:
        raise NotProven("no passkeys here")
    credential = webauthn.read(request.form.first.get("credential", ""))
    challenge = passkeys.take(services, ceremony, session.id, credential)
    unasked = ceremony == offer_passkey.UNASKED
    return webauthn.verify_registration(party, credential, challenge, sole=sole, unasked=unasked)


def keep(
    services: Services, request: Request, person: Person, made: Registration, label: str, batch: Batch | None
) -> None:
    """Enrol it, and the codes with it; the mail about it is queued with both.

    Errors: `Conflict` where anybody has this credential, `TooMany`.
    """
    is_passkey = made.data["discoverable"] or made.data["user_verified"]
    kind, unasked = "passkey" if is_passkey else webauthn.KIND, bool(made.data.get("unasked"))
    record, now = recorder(services, request, person.id), services.clock()
    with services.db.transaction() as tx:
        factor = factors.add(
            tx, now, person.id, webauthn.KIND, label, key=made.credential_id, data=made.data, counter=made.counter
        )
        if not unasked:
            factors.touch(tx, factor.id, now)  # as the session says
        detail = {"person_id": person.id, "factor": factor.id, "kind": factor.kind, "label": factor.label}
        record(tx, "factor:added", detail | {name: made.data[name] for name in _RECORDED if name in made.data})
        if batch is not None:
            backup_codes.keep(tx, now, person.id, batch, record)
        tell(services, request, tx, person, "factor_added", kind, label, unasked=unasked)


def _again(services: Services, request: Request, session: Session, problem: str) -> Response:
    if not is_fresh(services, session):
        return sign_in(services, request, PATH, fresh=True)
    return _page(services, request, session, problem)


def related_origins(services: Services, request: Request) -> Response:
    """GET /.well-known/webauthn (§5.11): the settings' further origins; no such page where there are none."""
    origins = services.settings.passkeys.related_origins
    if not origins or not services.settings.has_host_name:
        return Raw(status=404)
    return Json(body={"origins": list(origins)}, headers=(("Cache-Control", "max-age=3600"),))
