"""Browsers that like some languages, and what a page says in which."""

from __future__ import annotations

from tests.provider import Answer, Browser


def spoken(page: Answer) -> str:
    """The language that a page says it is in."""
    return page.dom.elements[0][1]["lang"]


def likes(browser: Browser, header: str) -> Browser:
    """The same browser with an Accept-Language."""
    browser.headers["Accept-Language"] = header
    return browser
