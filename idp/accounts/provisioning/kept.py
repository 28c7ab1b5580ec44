"""People and groups as provisioning clients see them: ours, with what they said of each."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.accounts.person import Person, fold, to_json
from idp.accounts.provisioning import store
from idp.accounts.store import to_person
from idp.db import Database, Executor, Transaction

#: Among what a client said of a person: the address that it wrote and nobody has proven.
UNPROVEN = "doorward:unproven"


@dataclass(frozen=True, slots=True)
class Said:
    """A person, and what was said of them. `source`: who said it last; `made`: they made the person."""

    person: Person
    source: str = ""
    external_id: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    made: bool = False


@dataclass(frozen=True, slots=True)
class InGroup:
    """A group that somebody is in; `is_direct`: they were put in."""

    id: str
    name: str
    is_direct: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A group without its members."""

    id: str
    name: str
    source: str
    external_id: str | None
    changed_at: float
    added_only: bool


@dataclass(slots=True)
class Members:
    """Who was put into a group: ids of people, and of groups."""

    people: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


def is_text(value: str) -> bool:
    """Whether every database takes it: escapes in a filter make NUL and lone surrogates, which no name has."""
    return "\x00" not in value and value.encode("utf-8", "replace").decode("utf-8") == value


def one(db: Executor, person_id: str) -> Said | None:
    """The person with this id."""
    row = db.one(store.ONE, person_id=person_id) if person_id.isascii() and person_id.isprintable() else None
    return None if row is None else _said(row)


def is_unproven(db: Executor, person: Person) -> bool:
    """Whether their address is the word of a client that is not trusted with addresses, and of nobody else yet."""
    if not person.email or person.email_verified:
        return False
    said = one(db, person.id)
    return said is not None and fold(str(said.document.get(UNPROVEN) or "")) == fold(person.email)


def by_key(db: Executor, login: str) -> list[Said]:
    """Whoever signs in with this name, address or number."""
    if not is_text(login):
        return []
    return [_said(row) for row in db.all(store.BY_KEY, key=fold(login))]


def by_external_id(db: Executor, source: str, external_id: str) -> list[Said]:
    """Whom this client calls so."""
    if not is_text(external_id):
        return []
    return [_said(row) for row in db.all(store.BY_EXTERNAL_ID, of_source=source, external_id=external_id)]


def count(db: Executor) -> int:
    """How many people there are."""
    return int(db.one(store.COUNT).n)


def page(db: Executor, skip: int, many: int) -> list[Said]:
    """At most `many` people by username, after so many others."""
    return [_said(row) for row in db.all(store.PAGE, skip=skip, many=many)]


def onward(db: Executor, after: str, many: int) -> list[Said]:
    """At most `many` people by username, from the one after username `after`."""
    return [_said(row) for row in db.all(store.ONWARD, after=fold(after), many=many)]


def groups_of(db: Executor, person_ids: Iterable[str]) -> dict[str, list[InGroup]]:
    """The groups of each of these people, those alone who are in one."""
    ids, found = list(person_ids), dict[str, dict[str, InGroup]]()
    for at in range(0, len(ids), store.MANY):
        for row in db.all(store.GROUPS_OF, **store.listed(ids[at : at + store.MANY])):
            known = found.setdefault(row.person_id, {})
            if not row.way or row.id not in known:
                known[row.id] = InGroup(row.id, row.name, not row.way)
    return {person_id: sorted(known.values(), key=lambda one: one.id) for person_id, known in found.items()}


def put(tx: Transaction, person_id: str, source: str, document: Mapping[str, Any], *, made: bool) -> None:
    """Keep what a client said of a person. `made`: with this it made them."""
    external_id = document.get("externalId")
    tx.run(
        store.PUT, person_id=person_id, source=source, external_id=external_id, document=to_json(document),
        made=int(made),
    )  # fmt: skip


def group(db: Executor, group_id: str) -> Kept | None:
    """The group with this id."""
    fits = group_id.isascii() and group_id.isprintable()
    row = db.one(store.GROUP_ONE, of_group=group_id) if fits else None
    return None if row is None else _kept(row)


def lock_group(tx: Transaction, group_id: str) -> Kept | None:
    """The same, and nobody else changes it until the transaction ends."""
    tx.run(store.LOCK_GROUP, of_group=group_id)
    return group(tx, group_id)


def move_group(tx: Transaction, before: Kept) -> None:
    """It has another version than before, whatever of it is different: who is in it stands elsewhere."""
    tx.run(store.MOVE_GROUP, of_group=before.id, before=before.changed_at)


def groups_named(db: Executor, name: str) -> list[Kept]:
    """The group of this name, in any spelling."""
    if not is_text(name):
        return []
    return [_kept(row) for row in db.all(store.GROUP_BY_KEY, key=fold(name))]


def groups_by_external_id(db: Executor, source: str, external_id: str) -> list[Kept]:
    """What this client calls so."""
    if not is_text(external_id):
        return []
    return [_kept(row) for row in db.all(store.GROUP_BY_EXTERNAL_ID, of_source=source, external_id=external_id)]


def groups_with(db: Executor, member: str) -> list[Kept]:
    """Groups that somebody, or a group, was put into."""
    if not is_text(member):
        return []
    return [_kept(row) for row in db.all(store.GROUPS_WITH, member=member)]


def group_count(db: Executor) -> int:
    """How many groups there are."""
    return int(db.one(store.GROUP_COUNT).n)


def group_page(db: Executor, skip: int, many: int) -> list[Kept]:
    """At most `many` groups by name, after so many others."""
    return [_kept(row) for row in db.all(store.GROUP_PAGE, skip=skip, many=many)]


def members(db: Executor, group_ids: Iterable[str], most: int) -> dict[str, Members] | None:
    """Who is in each of these groups that has anybody; None where they are more than `most` people together."""
    ids, found, left = list(group_ids), dict[str, Members](), most
    for at in range(0, len(ids), store.MANY):
        some = store.listed(ids[at : at + store.MANY])
        left -= int(db.one(store.MEMBER_COUNT, **some).n)
        if left < 0:
            return None
        for row in db.all(store.MEMBERS, **some):
            found.setdefault(row.group_id, Members()).people = row.people.split("\n")
        for row in db.all(store.INNER, **some):
            found.setdefault(row.parent_id, Members()).groups.append(row.id)
    return found


def memberships(db: Database, group_id: str, ids: Collection[str] | None = None) -> dict[str, str]:
    """Who was put into a group, and by whom; `ids`: of these alone."""
    if ids is None or len(ids) > store.MANY:
        return {row.person_id: row.source for row in db.all(store.MEMBERSHIPS, of_group=group_id)}
    rows = db.all(store.MEMBERSHIPS_OF, of_group=group_id, **store.listed(ids))
    return {row.person_id: row.source for row in rows}


def _said(row: Any) -> Said:
    document = json.loads(row.document) if row.document else {}
    return Said(to_person(row), row.source or "", row.external_id, document, bool(row.made))


def _kept(row: Any) -> Kept:
    return Kept(row.id, row.name, row.source, row.external_id, row.changed_at, bool(row.added_only))
