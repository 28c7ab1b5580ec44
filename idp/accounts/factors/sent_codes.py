"""Six digits by mail or text message, bound to the sign-in that asked for them (F4).

Nothing is enrolled: the target is the person's verified address or number. State holds a keyed hash, never the code.
NIST SP 800-63B-4 §3.1.3: ten minutes at most, one use; a code is void after five wrong tries (X27).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from idp.accounts.person import Person
from idp.accounts.services import Services
from idp.audit import Event, record
from idp.ids import digest

EMAIL, SMS = "email", "sms"
DIGITS = 6
TTL = 600.0  # seconds
WAIT = 30.0  # seconds between two codes of one sign-in
MAX_SENT = 5  # codes of one sign-in
MAX_TRIES = 5  # wrong ones of one code
MAX_PER_HOUR = 10  # codes to one person by one way, over all their sign-ins: nobody's phone is flooded

Outcome = Literal["right", "wrong", "void", "none"]


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a sign-in stands. `count`: codes sent so far; `again_at`: when the next may be asked for, epoch seconds.

    `left`: how many more may be sent; `full`: none, since the person has had too many in this hour.
    """

    target: str
    count: int
    again_at: float
    left: int
    full: bool = False


def target(services: Services, person: Person, kind: str) -> str:
    """The verified address or number; '' where there is none, or nothing that sends there."""
    from idp import mail
    from idp.mail import sms

    if kind == EMAIL:
        return person.email or "" if person.email_verified and mail.is_ready(services) else ""
    number = person.claims.get("phone_number")
    if person.claims.get("phone_number_verified") is not True or not isinstance(number, str):
        return ""
    return number if sms.is_ready(services) else ""


def masked(services: Services, person: Person, kind: str) -> str:
    """The target as strangers may see it."""
    from idp import mail

    found = target(services, person, kind)
    return mail.masked_address(found) if kind == EMAIL else mail.masked_number(found)


@dataclass(frozen=True, slots=True)
class Wording:
    """The language of the message, and what it says beside the code, such as `app` and `device`."""

    locale: str
    about: Mapping[str, Any]


def begin(services: Services, kind: str, person: Person, bound: str, wording: Wording) -> Sent:
    """The first code of a sign-in; where one was sent already, how things stand. `bound`: names the sign-in."""
    if services.state.count(_key(kind, bound, "count"), 2 * TTL, 0) == 0:
        return send(services, kind, person, bound, wording)
    return standing(services, kind, person, bound)


def send(services: Services, kind: str, person: Person, bound: str, wording: Wording) -> Sent:
    """A new code, unless it is too early or there were too many; the one before it is void. Answers how it stands."""
    state, to, now = services.state, target(services, person, kind), services.clock()
    if not to or not state.add(_key(kind, bound, "wait"), now + WAIT, WAIT):
        return standing(services, kind, person, bound)
    if state.count(_key(kind, bound, "count"), 2 * TTL, 0) >= MAX_SENT:
        return standing(services, kind, person, bound)
    if state.count(_per_hour(kind, person), 3600.0) > MAX_PER_HOUR:
        return standing(services, kind, person, bound)
    code, id = "".join(secrets.choice("0123456789") for _ in range(DIGITS)), secrets.token_hex(8)
    kept = {"id": id, "hash": _hash(services, kind, bound, code), "until": now + TTL, "target": digest(to)}
    state.put(_key(kind, bound, "code"), kept, TTL)
    state.count(_key(kind, bound, "count"), 2 * TTL)
    about = {**wording.about, "code": code, "minutes": int(TTL // 60)}
    _deliver(services, kind, to, person, replace(wording, about=about))
    return standing(services, kind, person, bound)


def standing(services: Services, kind: str, person: Person, bound: str) -> Sent:
    """Where a sign-in stands."""
    state = services.state
    count = state.count(_key(kind, bound, "count"), 2 * TTL, 0)
    full = state.count(_per_hour(kind, person), 3600.0, 0) >= MAX_PER_HOUR
    again_at = float(state.get(_key(kind, bound, "wait")) or 0.0)
    return Sent(masked(services, person, kind), count, again_at, 0 if full else max(0, MAX_SENT - count), full)


def read(typed: str) -> str:
    """What was typed as a code, or '' where it cannot be one: spaces and dashes do not matter."""
    digits = "".join(c for c in typed[:32] if not (c.isspace() or c in "-.")).translate(_WIDE)
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdigit() else ""


def verify(services: Services, kind: str, person: Person, bound: str, typed: str) -> Outcome:
    """Use a code: `right` once, of any number of racing tries. `void`: this was the last wrong try; `none`: no code."""
    state, code = services.state, read(typed)
    kept = state.get(_key(kind, bound, "code"))
    if kept is None or services.clock() >= kept["until"] or kept["target"] != digest(target(services, person, kind)):
        return "none"
    # Counted before it is looked at, so that guesses sent at once are no more than guesses one by one.
    tries = state.count(_key(kind, bound, f"tries:{kept['id']}"), TTL)
    if tries > MAX_TRIES:
        return "none"
    if not code or not hmac.compare_digest(kept["hash"], _hash(services, kind, bound, code)):
        if tries < MAX_TRIES:
            return "wrong"
        state.take(_key(kind, bound, "code"))
        return "void"
    # ASVS 6.5.1: once, also concurrently.
    if not state.add(_key(kind, bound, f"used:{kept['id']}"), 1, TTL):
        return "none"
    state.take(_key(kind, bound, "code"))
    return "right"


_WIDE = {0xFF10 + n: str(n) for n in range(10)}  # full-width digits of East Asian keyboards


def _deliver(services: Services, kind: str, to: str, person: Person, wording: Wording) -> None:
    from idp import mail
    from idp.mail import sms

    hint = mail.masked_address(to) if kind == EMAIL else mail.masked_number(to)
    asked = Event("code:sent", actor=person.id, person_id=person.id, detail={"kind": kind, "to": hint})
    record(services.db, asked, services.clock())
    leave = mail.send if kind == EMAIL else sms.send
    values = {"name": person.name, "zone": person.claims.get("zoneinfo", ""), **wording.about}
    leave(services, to, "sign_in_code", wording.locale, values, person_id=person.id)


def _hash(services: Services, kind: str, bound: str, code: str) -> str:
    """Keyed: six digits under a plain hash would be no secret to whoever reads the store (ASVS 6.5.2)."""
    key = services.sealer.mac_key("sent-code")
    return hmac.digest(key, "\0".join((kind, bound, code)).encode(), "sha256").hex()


def _key(kind: str, bound: str, what: str) -> str:
    return f"sent:{kind}:{digest(bound)}:{what}"


def _per_hour(kind: str, person: Person) -> str:
    return f"sent:{kind}:hour:{person.id}"
