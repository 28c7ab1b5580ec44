"""RP-initiated logout as an application starts it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.provider import Answer, App, Browser, Provider

BYE = "https://crm.example/bye"


def log_out(browser: Browser, method: str = "GET", **params: Any) -> Answer:
    pairs = [(k, str(v)) for k, v in params.items() if v is not None]
    return browser.post("oauth/logout", pairs) if method == "POST" else browser.get("oauth/logout?" + urlencode(pairs))


def is_signed_in(provider: Provider, browser: Browser, app: App) -> bool:
    return "code" in provider.authorize(browser, app, prompt="none").sent
