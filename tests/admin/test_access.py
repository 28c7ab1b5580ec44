"""Who may open an application, changed by any door."""

from __future__ import annotations

import pytest

from clients.access import EVERYONE, Access
from idp.accounts.person import fold
from idp.admin import access
from tests.admin.conftest import Admin
from tests.provider import Provider


def test_a_limit_is_set_widened_narrowed_and_lifted(provider: Provider, admin: Admin) -> None:
    ann, app = provider.add_person("ann"), provider.add_client().client
    only = access.Change(start="nobody", groups=("Sales",), persons=(ann.id,))
    app = access.change(provider.services, admin, app, only)
    assert app.access == Access.only(groups=["Sales"], persons=[ann.id])
    less = access.Change(less_persons=(access.named_person(provider.services, app, "ann"),))
    app = access.change(provider.services, admin, app, less)
    assert app.access == Access.only(groups=["Sales"])
    app = access.change(provider.services, admin, app, access.Change(start="everyone"))
    assert app.access == EVERYONE


def test_where_everyone_may_there_is_nothing_to_widen_or_narrow(provider: Provider, admin: Admin) -> None:
    app = provider.add_client().client
    with pytest.raises(access.NothingToChange):
        access.change(provider.services, admin, app, access.Change(groups=("Sales",)))
    assert not admin.actions


def test_only_who_is_named_can_be_taken_out(provider: Provider) -> None:
    provider.add_person("ann")
    app = provider.add_client(access=Access.only(groups=["Sales"])).client
    assert access.named_group(app, "SALES") == "Sales"
    with pytest.raises(access.NotNamed):
        access.named_group(app, "Service")
    with pytest.raises(access.NotNamed):
        access.named_person(provider.services, app, "ann")


@pytest.mark.parametrize("name", ["Sales", "Straße", 'R&D "beta"', "back\\slash", "上海", "100%_", "İzmir", "ﬁnance"])
def test_B4_applications_that_name_a_group_are_found_in_any_spelling_of_it(provider: Provider, name: str) -> None:
    for number, access_rule in enumerate((
        Access.only(groups=[name]), Access.only(groups=["Other", name.swapcase()]), Access.only(groups=[name + "2"]),
        Access.only(persons=["u" + "a" * 26]), EVERYONE, Access.only(),
    )):  # fmt: skip
        provider.add_client(f"App {number}", access=access_rule)
    removed = provider.add_client("Removed", access=Access.only(groups=[name]))
    provider.services.registry.remove(removed.id)
    expected = [f"App {n}" for n, other in enumerate((name, name.swapcase())) if fold(other) == fold(name)]
    for asked in (name, name.upper()):
        if fold(asked) == fold(name):
            assert [one.name for one in access.limited_to(provider.services, asked)] == expected


def test_B4_what_names_a_group_is_kept_and_never_out_of_date(provider: Provider, admin: Admin) -> None:
    services = provider.services
    app = provider.add_client("Wiki", access=Access.only(groups=["Sales"])).client
    assert [one.name for one in access.naming(services, "SALES")] == ["Wiki"]
    access.change(services, admin, app, access.Change(start="nobody", groups=("Board",)))
    assert access.naming(services, "Sales") == ()
    assert [one.name for one in access.naming(services, "board")] == ["Wiki"]
    services.registry.remove(app.id)
    assert access.naming(services, "board") == ()
