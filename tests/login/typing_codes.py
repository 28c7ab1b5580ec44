"""Codes as people type them."""

from __future__ import annotations

from tests.provider import Answer, Browser


def typed(browser: Browser, page: Answer, code: str) -> Answer:
    form = next(n for n, form in enumerate(page.dom.forms) if "code" in form.names())
    return browser.submit(page, form=form, code=code)
