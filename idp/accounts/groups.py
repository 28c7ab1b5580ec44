"""Groups: which there are, who is in them, made and removed.

Rules and applications know a group by its name, and it is copied into the row of each member, which is what the hot
path reads. So another name, or none, rewrites the rows of its members, in the same transaction (`grouping.effective`).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from idp.accounts import changed, past, store
from idp.accounts.grouping import effective, nesting
from idp.accounts.grouping import store as grouping
from idp.accounts.person import InvalidPerson, Person, fold, group_name, to_json
from idp.audit import Recorder
from idp.db import Executor
from idp.ids import new_id

if TYPE_CHECKING:
    from idp.db import Database, Transaction

_PAGE = 500  # members at a time
MAX_DESCRIPTION: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Group:
    """A group. `members`: how many people were put in; those of groups in it come beside. `changed_at`: epoch seconds.

    `source`: who provides it, '' for ours, and what it is called there; `added_only`: we put people in, too.
    """

    id: str
    name: str
    members: int
    description: str = ""
    source: str = ""
    added_only: bool = False
    external_id: str | None = None
    changed_at: float = 0.0

    @property
    def is_ours(self) -> bool:
        """Whether an admin puts people in and takes them out."""
        return not self.source or self.added_only


class GroupHasMembers(Exception):
    """It is not removed with people in it unless that is said."""

    def __init__(self, group: Group) -> None:
        super().__init__(group.name)
        self.group = group


def list_of(db: Database) -> tuple[Group, ...]:
    """Every group by name."""
    return tuple(map(_group, db.all(store.GROUPS)))


def page(db: Database, query: str = "", after: str = "", many: int = 50) -> tuple[Group, ...]:
    """At most `many` groups by name whose names have `query` in them, behind the one called `after`.

    Members are counted of these alone, and other groups not read: of a large company's they are hundreds of thousands.
    """
    found = db.all(store.GROUP_PAGE, pattern=_anywhere(query), after=fold(after).replace("\0", ""), many=many)
    if not found:
        return ()
    slots = {f"group_{n}": found[min(n, len(found) - 1)].id for n in range(_rounded(len(found)))}
    counted = {row.group_id: row.n for row in db.all(store.member_counts(len(slots)), **slots)}
    return tuple(_group(row, counted.get(row.id, 0)) for row in found)


def _group(row: Any, members: int | None = None) -> Group:
    return Group(
        row.id, row.name, row.members if members is None else members, row.description, row.source,
        bool(row.added_only), row.external_id, row.changed_at,
    )  # fmt: skip


def _anywhere(query: str) -> str:
    """What LIKE looks for, as it is typed, anywhere in a text; no name has a thousand letters."""
    return "%" + "".join(f"\\{c}" if c in "\\%_" else c for c in fold(query[:1000]).replace("\0", "")) + "%"


def _rounded(many: int) -> int:
    """So many places has the statement: few statements for all sizes of a page."""
    return 1 << (many - 1).bit_length()


def find(db: Database, name: str) -> Group | None:
    """The group of this name, in any spelling of it."""
    row = db.one(store.GROUP_WITH_MEMBERS, key=fold(name))
    return None if row is None else _group(row)


def find_by_id(db: Database, group_id: str) -> Group | None:
    """The group with this id."""
    row = db.one(store.GROUP_BY_ID, of_group=group_id) if group_id.isascii() and group_id.isprintable() else None
    return None if row is None else _group(row)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who was put into a group. `source`: by whom, '' by us."""

    person: Person
    source: str


def members_page(db: Database, group_id: str, after: str = "", many: int = 50) -> tuple[Person, ...]:
    """At most `many` members in the order of their usernames, from the one after username `after`."""
    return tuple(map(store.to_person, db.all(store.MEMBERS, of_group=group_id, after=fold(after), many=many)))


def members_like(db: Database, group_id: str, query: str, after: str = "", many: int = 50) -> tuple[Member, ...]:
    """The same, of those alone who have `query` in what is known of them; each with who put them in."""
    pattern = _anywhere(query) if query.strip() else "%"
    rows = db.all(grouping.MEMBERS_LIKE, of_group=group_id, pattern=pattern, after=fold(after), many=many)
    return tuple(Member(store.to_person(row), row.by) for row in rows)


def members_of(db: Database, group_id: str, *, in_any_way: bool = False) -> Iterator[Person]:
    """Everybody who was put into a group, by username; `in_any_way`: also those of the groups in it, each once."""
    after, statement = "", grouping.PEOPLE_WITHIN if in_any_way else store.MEMBERS
    while rows := db.all(statement, of_group=group_id, after=after, many=_PAGE):
        yield from map(store.to_person, rows)
        after = fold(rows[-1].username)


