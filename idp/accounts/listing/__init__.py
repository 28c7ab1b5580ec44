"""The list of people as those who help look through it: by any part of what is known, by state, a page at a time (U1).

Door: `page`. Rule: everything that a row shows comes with the row: one statement a page, however many people there are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from idp.accounts import store as people
from idp.accounts.listing import store
from idp.accounts.lookup import is_plain
from idp.accounts.person import MAX_LOGIN, Person, fold
from idp.accounts.standing import NEVER_ENDS
from idp.db import Database

MAX_WORDS: Final = 6
FILTERS: Final = tuple(store.FILTERS)
_TIMED: Final = {"paused", "role_unused", "invitation_waiting", "invitation_expired"}  # those that ask for `now`


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is looked for. `text`: words, each of which stands somewhere in what is known of them, or begins their id.

    `groups`: folded names, members of any of them only; None: everybody. `filters`: of `FILTERS`, all must hold.
    `after`: the id of the last person of the page before.
    """

    text: str = ""
    filters: tuple[str, ...] = ()
    groups: frozenset[str] | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A person and how they stand. `paused_until`: epoch seconds, None where nothing holds them up.

    `ends_at`: when they will be turned off, None where nobody has said so.
    """

    person: Person
    signed_in_at: float | None
    paused_until: float | None
    has_factor: bool
    ends_at: float | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether they wait until somebody unlocks them."""
        return self.paused_until is not None and self.paused_until >= NEVER_ENDS


def ids(db: Database, wanted: Wanted, now: float, many: int) -> tuple[str, ...]:
    """The ids of all who are meant, at most `many`, in the order of the list; one statement."""
    if wanted.groups is not None and not wanted.groups:
        return ()
    expression, values = _asked(wanted, only_ids=True)
    # PostgreSQL is given what the statement names, and nothing else.
    moment = {"now": now} if _TIMED & set(wanted.filters) else {}
    return tuple(str(row.id) for row in db.all(expression, **values, **moment, many=many))


def page(db: Database, wanted: Wanted, now: float, many: int = 50) -> tuple[Listed, ...]:
    """At most `many` people in the order of their usernames; one statement."""
    if wanted.groups is not None and not wanted.groups:
        return ()
    expression, values = _asked(wanted)
    return tuple(map(_listed, db.all(expression, **values, many=many, now=now)))


def _asked(wanted: Wanted, *, only_ids: bool = False) -> tuple[object, dict[str, object]]:
    words = _words(wanted.text)
    after = wanted.after if is_plain(wanted.after) else ""
    filters = tuple(name for name in FILTERS if name in wanted.filters)
    expression = store.page(
        len(words), filters, in_groups=len(wanted.groups or ()), onward=bool(after), only_ids=only_ids
    )
    values: dict[str, object] = {}
    for at, word in enumerate(words):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values |= {f"part{at}": f"%{escaped}%", f"start{at}": f"{escaped}%"}
    values |= {"after": after} if after else {}
    values |= {f"group{at}": key for at, key in enumerate(sorted(wanted.groups or ()))}
    return expression, values


def one(db: Database, person: Person, now: float) -> Listed:
    """Somebody who is known already, with how they stand."""
    return _listed(db.one(store.ONE, person_id=person.id, now=now))


def is_in(person: Person, groups: Collection[str] | None) -> bool:
    """Whether a person is in one of these groups (folded names); None: everybody is."""
    return groups is None or not set(groups).isdisjoint(map(fold, person.groups))


def _words(text: str) -> list[str]:
    return fold(text[:MAX_LOGIN].replace("\0", " ")).split()[:MAX_WORDS]


def _listed(row: object) -> Listed:
    person: Any = row
    return Listed(
        people.to_person(row), person.last_at, person.paused_until, bool(person.has_factor), person.off_at
    )  # fmt: skip
