"""What somebody does who wants an account."""

from __future__ import annotations

import re
from typing import Any

from tests.provider import Answer, Browser, Provider
from tests.recovery.post import Mail, collect

ZOE = "zoe@example.com"
PASSWORD = "five unrelated words of zoe"
_LINK = re.compile(r"https://login\.example/(register/\S+)")


def ask(browser: Browser, email: str = ZOE, page: Answer | None = None) -> Answer:
    """Type the address on the first page."""
    return browser.submit(page or browser.get("register"), email=email)


def links(provider: Provider) -> list[str]:
    """The paths of the links in the mails that are on their way."""
    mails = collect(provider, "registration_confirm")
    return [found[1] for mail in mails if (found := _LINK.search(mail.text))]


def link(provider: Provider, browser: Browser, email: str = ZOE) -> str:
    """The path behind which it goes on, for an address that was asked for."""
    ask(browser, email)
    (found,) = links(provider)
    return found


def enter(browser: Browser, path: str, name: str = "Zoe Miller", **values: str) -> Answer:
    """Say who one is, behind the link."""
    return browser.submit(browser.get(path), None, 0, name=name, **values)


def choose(browser: Browser, entered: Answer, password: str = PASSWORD) -> Answer:
    """And choose a password."""
    assert entered.is_redirect, entered.dom.text
    return browser.submit(browser.follow(entered), password=password, confirm=password)


def register(provider: Provider, browser: Browser, email: str = ZOE, **values: str) -> Answer:
    """The whole way."""
    return choose(browser, enter(browser, link(provider, browser, email), **values))


def mails(provider: Provider) -> list[Mail]:
    return collect(provider)


def people(provider: Provider) -> set[str]:
    return {person.username for person in provider.services.directory.list()}


def without_noise(page: Answer, *typed: str) -> str:
    """A page without what was typed, and without what is random in every page."""
    text = re.sub(r'(value|content|href)="[^"]*"', "", page.text)
    for one in typed:
        text = text.replace(one, "")
    return re.sub(r"nonce-?\S*|\b\d\d:\d\d\b", "", text)


def event_details(provider: Provider, action: str) -> list[dict[str, Any]]:
    return [dict(event.detail) for event in provider.events(action)]
