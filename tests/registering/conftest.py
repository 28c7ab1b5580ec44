"""A provider where people may make an account themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.provider import Browser, Provider
from tests.recovery.post import MAIL

Open = Callable[..., Provider]


@pytest.fixture
def open_registering(open_provider: Open) -> Open:
    """Opens one with settings of self-registration of the test's own; no approval, for example.com, unless said."""

    def open_one(**said: Any) -> Provider:
        settings = {"enabled": True, "domains": ["example.com"], "approval": False, **said}
        return open_provider(mail=MAIL, self_registration=settings)

    return open_one


@pytest.fixture
def provider(open_registering: Open) -> Provider:
    return open_registering()


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()
