"""A person's recovery address and number (P6): confirmed by a code, told to the old one, undone by it for 72 hours.

Who planted one cannot keep it: what was confirmed inside the window is offered no undo; a new password voids those that
contacts hold; "not me", a reset by an admin and a disable void every one, and suspend every contact until the person
confirms it anew (N6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from idp import mail
from idp.accounts import signalled
from idp.accounts.effects import Guard
from idp.accounts.person import Person, fold
from idp.accounts.provisioning import kept
from idp.accounts.recovery import store
from idp.audit import Event, Recorder, record
from idp.db import Transaction
from idp.ids import digest, new_secret
from idp.language import dates_of_person

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction

EMAIL, PHONE = "email", "phone"
KINDS = (EMAIL, PHONE)
OWN = "own"  # the account's address itself, which waits to be confirmed, or holds the link of an undo
CONTACT = "contact"  # another holder of such a link
DAY = 86400.0
PREFIX = "dwu_"


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

    The own address is the company's word, and good before it is confirmed, where an admin wrote it. One that a
    directory wrote without being trusted with addresses helps nobody in until the person has confirmed it.
    """
    own = (person.email,) if person.email and not kept.is_unproven(services.db, person) else ()
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
        record(tx, event("recovery:reviewed", person.id, about, {}), now)


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
        keep(tx, person.id, kind, value, now, now)
        for reach, token in tokens.items():
            tx.run(
                store.ADD_UNDO, token_hash=digest(token), person_id=person.id, kind=kind, reach=reach, after=value,
                before=standing.value if standing else None, confirmed_at=standing.confirmed_at if standing else None,
                created_at=now, expires_at=now + hours * 3600.0, used_at=None,
            )  # fmt: skip
        what = "removed" if value is None else "changed" if standing else "added"
        record(tx, event(f"recovery:{what}", person.id, about, {"kind": kind}), now)
        links = {reach: services.url(f"/recovery/undo/{token}") for reach, token in tokens.items()}
        device = about.get("device", "")
        values = {"what": kind, "new": masked(kind, value), "hours": hours, "time": now, "device": device}
        told = [one for one in before.values() if one.value != value]
        _tell_changed(services, tx, reading(services, person, about), values, links, told)


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
        signalled.note(tx, "recovery", person.id)
        tx.run(store.VOID, owner_id=person.id, now=now)
        if record is not None:
            record(tx, "recovery:removed", {"person_id": person.id, "kind": kind, "why": "an admin removed it"})
        values = {"what": kind, "new": "", "time": now}
        mail.tell(services, person, "recovery_address_changed", values, tx=tx)
        if kind == EMAIL:
            mail.tell_gone(services, person, old.value, "recovery_address_changed", values, tx=tx)
    return True


def end_every_undo(tx: Transaction, now: float) -> int:
    """No link takes a change back any more, in the caller's transaction; answers how many would have."""
    return tx.run(store.VOID_EVERY, now=now)


def guard(tx: Transaction, person_id: str, how: Guard, now: float) -> None:
    """What a change of the account ends of recovery, in the caller's transaction; see `effects.Guard`."""
    tx.run(store.VOID_OF_CONTACTS if how == "password" else store.VOID, owner_id=person_id, now=now)
    if how == "restrict" and (many := tx.run(store.SUSPEND, owner_id=person_id, now=now)):
        event = Event("recovery:suspended", actor="system", person_id=person_id, detail={"contacts": many})
        record(tx, event, now)


def sweep(services: Services, many: int = 1000) -> int:
    """Forget at most `many` changes that can be undone no longer; answers how many."""
    return services.db.run(store.SWEEP, before=services.clock(), many=many)


def forget_recent(tx: Transaction, person_id: str, since: float) -> list[str]:
    """Forget what was confirmed after a moment, in the caller's transaction: it may be somebody else's (A3)."""
    recent = [row.kind for row in tx.all(store.OF_PERSON, owner_id=person_id) if row.confirmed_at > since]
    for kind in recent:
        tx.run(store.REMOVE, owner_id=person_id, wanted=kind)
    return recent


# -- below -------------------------------------------------------------------------------------------------------------


def keep(tx: Transaction, person_id: str, kind: str, value: str | None, confirmed_at: float, now: float) -> None:
    """Write what stands for a kind from now on; None takes it away."""
    signalled.note(tx, "recovery", person_id)
    if value is None:
        tx.run(store.REMOVE, owner_id=person_id, wanted=kind)
    else:
        tx.run(
            store.KEEP, person_id=person_id, kind=kind, value=value, key=fold(value), confirmed_at=confirmed_at,
            reviewed_at=now, suspended_at=None,
        )  # fmt: skip


def _contact(row: Any) -> Contact:
    return Contact(row.person_id, row.kind, row.value, row.confirmed_at, row.reviewed_at, row.suspended_at)


def reading(services: Services, person: Person, about: About) -> Person:
    """The person as reader of mails about what they did from there: `page` of `about` is what they read it on."""
    read = dates_of_person(services, person.claims, about.get("page", ""))
    return replace(person, claims={**person.claims, "locale": read})


def masked(kind: str, value: str | None) -> str:
    """As a mail may show it to whoever reads it."""
    if value is None:
        return ""
    return mail.masked_address(value) if kind == EMAIL else mail.masked_number(value)


def event(action: str, person_id: str, about: About, detail: Mapping[str, Any]) -> Event:
    """The audit event of something that a person did, from where they did it."""
    return Event(
        action, actor=about.get("actor", person_id), person_id=person_id, address=about.get("address", ""),
        request_id=about.get("request_id", ""), detail=detail,
    )  # fmt: skip
