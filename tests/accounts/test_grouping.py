"""Groups within groups, their owners, who provides them, and the one read that hot paths keep. U1, I7, X30."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from idp.accounts import groups, listing, memberships, past, store
from idp.accounts.directory import Directory
from idp.accounts.grouping import effective, nesting, owners
from idp.accounts.grouping import store as grouping
from idp.accounts.groups import Group
from idp.accounts.person import Draft, InvalidPerson, Person
from idp.db import Database
from tests.accounts.conftest import Ledger
from tests.backends import Clock


def nobody(*_: Any) -> None:
    """Records nothing."""


def group(db: Database, name: str) -> Group:
    """The group of this name, made where it is missing."""
    return groups.add(db, name, 1.0, record=nobody)


def nest(db: Database, *names: str) -> None:
    """Each group into the one named behind it."""
    for inner, outer in pairwise(names):
        nesting.put_in(db, group(db, inner), group(db, outer), 2.0, record=nobody)


def of(directory: Directory, person: Person) -> tuple[str, ...]:
    """The groups in somebody's row."""
    return directory.get(person.id).groups


def test_U1_whoever_is_in_a_group_is_in_those_that_it_is_in_at_any_depth(directory: Directory, db: Database) -> None:
    before = directory.add(Draft(username="ann", groups=("North",)))
    nest(db, "North", "Sales", "Staff")
    assert of(directory, before) == ("North", "Sales", "Staff")
    after = directory.add(Draft(username="ben", groups=("North",)))
    assert after.groups == ("North", "Sales", "Staff")
    nesting.take_out(db, group(db, "Sales"), group(db, "Staff"), 3.0, record=nobody)
    assert of(directory, before) == of(directory, after) == ("North", "Sales")
    assert directory.remove_from_group(after.id, "North").groups == ()
    assert list(effective.drift(db)) == []


