"""Mails with which a password is set anew, and choosing it."""

from __future__ import annotations

from tests.provider import Answer, Browser, Provider
from tests.recovery.post import Mail, collect

NEW = "a brand new pass phrase"


def ask(provider: Provider, browser: Browser, login: str = "ann") -> Answer:
    return browser.submit(browser.get("help/password"), login=login)


def mails(provider: Provider) -> list[Mail]:
    return collect(provider, "reset_password")


def reset_mail(provider: Provider, browser: Browser, login: str = "ann") -> Mail:
    ask(provider, browser, login)
    (mail,) = mails(provider)
    return mail


def choose(browser: Browser, path: str, password: str = NEW, **values: str) -> Answer:
    return browser.submit(browser.get(path), password=password, confirm=password, **values)


def normal(page: Answer) -> str:
    """The page without what is random in every page."""
    text = page.text
    for field in dict(page.dom.forms[0].fields).values():
        text = text.replace(field, "") if len(field) > 15 else text
    return text
