"""P5: a mail lists the usernames of an address, to that address; the page tells nothing. With L7, S55."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from tests.provider import Answer, Browser, Provider
from tests.recovery.post import collect
from tests.recovery.reset_mails import normal


def ask(browser: Browser, address: str) -> Answer:
    return browser.submit(browser.get("help/username"), email=address)


def test_P5_the_mail_lists_every_username_of_the_address(provider: Provider, ann: Person, browser: Browser) -> None:
    for name in ("bob", "carol"):
        contacts.change(provider.services, provider.add_person(name), "email", "ANN@example.com", {})
    collect(provider)
    ask(browser, " Ann@EXAMPLE.com ")
    (mail,) = collect(provider)
    assert (mail.message, mail.to) == ("usernames", "ann@example.com")
    assert [name in mail.text for name in ("ann", "bob", "carol")] == [True] * 3


def test_P5_a_recovery_address_is_one_too(provider: Provider, ann: Person, browser: Browser) -> None:
    contacts.change(provider.services, ann, "email", "ann@home.example", {})
    collect(provider)
    ask(browser, "ann@home.example")
    (mail,) = collect(provider)
    assert (mail.to, mail.values["usernames"]) == ("ann@home.example", ["ann"])


@pytest.mark.parametrize("address", ["nobody@example.com", "gone@example.com", "ann@"])
def test_P5_nobody_else_is_written_to(provider: Provider, ann: Person, browser: Browser, address: str) -> None:
    provider.services.directory.disable(provider.add_person("gone", email_verified=True).id)
    ask(browser, address)
    assert collect(provider) == []


def test_L7_S55_V6_3_8_the_page_and_its_work_are_the_same_for_every_address(provider: Provider, ann: Person) -> None:
    seen = []
    for address in ("ann@example.com", "nobody@example.com", "ann@example.org"):
        browser = provider.browser()
        browser.get("help/username")
        sql, verbs, page = provider.counted(lambda b=browser, a=address: ask(b, a))
        seen.append((page.status, page.dom.text, sql, verbs))
    assert seen[1:] == seen[:1] * 2
    assert normal(browser.get("help/username"))


def test_P5_three_mails_an_hour_go_to_one_address(provider: Provider, ann: Person, browser: Browser) -> None:
    for _ in range(5):
        ask(browser, "ann@example.com")
    assert len(collect(provider)) == 3
    assert sorted(event.detail["mails"] for event in provider.events("recovery:usernames")) == [0, 0, 1, 1, 1]
