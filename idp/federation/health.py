"""Whether a provider answers: since when it does not, and a circuit that spares everybody the waiting (I10).

Kept in State: losing it costs one more try. While the circuit is open nobody waits for a dead server; every half minute
one request is let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from idp.federation import snapshot
from idp.federation.provider import Provider
from idp.services import Services

OPENS_AFTER: Final = 3  # failures in a row
TRIES_EVERY: Final = 30.0  # seconds
KEPT_FOR: Final = 86400.0  # seconds


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider stands. `since`: when it began to fail, epoch seconds, 0 where it does not."""

    failures: int = 0
    since: float = 0.0
    tried: float = 0.0
    reason: str = ""

    @property
    def is_down(self) -> bool:
        """Whether it is taken to be down: one failure may be anything."""
        return self.failures >= OPENS_AFTER


WELL: Final = Health()


def of(services: Services, provider: Provider) -> Health:
    """How it stands, as all processes have found it."""
    kept = services.state.get(_key(provider))
    return Health(**kept) if isinstance(kept, dict) else WELL


def may_ask(services: Services, provider: Provider) -> Health | None:
    """None where it may be asked now; else how it stands, and nothing is sent."""
    found = of(services, provider)
    if not found.is_down or not services.state.add(_key(provider) + ":turn", 1, TRIES_EVERY):
        return found if found.is_down else None
    return None


def failed(services: Services, provider: Provider, reason: str) -> None:
    """It did not answer as it should."""
    before, now = of(services, provider), services.clock()
    value = {"failures": before.failures + 1, "since": before.since or now, "tried": now, "reason": reason[:400]}
    services.state.put(_key(provider), value, KEPT_FOR)
    if value["failures"] == OPENS_AFTER:
        services.log.warning("upstream_down", provider=provider.id, name=provider.name, reason=reason)


def answered(services: Services, provider: Provider) -> None:
    """It did."""
    before = services.state.take(_key(provider))
    if isinstance(before, dict) and Health(**before).is_down:
        services.log.info("upstream_up", provider=provider.id, name=provider.name)


def forget(services: Services, provider: Provider) -> None:
    """It was changed: what stood in the way of the one before says nothing of this one."""
    services.state.take(_key(provider))
    ask_again(services, provider)


def ask_again(services: Services, provider: Provider) -> None:
    """Somebody tries it by hand: the next request is let through, however it stands."""
    services.state.take(_key(provider) + ":turn")


def listed(services: Services) -> list[dict[str, Any]]:
    """How each provider stands that people may come through, for operators."""
    found = []
    for one in snapshot.current(services):
        stands = of(services, one)
        found.append({
            "id": one.id, "name": one.name, "answers": not stands.is_down, "failing_since": stands.since or None,
            "reason": stands.reason,
        })  # fmt: skip
    return found


def _key(provider: Provider) -> str:
    return "upstream:health:" + provider.id
