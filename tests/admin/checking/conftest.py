"""A provider with applications whose requests are watched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.client import Client
from idp.admin.actor import of_shell
from idp.admin.checking import report, running
from idp.admin.checking.report import Report
from tests.provider import Provider

Watched = Callable[[Client], Callable[[], Report]]


@pytest.fixture
def watched(provider: Provider) -> Watched:
    """Begin a check of an application; what comes back has its report."""

    def begin(client: Client) -> Callable[[], Report]:
        running.start(provider.services, of_shell("cli:test"), client)

        def look() -> Report:
            current = provider.services.registry.get(client.id)
            found = report.of(provider.services, current)
            assert found is not None
            return found

        return look

    return begin
