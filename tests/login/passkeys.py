"""Passkeys as a person adds and uses them, by an authenticator made of software."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from idp.accounts import factors
from idp.accounts.factors import Enrolled
from idp.accounts.person import Person
from tests.authenticator import Authenticator
from tests.provider import Answer, Browser, Provider

ORIGIN = "https://login.example"


def options_of(page: Answer) -> dict[str, Any]:
    """What the page would ask the browser for."""
    found: dict[str, Any] = json.loads(button_of(page)["data-options"])
    return found


def button_of(page: Answer) -> dict[str, str]:
    found = page.dom.find("button", id="passkey")
    assert found, page.dom.text
    return found[0]


def press(browser: Browser, page: Answer, answer: dict[str, Any], **values: str) -> Answer:
    """Press the page's passkey button, and the authenticator answers."""
    form = page.form
    data = form.filled(None, {"credential": json.dumps(answer), **values})
    return browser.post(button_of(page).get("formaction") or form.action, data)


def add_passkey(browser: Browser, device: Authenticator, label: str = "", **bent: Any) -> Answer:
    """The page for it, by somebody who has just signed in."""
    page = browser.get("security/passkeys")
    values = {"label": label} if label else {}
    return press(browser, page, device.create(options_of(page), ORIGIN, **bent), **values)


def is_added(answer: Answer) -> bool:
    """Whether the passkey was taken; the first one leads to backup codes."""
    return answer.location == ORIGIN + "/security" or "Your backup codes" in answer.text


def sign_in(browser: Browser, device: Authenticator, page: Answer | None = None, **bent: Any) -> Answer:
    """The passkey button of the login page, on the way to our own pages."""
    page = page or browser.get("")
    return press(browser, page, device.get(options_of(page), ORIGIN, **bent))


def is_in(answer: Answer) -> bool:
    return answer.status == 303 and answer.location == ORIGIN + "/"


@dataclass
class Desk:
    """Somebody at their browser, signed in by password, with an authenticator."""

    person: Person
    browser: Browser
    device: Authenticator

    def passkeys(self, provider: Provider) -> tuple[Enrolled, ...]:
        return factors.list_of(provider.services.db, self.person.id)


def sit_down(provider: Provider, name: str = "ann", device: Authenticator | None = None, **about: Any) -> Desk:
    person, browser = provider.add_person(name, **about), provider.browser()
    assert is_in(browser.log_in(browser.get(""), name))
    return Desk(person, browser, device or Authenticator())
