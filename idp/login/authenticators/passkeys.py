"""Signing in with a passkey, alone or after the password: challenges, whose credential it is, and what is recorded.

A challenge works once. On the login page, where nobody is known yet, it travels sealed and bound to the browser, and
only its use is stored; after the password it is kept in State for the conversation that it was made for.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp import browser
from idp.accounts import factors
from idp.accounts.factors import Enrolled, webauthn
from idp.accounts.factors.webauthn import NotProven, RelyingParty
from idp.accounts.person import Person
from idp.audit import Event, conversation_of, record
from idp.ids import digest
from idp.login.authenticators.password import DISABLED
from idp.login.authn import PASSKEY, SECURITY_KEY
from idp.login.flow import open_value, seal_value
from idp.login.services import Services
from idp.meters.notes import Meters
from idp.wire import Request

MAX_AGE = 86400.0  # seconds that a login page may lie open and its challenge still be answered; see `engine.MAX_OPEN`
_PURPOSE = "webauthn-get"
_MAX_EVENTS = 50  # of refused proofs for one person, in a day
_CREDENTIAL_ID = re.compile(r"[A-Za-z0-9_-]{1,1364}")


@dataclass(frozen=True, slots=True)
class PasskeyResult:
    """Who it was and what was shown (see `authn`); or nobody, and the id of a credential that nobody has here.

    `error`: what to tell somebody who has proven an account that cannot sign in.
    """

    person: Person | None
    methods: tuple[str, ...] = ()
    unknown: str = ""
    error: str = ""


NOBODY = PasskeyResult(None)


# -- challenges that belong to somebody ------------------------------------------------------------------------------


def issue(services: Services, ceremony: str, owner: str, ttl: float) -> bytes:
    """A new challenge for one `ceremony` ("create", "get") of one `owner`: a session, or a pending sign-in."""
    challenge = secrets.token_bytes(webauthn.CHALLENGE_BYTES)
    services.state.put(_key(ceremony, challenge), owner, ttl)
    return challenge


def is_issued(services: Services, ceremony: str, owner: str, credential: Mapping[str, Any]) -> bool:
    """Whether `take` would go through: asked before work that costs. Errors: `NotProven`."""
    return bool(services.state.get(_key(ceremony, webauthn.challenge_of(credential))) == owner)


def take(services: Services, ceremony: str, owner: str, credential: Mapping[str, Any]) -> bytes:
    """The challenge that a credential answers, used up by this very call. Errors: `NotProven`."""
    challenge = webauthn.challenge_of(credential)
    if services.state.take(_key(ceremony, challenge)) != owner:
        raise NotProven("the challenge is unknown, used, or was made for somebody else")
    return challenge


def _key(ceremony: str, challenge: bytes) -> str:
    return f"webauthn:{ceremony}:{digest(webauthn.encode(challenge))}"


# -- the login page: nobody is named ---------------------------------------------------------------------------------


def offer(services: Services, request: Request) -> dict[str, str] | None:
    """What the login page carries for a passkey; the same for everybody (L7, S68). None where there are none here."""
    party = webauthn.relying_party(services.settings)
    if party is None:
        return None
    challenge = secrets.token_bytes(webauthn.CHALLENGE_BYTES)
    value = [webauthn.encode(challenge), services.clock()]
    return {
        "challenge": seal_value(services.sealer, _PURPOSE, value, browser.identify(services, request)),
        "options": webauthn.authentication_options(party, challenge, verification="required"),
        "party": party.id,
    }


def prove(services: Services, request: Request) -> PasskeyResult:
    """Whose passkey answered the login page. One verdict for every reason why it is nobody's (S68)."""
    party = webauthn.relying_party(services.settings)
    try:
        if party is None:
            raise NotProven("no passkeys here")
        credential = webauthn.read(request.form.first.get("credential", ""))
        challenge = _opened(services, request, credential)
    except NotProven as error:
        return _refuse(services, request, str(error))
    enrolled = factors.find_by_key(services.db, credential["id"])
    if enrolled is None or enrolled.kind != webauthn.KIND:
        # Whoever has this id had the credential; it tells that the browser may forget it.
        return _refuse(services, request, "nobody has this credential", unknown=credential["id"])
    if enrolled.data.get("never_alone"):
        return _refuse(services, request, "added shortly before “This was not me”", enrolled.person_id)
    try:
        seen = webauthn.verify_authentication(party, credential, challenge, enrolled, sole=True)
    except NotProven as error:
        return _refuse(services, request, str(error), enrolled.person_id)
    if not services.state.add(f"webauthn:used:{digest(webauthn.encode(challenge))}", 1, MAX_AGE):
        return _refuse(services, request, "the challenge was answered before", enrolled.person_id)
    person = services.directory.find(enrolled.person_id)
    if person is None:
        return _refuse(services, request, "the account is gone", enrolled.person_id)
    if not person.enabled:
        refused = _refuse(services, request, "the account is disabled", enrolled.person_id)
        return replace(refused, error=DISABLED)  # proven to be theirs, so it may be said
    return _accepted(services, request, person, enrolled, seen)


