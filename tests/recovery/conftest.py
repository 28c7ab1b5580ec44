"""A provider that can send mail, and somebody with a confirmed address."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.person import Person
from tests.provider import Browser, Provider
from tests.recovery.post import MAIL


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(mail=MAIL, sms={"sender": "webhook", "url": "https://sms.example/"})


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email_verified=True)


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()
