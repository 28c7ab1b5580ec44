"""A person takes a consent back."""

from __future__ import annotations

from idp.login.browser import sessions
from idp.wire import Request
from tests.provider import App, Browser, Provider


def take_consent_back(provider: Provider, browser: Browser, app: App) -> None:
    """What the person's own page will do."""
    from idp.login import consent

    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    request = Request({"REQUEST_METHOD": "POST", "HTTP_COOKIE": cookies, "PATH_INFO": "/"})
    session = sessions.current(provider.services, request)
    assert session is not None
    assert consent.revoke(provider.services, request, session, app.id)
