"""Initial access tokens (RFC 7591 §3): made by admins, shown once, good for so many clients until a day."""

from __future__ import annotations

import hmac
import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

from clients.errors import InvalidMetadata, Problem
from clients.ids import new_id
from clients.ports import Record, Statements, Store
from clients.secrets import generate, hashed
from clients.self_registered import store
from clients.self_registered.policy import MAX_CLIENTS, MAX_DAYS, Policy

PREFIX: Final = "dwi_"  # a prefix that a secret scanner can look for
MAX_NAME: Final = 80  # characters
DAY: Final = 86_400.0  # seconds


class Spent(Exception):
    """It has registered as many clients as it may, has ended, or was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialToken:
    """As lists show it. Times are epoch seconds; `most`: clients in all, of which `used` are registered."""

    id: str
    name: str
    policy: Policy
    most: int
    used: int
    made_by: str
    created_at: float
    expires_at: float
    hash: str = field(repr=False, default="")

    def stands(self, now: float) -> bool:
        """Whether it still registers anything."""
        return now < self.expires_at and self.used < self.most


def make(
    db: Store, name: str, policy: Policy, *, most: int, days: int, made_by: str, now: float, record: Record
) -> tuple[InitialToken, str]:
    """A new one, and its value, which is shown this once. Errors: `InvalidMetadata`."""
    name = " ".join(name.split())
    problems = []
    if not 0 < len(name) <= MAX_NAME or any(unicodedata.category(c)[0] == "C" for c in name):
        problems.append(Problem("name", f"say what it is for, in 1 to {MAX_NAME} characters, such as CI of the shop"))
    if isinstance(most, bool) or not 1 <= most <= MAX_CLIENTS:
        problems.append(Problem("most", f"expected 1 to {MAX_CLIENTS} clients, such as 10"))
    if isinstance(days, bool) or not 1 <= days <= MAX_DAYS:
        problems.append(Problem("days", f"expected 1 to {MAX_DAYS} days, such as 30"))
    try:
        policy.checked()
    except InvalidMetadata as error:
        problems += error.problems
    if problems:
        raise InvalidMetadata(*problems)
    secret = generate()
    made = InitialToken(id=new_id("r"), name=name, policy=policy, most=most, used=0, made_by=made_by,
                        created_at=now, expires_at=now + days * DAY)  # fmt: skip
    with db.transaction() as tx:
        tx.run(store.INSERT_TOKEN, id=made.id, name=name, hash=hashed(secret), policy=_dumps(policy.to_json()),
               most=most, used=0, made_by=made_by, created_at=now, expires_at=made.expires_at)  # fmt: skip
        detail = {"token_id": made.id, "name": name, "most": most, "expires_at": made.expires_at}
        record(tx, "registration_token:create", {**detail, "policy": policy.to_json()})
    return made, f"{PREFIX}{made.id}.{secret}"


def find(db: Statements, value: str, now: float) -> InitialToken | None:
    """The one that was shown, if it still registers anything. One read."""
    token_id, dot, secret = value.removeprefix(PREFIX).partition(".")
    if not (value.startswith(PREFIX) and dot and token_id.isascii() and len(value) <= 200):
        return None
    found = get(db, token_id)
    if found is None or not hmac.compare_digest(found.hash, hashed(secret)) or not found.stands(now):
        return None
    return found


def get(db: Statements, token_id: str) -> InitialToken | None:
    """One by its id, ended or not."""
    row = db.one(store.FIND_TOKEN, token_id=token_id)
    return None if row is None else _token(row)


def list_of(db: Statements) -> tuple[InitialToken, ...]:
    """All that there are, the newest first, ended ones too until they are swept."""
    return tuple(sorted(map(_token, db.all(store.TOKENS)), key=lambda one: -one.created_at))


def spend(tx: Statements, token_id: str, now: float) -> None:
    """One client more, in the transaction that registers it. Errors: `Spent`."""
    if not tx.run(store.SPEND, token_id=token_id, now=now):
        raise Spent(token_id)


def withdraw(db: Store, token_id: str, *, record: Record) -> bool:
    """It registers nothing any more; what it has registered stays. False: there is none."""
    with db.transaction() as tx:
        found = get(tx, token_id)
        if found is None:
            return False
        tx.run(store.WITHDRAW, token_id=token_id)
        record(tx, "registration_token:withdraw", {"token_id": token_id, "name": found.name, "used": found.used})
    return True


def withdraw_every(tx: Statements) -> int:
    """None registers anything any more, in the caller's transaction; how many there were."""
    return tx.run(store.WITHDRAW_EVERY)


def sweep(db: Statements, before: float) -> int:
    """Forget those that ended before a moment; how many."""
    return db.run(store.SWEEP_TOKENS, before=before)


def _token(row: Any) -> InitialToken:
    return InitialToken(
        id=row.id, name=row.name, policy=Policy.from_json(json.loads(row.policy)), most=row.most, used=row.used,
        made_by=row.made_by, created_at=row.created_at, expires_at=row.expires_at, hash=row.hash,
    )  # fmt: skip


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
