"""A new recovery address or number is proven by a code that was sent there (P6)."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from idp import audit, mail, phone_numbers
from idp.accounts.person import InvalidPerson, Person, fold
from idp.accounts.recovery import contacts
from idp.accounts.recovery.contacts import OWN, PHONE, About
from idp.audit import Recorder
from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.services import Services

CODE_TTL = 600.0  # seconds (ASVS 5.0 V6.5.5)
CODE_TRIES = 5
RESEND_AFTER = 30.0  # seconds
CODES_PER_HOUR = 6  # sent for one person, whatever the address
_PURPOSE = "recovery-code"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A new address or number that a code was sent to."""

    kind: str
    value: str
    sent_at: float


def cleaned(kind: str, value: str, person: Person) -> str:
    """An address or number as it is stored. Errors: `InvalidPerson`, in words for the person."""
    value = value.strip()
    if kind == PHONE:
        try:
            return phone_numbers.read(value)
        except ValueError:
            raise InvalidPerson(kind, N_("Write the number with its country code, such as +49 170 1234567.")) from None
    plain = len(value) <= 254 and value.isprintable() and not any(c.isspace() or c in ',;<>"' for c in value)
    if not plain or not re.fullmatch(r"[^@]+@[^@.]+(\.[^@.]+)+", value):
        raise InvalidPerson(kind, N_("This is not a complete e-mail address. Write it like anna@example.com."))
    if fold(value) == fold(person.email or ""):
        raise InvalidPerson(kind, N_("This is the address of your account. Use one that works without it."))
    return value


def send_code(services: Services, person: Person, bound_to: str, kind: str, value: str, locale: str) -> str:
    """Send a code to a new address or number; answers why not, '' where it is on its way. Errors: `InvalidPerson`.

    `bound_to`: the session that asks; the code is worth something there only.
    """
    value, now = (person.email or "") if kind == OWN else cleaned(kind, value, person), services.clock()
    last = services.state.get(_waiting_key(bound_to)) or {"kind": "", "value": "", "sent_at": 0.0}
    if (last["kind"], last["value"]) == (kind, value) and now - last["sent_at"] < RESEND_AFTER:
        return N_("The code is on its way. It can be sent again after half a minute.")
    if services.state.count(f"recovery:codes:{person.id}", 3600.0) > CODES_PER_HOUR:
        return N_("Too many codes were sent in the last hour. Please try again later.")
    code = f"{secrets.randbelow(10**6):06}"
    made = {"kind": kind, "value": value, "sent_at": now, "hash": _hash(services, bound_to, value, code)}
    services.state.put(_waiting_key(bound_to), made, CODE_TTL)
    services.state.take(_tries_key(bound_to))
    values = {"code": code, "minutes": int(CODE_TTL // 60), "name": person.name}
    if kind == PHONE:
        from idp.mail import sms

        sms.send(services, value, "confirm_number", locale, values, person_id=person.id)
    else:
        mail.send(services, value, "confirm_address", locale, values, person_id=person.id)
    return ""


def waiting(services: Services, bound_to: str) -> Waiting | None:
    """What waits for its code in this session."""
    kept = services.state.get(_waiting_key(bound_to))
    return None if kept is None else Waiting(kept["kind"], kept["value"], kept["sent_at"])


def give_up(services: Services, bound_to: str) -> None:
    """Nothing waits any more."""
    services.state.take(_waiting_key(bound_to))


def confirm(services: Services, person: Person, bound_to: str, typed: str, about: About) -> str:
    """Take the code and keep the new address or number; answers what is wrong, '' where it is kept."""
    kept = services.state.get(_waiting_key(bound_to))
    if kept is None:
        return N_("The code has run out. Please ask for a new one.")
    if services.state.count(_tries_key(bound_to), CODE_TTL) > CODE_TRIES:
        services.state.take(_waiting_key(bound_to))
        return N_("Too many wrong codes. Please ask for a new one.")
    code = re.sub(r"[\s-]", "", typed)
    if not hmac.compare_digest(kept["hash"], _hash(services, bound_to, kept["value"], code)):
        return N_("This is not the code that was sent last. Please look again.")
    if services.state.take(_waiting_key(bound_to)) is None:  # another tab was faster
        return N_("The code has run out. Please ask for a new one.")
    if kept["kind"] != OWN:
        contacts.change(services, person, kept["kind"], kept["value"], about)
    elif not services.directory.confirm_address(person.id, kept["value"], record=_recorder(services, person.id, about)):
        return N_("The address of your account is another one now. Please ask for a new code.")
    return ""


def _recorder(services: Services, person_id: str, about: About) -> Recorder:
    return audit.recorder(
        services.clock, about.get("actor", person_id), person_id=person_id, address=about.get("address", ""),
        request_id=about.get("request_id", ""),
    )  # fmt: skip


def _hash(services: Services, bound_to: str, value: str, code: str) -> str:
    message = "\0".join((bound_to, value, code)).encode()
    return hmac.new(services.sealer.mac_key(_PURPOSE), message, sha256).hexdigest()


def _waiting_key(bound_to: str) -> str:
    return "recovery:waiting:" + bound_to


def _tries_key(bound_to: str) -> str:
    return "recovery:tries:" + bound_to
