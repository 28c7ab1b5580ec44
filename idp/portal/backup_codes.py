"""The ten codes on paper: made with the first second factor or on demand, shown once, to print and to save (F5)."""

from __future__ import annotations

from idp import browser, flash
from idp.accounts import factors
from idp.accounts.factors import backup_codes
from idp.accounts.factors.backup_codes import Batch
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.first_party import frame
from idp.first_party.signing_in import fresh_session
from idp.login import pages
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import open_value, seal_value
from idp.login.recording import recorder
from idp.login.steps import enrol
from idp.portal.changing import tell
from idp.protocols import Services
from idp.wire import Page, Raw, Redirect, Request, Response

_PAGE = "backup-codes-page"
_OPEN_FOR = 1800.0  # seconds in which the page can still save its codes


def first(services: Services, person: Person) -> Batch | None:
    """Codes to keep with a new authenticator, where the person has none; they go with a password. Errors: `Busy`."""
    if not person.has_password or backup_codes.left(services.db, person.id):
        return None
    return backup_codes.make(services)


def answer(services: Services, request: Request) -> Response:
    """GET and POST /security/codes: ten new ones in place of the old."""
    session = fresh_session(services, request, "/security/codes")
    if isinstance(session, Response):
        return session
    person = services.directory.get(session.person_id)
    if not factors.list_of(services.db, person.id):  # they stand in for a second factor, and there is none
        return Redirect(location=services.url("/security"))
    if request.method != "POST":
        left = backup_codes.left(services.db, person.id)
        return frame.page(services, request, session, "portal/security_new_codes.html", codes_left=left)
    try:
        batch = backup_codes.make(services)
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url("/security/codes"))
    with services.db.transaction() as tx:
        backup_codes.keep(tx, services.clock(), person.id, batch, recorder(services, request, person.id))
        tell(services, request, tx, person, "factor_added", backup_codes.KIND, "")
    return page(services, request, session, batch)


def page(services: Services, request: Request, session: Session, batch: Batch, done: str = "codes") -> Page:
    """The codes, this once: to print, to save, to copy. `done`: what has just happened, see `flash`."""
    value = {"codes": batch.shown, "person": session.person_id, "at": services.clock()}
    is_waiting = enrol.is_waiting(services, session)
    return frame.page(
        services, request, session, "portal/security_codes.html",
        here=services.url("/security"), done=flash.TEXTS[done], codes=batch.shown,
        sealed_codes=seal_value(services.sealer, _PAGE, value, browser.identify(services, request)),
        made_at=services.clock(), is_waiting=is_waiting,
        next_url=services.settings.server.issuer_path + ("/login/continue" if is_waiting else "/security"),
    )  # fmt: skip


def save(services: Services, request: Request) -> Response:
    """POST /security/codes/save: the codes of the page that is open, as a text file."""
    session = sessions.current(services, request)
    sealed = request.form.get("codes") or ""
    value = open_value(services.sealer, _PAGE, sealed, browser.identify(services, request))
    if session is None or value is None or value["person"] != session.person_id:
        return Redirect(location=services.url("/security"))
    if services.clock() - value["at"] > _OPEN_FOR:
        return Redirect(location=services.url("/security"))
    company, host = services.settings.brand.company, services.issuer
    lines = [f"{company} – {session.username}", host, "", *value["codes"], ""]
    return Raw(
        body="\r\n".join(lines).encode(),
        headers=(
            ("Content-Disposition", 'attachment; filename="backup-codes.txt"'),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
        ),
    )
