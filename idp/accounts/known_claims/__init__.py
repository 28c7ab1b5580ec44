"""Which further claims people have, and how many have each.

Door: `names`, `counts`, `count_of`. Rule: a page waits for no look at everybody: past `MOST` people, of as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from idp.accounts.known_claims import store
from idp.accounts.store import COUNT
from idp.db import Database, Executor

#: People who are looked at for the numbers of all claims. Ids are made by chance, so that the first are as good as any.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people have each claim; `is_exact`: not reckoned from a part of them."""

    by_name: Mapping[str, int] = field(default_factory=dict)
    is_exact: bool = True

    def of(self, name: str) -> int:
        """How many have this one."""
        return self.by_name.get(name, 0)


def names(db: Executor) -> frozenset[str]:
    """The names of all further claims. It reads everybody."""
    return frozenset(str(row.name) for row in db.all(store.claim_names))


def counts(db: Database) -> Counts:
    """How many people have each; of more than `MOST` what as many of them make probable."""
    everybody = int(db.one(COUNT).n)
    found = {str(row.name): int(row.many) for row in db.all(store.claim_counts, many=MOST)}
    if everybody <= MOST:
        return Counts(found)
    return Counts({name: round(many * everybody / MOST) for name, many in found.items()}, is_exact=False)


def count_of(db: Executor, name: str) -> int:
    """How many people have this one, exactly. It reads everybody's text, and opens that of those who may have it."""
    return int(db.one(store.count_of, of_name=name, as_key=store.as_key(name)).n)
