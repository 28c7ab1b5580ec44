"""U1: attributes of the organisation's own in the console: defined, listed, undone; written by whom it may be."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import attributes
from idp.admin.actor import of_shell
from tests.attributes.untouched import untouched
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider

PATH = "admin/attributes"
EVIL = "<b>x</b>\"'><script>hacked()</script>"


def number(page: Answer, name: str) -> int:
    return next(n for n, one in enumerate(page.dom.forms) if name in one.names())


def save(browser: Browser, page: Answer | None = None, /, **typed: str) -> Answer:
    page = page or browser.get(PATH)
    return browser.submit(page, form=number(page, "label"), **typed)


@pytest.fixture
def desk(enter: Enter) -> Browser:
    return enter("desk", RoleGrant("help_desk"))


def define(provider: Provider, name: str, **said: Any) -> None:
    attributes.add(provider.services, of_shell("cli:test"), name, said)


def test_U1_an_attribute_is_defined_changed_undone_and_removed(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", claims={"centre": "4711", "free": "x"})
    page = owner.get(PATH)
    assert "free 1 person has a value" in page.dom.text
    typed = {"name": "centre", "label": EVIL, "label-de": "Kostenstelle", "pattern": "[0-9]{4}",
             "groups": "Staff\nSales",
             "required": "1", "release": "scope", "scope": "hr"}  # fmt: skip
    shown = owner.follow(save(owner, page, **typed))
    assert "The attribute is saved" in shown.dom.text
    assert f"{EVIL} centre required Text · Applications that may have a scope: hr · 1 person has a value" in " ".join(
        shown.dom.text.split()
    )
    assert "<script>hacked" not in shown.text
    made = provider.services.registry.attributes()["centre"]
    assert (made.labels, made.groups, made.required) == ({"de": "Kostenstelle"}, ("Staff", "Sales"), True)
    assert (made.sees, made.edits) == (("person", "help_desk"), ("admin",))
    page = owner.get(f"{PATH}?name=centre")
    owner.follow(save(owner, page, label="Cost centre", scope="", release="nobody"))
    past = owner.get(f"{PATH}/history")
    assert "No application" in past.dom.text
    assert "as it was before" in owner.follow(owner.submit(past, form=number(past, "undo"))).dom.text
    assert provider.services.registry.attributes()["centre"] == made
    again = owner.get(PATH)
    asked = owner.submit(again, form=number(again, "remove"))
    assert "1 person has a value" in asked.dom.text
    assert "centre" in provider.services.registry.attributes()
    gone = owner.follow(owner.submit(asked, form=number(asked, "with_values")))
    assert "people keep their values" in gone.dom.text
    assert provider.services.registry.attributes() == {}


def test_U1_a_removal_says_who_is_told_from_then_on(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", claims={"pay": "E14"})
    provider.add_client("Payroll", claims_map={"salary": "pay"})
    provider.add_client("Wiki")
    define(provider, "pay", release="nobody")
    define(provider, "unused")
    page = owner.get(PATH)
    forms = [n for n, one in enumerate(page.dom.forms) if "remove" in one.names()]
    asked = owner.submit(page, form=forms[0])
    assert "Payroll" in asked.dom.text
    assert "Wiki" not in asked.dom.text
    page = owner.get(PATH)
    assert owner.submit(page, form=forms[1]).is_redirect  # nobody has a value: nothing to ask
    assert list(provider.services.registry.attributes()) == ["pay"]


def test_U1_what_is_wrong_stands_at_its_field_and_nothing_is_lost(owner: Browser) -> None:
    page = save(owner, name="a b", label="a" * 80, type="choice", options="a|b", min="x", pattern="(")
    assert page.status == 422
    page = save(owner, page, name="skill", type="choice", options="a|b", min="3")
    assert page.status == 422
    for id_ in ("options", "min"):
        assert page.dom.find("p", id=f"{id_}-problem"), id_
    assert "a|b" in page.text
    saved = save(owner, page, type="choice", options="Red\nGreen", min="", pattern="")
    assert "The attribute is saved" in owner.follow(saved).dom.text


def test_U1_nobody_overwrites_a_definition_that_somebody_else_has_changed(provider: Provider, owner: Browser) -> None:
    define(provider, "centre")
    page = owner.get(f"{PATH}?name=centre")
    attributes.change(provider.services, of_shell("cli:test"), "centre", {"label": "Theirs"})
    stale = save(owner, page, label="Mine")
    assert "Somebody else has changed this meanwhile" in stale.dom.text
    assert provider.services.registry.attributes()["centre"].label == "Theirs"
    owner.follow(save(owner, stale))
    assert provider.services.registry.attributes()["centre"].label == "Mine"


@pytest.fixture
def defined(provider: Provider) -> str:
    define(provider, "room", label=EVIL, edits=["help_desk", "admin"])
    define(provider, "colours", type="choices", options=["Red", "Green"], edits=["admin"])
    define(provider, "remote", type="boolean", edits=["admin"])
    define(provider, "pay", sees=[], edits=["admin"])
    define(provider, "payroll", edits=[])
    return provider.add_person("ann", claims={"pay": "E14", "payroll": "P1", "free": "x"}).id


def test_U1_a_persons_values_are_written_in_controls_of_their_type(
    provider: Provider, owner: Browser, defined: str
) -> None:
    page = owner.get(f"admin/people/{defined}/attributes")
    assert EVIL in page.dom.text
    assert "<script>hacked" not in page.text
    assert "payroll P1" in " ".join(page.dom.text.split())  # seen, and changed elsewhere
    form = number(page, "attribute-room")
    typed = {"attribute-room": "7.12", "attribute-colours": "Green", "attribute-remote": "false"}
    saved = owner.follow(owner.submit(page, form=form, **typed))
    claims = provider.services.directory.find_named("ann").claims  # type: ignore[union-attr]
    assert claims == {
        "pay": "E14", "payroll": "P1", "free": "x", "room": "7.12", "colours": ["Green"], "remote": False
    }  # fmt: skip
    wrong = owner.submit(saved, form=form, **{"attribute-remote": "perhaps", "attribute-room": "a" * 1001})
    assert wrong.status == 422
    assert wrong.dom.find("p", id="attribute-remote-problem")
    assert "Type something shorter" in wrong.dom.text
    edit = owner.get(f"admin/people/{defined}/edit")
    assert "payroll" not in edit.text
    assert "free=x" in edit.text
    owner.follow(owner.submit(edit, form=number(edit, "employee_number"), claims="free=y"))
    after = provider.services.directory.find_named("ann").claims  # type: ignore[union-attr]
    assert after == {**claims, "free": "y"}


def test_U1_the_help_desk_sees_and_writes_what_it_may_and_says_why(
    provider: Provider, desk: Browser, defined: str
) -> None:
    page = desk.get(f"admin/people/{defined}/attributes")
    assert "E14" not in page.text
    assert "E14" not in desk.get(f"admin/people/{defined}").text
    form = number(page, "attribute-room")
    assert "attribute-colours" not in page.dom.forms[form].names()
    asked = desk.submit(page, form=form, **{"attribute-room": "7.12", "attribute-pay": "E1"})
    assert "Say why" in asked.dom.text
    desk.follow(desk.submit(asked, form=form, reason="moved"))
    person = provider.services.directory.get(defined)
    assert (person.claims["room"], person.claims["pay"]) == ("7.12", "E14")
    event = provider.events("person:changed")[-1]
    assert (event.detail["reason"], event.detail["after"]) == ("moved", {"room": "7.12"})
    assert desk.get(PATH).status == 403


def test_U1_somebody_new_is_asked_what_is_required_of_whoever_adds_them(provider: Provider, owner: Browser) -> None:
    define(provider, "level", type="number", required=True, label="Level")
    page = owner.get("admin/people/new")
    form = number(page, "attribute-level")
    missing = owner.submit(page, form=form, name="Zoe Y", username="zoe")
    assert missing.status == 422
    assert missing.dom.find("p", id="attribute-level-problem")
    owner.submit(missing, form=form, **{"attribute-level": "3"})
    assert provider.services.directory.find_named("zoe").claims["level"] == 3  # type: ignore[union-attr]


def test_U1_a_form_saved_for_another_field_takes_nothing_away(provider: Provider, owner: Browser) -> None:
    old = {"flag": "yes", "start": "01.02.2026", "note": "one\ntwo", "desk": "1", "late": "x"}
    for name, type in {"flag": "boolean", "start": "date", "note": "text", "desk": "text"}.items():
        define(provider, name, type=type)
    ann = provider.add_person("ann", claims=old)
    page = owner.get(f"admin/people/{ann.id}/attributes")
    define(provider, "late")  # while the page was open
    typed = {**untouched(page), "attribute-desk": "2"}
    assert owner.submit(page, form=number(page, "version"), **typed).is_redirect
    assert provider.services.directory.get(ann.id).claims == {**old, "desk": "2"}
