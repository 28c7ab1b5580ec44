"""The first owner's next steps on the launcher: an application, people, mail. T9."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.__main__ import parser
from idp.portal import first_steps
from tests.provider import Answer, Browser, Provider

ALL = ["Connect an application", "Add people", "Let mail leave"]


def to_do(page: Answer) -> list[str]:
    """The steps that are left; those that are done are ticked and name no command."""
    return [step.title for step in first_steps.STEPS if step.command in page.dom.text]


def hide(browser: Browser, page: Answer) -> Answer:
    at = next(n for n, form in enumerate(page.dom.forms) if form.action.endswith("/steps"))
    return browser.follow(browser.submit(page, form=at))


def test_T9_the_first_owner_sees_three_steps_and_what_is_done_is_ticked(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", roles=("owner",))
    page = browser.follow(browser.log_in(browser.get("")))
    assert to_do(page) == ALL
    assert [step.document in page.dom.text for step in first_steps.STEPS] == [True, True, True]
    provider.add_person("bob")
    assert to_do(page := browser.get("")) == ["Connect an application", "Let mail leave"]
    assert "Add people" in page.dom.text
    provider.add_client("Batch", "machine", scope="x")  # one that the launcher does not show
    assert to_do(page := browser.get("")) == ["Let mail leave"]
    assert page.text.count(">Done<") == 2


def test_T9_with_all_done_nothing_is_shown(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(mail={"host": "mail.example"})
    provider.add_person("ann", roles=("owner", "admin"))
    browser = provider.browser()
    assert to_do(browser.follow(browser.log_in(browser.get("")))) == ALL[:2]
    provider.add_person("bob")
    provider.add_client("CRM")
    page = browser.get("")
    assert to_do(page) == []
    assert not page.dom.find("section", id="first")


def test_T9_hidden_steps_stay_hidden_for_this_owner_alone_and_cost_nothing(
    provider: Provider, browser: Browser
) -> None:
    provider.add_person("ann", roles=("owner",))
    shown = browser.follow(browser.log_in(browser.get("")))
    page = hide(browser, shown)
    assert "hidden" in page.dom.text
    assert to_do(page) == to_do(browser.get("")) == []
    hidden = provider.counted(lambda: browser.get(""))
    provider.services.directory.set_roles(provider.add_person("bob", roles=("owner",)).id, ["owner"])
    browser.submit(browser.get("logout"), "confirm")
    assert to_do(browser.follow(browser.log_in(browser.get(""), "bob"))) == ["Connect an application", "Let mail leave"]
    plain = provider.browser()
    provider.add_person("eve")
    plain.log_in(plain.get(""), "eve")
    nobody = provider.counted(lambda: plain.get(""))
    assert (len(hidden[0]), len(hidden[1])) == (len(nobody[0]), len(nobody[1]))


@pytest.mark.parametrize("roles", [(), ("admin",), ("help_desk", "auditor")])
def test_T9_nobody_but_owners_sees_them(provider: Provider, browser: Browser, roles: tuple[str, ...]) -> None:
    provider.add_person("ann", roles=roles)
    page = browser.follow(browser.log_in(browser.get("")))
    assert to_do(page) == []
    assert "doorward" not in page.dom.text


@pytest.mark.parametrize("step", first_steps.STEPS, ids=lambda step: step.document)
def test_T9_each_command_and_each_document_is_there(step: first_steps.Step) -> None:
    words = shlex.split(step.command)
    assert words[0] == "doorward"
    assert callable(parser().parse_args(words[1:]).run)
    text = (Path(__file__).parents[2] / step.document).read_text("utf-8")
    assert " ".join(words[:3]) in text


@pytest.mark.parametrize("cookie", ["", "1", "x" * 4000, "é"])
def test_T9_a_made_up_cookie_hides_nothing(provider: Provider, browser: Browser, cookie: str) -> None:
    provider.add_person("ann", roles=("owner",))
    browser.log_in(browser.get(""))
    browser.cookies["__Host-doorward_steps"] = cookie
    assert to_do(browser.get("")) == ALL


def test_T9_hiding_takes_a_form_of_this_session(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", roles=("owner",))
    browser.log_in(browser.get(""))
    browser.post("steps", {"form_key": "made-up"})
    assert browser.cookie("steps") == ""
    assert to_do(browser.get("")) == ALL
    assert provider.browser().get("steps").status in (404, 405)


def test_T9_a_search_is_not_disturbed(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", roles=("owner",))
    browser.log_in(browser.get(""))
    assert to_do(browser.get("?q=crm")) == []
