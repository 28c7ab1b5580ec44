"""One person and one application, for tests that need no others."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from tests.provider import App, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    """Somebody with a password."""
    return provider.add_person("ann", groups=("sales",))


@pytest.fixture
def crm(provider: Provider, ann: Person) -> App:
    """A confidential web application."""
    return provider.add_client("CRM", post_logout_redirect_uris=["https://crm.example/bye"])
