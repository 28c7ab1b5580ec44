"""A person's recovery address and number (P6): confirmed by a code, told to the old one, undone by it for 72 hours.

Who planted one cannot keep it: what was confirmed inside the window is offered no undo; a new password voids those that
contacts hold; "not me", a reset by an admin and a disable void every one, and suspend every contact until the person
confirms it anew (N6).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from idp import audit, mail, phone_numbers
from idp.accounts import store as people
from idp.accounts.directory import Guard
from idp.accounts.person import InvalidPerson, Person, fold
from idp.accounts.recovery import store
from idp.audit import Event, Recorder, record
from idp.ids import digest, new_secret
from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction

EMAIL, PHONE = "email", "phone"
KINDS = (EMAIL, PHONE)
OWN = "own"  # the account's address itself, which waits to be confirmed, or holds the link of an undo
CONTACT = "contact"  # another holder of such a link
DAY = 86400.0
CODE_TTL = 600.0  # seconds (ASVS 5.0 V6.5.5)
CODE_TRIES = 5
RESEND_AFTER = 30.0  # seconds
CODES_PER_HOUR = 6  # sent for one person, whatever the address
PREFIX = "dwu_"
_PURPOSE = "recovery-code"


@dataclass(frozen=True, slots=True)
class Contact:
    """A confirmed address or number. Times are epoch seconds."""

    person_id: str
    kind: str
    value: str
    confirmed_at: float
    reviewed_at: float
    suspended_at: float | None = None  # helps nobody until the person confirms it anew

    @property
    def is_good(self) -> bool:
        """Whether it serves for recovery."""
        return self.suspended_at is None


@dataclass(frozen=True, slots=True)
class Change:
    """One that can be undone: what stood there `before`, None for nothing."""

    person_id: str
    kind: str
    before: str | None
    confirmed_at: float | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A new address or number that a code was sent to."""

    kind: str
    value: str
    sent_at: float


#: What an audit event and a mail say of whoever asks: `device`, `address`, `request_id`.
About = Mapping[str, str]


# -- looking -----------------------------------------------------------------------------------------------------------


def of_person(services: Services, person_id: str) -> dict[str, Contact]:
    """By kind; those that wait to be confirmed anew, too."""
    rows = services.db.all(store.OF_PERSON, owner_id=person_id)
    return {row.kind: _contact(row) for row in rows}


def owners_of(services: Services, address: str) -> tuple[Person, ...]:
    """Everybody whose recovery address this is, confirmed and not suspended."""
    rows = services.db.all(store.OF_KEY, wanted_key=fold(address))
    found = (services.directory.find(row.person_id) for row in rows)
    return tuple(person for person in found if person is not None and person.enabled)


def addresses(services: Services, person: Person) -> tuple[str, ...]:
    """Where a person is reached for recovery: the account's own address, and then a contact that they confirmed.

    The own address is only ever written by an admin: it is the company's word, and good before it is confirmed.
    """
    own = (person.email,) if person.email else ()
    contact = of_person(services, person.id).get(EMAIL)
    return tuple(dict.fromkeys((*own, *((contact.value,) if contact is not None and contact.is_good else ()))))


def number(services: Services, person: Person) -> str:
    """The number that a code is sent to for recovery, or ''.

    Never the one that codes for the second step go to: one phone would be both (ASVS 6.4.3, NIST SP 800-63B-4 §4.2.2).
    """
    from idp.mail import sms

    contact = of_person(services, person.id).get(PHONE)
    second = "".join(c for c in str(person.claims.get("phone_number") or "") if c.isdigit() or c == "+")
    second = "+" + second[2:] if second.startswith("00") else second
    is_good = contact is not None and contact.is_good and contact.value != second and sms.is_ready(services)
    return contact.value if contact is not None and is_good else ""


def review_due(services: Services, person: Person) -> bool:
    """Whether it is time to ask "is this still right?" (every 180 days)."""
    days = services.settings.recovery.review_days
    last = services.clock() - days * DAY
    found = of_person(services, person.id).values()
    return days > 0 and any(contact.reviewed_at < last for contact in found if contact.is_good)


def reviewed(services: Services, person: Person, about: About) -> None:
    """The person says that they are."""
    now = services.clock()
    with services.db.transaction() as tx:
        tx.run(store.REVIEWED, owner_id=person.id, now=now)
        record(tx, _event("recovery:reviewed", person.id, about, {}), now)


