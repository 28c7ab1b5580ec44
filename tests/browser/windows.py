"""Browser windows that are watched: what goes wrong in one fails the test that opened it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from idp.accounts.person import Person
from tests.browser.site import Site
from tests.provider import PASSWORD

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: A policy that is broken is told to the console by the browser; this tells it again where that is silent.
LISTEN = """
addEventListener("securitypolicyviolation", (event) =>
  console.error("policy broken: " + event.violatedDirective + " " + event.blockedURI + " on " + location.href));
"""


@dataclass
class Windows:
    """Opens windows, each in a browser profile of its own, and remembers what they complained about."""

    browser: Browser
    site: Site
    test: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    #: Origins that pages may ask for things; the provider's own is always among them.
    welcome: set[str] = field(default_factory=set)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _shots: int = 0

    def open(self, width: int = 1280, height: int = 800, scheme: Any = "light", js: bool = True, **more: Any) -> Page:
        """A window of a fresh profile."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=js,
            ignore_https_errors=True, **more,
        )  # fmt: skip
        context.set_default_timeout(8000)
        context.add_init_script(LISTEN)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        context.on("dialog", self._dialog)
        context.on("request", self._requested)
        self._contexts.append(context)
        return context.new_page()

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()

    def check(self) -> None:
        """No script error, no console error, no broken policy, no dialog, no request to anybody else."""
        assert not self.complaints, "\n".join(self.complaints)
        strangers = {url for url in self.requests if not self._is_welcome(url)}
        assert not strangers, strangers

    def forgive(self, *texts: str) -> None:
        """Complaints that the test itself brought about."""
        self.complaints = [one for one in self.complaints if not any(text in one for text in texts)]

    def shoot(self, page: Page, what: str) -> None:
        """Keep a picture; and nothing may stick out to the right (WCAG 1.4.10)."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        name = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.test}-{self._shots}-{what}").strip("-")
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} is wider than the window"

    # -- below -------------------------------------------------------------------------------------------------------

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        url = message.location.get("url", "")
        # Chromium reports the status of a page itself as an error, too; of what a page needs, it is one.
        if message.text.startswith("Failed to load resource: the server responded") and url in self._pages:
            return
        self.complaints.append(f"{message.text} ({url})")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)
        if request.is_navigation_request():
            self._pages.add(request.url)

    def _is_welcome(self, url: str) -> bool:
        parts = urlsplit(url)
        allowed = {self.site.issuer, self.site.crm, self.site.desk, self.site.landing, *self.welcome}
        return parts.scheme in ("data", "blob") or f"{parts.scheme}://{parts.netloc}" in allowed

    def __post_init__(self) -> None:
        self._pages: set[str] = set()


def log_in(page: Page, person: Person, password: str = PASSWORD) -> None:
    """Fill the login page, press the button, and wait until the answer begins."""
    page.fill("#login", person.username)
    page.fill("#password", password)
    with page.expect_navigation(wait_until="commit"):
        page.click("button.main")
