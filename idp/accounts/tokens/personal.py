"""Make, find and end personal tokens."""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from idp.accounts.person import ROLES, NoSuchPerson, to_json
from idp.accounts.tokens import store
from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import digest, new_id, new_secret, split

PREFIX: Final = "dwp_"  # a prefix that a secret scanner can look for
MOST: Final = 50  # of one person, at a time
MOST_DAYS: Final = 366
MAX_NAME: Final = 80  # characters
TOUCH_EVERY: Final = 60.0  # seconds between two notes of a token's last use
DAY: Final = 86_400.0


class InvalidToken(ValueError):
    """A token cannot be made so. `field` is what to change, `message` says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A token as lists show it. `roles`: only these of its person's roles, None: all. Times are epoch seconds."""

    id: str
    person_id: str
    name: str
    roles: tuple[str, ...] | None
    created_at: float
    expires_at: float
    last_used_at: float | None


@dataclass(frozen=True, slots=True)
class Made:
    """A new token. `value` is shown this once."""

    token: PersonalToken
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that somebody has shown, and its person at this moment, who is let in."""

    token: PersonalToken
    username: str
    person_roles: tuple[str, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that it speaks with now."""
        only = self.token.roles
        return self.person_roles if only is None else tuple(role for role in self.person_roles if role in only)


def create(
    db: Database, person_id: str, name: str, *, days: int, roles: Sequence[str] | None = None, now: float,
    record: Recorder,
) -> Made:  # fmt: skip
    """Make a token. Errors: `InvalidToken`, `NoSuchPerson`."""
    from idp.accounts import store as people

    name, only = _named(name), _roles(roles)
    if isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        raise InvalidToken("days", f"expected 1 to {MOST_DAYS} days, such as 90")
    token = PersonalToken(new_id(now), person_id, name, only, now, now + days * DAY, None)
    secret = new_secret()
    with db.transaction() as tx:
        person = people.find(tx, person_id, lock=True)  # a person who is turned off at this moment gets none
        if person is None or not person.enabled:
            raise NoSuchPerson(person_id)
        if tx.one(store.COUNT, owner_id=person_id, now=now).n >= MOST:
            raise InvalidToken("name", f"there are {MOST} tokens already; withdraw one that is not needed any more")
        tx.run(
            store.INSERT, id=token.id, person_id=person_id, name=name, hash=digest(secret),
            roles=None if only is None else to_json(only), created_at=now, expires_at=token.expires_at,
            last_used_at=None,
        )  # fmt: skip
        detail = {"person_id": person_id, "token_id": token.id, "name": name, "expires_at": token.expires_at}
        record(tx, "token:create", {**detail, **({"roles": list(only)} if only is not None else {})})
    return Made(token, f"{PREFIX}{token.id}.{secret}")


def find(db: Database, value: str, now: float) -> Shown | None:
    """The token that was shown, if it stands and its person is let in. One read."""
    presented = split(value, PREFIX)
    row = None if presented is None else db.one(store.FIND, token_id=presented[0])
    if presented is None or row is None or not hmac.compare_digest(row.hash, digest(presented[1])):
        return None
    return _standing(row, now)


def standing(db: Database, token_id: str, now: float) -> Shown | None:
    """A token that was shown before, if it still stands: for work that goes on in its name. One read."""
    row = db.one(store.FIND, token_id=token_id)
    return None if row is None else _standing(row, now)


def _standing(row: Any, now: float) -> Shown | None:
    if now >= row.expires_at or not row.enabled:
        return None
    return Shown(_token(row), row.username, tuple(json.loads(row.person_roles)))


def touch(db: Database, token: PersonalToken, now: float) -> None:
    """Note that it was used, at most once a minute."""
    if token.last_used_at is None or now - token.last_used_at >= TOUCH_EVERY:
        db.run(store.TOUCH, durable=False, token_id=token.id, now=now, before=now - TOUCH_EVERY)


def list_of(db: Database, person_id: str, now: float) -> tuple[PersonalToken, ...]:
    """Those that stand, the newest first."""
    return tuple(_token(row) for row in db.all(store.LIST, owner_id=person_id, now=now))


def withdraw(db: Database, person_id: str, token_id: str, *, record: Recorder) -> bool:
    """End one of a person's tokens now; False where they have no such token."""
    with db.transaction() as tx:
        if not tx.run(store.WITHDRAW, token_id=token_id, owner_id=person_id):
            return False
        record(tx, "token:withdraw", {"person_id": person_id, "token_id": token_id})
    return True


def end_all(tx: Transaction, person_id: str) -> None:
    """End all of a person's tokens, in the caller's transaction."""
    tx.run(store.END_ALL, owner_id=person_id)


def end_everybody(tx: Transaction) -> int:
    """End all tokens of everybody, in the caller's transaction; answers how many."""
    return tx.run(store.END_EVERY)


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` tokens that ended before a moment; answers how many."""
    return db.run(store.SWEEP, before=before, many=many)


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or any(unicodedata.category(c)[0] == "C" for c in name):
        raise InvalidToken("name", f"say what it is for, in 1 to {MAX_NAME} characters, such as nightly report")
    return name


def _roles(roles: Sequence[str] | None) -> tuple[str, ...] | None:
    if roles is None:
        return None
    if wrong := [role for role in roles if role not in ROLES]:
        raise InvalidToken("roles", f"there is no role {wrong[0][:40]}; expected some of {', '.join(ROLES)}")
    if not roles:
        raise InvalidToken("roles", "name at least one role, or leave it out for all that the person has")
    return tuple(role for role in ROLES if role in roles)


def _token(row: Any) -> PersonalToken:
    roles = None if row.roles is None else tuple(json.loads(row.roles))
    return PersonalToken(row.id, row.person_id, row.name, roles, row.created_at, row.expires_at, row.last_used_at)
