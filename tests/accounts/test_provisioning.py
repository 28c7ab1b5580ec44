"""What provisioning clients say of people and groups, on both databases. Y1."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, null, update

from idp.accounts import groups
from idp.accounts.directory import Directory
from idp.accounts.grouping import nesting
from idp.accounts.person import Draft
from idp.accounts.provisioning import clients, kept, store
from idp.db import Database
from tests.backends import Clock


def nobody(*_: Any) -> None:
    """Records nothing."""


def test_Y1_a_client_is_found_by_its_token_and_by_the_one_before_for_a_week(db: Database, clock: Clock) -> None:
    wanted = clients.Wanted(name=" Entra  ID ", attributes=("title",))
    made = clients.make(db, wanted, "cli:test", clock(), record=nobody)
    assert (made.client.name, made.client.attributes) == ("Entra ID", ("title",))
    assert clients.find(db, made.value, clock()) == made.client
    assert clients.find(db, made.value + "x", clock()) is None
    renewed = clients.renew(db, made.client, clock(), at_once=False, record=nobody)
    assert renewed is not None
    assert {clients.find(db, one.value, clock()) is not None for one in (made, renewed)} == {True}
    before = clients.find(db, made.value, clock())
    assert before is not None
    clients.touch(db, before, clock())
    clock.advance(clients.OVERLAP)
    assert clients.find(db, made.value, clock()) is None
    (listed,) = clients.list_of(db)
    assert listed.last_used_at == clock() - clients.OVERLAP
    assert clients.remove(db, listed, record=nobody)
    assert not clients.remove(db, listed, record=nobody)
    assert clients.renew(db, listed, clock(), at_once=True, record=nobody) is None


def test_Y1_what_a_client_said_of_people_is_kept_beside_them(db: Database, directory: Directory) -> None:
    people = [directory.add(Draft(username=f"p{n}", groups=("A",) if n else ())) for n in range(5)]
    for inner, outer in (("A", "B"),):
        nesting.put_in(db, groups.add(db, inner, 1, record=nobody), groups.add(db, outer, 1, record=nobody), 2.0,
                       record=nobody)  # fmt: skip
    with db.transaction() as tx:
        kept.put(tx, people[1].id, "scim:1", {"externalId": "e", "title": "x"}, made=True)
        kept.put(tx, people[1].id, "scim:2", {"externalId": "f"}, made=False)
    (said,) = kept.by_external_id(db, "scim:2", "f")
    assert (said.person.username, said.document, said.made) == ("p1", {"externalId": "f"}, True)
    assert kept.by_external_id(db, "scim:1", "e") == []
    assert [one.person.username for one in kept.page(db, 3, 5)] == ["p3", "p4"]
    assert [one.person.username for one in kept.onward(db, "p2", 1)] == ["p3"]
    assert [one.person.username for one in kept.by_key(db, "P4")] == ["p4"]
    assert kept.count(db) == 5
    inside = kept.groups_of(db, [one.id for one in people])
    assert people[0].id not in inside
    assert {(one.name, one.is_direct) for one in inside[people[2].id]} == {("A", True), ("B", False)}


def test_Y1_members_of_groups_are_read_up_to_a_bound(db: Database, directory: Directory) -> None:
    ann, ben = (directory.add(Draft(username=name, groups=("A",))) for name in ("ann", "ben"))
    a, b = (groups.add(db, name, 1, record=nobody) for name in ("A", "B"))
    nesting.put_in(db, a, b, 2.0, record=nobody)
    assert kept.members(db, [a.id, b.id], 1) is None
    found = kept.members(db, [a.id, b.id], 2)
    assert found is not None
    assert found[a.id] == kept.Members(sorted((ann.id, ben.id)), [])
    assert found[b.id] == kept.Members([], [a.id])
    assert kept.memberships(db, a.id, {ann.id}) == {ann.id: ""}
    assert kept.memberships(db, a.id) == {ann.id: "", ben.id: ""}
    assert [one.name for one in kept.groups_with(db, ann.id)] == ["A"]
    assert [one.name for one in kept.groups_with(db, a.id)] == ["B"]
    assert [one.name for one in kept.groups_named(db, "b")] == ["B"]
    assert [one.name for one in kept.group_page(db, 1, 5)] == ["B"]
    assert kept.group_count(db) == 2


def test_Y1_after_an_upgrade_nobody_knows_which_token_is_in_use_until_it_comes(db: Database, clock: Clock) -> None:
    made = clients.make(db, clients.Wanted(name="Entra"), "cli:test", clock(), record=nobody)
    renewed = clients.renew(db, made.client, clock(), at_once=False, record=nobody)
    assert renewed is not None
    # As a release before 0071 kept it: it noted the last use, and not by which token.
    db.run(
        update(store.provisioners).values(last_used_at=bindparam("now"), used_at=null(), earlier_used_at=null()),
        now=clock(),
    )
    with pytest.raises(clients.StillInUse):
        clients.renew(db, made.client, clock(), at_once=False, record=nobody)
    clock.advance(1)
    came = clients.find(db, renewed.value, clock())
    assert came is not None
    clients.touch(db, came, clock())
    again = clients.renew(db, made.client, clock(), at_once=False, record=nobody)
    assert again is not None
    assert [clients.find(db, one.value, clock()) is not None for one in (made, renewed, again)] == [False, True, True]
