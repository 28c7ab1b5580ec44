"""Whose password still stands under the hash that another product made: nobody's after their next sign-in here (Y3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idp.accounts import hash_schemes
from idp.accounts.listing import store
from idp.db import Database

PAGE = 200  # people read at once


@dataclass(frozen=True, slots=True)
class OldHash:
    """One of them. `scheme`: what it was made by, such as bcrypt; never the hash itself."""

    person_id: str
    username: str
    enabled: bool
    scheme: str


def everybody(db: Database) -> Iterator[OldHash]:
    """All of them, by their ids."""
    after = ""
    while rows := db.all(store.OLD_HASHES, after=after, many=PAGE):
        for row in rows:
            yield OldHash(row.id, row.username, bool(row.enabled), hash_schemes.name(row.password_hash))
        after = rows[-1].id
