"""Whose documents are let in: one row a host, an admin's word or a person's question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from clients.documents import store
from clients.documents.address import PREFIX
from clients.ports import Statements
from clients.self_registered.policy import Policy

State = Literal["allowed", "refused", "waiting"]
ALLOWED: Final[State] = "allowed"
REFUSED: Final[State] = "refused"
WAITING: Final[State] = "waiting"
MOST: Final = 1000
ASKED_FOR: Final = 30 * 86_400.0  # seconds that a question waits
MOST_WAITING: Final = 200  # questions at a time: more than an admin reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is known of a host. Times are epoch seconds, 0 where there is none."""

    host: str
    state: str
    policy: Policy = field(default_factory=Policy)
    client_id: str = ""
    asked_by: str = ""
    asked_at: float = 0.0
    decided_by: str = ""
    decided_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DocumentClient:
    """A client that somebody has let in by its document."""

    id: str
    name: str
    enabled: bool
    created_at: float
    seen_at: float


def find(db: Statements, host: str) -> Host | None:
    """What is known of one; None: nobody has asked, and nobody has said."""
    row = db.one(store.FIND, of_host=host)
    return None if row is None else _of(row)


def list_of(db: Statements) -> tuple[Host, ...]:
    """All, by name, at most `MOST`."""
    return tuple(_of(row) for row in db.all(store.LIST, many=MOST))


def waiting(db: Statements) -> tuple[Host, ...]:
    """Those that wait for an admin, the longest first."""
    return tuple(_of(row) for row in db.all(store.WAITING, many=MOST_WAITING))


def decide(tx: Statements, host: str, state: State, policy: Policy, *, by: str, now: float) -> Host | None:
    """An admin's word, in the caller's transaction; what stood before."""
    before = find(tx, host)
    said = json.dumps(policy.to_json(), separators=(",", ":"))
    tx.run(
        store.DECIDE, host=host, state=state, policy=said, client_id="", asked_by="", asked_at=0.0, decided_by=by,
        decided_at=now,
    )  # fmt: skip
    return before


def ask(tx: Statements, host: str, client_id: str, *, by: str, now: float) -> bool:
    """Somebody's question, in the caller's transaction; False where it stands already, or too many wait."""
    if find(tx, host) is not None or len(waiting(tx)) >= MOST_WAITING:
        return False
    said = json.dumps(Policy().to_json(), separators=(",", ":"))
    # Of two who ask at once one is written, and neither fails.
    return bool(tx.run(
        store.ASK, host=host, state=WAITING, policy=said, client_id=client_id, asked_by=by, asked_at=now,
        decided_by="", decided_at=0.0,
    ))  # fmt: skip


def remove(tx: Statements, host: str) -> bool:
    """Forget one, in the caller's transaction; False where there is none."""
    return bool(tx.run(store.REMOVE, of_host=host))


def sweep(db: Statements, before: float) -> int:
    """Drop questions that nobody has answered since; how many went."""
    return db.run(store.SWEEP, before=before)


def clients_of(db: Statements, host: str = "", *, after: str = "") -> tuple[DocumentClient, ...]:
    """The clients of one host's documents, or of all, by id from `after` on; at most `MOST`."""
    start = f"{PREFIX}{host}/" if host else PREFIX
    rows = db.all(store.CLIENTS, start=start, length=len(start), after=after, many=MOST)
    return tuple(DocumentClient(row.id, row.name, bool(row.enabled), row.created_at, row.seen_at) for row in rows)


def every_client_of(db: Statements, host: str) -> Iterator[DocumentClient]:
    """The clients of one host's documents, however many they are."""
    after = ""
    while found := clients_of(db, host, after=after):
        yield from found
        after = found[-1].id


def _of(row: Any) -> Host:
    return Host(
        host=row.host, state=row.state, policy=Policy.from_json(json.loads(row.policy)), client_id=row.client_id,
        asked_by=row.asked_by, asked_at=row.asked_at, decided_by=row.decided_by, decided_at=row.decided_at,
    )  # fmt: skip
