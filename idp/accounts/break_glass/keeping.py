"""Which accounts these are, what opens them, and what has been seen of them."""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b32encode
from dataclasses import dataclass
from shlex import quote
from typing import Any, Final

from idp.accounts.break_glass import store
from idp.accounts.person import InvalidPerson, Person
from idp.db import Database, Transaction
from idp.ids import digest
from idp.normal_forms import normal

IS_ONE: Final = (
    "“{}” is a break-glass account: it stays as it is until an owner ends it (`doorward user break-glass {} --end`)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """One account. `alarm_at`: since when somebody should look; None: all was acknowledged. Times are epoch seconds."""

    person_id: str
    username: str
    made_at: float
    made_by: str
    secrets_at: float
    used_at: float | None
    looked_at: float
    seen: tuple[str, ...]
    alarm_at: float | None
    alarm_latest: float | None
    alarm_uses: int
    alarm_failures: int
    told_at: float | None


def make_password() -> str:
    """150 random bits, in groups that are read off paper: thirty letters and digits without 0, 1, 8 and 9."""
    letters = b32encode(secrets.token_bytes(20)).decode("ascii").lower()[:30]
    return "-".join(letters[at : at + 5] for at in range(0, 30, 5))


def every(db: Database, *, alarmed: bool = False) -> tuple[BreakGlass, ...]:
    """All of them, the oldest first; `alarmed`: those whose use nobody has acknowledged."""
    return tuple(map(_read, db.all(store.ALARMED if alarmed else store.EVERY)))


def find(db: Database | Transaction, person_id: str) -> BreakGlass | None:
    """The one that this person is, or None."""
    row = db.one(store.ONE, of_person=person_id)
    return None if row is None else _read(row)


def is_one(db: Database | Transaction, person: Person) -> bool:
    """Whether this is one. Nothing is read for whoever is no owner."""
    return "owner" in person.roles and db.one(store.OF, of_person=person.id) is not None


def opens(db: Database, person: Person | None, typed: str) -> bool:
    """Whether this is the password of a break-glass account: then no pause that others caused holds it up.

    The same steps for every name, so that the time does not tell that there is one. It cannot be guessed (NIST SP
    800-63B-4 §3.1.2.2: no limit is needed from 64 bits on), so a fast hash does; the slow one is asked all the same.
    """
    row = db.one(store.OF, of_person=person.id if person is not None else "")
    kept = row.secret if row is not None else digest("")
    plain = normal("NFC", typed).encode("utf-8", "replace").decode()
    return hmac.compare_digest(kept, digest(plain)) and row is not None


def check_is_none(db: Database | Transaction, person: Person, field: str) -> None:
    """Errors: `InvalidPerson` where it is one: nobody turns it off, or takes it away, by accident."""
    if is_one(db, person):
        raise InvalidPerson(field, told(person.username))


def told(username: str) -> str:
    """What whoever would change one reads; the name stands in a command that is copied."""
    return IS_ONE.format(username, quote(username))


def add(tx: Transaction, person_id: str, password: str, by: str, now: float) -> None:
    """From now on it is one."""
    tx.run(
        store.ADD, person_id=person_id, secret=digest(password), made_at=now, made_by=by, secrets_at=now, used_at=None,
        looked_at=now, seen="[]", alarm_at=None, alarm_latest=None, alarm_uses=0, alarm_failures=0, told_at=None,
    )  # fmt: skip


def renew(tx: Transaction, person_id: str, password: str, now: float) -> bool:
    """Another password opens it."""
    return tx.run(store.RENEW, of_person=person_id, new_secret=digest(password), now=now) == 1


def note(tx: Transaction, one: BreakGlass) -> None:
    """Keep what was seen of it."""
    tx.run(
        store.SEEN, of_person=one.person_id, new_used_at=one.used_at, new_looked_at=one.looked_at,
        new_seen=json.dumps(one.seen), new_alarm_at=one.alarm_at, new_alarm_latest=one.alarm_latest,
        new_alarm_uses=one.alarm_uses, new_alarm_failures=one.alarm_failures, new_told_at=one.told_at,
    )  # fmt: skip


def lock(tx: Transaction, person_id: str) -> bool:
    """Hold it until the transaction ends; False where it is none any more."""
    return tx.one(store.LOCKED, of_person=person_id) is not None


def acknowledge(tx: Transaction, person_id: str) -> bool:
    """Somebody has looked; whether there was anything to look at."""
    return tx.run(store.ACKNOWLEDGE, of_person=person_id) == 1


def drop(tx: Transaction, person_id: str) -> bool:
    """It is none any more; whether it was."""
    return tx.run(store.DROP, of_person=person_id) == 1


def _read(row: Any) -> BreakGlass:
    values = row._asdict()
    values.pop("secret")
    return BreakGlass(**{**values, "seen": tuple(json.loads(values["seen"]))})