# -- confirming a new one ----------------------------------------------------------------------------------------------


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
        change(services, person, kept["kind"], kept["value"], about)
    elif not services.directory.confirm_address(person.id, kept["value"], record=_recorder(services, person.id, about)):
        return N_("The address of your account is another one now. Please ask for a new code.")
    return ""


# -- changing ----------------------------------------------------------------------------------------------------------


def change(services: Services, person: Person, kind: str, value: str | None, about: About) -> None:
    """Keep a confirmed address or number, or with None forget it; who may take it back is told how."""
    now, hours = services.clock(), services.settings.recovery.undo_hours
    tokens = {OWN: PREFIX + new_secret(), CONTACT: PREFIX + new_secret()}
    with services.db.transaction() as tx:
        before = {row.kind: _contact(row) for row in tx.all(store.OF_PERSON, owner_id=person.id)}
        old = before.get(kind)
        if (old.value if old else None) == value and (old is None or old.is_good):
            return
        # What was suspended is worth nothing, so nobody is offered to put it back.
        standing = old if old is not None and old.is_good and old.value != value else None
        _keep(tx, person.id, kind, value, now, now)
        for reach, token in tokens.items():
            tx.run(
                store.ADD_UNDO, token_hash=digest(token), person_id=person.id, kind=kind, reach=reach, after=value,
                before=standing.value if standing else None, confirmed_at=standing.confirmed_at if standing else None,
                created_at=now, expires_at=now + hours * 3600.0, used_at=None,
            )  # fmt: skip
        what = "removed" if value is None else "changed" if standing else "added"
        record(tx, _event(f"recovery:{what}", person.id, about, {"kind": kind}), now)
        links = {reach: services.url(f"/recovery/undo/{token}") for reach, token in tokens.items()}
        device = about.get("device", "")
        values = {"what": kind, "new": _masked(kind, value), "hours": hours, "time": now, "device": device}
        _tell_changed(services, tx, person, values, links, [one for one in before.values() if one.value != value])


def _tell_changed(
    services: Services, tx: Transaction, person: Person, values: Mapping[str, Any], links: Mapping[str, str],
    told: list[Contact],
) -> None:  # fmt: skip
    """The account's own address, and the contacts that stood there before.

    One that was confirmed inside the window may be the thief's: it hears of the change, and gets no link. Only the
    account's own address can take back what others have changed since.
    """
    if person.email or not told:
        mail.tell(services, person, "recovery_address_changed", {**values, "undo_link": links[OWN]}, tx=tx)
    window = services.clock() - services.settings.recovery.undo_hours * 3600.0
    for contact in told:
        if contact.kind != EMAIL or contact.value == person.email:
            continue
        if contact.is_good and contact.confirmed_at <= window:
            at_contact = replace(person, email=contact.value)
            linked = {**values, "undo_link": links[CONTACT]}
            mail.tell(services, at_contact, "recovery_address_changed", linked, tx=tx)
        else:
            mail.tell_gone(services, person, contact.value, "recovery_address_changed", values, tx=tx)


def take_away(services: Services, person: Person, kind: str, record: Recorder | None = None) -> bool:
    """An admin removes a contact, and nobody can put it back by a link; answers whether there was one."""
    now = services.clock()
    with services.db.transaction() as tx:
        old = tx.one(store.ONE, owner_id=person.id, wanted=kind)
        if old is None:
            return False
        tx.run(store.REMOVE, owner_id=person.id, wanted=kind)
        tx.run(store.VOID, owner_id=person.id, now=now)
        if record is not None:
            record(tx, "recovery:removed", {"person_id": person.id, "kind": kind, "why": "an admin removed it"})
        values = {"what": kind, "new": "", "time": now}
        mail.tell(services, person, "recovery_address_changed", values, tx=tx)
        if kind == EMAIL:
            mail.tell_gone(services, person, old.value, "recovery_address_changed", values, tx=tx)
    return True


def find_change(services: Services, token: str) -> Change | None:
    """What a link from a mail would undo now; looking uses nothing up."""
    row = services.db.one(store.UNDO, wanted=digest(token))
    if row is None or row.used_at is not None or row.expires_at <= services.clock():
        return None
    person = services.directory.find(row.person_id)
    if person is None or not person.enabled or not _is_standing(services.db, row):
        return None
    return Change(row.person_id, row.kind, row.before, row.confirmed_at, row.created_at)


