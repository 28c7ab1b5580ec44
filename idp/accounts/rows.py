"""What every change of a person is made of: their row locked, checked, written, and the event that tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.accounts import break_glass, changed, past, signalled, store
from idp.accounts.lookup import is_in_charge, is_plain
from idp.accounts.person import (
    ROLES,
    Draft,
    InvalidPerson,
    NoSuchPerson,
    Person,
    Problems,
    fold,
    identifiers,
    search_text,
    spellings,
    to_json,
)
from idp.audit import Recorder
from idp.db import Executor, Transaction
from idp.ids import PERSON_ID

_WORDS = {"username": "username", "email": "e-mail address", "employee_number": "employee number"}


def check_key(db: Executor, key: str, kind: str, value: str, person_id: str) -> None:
    """Errors: `InvalidPerson` where somebody else signs in with it."""
    holder = db.one(store.OWNER_OF_KEY, key=key)
    if holder is not None and holder.person_id != person_id:
        raise InvalidPerson(kind, f"“{value}” is already somebody's {_WORDS[holder.kind]}; use another one")
    # Who was carried over has an id of another product's making, which anything may look like.
    if PERSON_ID.fullmatch(key) and key != person_id and store.find(db, key) is not None:
        raise InvalidPerson(kind, f"“{value}” is somebody's id; use another one")


def check_free(db: Executor, draft: Draft, person_id: str) -> None:
    """Errors: `InvalidPerson`, with all that somebody else signs in with."""
    problems = Problems()
    for key, kind in identifiers(draft).items():
        for spelling in dict.fromkeys((key, *spellings(key))):  # one address in two spellings is one address
            problems.of(check_key, db, spelling, kind, str(getattr(draft, kind)), person_id)
    problems.check()


def check_id(db: Executor, person_id: str, draft: Draft, now: float) -> None:
    """Errors: `InvalidPerson` where an id that comes along is none, or is or was somebody's: `sub` stays theirs."""
    if not PERSON_ID.fullmatch(person_id):
        raise InvalidPerson("id", f"“{person_id[:80]}” is no id of a person: expected a UUID or 64 hexadecimal digits")
    holder = db.one(store.OWNER_OF_KEY, key=person_id)
    if store.find(db, person_id) is not None or (holder is not None and person_id not in identifiers(draft)):
        raise InvalidPerson("id", f"“{person_id}” means somebody here already")
    # Core 1.0 §2: never reassigned. Whoever was removed has lost what they had; nobody comes into it again.
    if any(one.standings for one in past.of(db, (person_id,), 0.0, now + 1)):
        raise InvalidPerson("id", f"“{person_id}” was removed here; applications would take somebody new for them")


def locked(tx: Transaction, person_id: str) -> Person:
    """The person, whom nobody else changes until the transaction ends. Errors: `NoSuchPerson`."""
    person = store.find(tx, person_id, lock=True) if is_plain(person_id) else None
    if person is None:
        raise NoSuchPerson(person_id)
    return person


def stored(tx: Transaction, person_id: str) -> Person:
    """The person as this transaction sees them."""
    return store.to_person(tx.one(store.BY_ID, person_id=person_id))


def with_consequences(merge: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Core 1.0 §5.1: nobody has shown a new phone number to be theirs."""
    if merge.get("phone_number", before.get("phone_number")) == before.get("phone_number"):
        return merge
    return {"phone_number_verified": None, **merge}


def draft_of(person: Person) -> Draft:
    """A person as a draft, to be changed and checked."""
    return Draft(**{name: getattr(person, name) for name in Draft.__dataclass_fields__})


def columns(draft: Draft) -> dict[str, Any]:
    """A draft as the row has it."""
    return {
        "username": draft.username,
        "email": draft.email,
        "email_verified": int(draft.email_verified),
        "employee_number": draft.employee_number,
        "name": draft.name,
        "claims": to_json(draft.claims),
        "search": search_text(draft),
    }


def ask_devices_again(tx: Transaction, person_id: str, before: Draft, after: Draft) -> None:
    """Codes that go to another number or address are another second step: no device is let off it (N7)."""

    def targets(draft: Draft) -> tuple[Any, ...]:
        claims = draft.claims
        return (fold(draft.email or ""), claims.get("phone_number"), claims.get("phone_number_verified") is True)

    if targets(before) != targets(after):
        from idp.accounts.factors import trusted_devices

        trusted_devices.forget_all(tx, person_id)


def identify(tx: Transaction, person_id: str, draft: Draft) -> None:
    """Keep what a person signs in with."""
    for key, kind in identifiers(draft).items():
        tx.run(store.IDENTIFY, key=key, person_id=person_id, kind=kind)


def check_an_owner_stays(tx: Transaction, person: Person, owners: list[Any], field: str) -> None:
    """Errors: `InvalidPerson` where nobody would be left in charge for good, or it is the account for that day (U5).

    `owners`: as they are locked.
    """
    break_glass.check_is_none(tx, person, field)
    # Asked after the lock: whose role has got an end meanwhile is seen.
    leaving = {row.person_id for row in tx.all(store.OWNERS_FOR_A_TIME)}
    others = (store.to_person(row) for row in owners if row.id != person.id and row.id not in leaving)
    if is_in_charge(person) and not any(map(is_in_charge, others)):
        raise InvalidPerson(
            field, f"“{person.username}” is the last owner who can sign in; make somebody else an owner first"
        )


def tell(record: Recorder | None, tx: Transaction, action: str, person: Person, **detail: Any) -> None:
    """Write the audit event, where somebody wants it, and the note for whoever follows the directory."""
    if action.startswith("person:"):
        changed.person(tx, person.id)
    _signal(tx, action, person, detail)
    if record is not None:
        record(tx, action, {"person_id": person.id, **detail})


def _signal(tx: Transaction, action: str, person: Person, detail: Mapping[str, Any]) -> None:
    """The note for whoever is told by security events. `person`: as they were before."""
    if action in ("person:disabled", "person:enabled"):
        signalled.note(tx, "disabled" if action == "person:disabled" else "enabled", person.id)
    elif action == "password:set":
        signalled.note(tx, "password", person.id, change=_how_set(person, detail))
    elif action == "person:secured":
        signalled.note(tx, "password", person.id, change="revoke")
    elif action == "person:changed" and "email" in detail.get("fields", ()) and person.email:
        signalled.note(tx, "email", person.id, before=person.email)


def _how_set(person: Person, detail: Mapping[str, Any]) -> str:
    """Of a directory's password nothing is kept here, and there was one before."""
    return "update" if person.password_changed_at or detail.get("purpose") == "directory" else "create"


def with_roles(tx: Transaction, person: Person, wanted: Iterable[str], now: float) -> tuple[str, ...]:
    """Write exactly these roles, and forget what limited those that are gone; answers them in their order."""
    asked = set(wanted)
    after = tuple(role for role in ROLES if role in asked)
    for role in person.roles:
        if role not in after:
            tx.run(store.DROP_ROLE_GRANT, person_id=person.id, role=role)
    if after != person.roles:
        tx.run(store.SET_ROLES, person_id=person.id, roles=to_json(after), changed_at=now)
    return after
