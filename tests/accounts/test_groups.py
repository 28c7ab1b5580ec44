"""Groups a page at a time, as a large company has hundreds of them (B4)."""

from __future__ import annotations

from idp.accounts import groups
from idp.accounts.directory import Directory
from idp.accounts.person import Draft
from idp.db import Database

NAMES = ("Straße", "sales", "Sales Berlin", "上海", "100%", "İzmir")


def _fill(directory: Directory, db: Database) -> None:
    for number in range(5):
        directory.add(Draft(username=f"p{number}", groups=NAMES[: number + 1]))
    groups.add(db, "Empty", 1.0, record=lambda *_: None)


def test_B4_a_page_of_groups_says_of_each_how_many_are_in_it_as_the_whole_list_does(
    directory: Directory, db: Database
) -> None:
    _fill(directory, db)
    everything = groups.list_of(db)
    assert {group.members for group in everything} == {0, 1, 2, 3, 4, 5}
    assert groups.page(db, many=100) == everything
    for many in (1, 2, 3):
        found: list[groups.Group] = []
        while page := groups.page(db, after=found[-1].name if found else "", many=many):
            assert len(page) <= many
            found += page
        assert tuple(found) == everything


def test_B4_groups_are_found_by_any_part_of_the_name_in_any_spelling(directory: Directory, db: Database) -> None:
    _fill(directory, db)

    def found(query: str) -> list[str]:
        return [group.name for group in groups.page(db, query)]

    assert found("STRASSE") == ["Straße"]
    assert found("berlin") == ["Sales Berlin"]
    assert found("ALES") == ["sales", "Sales Berlin"]
    assert found("海") == ["上海"]
    assert found("%") == ["100%"]
    assert found("nobody's") == []


def test_B4_a_page_of_groups_counts_no_others(directory: Directory, db: Database) -> None:
    _fill(directory, db)
    ran: list[str] = []
    db.observer = ran.append
    assert len(groups.page(db, "sales", many=1)) == 1
    assert len(ran) == 2
    assert sum("memberships" in one for one in ran) == 1
    assert "WHERE" in next(one for one in ran if "memberships" in one)