def _opened(services: Services, request: Request, credential: Mapping[str, Any]) -> bytes:
    """The challenge of the posted page. Errors: `NotProven`."""
    sealed = request.form.first.get("challenge", "")
    value = open_value(services.sealer, _PURPOSE, sealed, browser.identify(services, request))
    if value is None:
        raise NotProven("the challenge was not made for this browser")
    if services.clock() - value[1] >= MAX_AGE:
        raise NotProven("the challenge is too old")
    challenge = webauthn.decode(value[0])
    if webauthn.challenge_of(credential) != challenge:
        raise NotProven("the credential answers another challenge")
    return challenge


# -- after the password: this person's own ---------------------------------------------------------------------------


def usable(services: Services, person_id: str) -> tuple[Enrolled, ...]:
    """The person's passkeys and security keys that work under this host name."""
    party = webauthn.relying_party(services.settings)
    return webauthn.of_party(factors.list_of(services.db, person_id), party) if party is not None else ()


def signals(services: Services, person_id: str) -> str:
    """What a page of somebody signed in tells the browser: which of its passkeys are still good (§5.1.10.3)."""
    party = webauthn.relying_party(services.settings)
    if party is None:
        return ""
    accepted = [enrolled.key for enrolled in usable(services, person_id)]
    about = {"rpId": party.id, "userId": webauthn.user_handle(person_id), "allAcceptedCredentialIds": accepted}
    return json.dumps({"signalAllAcceptedCredentials": about})


def options_for(services: Services, person_id: str, owner: str, ttl: float) -> str:
    """What the page of a second step carries."""
    party = _party(services)
    challenge = issue(services, "get", owner, ttl)
    return webauthn.authentication_options(
        party, challenge, verification="preferred", allowed=usable(services, person_id)
    )


def prove_second(services: Services, request: Request, person: Person, owner: str) -> PasskeyResult:
    """Whether one of this very person's credentials answered the challenge that was made for `owner`."""
    try:
        party = _party(services)
        credential = webauthn.read(request.form.first.get("credential", ""))
        challenge = take(services, "get", owner, credential)
        enrolled = factors.find_by_key(services.db, credential["id"])
        # §7.2: one of those that were asked for.
        if enrolled is None or enrolled.kind != webauthn.KIND or enrolled.person_id != person.id:
            raise NotProven("not one of this person's credentials")
        seen = webauthn.verify_authentication(party, credential, challenge, enrolled, sole=False)
    except NotProven as error:
        return _refuse(services, request, str(error), person.id)
    return _accepted(services, request, person, enrolled, seen)


def _party(services: Services) -> RelyingParty:
    party = webauthn.relying_party(services.settings)
    if party is None:
        raise NotProven("no passkeys here")
    return party


# -- what follows ----------------------------------------------------------------------------------------------------


def _accepted(
    services: Services, request: Request, person: Person, enrolled: Enrolled, seen: webauthn.Assertion
) -> PasskeyResult:
    if not _advance(services, enrolled, seen):
        return _suspect(services, request, enrolled, seen)
    return PasskeyResult(person, (PASSKEY if seen.user_verified else SECURITY_KEY,))