def _is_standing(db: Any, row: Any) -> bool:
    """Whether an undo may still be done: its change stands, or the account's own address asks."""
    if row.reach == OWN:
        return True
    now = db.one(store.ONE, owner_id=row.person_id, wanted=row.kind)
    return bool(row.reach == CONTACT and (now.value if now is not None else None) == row.after)


def undo(services: Services, token: str, about: About) -> Change | None:
    """Put back what stood before, once; None where it is too late. Later changes cannot undo the undoing."""
    found, now = find_change(services, token), services.clock()
    if found is None:
        return None
    with services.db.transaction() as tx:
        row = tx.one(store.UNDO, wanted=digest(token))
        gone = tx.one(store.ONE, owner_id=row.person_id, wanted=row.kind)
        if not _is_standing(tx, row) or not tx.run(store.USE_UNDO, wanted=digest(token), now=now):
            return None
        tx.run(store.VOID_LATER, owner_id=row.person_id, wanted=row.kind, since=row.created_at, now=now)
        # An address that put itself back is as young as one that was just confirmed, so that it cannot do so for ever.
        confirmed_at = row.confirmed_at if row.reach == OWN and row.confirmed_at else now
        _keep(tx, row.person_id, row.kind, row.before, confirmed_at, now)
        record(tx, _event("recovery:undone", row.person_id, about, {"kind": row.kind}), now)
        _tell_undone(services, tx, found, gone.value if gone is not None else None)
    return found


def _tell_undone(services: Services, tx: Transaction, change: Change, gone: str | None) -> None:
    """The account's own address, and the one that was taken off, hear of an undoing."""
    person = people.find(tx, change.person_id)
    if person is None:
        return
    values = {"what": change.kind, "new": _masked(change.kind, change.before), "time": services.clock()}
    mail.tell(services, person, "recovery_address_changed", values, tx=tx)
    if gone and change.kind == EMAIL and gone != change.before:
        mail.tell_gone(services, person, gone, "recovery_address_changed", values, tx=tx)


def guard(tx: Any, person_id: str, how: Guard, now: float) -> None:
    """What a change of the account ends of recovery, in the caller's transaction; see `directory.Guard`."""
    tx.run(store.VOID_OF_CONTACTS if how == "password" else store.VOID, owner_id=person_id, now=now)
    if how == "restrict" and (many := tx.run(store.SUSPEND, owner_id=person_id, now=now)):
        event = Event("recovery:suspended", actor="system", person_id=person_id, detail={"contacts": many})
        record(tx, event, now)


def sweep(services: Services, many: int = 1000) -> int:
    """Forget at most `many` changes that can be undone no longer; answers how many."""
    return services.db.run(store.SWEEP, before=services.clock(), many=many)


def forget_recent(tx: Any, person_id: str, since: float) -> list[str]:
    """Forget what was confirmed after a moment, in the caller's transaction: it may be somebody else's (A3)."""
    recent = [row.kind for row in tx.all(store.OF_PERSON, owner_id=person_id) if row.confirmed_at > since]
    for kind in recent:
        tx.run(store.REMOVE, owner_id=person_id, wanted=kind)
    return recent


# -- below -------------------------------------------------------------------------------------------------------------


def _keep(tx: Any, person_id: str, kind: str, value: str | None, confirmed_at: float, now: float) -> None:
    if value is None:
        tx.run(store.REMOVE, owner_id=person_id, wanted=kind)
    else:
        tx.run(
            store.KEEP, person_id=person_id, kind=kind, value=value, key=fold(value), confirmed_at=confirmed_at,
            reviewed_at=now, suspended_at=None,
        )  # fmt: skip


def _contact(row: Any) -> Contact:
    return Contact(row.person_id, row.kind, row.value, row.confirmed_at, row.reviewed_at, row.suspended_at)


def _masked(kind: str, value: str | None) -> str:
    if value is None:
        return ""
    return mail.masked_address(value) if kind == EMAIL else mail.masked_number(value)


def _event(action: str, person_id: str, about: About, detail: Mapping[str, Any]) -> Event:
    return Event(
        action, actor=about.get("actor", person_id), person_id=person_id, address=about.get("address", ""),
        request_id=about.get("request_id", ""), detail=detail,
    )  # fmt: skip


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
