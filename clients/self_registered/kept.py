"""Which client registered itself, by which token, and the registration access token of each (RFC 7592 §3)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.ports import Statements
from clients.secrets import generate, hashed
from clients.self_registered import store
from clients.self_registered.policy import Policy

PREFIX: Final = "dwm_"  # for a secret scanner: codes and initial access tokens have others
PAGE: Final = 1000  # read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfRegistered:
    """`said`: profile and metadata as the client left them. Times are epoch seconds. `name`, `enabled`: in lists."""

    client_id: str
    token_id: str
    token_name: str
    policy: Policy
    said: Mapping[str, Any]
    created_at: float
    seen_at: float
    hash: str = field(repr=False)
    name: str = ""
    enabled: bool = True


def put(
    tx: Statements, client_id: str, *, token_id: str, token_name: str, policy: Policy, said: Mapping[str, Any],
    now: float,
) -> str:  # fmt: skip
    """Note a new one, in the transaction that registers it; its registration access token, which is shown once."""
    value = _new()
    tx.run(
        store.INSERT, client_id=client_id, token_id=token_id, token_name=token_name, policy=_dumps(policy.to_json()),
        hash=hashed(value), said=_dumps(said), created_at=now, seen_at=now,
    )  # fmt: skip
    return value


def find(db: Statements, client_id: str) -> SelfRegistered | None:
    """What is known of one; None: an admin registered it."""
    row = db.one(store.FIND, of_client=client_id)
    return None if row is None else _of(row)


def find_proven(db: Statements, client_id: str, shown: str) -> SelfRegistered | None:
    """The client at whose address a registration access token is shown, if it is that client's own."""
    found = find(db, client_id)
    # CVE-2026-116672: the token of another client is nothing here.
    if found is None or not shown.startswith(PREFIX) or not hmac.compare_digest(found.hash, hashed(shown)):
        return None
    return found


def rotate(tx: Statements, one: SelfRegistered, said: Mapping[str, Any]) -> str | None:
    """A new registration access token in the place of the old; None: another request was quicker."""
    value = _new()
    done = tx.run(
        store.ROTATE, of_client=one.client_id, shown=one.hash, new_hash=hashed(value), new_said=_dumps(said)
    )  # fmt: skip
    return value if done else None


def renew(tx: Statements, one: SelfRegistered, said: Mapping[str, Any], policy: Policy) -> bool:
    """What the document of a client says now; False: another request was quicker."""
    return bool(tx.run(
        store.RENEW, of_client=one.client_id, was_said=_dumps(one.said), new_said=_dumps(said),
        new_policy=_dumps(policy.to_json()),
    ))  # fmt: skip


def void_every(tx: Statements) -> int:
    """No registration access token is good any more, in the caller's transaction; how many were. Clients stay."""
    return tx.run(store.VOID_EVERY)


def list_of(db: Statements, many: int = 1000) -> tuple[SelfRegistered, ...]:
    """Those that were not removed, the newest first."""
    return tuple(map(_of, db.all(store.LIST, many=many)))


def every_id(db: Statements) -> Iterator[str]:
    """The ids of all that were not removed, however many they are."""
    after = ""
    while rows := db.all(store.IDS, after=after, many=PAGE):
        yield from (row.client_id for row in rows)
        after = rows[-1].client_id


def quiet(db: Statements, before: float, many: int, *, never_used: bool = False) -> tuple[SelfRegistered, ...]:
    """Those of which nobody has seen since a moment that they are used; `never_used`: of those without a token."""
    return tuple(map(_of, db.all(store.QUIET_OPEN if never_used else store.QUIET, before=before, many=many)))


def seen(db: Statements, client_id: str, at: float) -> None:
    """It is used."""
    db.run(store.SEEN, of_client=client_id, at=at)


def _new() -> str:
    return PREFIX + generate()


def _of(row: Any) -> SelfRegistered:
    return SelfRegistered(
        client_id=row.client_id, token_id=row.token_id, token_name=row.token_name,
        policy=Policy.from_json(json.loads(row.policy)), said=json.loads(row.said), created_at=row.created_at,
        seen_at=row.seen_at, hash=row.hash, name=getattr(row, "name", ""), enabled=bool(getattr(row, "enabled", True)),
    )  # fmt: skip


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
