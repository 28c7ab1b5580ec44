"""Admins in their browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from tests.provider import Answer, Browser, Provider

Enter = Callable[..., Browser]


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    """Without the second factor, which has tests of its own: `test_guard.py`."""
    return open_provider(admin={"second_factor": False})


@pytest.fixture
def enter(provider: Provider) -> Enter:
    """Somebody with these grants, signed in: `enter("boss", RoleGrant("owner"))`."""

    def enter_as(username: str, *grants: RoleGrant) -> Browser:
        person = provider.add_person(username)
        give(provider, person.id, *grants)
        browser = provider.browser()
        browser.log_in(browser.get(""), username)
        return browser

    return enter_as


def give(provider: Provider, person_id: str, *grants: RoleGrant) -> None:
    services = provider.services

    def record(tx: object, action: str, detail: object) -> None:
        """Nobody reads it here."""

    roles.change(services.db, person_id, give=grants, by="test", now=services.clock(), record=record)


@pytest.fixture
def owner(enter: Enter) -> Browser:
    return enter("boss", RoleGrant("owner"))


def form_at(page: Answer, path: str) -> int:
    """The place of the page's form that is posted to a path."""
    return next(n for n, one in enumerate(page.dom.forms) if one.method == "POST" and one.action.endswith(path))


def form_key(page: Answer) -> dict[str, str]:
    """What shows that a form comes from a page of this very session."""
    return {"form_key": next(v for form in page.dom.forms for name, v in form.fields if name == "form_key")}
