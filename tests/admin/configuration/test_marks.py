"""C5: what a file manages is marked so, and a change by hand is noted or refused, as the settings say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.access import Access
from idp.accounts import groups as accounts_groups
from idp.admin import access, applications, groups, managed
from idp.admin.configuration import marks
from idp.admin.managed import ManagedByFile
from tests.admin.configuration.conftest import Configured, Open
from tests.admin.configuration.test_planning import wiki

SALES = '\n[[group]]\nname = "sales"\n'


@pytest.fixture
def apply(another: Open) -> Callable[[str], tuple[Configured, str]]:
    """An installation with this setting, and the id of the application that apps.toml manages there."""

    def one(setting: str) -> tuple[Configured, str]:
        here = another(admin={"managed": setting})
        here.apply(wiki() + SALES)
        return here, here.services.registry.list()[0].id

    return one


def test_C5_what_was_applied_is_marked_with_its_file_and_the_keys(configured: Configured) -> None:
    configured.apply(wiki() + SALES)
    (entry,) = configured.services.registry.list()
    mark = marks.find(configured.services.db, "application", entry.id)
    assert mark is not None
    assert (mark.manager, mark.fields) == ("apps.toml", {"name", "access", "redirect_uris"})
    assert managed.manager_of(configured.services, "application", entry.id) == "apps.toml"
    assert managed.manager_of(configured.services, "application", "cnobody") == ""
    assert {kind for kind, _ in marks.all_of(configured.services.db)} == {"application", "group"}


def test_C5_an_apply_that_changes_nothing_marks_what_is_there(configured: Configured) -> None:
    app = configured.provider.add_client("CRM")
    text = configured.export()
    plan = configured.plan(text)
    assert (plan.changes, plan.adopts) == ((), (("apps.toml", "application “CRM”"),))
    assert managed.manager_of(configured.services, "application", app.id) == ""  # a plan marks nothing
    assert configured.apply(text).marked == 1
    assert managed.manager_of(configured.services, "application", app.id) == "apps.toml"
    assert configured.plan(text).adopts == ()


def test_C5_a_change_by_hand_is_made_where_the_setting_says_note(
    apply: Callable[[str], tuple[Configured, str]],
) -> None:
    here, client_id = apply("note")
    client = here.services.registry.get(client_id)
    assert managed.guard(here.services, "application", client_id) == "apps.toml"
    applications.update(here.services, here.actor, client, applications.Change(metadata={"description": "x"}))
    assert here.services.registry.get(client_id).metadata["description"] == "x"
    assert here.changes(wiki() + SALES) == ()  # the file does not speak of it
    applications.update(here.services, here.actor, client, applications.Change(metadata={}, access=Access.only()))
    assert [field.name for field in here.change(wiki() + SALES).fields] == ["access"]


def test_C5_a_change_by_hand_is_refused_where_the_setting_says_so_and_the_file_may_still(
    apply: Callable[[str], tuple[Configured, str]],
) -> None:
    here, client_id = apply("refuse")
    client = here.services.registry.get(client_id)
    free = here.provider.add_client("Free").client
    with pytest.raises(ManagedByFile, match="it is managed by apps"):
        applications.update(here.services, here.actor, client, applications.Change(metadata={}))
    with pytest.raises(ManagedByFile):
        access.change(here.services, here.actor, client, access.Change(start="everyone"))
    sales = accounts_groups.find(here.services.db, "sales")
    assert sales is not None
    with pytest.raises(ManagedByFile):
        groups.remove(here.services, here.actor, sales, with_members=True)
    applications.update(here.services, here.actor, free, applications.Change(metadata={"description": "x"}))
    here.apply(wiki(description='"by the file"') + SALES)
    assert here.services.registry.get(client_id).metadata["description"] == "by the file"


def test_C5_what_is_removed_loses_its_mark_and_what_comes_back_gets_it_again(configured: Configured) -> None:
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    configured.apply("", prune=True)
    assert managed.manager_of(configured.services, "application", entry.id) == ""
    text = wiki(id=f'"{entry.id}"')
    assert configured.change(text).action == "restore"
    configured.apply(text)
    assert managed.manager_of(configured.services, "application", entry.id) == "apps.toml"
