"""Chromium, for the plan whose pages talk by frames: the suite's own browser cannot."""

from __future__ import annotations

from playwright.sync_api import Page, sync_playwright

from tests.browser.windows import ARGUMENTS
from tests.conformance.provider import PASSWORD, PERSON

CHROMIUM = "/usr/bin/chromium"


class Chromium:
    """One window for each module, in which the person signs in, allows and signs out. `close` ends the program."""

    def __init__(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        self._pages: dict[str, Page] = {}

    def visit(self, module: str, url: str) -> None:
        """Open an address that the module `module` wants opened, and press what stands in the way."""
        if module not in self._pages:
            # The suite answers with a certificate that it made itself, as does the provider.
            self._pages[module] = self._browser.new_context(ignore_https_errors=True).new_page()
        page = self._pages[module]
        page.goto(url)
        if page.locator("input[name=password]").count():
            page.fill("input[name=login]", PERSON)
            page.fill("input[name=password]", PASSWORD)
            page.locator("button.main[type=submit]").first.click()
        for pressed in ("#allow", "#confirm"):
            if page.locator(pressed).count():
                page.click(pressed)

    def close(self) -> None:
        """End it."""
        self._browser.close()
        self._playwright.stop()
