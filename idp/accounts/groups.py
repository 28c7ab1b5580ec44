"""Groups: which there are, who is in them, made and removed.

A group is a name: rules and applications know it by that, and it is copied into the row of each member, which is what
the hot path reads. So removing one rewrites the rows of its members, in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from idp.accounts import past, store
from idp.accounts.person import InvalidPerson, Person, fold, group_name, to_json
from idp.audit import Recorder
from idp.ids import new_id

if TYPE_CHECKING:
    from idp.db import Database

_PAGE = 500  # members at a time


@dataclass(frozen=True, slots=True)
class Group:
    """A group. `members`: how many people."""

    id: str
    name: str
    members: int


class GroupHasMembers(Exception):
    """It is not removed with people in it unless that is said."""

    def __init__(self, group: Group) -> None:
        super().__init__(group.name)
        self.group = group


def list_of(db: Database) -> tuple[Group, ...]:
    """Every group by name."""
    return tuple(Group(*row) for row in db.all(store.GROUPS))


def page(db: Database, query: str = "", after: str = "", many: int = 50) -> tuple[Group, ...]:
    """At most `many` groups by name whose names have `query` in them, behind the one called `after`.

    Members are counted of these alone: of a large company's they are hundreds of thousands.
    """
    wanted, behind = fold(query), fold(after)
    found = [row for row in db.all(store.GROUP_KEYS) if wanted in row.key and row.key > behind][:many]
    if not found:
        return ()
    slots = {f"group_{n}": found[min(n, len(found) - 1)].id for n in range(_rounded(len(found)))}
    counted = {row.group_id: row.n for row in db.all(store.member_counts(len(slots)), **slots)}
    return tuple(Group(row.id, row.name, counted.get(row.id, 0)) for row in found)


def _rounded(many: int) -> int:
    """So many places has the statement: few statements for all sizes of a page."""
    return 1 << (many - 1).bit_length()


def find(db: Database, name: str) -> Group | None:
    """The group of this name, in any spelling of it."""
    row = db.one(store.GROUP_WITH_MEMBERS, key=fold(name))
    return None if row is None else Group(*row)


def find_by_id(db: Database, group_id: str) -> Group | None:
    """The group with this id."""
    row = db.one(store.GROUP_BY_ID, of_group=group_id) if group_id.isascii() and group_id.isprintable() else None
    return None if row is None else Group(*row)


def members_page(db: Database, group_id: str, after: str = "", many: int = 50) -> tuple[Person, ...]:
    """At most `many` members in the order of their usernames, from the one after username `after`."""
    return tuple(map(store.to_person, db.all(store.MEMBERS, of_group=group_id, after=fold(after), many=many)))


def members_of(db: Database, group_id: str) -> Iterator[Person]:
    """Everybody in a group, by username."""
    after = ""
    while rows := db.all(store.MEMBERS, of_group=group_id, after=after, many=_PAGE):
        yield from map(store.to_person, rows)
        after = fold(rows[-1].username)


def add(db: Database, name: str, now: float, *, record: Recorder) -> Group:
    """Make a group without members; fine where there is one of that name. Errors: `InvalidPerson`."""
    name = group_name(name)
    with db.transaction() as tx:
        made = tx.run(store.ADD_GROUP, id=new_id(now), name=name, key=fold(name))
        if made:
            record(tx, "group:added", {"group": name})
        row = tx.one(store.GROUP_WITH_MEMBERS, key=fold(name))
    return Group(*row)


def remove(db: Database, group: Group, now: float, *, with_members: bool = False, record: Recorder) -> int:
    """Take a group away; answers how many people were in it. Errors: `GroupHasMembers`."""
    with db.transaction() as tx:
        members = tx.all(store.MEMBER_IDS, of_group=group.id)
        if members and not with_members:
            raise GroupHasMembers(group)
        tx.run(store.LEAVE_BY_ALL, of_group=group.id)
        for row in members:
            names = to_json([one.name for one in tx.all(store.GROUP_NAMES, person_id=row.person_id)])
            tx.run(store.SET_GROUPS, person_id=row.person_id, groups=names, changed_at=now)
        tx.run(store.REMOVE_GROUP, of_group=group.id)
        past.group_ended(tx, group.name, now)
        record(tx, "group:removed", {"group": group.name, "members": len(members)})
    return len(members)


def rename(db: Database, group: Group, name: str, now: float, *, record: Recorder) -> Group:
    """Another name, also in the rows of the members and in the roles that are limited to it.

    Errors: `InvalidPerson`, where another group has that name, too.
    """
    name = group_name(name)
    with db.transaction() as tx:
        other = tx.one(store.GROUP, key=fold(name))
        if other is not None and other.id != group.id:
            raise InvalidPerson("groups", f"there is a group “{other.name}” already; use another name")
        tx.run(store.RENAME_GROUP, of_group=group.id, name=name, key=fold(name))
        for row in tx.all(store.MEMBER_IDS, of_group=group.id):
            names = to_json([one.name for one in tx.all(store.GROUP_NAMES, person_id=row.person_id)])
            tx.run(store.SET_GROUPS, person_id=row.person_id, groups=names, changed_at=now)
        past.group_renamed(tx, group.name, name, now)
        for row in tx.all(store.LIMITED_ROLES):
            scope = json.loads(row.scope)
            if fold(group.name) in map(fold, scope):
                scope = sorted(name if fold(one) == fold(group.name) else one for one in scope)
                tx.run(store.LIMIT_ROLE, of_person=row.person_id, of_role=row.role, scope=to_json(scope))
        record(tx, "group:renamed", {"group": name, "before": group.name, "members": group.members})
    return Group(group.id, name, group.members)


def similar(db: Database, name: str) -> tuple[str, ...]:
    """Groups that there are, whose names look like this one that there is not."""
    keys = {fold(group.name): group.name for group in list_of(db)}
    return tuple(keys[key] for key in get_close_matches(fold(name), keys, n=3, cutoff=0.6))


def is_slip(name: str, other: str) -> bool:
    """Whether one name is most likely the other, mistyped: one letter more, less, other, or two exchanged.

    Names that differ by a digit only are taken as meant: team-1, team-2.
    """
    one, two = sorted((fold(name), fold(other)), key=len)
    start = next((i for i, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), len(one))
    rest, more = one[start:], two[start:]
    if one == two or len(one) < 4 or (rest[:1] + more[:1]).strip("0123456789") != rest[:1] + more[:1]:
        return False
    exchanged = len(one) == len(two) and rest[:2] == more[1::-1] and rest[2:] == more[2:]
    return exchanged or (rest == more[1:] if len(one) < len(two) else rest[1:] == more[1:])


def check_known(db: Database, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these groups there are not yet. Errors: `InvalidPerson` where one is most likely a slip."""
    unknown = tuple(dict.fromkeys(name for name in map(group_name, names) if find(db, name) is None))
    slips = []
    for name in unknown:
        meant = next((other for other in similar(db, name) if is_slip(name, other)), None)
        if meant is not None:
            slips.append(InvalidPerson("groups", f"there is no group “{name}”; did you mean “{meant}”?"))
    if slips:
        raise InvalidPerson(slips[0].field, slips[0].message, slips[1:])
    return unknown
