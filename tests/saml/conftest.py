"""One person, one service provider, and a browser that is signed in, for tests that need no others."""

from __future__ import annotations

import pytest

from clients.client import Client
from idp.accounts.person import Person
from tests.provider import Browser, Provider
from tests.saml.relying import register

WHO = "Älice & <Bob>"


@pytest.fixture
def ann(provider: Provider) -> Person:
    """Somebody whose name is a trap for everything that writes XML or HTML by hand."""
    return provider.add_person("ann", name=WHO, claims={"given_name": "Älice", "family_name": "& <Bob>"})


@pytest.fixture
def wiki(provider: Provider, ann: Person) -> Client:
    """A service provider of which we know no more than entityID and ACS."""
    return register(provider)


@pytest.fixture
def signed_in(provider: Provider, ann: Person) -> Browser:
    """A browser with a session."""
    browser = provider.browser()
    browser.log_in(browser.get("/"))
    return browser
