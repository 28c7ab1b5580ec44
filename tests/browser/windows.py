"""Browser windows that are watched: what goes wrong in one fails the test that opened it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from idp.accounts.person import Person
from tests.browser.site import Site
from tests.provider import PASSWORD

#: Where the pictures go if the environment has SCREENSHOTS.
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: axe's rules for WCAG 1.4.1 and 1.4.3. The dark theme differs from the light one in colours alone.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
#: What CSS and JavaScript of a page weigh together, in bytes as they are, from the wire or a cache.
WEIGHTS = r"""Object.fromEntries(performance.getEntriesByType("resource")
  .filter((entry) => /\.(css|js)$/.test(new URL(entry.name).pathname))
  .map((entry) => [entry.name, entry.decodedBodySize]))"""
MAX_WEIGHT = 30_000
MAX_CONSOLE = 36_000  # of the pages for admins, who come back to them all day
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
        self._schemes[context] = scheme
        if not js:
            self._without_js.append(context)
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

    def picture(self, page: Page, what: str) -> None:
        """Keep a picture for whoever looks at them, who says so: software alone paints longer than a test takes."""
        if "SCREENSHOTS" not in os.environ:
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        name = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.test}-{self._shots}-{what}").strip("-")
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")

    def keep(self, page: Page, what: str) -> None:
        """A picture; nothing sticks out, and axe finds nothing."""
        self.picture(page, what)
        width = (page.viewport_size or {"width": 0})["width"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} is wider than {width} px"
        self.look_closely(page, what)

    def shoot(self, page: Page, what: str) -> None:
        """A picture. Nothing sticks out, down to 320 px (WCAG 1.4.10), and styles and scripts stay light."""
        self.picture(page, what)
        weights = page.evaluate(WEIGHTS)
        is_ours = any("/doorward" in url for url in weights)
        size = page.viewport_size or {"width": 0, "height": 0}
        for width in (size["width"], 320) if is_ours and size["width"] < 400 else (size["width"],):
            page.set_viewport_size({"width": width, "height": size["height"]})
            fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert fits, f"{what} is wider than a window of {width} px"
        page.set_viewport_size(size)
        most = MAX_CONSOLE if any("/console." in url for url in weights) else MAX_WEIGHT
        assert not is_ours or 10_000 < sum(weights.values()) < most, (what, weights)
        self.look_closely(page, what)

    def look_closely(self, page: Page, what: str) -> None:
        """axe finds nothing that WCAG 2.2 AA forbids, whatever the colours."""
        if page.context in self._without_js:
            return  # axe itself is JavaScript
        page.evaluate(AXE)
        for scheme, rules in (("light", WCAG), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = page.evaluate("runOnly => axe.run(document, {runOnly, resultTypes: ['violations']})", rules)
            told = [
                f"{one['id']}: {node['target']} {node['failureSummary']}"
                for one in found["violations"]
                for node in one["nodes"]
            ]
            assert not told, f"{what}, {scheme}:\n" + "\n".join(told)
        page.emulate_media(color_scheme=self._schemes[page.context], reduced_motion="no-preference")

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
        self._without_js: list[BrowserContext] = []
        self._schemes: dict[BrowserContext, Any] = {}


def log_in(page: Page, person: Person, password: str = PASSWORD) -> None:
    """Fill the login page, press the button, and wait until the answer begins.

    Its scripts have run by then, as before anybody who types: without them a check for programs goes unanswered.
    """
    page.wait_for_load_state("domcontentloaded")
    page.fill("#login", person.username)
    page.fill("#password", password)
    with page.expect_navigation(wait_until="commit"):
        page.click("button.main")
