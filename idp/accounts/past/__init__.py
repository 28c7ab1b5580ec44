"""Who was there, let in, and in which groups, at any time (R4): also those who are gone, in groups that are gone.

Door: `stands`, `is_in`, `group_ended`, `group_renamed` with every change; `candidates`, `of` to read.
Rule: a group is what it was called then, for that is what rules name; who is removed leaves an id and a username.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from idp.accounts.past import store
from idp.db import Database, Executor, Transaction
from idp.ids import new_id

MANY: Final = store.MANY  # people of one look


@dataclass(frozen=True, slots=True)
class Standing:
    """A time in which somebody had an account. `enabled`: they were let in. For `…_seen` see `clients.past`."""

    since: float
    until: float | None
    username: str
    enabled: bool
    since_seen: bool = False
    until_seen: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """A time in which somebody was in a group."""

    since: float
    until: float | None
    group: str
    since_seen: bool = False
    until_seen: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one person in a time, in its order."""

    person_id: str
    standings: tuple[Standing, ...]
    memberships: tuple[Membership, ...]

    @property
    def username(self) -> str:
        """What they were called last; '' once that was blanked."""
        return self.standings[-1].username if self.standings else ""


def stands(tx: Transaction, person_id: str, username: str, enabled: bool, now: float) -> None:
    """Somebody has an account from now on, is called otherwise, is shut out or let in again."""
    tx.run(store.END_PERSON, of_person=person_id, end=now)
    tx.run(
        store.ADD_PERSON, id=new_id(now), person_id=person_id, since=now, until=None, username=username,
        enabled=int(enabled), since_seen=0, until_seen=0,
    )  # fmt: skip


def is_gone(tx: Transaction, person_id: str, now: float) -> None:
    """Somebody was removed: everything of theirs ends."""
    tx.run(store.END_PERSON, of_person=person_id, end=now)
    tx.run(store.END_MEMBER, of_person=person_id, end=now)


def is_in(tx: Transaction, person_id: str, before: Collection[str], after: Iterable[str], now: float) -> None:
    """Somebody is in exactly these groups from now on."""
    groups = tuple(after)
    for name in before:
        if name not in groups:
            tx.run(store.LEAVE, of_person=person_id, of_name=name, end=now)
    for name in groups:
        if name not in before:
            tx.run(store.JOIN, id=new_id(now), person_id=person_id, name=name, since=now)


def group_ended(tx: Transaction, name: str, now: float) -> None:
    """A group is no more: everybody has left it."""
    tx.run(store.LEAVE_ALL, of_name=name, end=now)


def group_renamed(tx: Transaction, name: str, new_name: str, now: float) -> None:
    """A group is called otherwise: whoever was in it is in that one from now on."""
    tx.run(store.MOVE, mark=new_id(now), of_name=name, new_name=new_name, new_since=now)
    tx.run(store.LEAVE_ALL, of_name=name, end=now)


def candidates(
    db: Database, groups: Collection[str] | None, since: float, until: float, after: str, many: int = MANY
) -> list[str]:
    """Ids of people who were in one of the groups at some moment of a time, in their order from past `after`.

    `groups` None: everybody who had an account.
    """
    window = {"window_since": since, "window_until": until, "after": after, "many": many}
    if groups is None:
        return [row.person_id for row in db.all(store.EVERYBODY, **window)]
    found = {row.person_id for name in groups for row in db.all(store.MEMBERS, of_name=name, **window)}
    return sorted(found)[:many]


def of(db: Executor, person_ids: Collection[str], since: float, until: float) -> list[Past]:
    """What is known of these people in a time, at most `MANY` of them, in the order of their ids."""
    asked = {**store.listed(person_ids), "window_since": since, "window_until": until}
    standings: dict[str, list[Standing]] = {}
    memberships: dict[str, list[Membership]] = {}
    for row in db.all(store.PERSONS, **asked):
        known = Standing(
            row.since, row.until, row.username, bool(row.enabled), bool(row.since_seen), bool(row.until_seen)
        )
        standings.setdefault(row.person_id, []).append(known)
    for row in db.all(store.MEMBERSHIPS, **asked):
        member = Membership(row.since, row.until, row.name, bool(row.since_seen), bool(row.until_seen))
        memberships.setdefault(row.person_id, []).append(member)
    return [
        Past(one, tuple(standings.get(one, ())), tuple(memberships.get(one, ()))) for one in sorted(set(person_ids))
    ]


def find_gone(db: Database, username: str) -> str | None:
    """The id of whoever had this username last, also of somebody who was removed; None where nobody had it."""
    row = db.one(store.BY_USERNAME, of_username=username)
    return None if row is None else str(row.person_id)


def was_somebodys(db: Database, username: str) -> bool:
    """Whether somebody has or had this username, as long as it is known. `username`: in ASCII."""
    return db.one(store.HAD_USERNAME, lowered=username.lower()) is not None


def blank(db: Executor, person_id: str) -> int:
    """Take the username of somebody removed out of it; answers from how many rows."""
    return db.run(store.BLANK, of_person=person_id)


def catch_up(db: Database, now: float) -> int:
    """Take over what was written past us, by another release or by hand; answers how many differences."""
    many = len(db.all(store.STALE_PERSONS)) + len(db.all(store.STALE_MEMBERS)) + len(db.all(store.NEW_MEMBERS))
    if not many:
        return 0
    with db.transaction() as tx:
        for row in tx.all(store.STALE_PERSONS):
            tx.run(store.END_PERSON_SEEN, of_person=row.id, end=now)
            if row.username is not None:
                tx.run(
                    store.ADD_PERSON, id=new_id(now), person_id=row.id, since=now, until=None,
                    username=row.username, enabled=row.enabled, since_seen=1, until_seen=0,
                )  # fmt: skip
        for row in tx.all(store.STALE_MEMBERS):
            tx.run(store.LEAVE_SEEN, of_person=row.person_id, of_name=row.name, end=now)
        for row in tx.all(store.NEW_MEMBERS):
            tx.run(store.JOIN_SEEN, id=new_id(now), person_id=row.person_id, name=row.name, since=now)
    return many


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Forget what was over before a moment, at most `many` rows of each kind; answers how many."""
    return max(db.run(statement, before=before, many=many) for statement in store.SWEEPS)