def _advance(services: Services, enrolled: Enrolled, seen: webauthn.Assertion) -> bool:
    """§7.2: an authenticator that counts must have counted on; of racing answers with one count, one wins."""
    now = services.clock()
    if (seen.counter or enrolled.counter) and not factors.advance(services.db, enrolled.id, seen.counter, now):
        return False
    # One that its browser made without a question shows here for the first time that it verifies.
    verifies = bool(enrolled.data.get("user_verified")) or seen.user_verified
    known = {
        **enrolled.data, "backup_eligible": seen.backup_eligible, "backed_up": seen.backed_up,
        "user_verified": verifies,
    }  # fmt: skip
    if not seen.counter or known != enrolled.data:
        factors.touch(services.db, enrolled.id, now, known)
    return True


def _suspect(services: Services, request: Request, enrolled: Enrolled, seen: webauthn.Assertion) -> PasskeyResult:
    """§6.1.1: a copy of the authenticator may exist. The proof is refused, and an admin can see why."""
    detail = {
        "kind": enrolled.kind, "factor_id": enrolled.id, "label": enrolled.label, "stored": enrolled.counter,
        "seen": seen.counter, "browser": request.user_agent,
    }  # fmt: skip
    services.log.warning("authenticator_suspicious", factor_id=enrolled.id, request_id=request.id)
    _record(services, request, "factor:suspicious", enrolled.person_id, detail)
    return NOBODY


def _refuse(services: Services, request: Request, reason: str, person_id: str = "", unknown: str = "") -> PasskeyResult:
    """What concerns somebody leaves an event; what strangers make up is logged only, so that nobody fills the store."""
    services.part(Meters).count("sign_ins", request.visitor.for_client, PASSKEY, "wrong")
    services.log.info("passkey_refused", reason=reason, request_id=request.id)
    # Whoever knows a credential's id can post it for ever; so many a day are enough to see it by.
    if person_id and services.state.count("webauthn:refused:" + person_id, 86400.0) <= _MAX_EVENTS:
        detail = {"kind": webauthn.KIND, "reason": reason, "browser": request.user_agent,
                  "findings": [meaning(services, reason)]}  # fmt: skip
        _record(services, request, "session:failed", person_id, detail)
    return PasskeyResult(None, unknown=unknown if _CREDENTIAL_ID.fullmatch(unknown) else "")


#: What a refused proof means: a word of the reason, side, field, and what to do.
_MEANS = (
    ("origin", "doorward", "server.issuer", "The page was open at another address than the issuer's: have people come "
     "by that, or name the other in passkeys.related_origins."),
    ("rp id", "doorward", "passkeys.rp_id", "The passkey was made for another domain: `doorward doctor` counts those; "
     "keep passkeys.rp_id, or have the person add a new one."),
    ("verif", "person", "user verification", "The device did not check that it is its owner (PIN, finger, face): set "
     "that up on it, or use it as a second step after the password."),
    ("challenge", "person", "the page", "The page was old, or in another browser: open the sign-in anew."),
    ("disabled", "doorward", "account", "`doorward user enable` lets them in again."),
)  # fmt: skip


def meaning(services: Services, reason: str) -> dict[str, str]:
    """Why a passkey was not taken, as an admin reads it: which side, and what to do."""
    said = reason.lower()
    found = next((row for row in _MEANS if row[0] in said), None)
    side, field, fix = found[1:] if found else ("person", "passkey", "Have them try another one, or add a new one "
                                                "after another way in: `doorward user code`.")  # fmt: skip
    return {"code": "passkey_refused", "side": side, "field": field, "fix": fix, "got": reason[:200], "weight": "wrong",
            "expected": services.issuer if field == "server.issuer" else "", "reader": "house"}  # fmt: skip


def _record(services: Services, request: Request, action: str, person_id: str, detail: Mapping[str, Any]) -> None:
    event = Event(
        action, person_id=person_id, client_id=request.visitor.for_client or None, address=request.remote_address,
        request_id=request.id, detail={**detail, **conversation_of(request)},
    )  # fmt: skip
    record(services.db, event, services.clock())