def test_U1_two_ways_into_a_group_are_left_one_by_one(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann", groups=("A", "B")))
    nest(db, "A", "All")
    nest(db, "B", "All")
    directory.add_to_group(ann.id, "All")
    directory.remove_from_group(ann.id, "A")
    assert directory.remove_from_group(ann.id, "All").groups == ("All", "B")
    with pytest.raises(InvalidPerson, match="by another group that is in it"):
        directory.remove_from_group(ann.id, "All")


def test_U1_exactly_these_groups_leaves_what_other_groups_give(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann", groups=("North", "Night")))
    nest(db, "North", "Sales")
    assert directory.set_groups(ann.id, ["North", "Sales"]).groups == ("North", "Sales")
    assert db.one(store.MEMBERSHIP, person_id=ann.id, group_id=group(db, "Sales").id) is None
    with pytest.raises(InvalidPerson, match="by another group"):
        directory.remove_from_group(ann.id, "Sales")
    assert directory.set_groups(ann.id, ["Day"]).groups == ("Day",)


def test_U1_no_group_is_in_itself_and_no_tower_stands(db: Database) -> None:
    nest(db, "A", "B", "C")
    for outer in ("A", "B", "C"):
        with pytest.raises(InvalidPerson, match="cannot be in itself"):
            nesting.put_in(db, group(db, "C"), group(db, outer if outer != "C" else "c"), 2.0, record=nobody)
    nest(db, *(f"t{n}" for n in range(nesting.DEEPEST)))
    with pytest.raises(InvalidPerson, match="more than 8 deep"):
        nest(db, f"t{nesting.DEEPEST - 1}", "top")
    assert [one.name for one in nesting.inner(db, group(db, "B").id)] == ["A"]
    assert [one.name for one in nesting.outer(db, group(db, "B").id)] == ["C"]


def test_U1_a_renamed_or_removed_group_is_followed_by_everybody_below(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann", groups=("North",)))
    ben = directory.add(Draft(username="ben", groups=("Sales",)))
    nest(db, "North", "Sales", "Staff")
    groups.rename(db, group(db, "Staff"), "People", 4.0, record=nobody)
    assert of(directory, ann) == ("North", "People", "Sales")
    groups.remove(db, group(db, "Sales"), 5.0, with_members=True, record=nobody)
    assert of(directory, ann) == ("North",)
    assert of(directory, ben) == ()
    assert list(effective.drift(db)) == []


def test_U1_a_list_of_a_groups_people_has_those_of_groups_in_it(directory: Directory, db: Database) -> None:
    directory.add(Draft(username="ann", groups=("North",)))
    directory.add(Draft(username="ben", groups=("Sales",)))
    nest(db, "North", "Sales")
    sales = group(db, "Sales")
    assert [one.username for one in groups.members_of(db, sales.id)] == ["ben"]
    assert [one.username for one in groups.members_of(db, sales.id, in_any_way=True)] == ["ann", "ben"]
    found = listing.ids(db, listing.Wanted(groups=frozenset({"sales"})), 1.0, 10)
    assert len(found) == 2
    assert [one.person.username for one in groups.members_like(db, sales.id, "BE")] == ["ben"]
    assert groups.members_like(db, sales.id, "100%") == ()
    with_role = directory.add(Draft(username="boss", groups=("North",), roles=("owner",)))
    assert [one.id for one in nesting.with_roles(db, sales.id)] == [with_role.id]


def test_R4_what_groups_in_groups_gave_is_kept_with_its_time(directory: Directory, db: Database, clock: Clock) -> None:
    ann = directory.add(Draft(username="ann", groups=("North",)))
    nesting.put_in(db, group(db, "North"), group(db, "Sales"), clock() + 10, record=nobody)
    assert past.catch_up(db, clock() + 11) == 0
    nesting.take_out(db, group(db, "North"), group(db, "Sales"), clock() + 20, record=nobody)
    (known,) = past.of(db, [ann.id], 0, clock() + 100)
    (sales,) = (one for one in known.memberships if one.group == "Sales")
    assert (sales.since, sales.until) == (clock() + 10, clock() + 20)
    assert past.catch_up(db, clock() + 21) == 0


def test_U1_what_another_release_wrote_is_found_and_mended(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann", groups=("North",)))
    ben = directory.add(Draft(username="ben"))
    nest(db, "North", "Sales")
    # As the release before does it: a group and a membership with its columns, names of its own making.
    db.run(text("UPDATE people SET groups = '[\"North\"]' WHERE username = 'ann'"))
    db.run(text("INSERT INTO groups (id, name, key) VALUES ('old', 'Old', 'old')"))
    db.run(text(f"INSERT INTO memberships (group_id, person_id) VALUES ('old', '{ben.id}')"))
    assert set(effective.drift(db)) == {ann.id, ben.id}
    assert effective.mend(db, 9.0) == 2
    assert (of(directory, ann), of(directory, ben)) == (("North", "Sales"), ("Old",))
    assert effective.mend(db, 9.0) == 0
    db.run(text("DELETE FROM memberships WHERE group_id = 'old'"))
    db.run(text("DELETE FROM groups WHERE id = 'old'"))  # nothing of ours holds on to it
    assert groups.find(db, "old") is None


def test_I7_who_is_in_a_group_of_a_source_is_said_by_that_source_alone(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann"))
    ben = directory.add(Draft(username="ben"))
    entra = groups.provide(db, group(db, "Entra"), "scim:1", "guid-1", 2.0, record=nobody)
    assert not entra.is_ours
    with pytest.raises(InvalidPerson, match="is said by scim:1"):
        directory.add_to_group(ann.id, "Entra")
    assert of(directory, ann) == ()
    with db.transaction() as tx:
        memberships.join(tx, ann.id, ("Entra",), 3.0, by="scim:1")
    for change in (
        lambda: directory.remove_from_group(ann.id, "Entra"),
        lambda: directory.set_groups(ann.id, []),
        lambda: directory.set_groups(ben.id, ["Entra"]),
    ):
        with pytest.raises(InvalidPerson, match="scim:1"):
            change()
    assert directory.set_groups(ann.id, ["Entra", "Own"]).groups == ("Entra", "Own")
    also = groups.let_us_add(db, entra, True, 4.0, record=nobody)
    assert also.is_ours
    assert directory.add_to_group(ben.id, "Entra").groups == ("Entra",)
    with pytest.raises(InvalidPerson, match="by scim:1"):
        directory.remove_from_group(ann.id, "Entra")
    with db.transaction() as tx, pytest.raises(InvalidPerson, match="by an admin"):
        memberships.leave(tx, directory.get(ben.id), "entra", by="scim:1")
    assert [one.source for one in groups.members_like(db, entra.id, "")] == ["scim:1", ""]
    with db.transaction() as tx:
        groups.release(tx, "scim:1")
    assert group(db, "Entra").source == ""
    assert directory.remove_from_group(ann.id, "Entra").groups == ("Own",)


def test_U1_owners_are_named_and_go_with_their_account(directory: Directory, db: Database, ledger: Ledger) -> None:
    ann, ben = (directory.add(Draft(username=name)) for name in ("ann", "ben"))
    sales = group(db, "Sales")
    owners.change(db, sales, joins=[ann, ben], leaves=[], record=ledger.record)
    owners.change(db, sales, joins=[ann], leaves=[ben], record=ledger.record)
    assert [one.username for one in owners.list_of(db, sales.id)] == ["ann"]
    assert [detail["added"] for action, detail in ledger.events if action == "group:owners"] == [["ann", "ben"], []]
    db.run(text("DELETE FROM identifiers"))
    db.run(text("DELETE FROM people WHERE username = 'ann'"))  # as a release before does it, which knows no owners
    assert owners.list_of(db, sales.id) == ()


def test_U1_what_a_group_is_for_is_said_in_visible_characters(db: Database, ledger: Ledger) -> None:
    sales = groups.describe(db, group(db, "Sales"), "  who   sells ", 2.0, record=ledger.record)
    assert group(db, "Sales").description == sales.description == "who sells"
    for wrong in ("x" * 501, "a\u202eb"):
        with pytest.raises(InvalidPerson):
            groups.describe(db, sales, wrong, 2.0, record=nobody)
    assert ledger.actions == ["group:described"]


def test_U1_a_change_of_a_large_group_is_some_looks_for_each_page_of_its_people(
    directory: Directory, db: Database
) -> None:
    many = 450
    directory.add_all(Draft(username=f"p{number:03}", groups=("Big",)) for number in range(many))
    group(db, "Outer")
    ran: list[str] = []
    db.observer = ran.append
    assert nesting.put_in(db, group(db, "Big"), group(db, "Outer"), 2.0, record=nobody) == many
    looks = [one for one in ran if one.startswith("SELECT")]
    assert len(looks) <= 15
    ran.clear()
    groups.rename(db, group(db, "Big"), "Bigger", 3.0, record=nobody)
    assert len([one for one in ran if one.startswith("SELECT")]) <= 15
    db.observer = None
    assert directory.get(next(groups.members_of(db, group(db, "Bigger").id)).id).groups == ("Bigger", "Outer")


def test_U1_somebody_in_400_groups_is_one_look_and_one_write_more(directory: Directory, db: Database) -> None:
    ann = directory.add(Draft(username="ann", groups=tuple(f"g{n}" for n in range(400))))
    ran: list[str] = []
    db.observer = ran.append
    assert len(directory.add_to_group(ann.id, "one more").groups) == 401
    assert len(ran) < 16  # one of them for the id that the record has


@pytest.mark.parametrize("name", ["WITHIN", "OF_THESE"])
def test_U1_rows_are_locked_in_one_order_before_their_groups_are_read(name: str) -> None:
    said = str(getattr(grouping, name).compile(dialect=postgresql.dialect()))
    assert said.endswith("FOR UPDATE OF people")
    assert "ORDER BY people.id" in said
