"""What changed that other systems may be told of as a security event: notes, written in the transaction of the change.

Door: `note` with every change, `store.note_sessions` for rows that another room selects; `listen`, `leave`, `take` for
the transmitter. Rule: where nobody listens a note is nothing. Who is told, and how, is decided by whoever takes it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from idp.accounts.signalled import store
from idp.db import Executor, Transaction

Kind = Literal[
    "session", "disabled", "enabled", "purged", "password", "factor", "email", "recovery"
]  # fmt: skip
#: What `note_sessions` selects beside a session's id and its person's: when, and why it ended.
SESSION: Final[Kind] = "session"


@dataclass(frozen=True, slots=True)
class Note:
    """What changed, of whom. `detail`: what cannot be read any more when the note is taken; no secret."""

    kind: Kind
    person_id: str
    session_id: str
    detail: Mapping[str, Any]


def note(tx: Transaction, kind: Kind, person_id: str, session_id: str = "", **detail: Any) -> None:
    """Something of a person is different, or a session of theirs has ended."""
    tx.run(
        store.NOTE, mark=mark(), new_kind=kind, new_person=person_id, new_session=session_id,
        new_detail=json.dumps(detail, separators=(",", ":")),
    )  # fmt: skip


def mark() -> str:
    """What the id of a note begins with: time-ordered, and nobody else's."""
    return f"{time.time_ns():019d}{secrets.token_hex(6)}"


def listen(tx: Transaction, listener: str) -> None:
    """From now on notes are written. Fine where it listens already."""
    tx.run(store.LISTEN, id=listener)


def leave(tx: Transaction, listener: str) -> None:
    """It listens no more."""
    tx.run(store.LEAVE, of_listener=listener)


def is_any(db: Executor) -> bool:
    """Whether there are notes: one read."""
    return db.one(store.ANY) is not None


def take(tx: Transaction, many: int) -> list[Note]:
    """At most `many` notes in the order of what happened, gone when the transaction commits."""
    rows = sorted(tx.all(store.TAKE, many=many), key=lambda row: row.id)
    return [Note(row.kind, row.person_id, row.session_id, json.loads(row.detail)) for row in rows]