def add(db: Database, name: str, now: float, *, record: Recorder) -> Group:
    """Make a group without members; fine where there is one of that name. Errors: `InvalidPerson`."""
    name = group_name(name)
    with db.transaction() as tx:
        new = new_id(now)
        if tx.run(store.ADD_GROUP, id=new, name=name, key=fold(name), changed_at=now):
            changed.group(tx, new)
            record(tx, "group:added", {"group": name, "group_id": new})
        row = tx.one(store.GROUP_WITH_MEMBERS, key=fold(name))
    return _group(row)


def remove(db: Database, group: Group, now: float, *, with_members: bool = False, record: Recorder) -> int:
    """Take a group away; answers how many people were in it. Errors: `GroupHasMembers`."""
    with db.transaction() as tx:
        members = tx.all(store.MEMBER_IDS, of_group=group.id)
        if members and not with_members:
            raise GroupHasMembers(group)
        tx.run(store.LEAVE_BY_ALL, of_group=group.id)
        nesting.forget(tx, group.id, now)
        effective.write_of(tx, [row.person_id for row in members], now)
        tx.run(store.REMOVE_GROUP, of_group=group.id)
        past.group_ended(tx, group.name, now)
        changed.group(tx, group.id)
        record(tx, "group:removed", {"group": group.name, "group_id": group.id, "members": len(members)})
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
        tx.run(store.RENAME_GROUP, of_group=group.id, name=name, key=fold(name), changed_at=now)
        effective.write_within(tx, group.id, now, renamed=True)
        past.group_renamed(tx, group.name, name, now)
        changed.group(tx, group.id)
        for row in tx.all(store.LIMITED_ROLES):
            scope = json.loads(row.scope)
            if fold(group.name) in map(fold, scope):
                scope = sorted(name if fold(one) == fold(group.name) else one for one in scope)
                tx.run(store.LIMIT_ROLE, of_person=row.person_id, of_role=row.role, scope=to_json(scope))
        record(
            tx, "group:renamed",
            {"group": name, "group_id": group.id, "before": group.name, "members": group.members},
        )  # fmt: skip
    return replace(group, name=name, changed_at=now)


def limits(db: Executor, name: str) -> bool:
    """Whether a role is limited to the people of a group of this name, which there may not be yet."""
    return any(fold(name) in map(fold, json.loads(row.scope)) for row in db.all(store.LIMITED_ROLES))


def describe(db: Database, group: Group, description: str, now: float, *, record: Recorder) -> Group:
    """Say what a group is for. Errors: `InvalidPerson`."""
    description = " ".join(description.split())
    if len(description) > MAX_DESCRIPTION or any(unicodedata.category(c)[0] == "C" for c in description):
        raise InvalidPerson("description", f"at most {MAX_DESCRIPTION} visible characters fit")
    if description == group.description:
        return group
    detail = {"group": group.name, "before": group.description, "after": description}
    return _set(db, group, "group:described", detail, now, record, description=description)


def provide(db: Database, group: Group, source: str, external_id: str | None, now: float, *, record: Recorder) -> Group:
    """From now on this is who says who is in a group, and what they call it; '': it is ours."""
    if (source, external_id) == (group.source, group.external_id):
        return group
    detail = {"group": group.name, "before": group.source, "after": source}
    return _set(db, group, "group:provided", detail, now, record, source=source, external_id=external_id)


def let_us_add(db: Database, group: Group, also: bool, now: float, *, record: Recorder) -> Group:
    """Whether people are put in by us beside those of its source."""
    if also == group.added_only:
        return group
    detail = {"group": group.name, "after": also}
    return _set(db, group, "group:added_only", detail, now, record, added_only=also)


def release(tx: Transaction, source: str) -> None:
    """A source is gone: the groups that it provided, and whom it put in, are ours."""
    tx.run(store.RELEASE_GROUPS, of_source=source)
    tx.run(store.RELEASE_MEMBERS, of_source=source)


def _set(
    db: Database, group: Group, action: str, detail: Mapping[str, Any], now: float, record: Recorder, **changes: Any
) -> Group:
    after = replace(group, **changes, changed_at=now)
    with db.transaction() as tx:
        tx.run(
            store.SET_GROUP, of_group=group.id, description=after.description, source=after.source,
            added_only=int(after.added_only), external_id=after.external_id, changed_at=now,
        )  # fmt: skip
        record(tx, action, {**detail, "group_id": group.id})
    return after


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
