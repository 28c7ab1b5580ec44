"""C5, U1: attributes of the organisation's own in files."""

from __future__ import annotations

import pytest

from clients.attributes import kept
from idp.accounts.person import Draft
from tests.admin.configuration.conftest import Configured

CENTRE = """[[attribute]]
name = "centre"
label = "Cost “centre” 'x'"
labels = {de = "Kostenstelle"}
type = "choices"
options = ["A \\"b\\"", "{x}"]
required = true
groups = ["Staff"]
min = 1
max = 2
sees = []
edits = ["admin"]
sensitive = true
"""
APP = """[[application]]
name = "Doors"
profile = "web"
redirect_uris = ["https://doors.example/cb"]
access = "everyone"
"""
BADGE = '[[attribute]]\nname = "badge"\nrelease = "apps"\napps = ["Doors"]\n'


def test_C5_U1_what_is_exported_is_what_stands_and_a_plan_on_it_is_empty(configured: Configured) -> None:
    assert configured.export("attribute") == ""
    shown = configured.change(CENTRE)
    assert (shown.action, shown.kind, shown.name) == ("add", "attribute", "centre")
    configured.apply(CENTRE)
    assert configured.changes(CENTRE) == ()
    exported = configured.export("attribute")
    assert configured.changes(exported) == ()
    (made,) = kept.list_of(configured.services.db)
    assert (made.options, made.sees, made.min) == (('A "b"', "{x}"), (), 1)
    changed = configured.change(CENTRE.replace("max = 2\n", ""))
    assert [(one.name, one.before, one.after) for one in changed.fields] == [("max", 2, None)]
    configured.services.directory.add(Draft(username="ann", claims={"centre": ["A"]}))
    removed = configured.change("", prune=True)
    assert removed.action == "remove"
    assert any("1 people keep" in one for one in removed.effects)
    configured.apply("", prune=True)
    assert kept.list_of(configured.services.db) == ()


def test_C5_U1_an_application_of_the_same_file_is_named_by_its_name(configured: Configured) -> None:
    configured.apply(APP + BADGE)
    (made,) = kept.list_of(configured.services.db)
    (app,) = configured.services.registry.every()
    assert made.apps == (app.id,)
    assert configured.changes(APP + BADGE) == ()
    assert configured.changes(configured.export()) == ()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('name = "email"', "meaning of its own"), ('name = "x"\ntype = "secret"', "type: expected"),
        ('name = "x"\ncolour = "red"', "colour"), ('name = "x"\nrelease = "apps"\napps = ["Nobody"]', "no application"),
        ('type = "text"', "name"), ('name = "x"\nmin = "one"', "min"),
    ],
)  # fmt: skip
def test_C5_U1_what_is_wrong_is_said_by_its_key(configured: Configured, table: str, said: str) -> None:
    assert said in configured.faults(f"[[attribute]]\n{table}\n")[0]
