"""Groups as admins name them, by any door."""

from __future__ import annotations

import pytest

from idp.accounts.groups import GroupHasMembers
from idp.accounts.person import InvalidPerson
from idp.admin import groups
from tests.admin.conftest import Admin
from tests.provider import Provider


def test_a_group_is_found_in_any_spelling_and_else_those_that_look_like_it_are_told(
    provider: Provider, admin: Admin
) -> None:
    made, is_new = groups.make(provider.services, admin, "Sales")
    assert is_new
    assert groups.make(provider.services, admin, "SALES") == (made, False)
    assert groups.get(provider.services, "sales") == made
    with pytest.raises(groups.UnknownGroup) as caught:
        groups.get(provider.services, "Sale")
    assert (caught.value.name, caught.value.similar) == ("Sale", ("Sales",))
    assert admin.actions == ["group:added"]


def test_groups_that_somebody_typed_get_the_spelling_that_they_have_and_new_ones_are_told(
    provider: Provider, admin: Admin
) -> None:
    groups.make(provider.services, admin, "Sales")
    meant = groups.meant(provider.services, ["sales", "Warehouse"])
    assert meant.names == ("Sales", "Warehouse")
    assert [one.name for one in meant.new] == ["Warehouse"]


def test_a_likely_slip_is_no_new_group_unless_that_is_meant(provider: Provider, admin: Admin) -> None:
    groups.make(provider.services, admin, "Sales")
    with pytest.raises(InvalidPerson, match="did you mean"):
        groups.meant(provider.services, ["Slaes"])
    assert groups.meant(provider.services, ["Slaes"], may_be_new=True).names == ("Slaes",)


def test_who_removes_a_group_hears_how_many_left_it_and_whose_limits_name_it(provider: Provider, admin: Admin) -> None:
    from clients.access import Access

    sales, _ = groups.make(provider.services, admin, "Sales")
    ann = provider.add_person("ann")
    app = provider.add_client(access=Access.only(groups=["Sales"]))
    groups.change_members(provider.services, admin, sales, joins=[ann], leaves=[])
    with pytest.raises(GroupHasMembers):
        groups.remove(provider.services, admin, sales, with_members=False)
    gone = groups.remove(provider.services, admin, sales, with_members=True)
    assert (gone.members, gone.applications) == (1, (app.client.name,))
