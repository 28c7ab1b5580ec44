"""U1: people see and change on their profile what the definitions let them, and nothing else."""

from __future__ import annotations

from typing import Any

from idp.admin import attributes
from idp.admin.actor import of_shell
from tests.provider import Answer, Browser, Provider

EVIL = "<b>x</b>\"'><script>hacked()</script>"


def define(provider: Provider, name: str, **said: Any) -> None:
    attributes.add(provider.services, of_shell("cli:test"), name, said)


def signed_in(browser: Browser) -> Answer:
    browser.log_in(browser.get("profile"))
    return browser.get("profile")


def save(browser: Browser, page: Answer, **values: str) -> Answer:
    at = next(n for n, form in enumerate(page.dom.forms) if form.action == "/profile")
    return browser.submit(page, form=at, **values)


def test_U1_a_person_changes_what_is_theirs_and_sees_what_they_may(provider: Provider, browser: Browser) -> None:
    define(provider, "room", label=EVIL, edits=["person", "admin"], pattern="[0-9.]+", required=True)
    define(provider, "colours", type="choices", options=["Red", "Green"], edits=["person"])
    define(provider, "centre", label="Cost centre")
    define(provider, "pay", sees=["help_desk"])
    define(provider, "site", edits=["person"], groups=["staff"])
    claims = {"centre": "4711", "pay": "E14", "colours": ["Old"], "free": "not shown"}
    ann = provider.add_person(claims=claims)
    page = signed_in(browser)
    assert EVIL in page.dom.text
    assert "<script>hacked" not in page.text
    assert "Cost centre 4711" in " ".join(page.dom.text.split())
    for absent in ("E14", "attribute-site", "attribute-centre", "not shown"):
        assert absent not in page.text
    wrong = save(browser, page, **{"attribute-room": "attic"})
    assert "of the form [0-9.]+" in wrong.dom.text
    assert 'value="attic"' in wrong.text
    forged = {"attribute-centre": "1", "attribute-pay": "1", "attribute-site": "1", "attribute-centre-shown": "1"}
    save(browser, wrong, **{"attribute-room": "7.12"}, **forged)
    assert provider.services.directory.get(ann.id).claims == {**claims, "room": "7.12"}
    event = provider.events("person:changed")[-1]
    assert (event.actor, event.detail["fields"]) == (ann.id, ["room"])
    emptied = save(browser, browser.get("profile"), **{"attribute-room": " "})
    assert "This cannot be empty" in emptied.dom.text
    chosen = save(browser, browser.get("profile"), **{"attribute-colours": "Green"})
    assert chosen.is_redirect
    assert provider.services.directory.get(ann.id).claims["colours"] == ["Green"]


def test_U1_the_file_of_ones_own_data_has_all_of_it(provider: Provider, browser: Browser) -> None:
    define(provider, "pay", sees=["help_desk"], sensitive=True, release="nobody")
    provider.add_person(claims={"pay": "E14"})
    signed_in(browser)
    page = browser.get("profile/data")
    at = next((n for n, form in enumerate(page.dom.forms) if "data" in form.action), None)
    answer = page if at is None else browser.submit(page, form=at)
    assert "E14" in answer.text
