"""Who may open an application, changed by any door."""

from __future__ import annotations

import pytest

from clients.access import EVERYONE, Access
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
