"""U1: what the help desk may not see stands in no record that it reads, whenever it was recorded."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import attributes, people
from idp.admin.actor import of_shell
from idp.admin.people import Correction
from tests.api.conftest import make_program, token_of
from tests.console.conftest import Enter
from tests.provider import Provider, bearer

SHELL = of_shell("cli:test")


@pytest.fixture
def ann(provider: Provider) -> Person:
    """Somebody whose pay was written before anybody defined it."""
    ann = provider.add_person("ann", claims={"pay": "E13", "room": "1.10"})
    people.correct(provider.services, SHELL, ann, Correction(merge={"pay": "E14", "pay#de": "E14 a", "room": "2.20"}))
    attributes.add(provider.services, SHELL, "pay", {"sees": []})
    return ann


def test_U1_activity_in_the_console_masks_older_values(provider: Provider, ann: Person, enter: Enter) -> None:
    desk, auditor = enter("desk", RoleGrant("help_desk")), enter("auditor", RoleGrant("auditor"))
    path = "admin/activity?person=ann&action=person:changed"
    shown = desk.get(path)
    assert "2.20" in shown.text
    assert "E14" not in shown.text
    assert "E13" not in shown.text
    assert "E14" in auditor.get(path).text
    (event,) = [one for one in provider.events() if one.action == "person:changed"]
    assert "E14" not in desk.get(f"admin/activity/{event.id}").text
    assert "E14" in auditor.get(f"admin/activity/{event.id}").text


def test_U1_so_do_the_events_of_the_api(provider: Provider, ann: Person) -> None:
    browser = provider.browser()
    (event,) = [one for one in provider.events() if one.action == "person:changed"]
    for role, is_told in (("help_desk", False), ("auditor", True)):
        token = token_of(provider, make_program(provider, RoleGrant(role), name=role))
        for path in (f"events?person={ann.id}", f"events/{event.id}"):
            told = browser.get(f"api/v1/{path}", headers=bearer(token)).text
            assert "2.20" in told, (role, path)
            assert ("E14" in told) is is_told, (role, path)
