"""A group in a group: everybody in the inner one is in the outer one. No ring, and no tower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.accounts.grouping import effective, store
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.store import NUDGE_GROUP, to_person
from idp.audit import Recorder
from idp.db import Database, Executor, Transaction

if TYPE_CHECKING:
    from idp.accounts.groups import Group

DEEPEST: Final = 8  # groups within each other
MOST: Final = 500  # groups in one, and groups that one is in

Edges = set[tuple[str, str]]  # a group, and one that it is in


@dataclass(frozen=True, slots=True)
class Named:
    """A group that another one is in, or has in it."""

    id: str
    name: str


def inner(db: Executor, group_id: str) -> tuple[Named, ...]:
    """The groups that were put into this one, by name."""
    return tuple(Named(row.id, row.name) for row in db.all(store.INNER, of_group=group_id))


def outer(db: Executor, group_id: str) -> tuple[Named, ...]:
    """The groups that this one was put into, by name."""
    return tuple(Named(row.id, row.name) for row in db.all(store.OUTER, of_group=group_id))


def with_roles(db: Executor, group_id: str) -> tuple[Person, ...]:
    """People with a role who are in a group in whatever way."""
    return tuple(map(to_person, db.all(store.WITH_ROLES, of_group=group_id)))


def put_in(db: Database, group: Group, into: Group, now: float, *, record: Recorder) -> int:
    """Put a group into another one; answers how many people are in that one by it who were not.

    Errors: `InvalidPerson`, where it would be in itself, too deep, or one of too many.
    """
    with db.transaction() as tx:
        edges = _locked(tx, group.id)
        if (group.id, into.id) in edges:
            return 0
        _check(edges | {(group.id, into.id)}, group, into)
        tx.run(store.NEST, group_id=group.id, parent_id=into.id)
        tx.run(NUDGE_GROUP, of_group=into.id)
        changed = _settle(tx, edges | {(group.id, into.id)}, group.id, now)
        record(tx, "group:nested", {"group": into.name, "group_id": into.id, "inner": group.name, "people": changed})
    return changed


def take_out(db: Database, group: Group, out_of: Group, now: float, *, record: Recorder) -> int:
    """Take a group out of another one; fine where it is not in it. Answers how many people left by it."""
    with db.transaction() as tx:
        edges = _locked(tx, group.id)
        if (group.id, out_of.id) not in edges:
            return 0
        tx.run(store.UNNEST, of_group=group.id, of_parent=out_of.id)
        tx.run(NUDGE_GROUP, of_group=out_of.id)
        changed = _settle(tx, edges - {(group.id, out_of.id)}, group.id, now)
        record(
            tx, "group:unnested", {"group": out_of.name, "group_id": out_of.id, "inner": group.name, "people": changed}
        )
    return changed


def forget(tx: Transaction, group_id: str, now: float) -> None:
    """A group goes: what was in it is in nothing by it any more. Its own members have left before."""
    edges = _locked(tx, group_id)
    within = [one for one, parent in edges if parent == group_id]
    left = {edge for edge in edges if group_id not in edge}
    for one, parent in sorted(edges - left):
        tx.run(store.UNNEST, of_group=one, of_parent=parent)
        if one == group_id:
            tx.run(NUDGE_GROUP, of_group=parent)
    _keep_above(tx, left)
    for one in within:
        effective.write_within(tx, one, now)


def above(edges: Edges) -> Edges:
    """Each group with each that it is in, at whatever depth."""
    parents: dict[str, set[str]] = {}
    for group, parent in edges:
        parents.setdefault(group, set()).add(parent)
    found: Edges = set()
    for group in parents:
        seen, ahead = set[str](), list(parents[group])
        while ahead:
            if (one := ahead.pop()) not in seen:
                seen.add(one)
                ahead += parents.get(one, ())
        found |= {(group, one) for one in seen}
    return found


def _locked(tx: Transaction, group_id: str) -> Edges:
    """Which group is in which, and nobody changes that, or comes into this one, until the transaction ends."""
    while not tx.all(store.LOCK) and tx.one(store.ANY):  # the row that was waited for is gone: take the next one
        pass
    tx.all(store.LOCK_BELOW, of_group=group_id)
    return {(row.group_id, row.parent_id) for row in tx.all(store.EDGES)}


def _settle(tx: Transaction, edges: Edges, group_id: str, now: float) -> int:
    _keep_above(tx, edges)
    return effective.write_within(tx, group_id, now)


def _keep_above(tx: Transaction, edges: Edges) -> None:
    before = {(row.group_id, row.above_id) for row in tx.all(store.ABOVE)}
    after = above(edges)
    for group, one in before - after:
        tx.run(store.DROP_ABOVE, of_group=group, of_above=one)
    for group, one in after - before:
        tx.run(store.ADD_ABOVE, group_id=group, above_id=one)


def _check(edges: Edges, group: Group, into: Group) -> None:
    if any(one == other for one, other in above(edges)):
        message = f"“{into.name}” is in “{group.name}” already, or is the same: a group cannot be in itself"
        raise InvalidPerson("groups", message)
    if _height(edges) > DEEPEST:
        raise InvalidPerson("groups", f"groups would stand more than {DEEPEST} deep in each other; put it further up")
    if sum(parent == into.id for _, parent in edges) > MOST or sum(one == group.id for one, _ in edges) > MOST:
        raise InvalidPerson("groups", f"at most {MOST} groups are put into one, and one into at most {MOST}")


def _height(edges: Edges) -> int:
    """Of the highest tower, in groups; there is no ring."""
    parents: dict[str, list[str]] = {}
    for group, parent in edges:
        parents.setdefault(group, []).append(parent)
    known: dict[str, int] = {}

    def of(group: str) -> int:
        if group not in known:
            known[group] = 1 + max((of(one) for one in parents.get(group, ())), default=0)
        return known[group]

    return max(map(of, parents), default=1)
