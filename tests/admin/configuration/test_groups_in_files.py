"""C5: what files say of groups: what they are for, and which are in which."""

from __future__ import annotations

import pytest

from idp.accounts import groups
from idp.accounts.grouping import nesting
from idp.admin.configuration.document import BadConfiguration
from tests.admin.configuration.conftest import Configured

SALES = '[[group]]\nname = "Sales"\ndescription = "who sells"\ngroups = ["North", "south"]\n'
INNER = '[[group]]\nname = "North"\n[[group]]\nname = "South"\n'


def inner(configured: Configured, name: str) -> list[str]:
    found = groups.find(configured.services.db, name)
    assert found is not None
    return [one.name for one in nesting.inner(configured.services.db, found.id)]


def test_C5_a_group_has_a_description_and_groups_that_stand_in_any_order(configured: Configured) -> None:
    configured.apply(SALES + INNER)
    assert inner(configured, "Sales") == ["North", "south"]
    assert configured.changes(SALES + INNER) == ()
    exported = configured.export("group")
    assert configured.changes(exported) == ()
    (change,) = configured.changes(SALES.replace('"North", ', "") + INNER)
    assert [(one.name, one.before, one.after) for one in change.fields] == [("groups", ["North", "south"], ["south"])]
    configured.apply(SALES.replace('"North", ', "") + INNER)
    assert inner(configured, "Sales") == ["south"]


def test_C5_a_file_with_names_alone_leaves_the_rest_as_it_is(configured: Configured) -> None:
    configured.apply(SALES + INNER)
    (change,) = configured.changes('[[group]]\nname = "Sales"\n' + INNER)  # what the file declared and no longer does
    assert {one.name for one in change.fields} == {"description", "groups"}
    configured.apply('[[group]]\nname = "Sales"\n' + INNER)
    assert inner(configured, "Sales") == []
    services = configured.services
    found = groups.find(services.db, "Sales")
    assert found is not None
    groups.describe(services.db, found, "by hand", 1.0, record=configured.record)
    assert configured.changes('[[group]]\nname = "Sales"\n' + INNER) == ()


def test_C5_what_cannot_be_is_said_by_file_and_line(configured: Configured) -> None:
    assert "there is no group “Nroth”" in configured.faults(SALES.replace("North", "Nroth"))[0]
    assert "expected a list of names" in configured.faults('[[group]]\nname = "A"\ngroups = "B"\n')[0]
    assert "cannot be in itself" in configured.faults('[[group]]\nname = "A"\ngroups = ["a"]\n')[0]
    ring = '[[group]]\nname = "A"\ngroups = ["B"]\n[[group]]\nname = "B"\ngroups = ["A"]\n'
    with pytest.raises(BadConfiguration, match="cannot be in itself"):
        configured.apply(ring)
    assert groups.list_of(configured.services.db) == ()
