"""A device, and the person who types its code: the steps of the device grant (RFC 8628)."""

from __future__ import annotations

from typing import Any

from tests.provider import Answer, App, Browser, Provider

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def ask(provider: Provider, app: App, **data: Any) -> Answer:
    return provider.post("oauth/device", app, {"scope": "openid profile", **data})


def begun(provider: Provider, app: App, **data: Any) -> dict[str, Any]:
    answer = ask(provider, app, **data)
    assert answer.status == 200, answer.text
    return dict(answer.json)


def poll(provider: Provider, app: App, device: dict[str, Any], **data: Any) -> Answer:
    return provider.post("oauth/token", app, {"grant_type": GRANT, "device_code": device["device_code"], **data})


def come(browser: Browser, device: dict[str, Any], login: str = "ann") -> Answer:
    """Open the page by the short address, sign in, and type the code."""
    page = browser.get("device")
    if page.is_login_page:
        page = browser.follow(browser.log_in(page, login))
    return browser.submit(page, "go-on", form=form_of(page), user_code=device["user_code"])


def form_of(page: Answer) -> int:
    return next(n for n, form in enumerate(page.dom.forms) if "user_code" in form.names())


def approve(browser: Browser, device: dict[str, Any], login: str = "ann") -> Answer:
    page = come(browser, device, login)
    assert page.is_consent_page, page.dom.text
    return browser.submit(page, "allow")
