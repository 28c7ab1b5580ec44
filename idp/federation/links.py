"""Which account at which provider is whose here. The key is (provider, subject); a link is never handed on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from idp.accounts import factors, memberships
from idp.accounts.factors.kinds import PASSKEY, shown_by
from idp.accounts.person import Person
from idp.audit import Recorder
from idp.db import Conflict, Database, Executor, Transaction
from idp.federation import store


class LinkedOtherwise(Exception):
    """This account there is somebody else's here already."""


class LastWayIn(Exception):
    """Without this link the person could not sign in any more."""


@dataclass(frozen=True, slots=True)
class Link:
    """One account there. `label`: what it is called there; `groups`: those here that the provider has given."""

    provider_id: str
    subject: str
    person_id: str
    label: str
    groups: tuple[str, ...]
    created_at: float
    used_at: float


def find(db: Executor, provider_id: str, subject: str) -> Link | None:
    """Whose account this is."""
    row = db.one(store.LINK, provider_id=provider_id, subject=subject)
    return None if row is None else _link(row)


def of_person(db: Executor, person_id: str) -> tuple[Link, ...]:
    """The accounts elsewhere that somebody signs in with, the oldest first; those at removed providers are none."""
    return tuple(map(_link, db.all(store.LINKS_OF, owner_id=person_id)))


def every_of(db: Executor, person_id: str) -> tuple[Link, ...]:
    """With those at removed providers, which let somebody in again where their provider is brought back."""
    return tuple(map(_link, db.all(store.EVERY_LINK_OF, owner_id=person_id)))


def at(db: Executor, provider_id: str) -> Iterator[Link]:
    """Every account there that is somebody's, a thousand at a time."""
    after = ""
    while rows := db.all(store.LINKS_AT, provider_id=provider_id, after=after):
        yield from map(_link, rows)
        after = rows[-1].subject


def count(db: Executor, provider_id: str) -> int:
    """How many people sign in through a provider."""
    return int(db.one(store.COUNT_LINKS, provider_id=provider_id).many)


def people_of(db: Executor, provider_id: str, most: int) -> tuple[str, ...]:
    """Some of the people who sign in through a provider, by id."""
    return tuple(dict.fromkeys(row.person_id for row in db.all(store.PEOPLE_OF, provider_id=provider_id, most=most)))


def add(tx: Transaction, link: Link, *, record: Recorder) -> None:
    """Link an account to somebody. Errors: `LinkedOtherwise` where it is somebody else's."""
    try:
        tx.run(
            store.ADD_LINK, provider_id=link.provider_id, subject=link.subject, person_id=link.person_id,
            label=link.label, groups=json.dumps(link.groups), created_at=link.created_at, used_at=link.used_at,
        )  # fmt: skip
    except Conflict:
        raise LinkedOtherwise from None
    record(tx, "link:add", {"provider_id": link.provider_id, "label": link.label, "person_id": link.person_id})


def used(tx: Transaction, link: Link) -> None:
    """Somebody signed in with it, and what it is called and gives may be another."""
    tx.run(
        store.USED, of_provider=link.provider_id, of_subject=link.subject, owner_id=link.person_id, label=link.label,
        groups=json.dumps(link.groups), used_at=link.used_at,
    )  # fmt: skip


def giver(provider_id: str) -> str:
    """The source of the memberships that a provider gives, as `memberships` has it."""
    return f"provider:{provider_id}"


def remove(
    db: Database, person: Person, link: Link, now: float, *, record: Recorder,
    told: Callable[[Transaction], object] | None = None,
) -> bool:  # fmt: skip
    """The person takes a link away; False where it was gone. Errors: `LastWayIn`."""
    with db.transaction() as tx:
        if len(of_person(tx, person.id)) < 2 and not has_way_in(db, person):
            raise LastWayIn
        gone = drop(tx, link, now, record=record)
        if gone and told is not None:
            told(tx)
    return gone


def drop(tx: Transaction, link: Link, now: float, *, record: Recorder) -> bool:
    """Take a link away, though it be the last way in; False where it was gone.

    What the provider gave by it goes along: nobody there would say any more that it is over.
    """
    if not tx.run(store.DROP_LINK, provider_id=link.provider_id, subject=link.subject, owner_id=link.person_id):
        return False
    others = [one for one in of_person(tx, link.person_id) if one.provider_id == link.provider_id]
    keep = tuple(name for one in others for name in one.groups)
    by = giver(link.provider_id)
    groups = memberships.take_back(tx, by, now, person_id=link.person_id, keep=keep)
    detail = {"provider_id": link.provider_id, "label": link.label, "person_id": link.person_id}
    record(tx, "link:remove", {**detail, **({"groups": groups} if groups else {})})
    return True


def drop_recent(tx: Transaction, person_id: str, after: float, now: float, *, record: Recorder) -> list[Link]:
    """Take away what was linked since a moment: it may be a stranger's. Answers those."""
    # A provider that is removed may be brought back: a stranger's account there does not come along.
    recent = [one for one in every_of(tx, person_id) if one.created_at > after]
    return [one for one in recent if drop(tx, one, now, record=record)]


def has_way_in(db: Database, person: Person) -> bool:
    """Whether somebody could sign in here by themselves: a password, or a passkey that is one alone."""
    return person.has_password or any(PASSKEY in shown_by(one) for one in factors.list_of(db, person.id))


def move(tx: Transaction, kept_id: str, gone_id: str) -> int:
    """Two persons are one: every account elsewhere of the one is the other's. Answers how many."""
    return tx.run(store.MOVE_LINKS, from_id=gone_id, to_id=kept_id)


def decide(tx: Transaction, person_id: str) -> bool:
    """Somebody turns the person off or on: no directory does so again that had turned them off. Whether one had."""
    return bool(tx.run(store.DROP_TURNED_OFF, person_id=person_id))


def forget(tx: Transaction, person_id: str) -> None:
    """The person is removed."""
    tx.run(store.FORGET, person_id=person_id)
    tx.run(store.DROP_TURNED_OFF, person_id=person_id)


def _link(row: Any) -> Link:
    return Link(
        row.provider_id, row.subject, row.person_id, row.label, tuple(json.loads(row.groups)), row.created_at,
        row.used_at,
    )  # fmt: skip
