"""Notes of the directory become objects with something to do, in one transaction; and everybody is looked at."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from idp.accounts import changed, groups
from idp.accounts.changed import Note
from idp.db import Transaction
from idp.login.services import Services
from idp.provisioning import keeping, store, wanting
from idp.provisioning.target import Target

NOTES: Final = 200  # of one transaction
PAGE: Final = 200  # people of one look


def take(services: Services, target: Target, client: Client) -> bool:
    """The notes are gone and their objects are due, or neither; answers whether there were any."""
    if not changed.is_waiting(services.db, keeping.follower(target.client_id)):
        return False  # no transaction that writes, for each object once more
    with services.db.transaction() as tx:
        notes = changed.take(tx, keeping.follower(target.client_id), NOTES)
        for note in notes:
            _due(services, tx, target, client, note)
    return bool(notes)


def _due(services: Services, tx: Transaction, target: Target, client: Client, note: Note) -> None:
    now, client_id = services.clock(), target.client_id
    if note.kind == "person":
        person = services.directory.find(note.key)
        ends = person is None or not wanting.is_let_in(services, client, person)
        # Who is to be shut out comes before everything that waits, however long that is.
        keeping.touch(tx, client_id, "user", note.key, min(now, target.created_at) if ends else now,
                      ends=ends)  # fmt: skip
        return
    group = groups.find(services.db, note.key) if note.kind == "members" else None
    group_id = note.key if note.kind == "group" else group.id if group is not None else ""
    if group_id:
        is_sent = wanting.of_group(services, target, client, group_id).attributes is not None
        keeping.touch(tx, client_id, "group", group_id, now, ends=not is_sent)


def stir_groups_with(tx: Transaction, client_id: str, person_id: str, now: float) -> None:
    """Somebody is not there any more as they were: the groups that hold them there are to be changed."""
    for row in tx.all(store.GROUPS_WITH, of_client=client_id, of_person=person_id):
        tx.run(store.STIR, of_client=client_id, of_kind="group", of_id=row.group_id, now=now)


def stir_groups_of(services: Services, tx: Transaction, target: Target, client: Client, person_id: str) -> None:
    """Somebody is there for the first time, or as somebody else: the groups that they are in here take them in."""
    person = services.directory.find(person_id)
    for name in person.groups if person is not None and target.said.groups == "groups" else ():
        group = groups.find(services.db, name) if wanting.is_sent(target, client, name) else None
        if group is not None:
            keeping.touch(tx, target.client_id, "group", group.id, services.clock())


def walk(services: Services, target: Target, client: Client) -> None:
    """Look at a page of people; behind the last one at the groups, and it is done."""
    now = services.clock()
    people = services.directory.list(after=target.walk or "", limit=PAGE)
    with services.db.transaction() as tx:
        said = keeping.lock(tx, target.client_id)
        if (said.walk, said.again, said.seen, said.said) != (target.walk, target.again, target.seen, target.said):
            return  # somebody asked for another walk meanwhile: that one begins
        if target.walk == "":
            # Whoever is known there is looked at, too: they may be gone here, or let in no more.
            tx.run(store.STIR_ALL, of_client=target.client_id, now=now)
            if target.again:
                tx.run(store.FORGET_ALL_SENT, of_client=target.client_id)
        out = [person.id for person in people if not wanting.is_let_in(services, client, person)]
        for person in people:
            if person.id not in out:
                keeping.touch(tx, target.client_id, "user", person.id, now)
        if out:
            tx.run(store.MARK, of_client=target.client_id, of_kind="user", **store.listed(out))
        if people:
            tx.run(store.STEP, of_client=target.client_id, new_walk=people[-1].username)
            return
        tx.run(store.MARK_GONE, of_client=target.client_id)
        sent = [group.id for group in wanting.groups_of(services, target, client)]
        for group_id in sent:
            keeping.touch(tx, target.client_id, "group", group_id, now)
        _mark_groups(tx, target.client_id, frozenset(sent))
        tx.run(store.WALK, of_client=target.client_id, new_walk=None, new_again=0, new_seen=target.seen)


def _mark_groups(tx: Transaction, client_id: str, sent: frozenset[str]) -> None:
    """Groups that are there and are told there no more."""
    after = ""
    while known := keeping.page(tx, client_id, "group", after=after, many=PAGE):
        if out := [one.local_id for one in known if one.local_id not in sent]:
            tx.run(store.MARK, of_client=client_id, of_kind="group", **store.listed(out))
        after = known[-1].local_id
