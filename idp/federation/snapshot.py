"""The providers as every sign-in page reads them: in memory, a few seconds old at most."""

from __future__ import annotations

import threading
from typing import Final

from idp.federation import keeping, warming
from idp.federation.provider import Provider
from idp.services import Services

MAX_STALENESS: Final = 5.0  # seconds; whoever signs in by one has it read anew


class Providers:
    """Those that are on, in their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[Provider, ...] = ()
        self._read_at = float("-inf")

    def current(self, services: Services) -> tuple[Provider, ...]:
        """The providers that people may sign in through."""
        now = services.clock()
        if not 0 <= now - self._read_at < MAX_STALENESS:
            found = tuple(kept.provider for kept in keeping.list_of(services.db) if kept.provider.enabled)
            warming.warm(found)
            with self._lock:
                self._found, self._read_at = found, now
        return self._found

    def forget(self) -> None:
        """One was changed in this process."""
        self._read_at = float("-inf")


def current(services: Services) -> tuple[Provider, ...]:
    """Those that are on."""
    return services.part(Providers).current(services)


def for_app(services: Services, client_id: str) -> tuple[Provider, ...]:
    """Those that are meant for an application."""
    return tuple(one for one in current(services) if not one.apps or client_id in one.apps)


def leading(services: Services, client_id: str) -> tuple[Provider, ...]:
    """Of those the ones with pages of their own, where people are led: not directories."""
    return tuple(one for one in for_app(services, client_id) if not one.is_directory)
