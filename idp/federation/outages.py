"""Providers whose outage everybody may know of: those whose buttons everybody sees."""

from __future__ import annotations

from dataclasses import dataclass

from idp.db import Unavailable
from idp.federation import health, snapshot
from idp.services import Services
from idp.state import StateUnavailable


@dataclass(frozen=True, slots=True)
class Outage:
    """A way in that does not work. `since`: epoch seconds."""

    name: str
    since: float


def outages_of(services: Services) -> tuple[Outage, ...]:
    """Of the providers whose buttons everybody sees: of others a stranger learns not even the name."""
    try:
        found = [one for one in snapshot.leading(services, "") if one.button]
        stands = [(one.name, health.of(services, one)) for one in found]
    except (Unavailable, StateUnavailable):
        return ()
    return tuple(Outage(name, stand.since) for name, stand in stands if stand.is_down)
