"""Who follows the directory, and what has changed for them: notes, written in the transaction of each change.

Door: `person`, `group`, `members` with every change; `follow`, `leave`, `take` for whoever follows.
Rule: where nobody follows, a note is nothing. What follows is read anew by whoever takes the note: it says only whom.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from idp.accounts.changed import store
from idp.db import Executor, Transaction

Kind = Literal["person", "group", "members"]


@dataclass(frozen=True, slots=True)
class Note:
    """What has changed. `key`: the id of a person or group; of `members` the name of the group, as it was then."""

    kind: Kind
    key: str


def person(tx: Transaction, person_id: str) -> None:
    """Something of a person is different, or they are gone."""
    _note(tx, "person", person_id)


def group(tx: Transaction, group_id: str) -> None:
    """A group is called otherwise, is new, or gone."""
    _note(tx, "group", group_id)


def members(tx: Transaction, before: Iterable[str], after: Iterable[str]) -> None:
    """Somebody was in these groups, and is in those: whichever they joined or left has other members."""
    for name in sorted(set(before) ^ set(after)):
        _note(tx, "members", name)


def follow(tx: Transaction, follower: str) -> None:
    """From now on its notes are written. Fine where it follows already."""
    tx.run(store.FOLLOW, id=follower)


def leave(tx: Transaction, follower: str) -> None:
    """No more notes for it; those that wait are gone."""
    tx.run(store.LEAVE, of_follower=follower)
    tx.run(store.FORGET, of_follower=follower)


def take(tx: Transaction, follower: str, many: int) -> list[Note]:
    """At most `many` notes, each once, that are gone when the transaction commits."""
    rows = tx.all(store.TAKE, of_follower=follower, many=many)
    return list(dict.fromkeys(Note(row.kind, row.key) for row in rows))


def waiting(db: Executor) -> frozenset[str]:
    """For whom there are notes."""
    return frozenset(row.follower for row in db.all(store.WAITING))


def is_waiting(db: Executor, follower: str, past: int = 0) -> bool:
    """Whether there are notes for it; `past`: more than so many."""
    return db.one(store.ANY, of_follower=follower, past=past) is not None


def forget(tx: Transaction, follower: str) -> None:
    """Its notes are gone: it looks at everybody in place of them."""
    tx.run(store.FORGET, of_follower=follower)


def _note(tx: Transaction, kind: Kind, key: str) -> None:
    # Time-ordered as ids are, and none of theirs: those of one moment would not sort in the order of what happened.
    mark = f"{time.time_ns():019d}{secrets.token_hex(6)}"
    tx.run(store.NOTE, mark=mark, new_kind=kind, new_key=key)
