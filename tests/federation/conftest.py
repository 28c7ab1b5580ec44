"""A provider of ours that people reach through a stand-in for somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.backends import Clock
from tests.federation.stand_in import StandIn
from tests.federation.visiting import Office
from tests.provider import App, Provider


@pytest.fixture
def there(clock: Clock) -> Iterator[StandIn]:
    """Somebody else's provider."""
    made = StandIn(clock)
    yield made
    made.close()


@pytest.fixture
def office(open_provider: Callable[..., Provider], there: StandIn) -> Office:
    """Ours, which may ask the stand-in although it is on this machine."""
    return Office(open_provider(outbound={"allow": [there.origin]}), there)


@pytest.fixture
def crm(office: Office) -> App:
    return office.provider.add_client("CRM")


@pytest.fixture
def another(open_provider: Callable[..., Provider], clock: Clock) -> Iterator[Callable[..., Any]]:
    """One more stand-in, and an office that may ask all of them."""
    made: list[StandIn] = []

    def make(path: str = "") -> StandIn:
        made.append(StandIn(clock, path))
        return made[-1]

    yield make
    for one in made:
        one.close()
