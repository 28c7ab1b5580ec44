"""What rules look at: an application, and what is counted of it. Plain values, so that a rule is tested as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.client import Client
from idp.answers.symptoms.counting import HOUR

WINDOW: Final = 24 * HOUR  # seconds that are looked at
SETTLED: Final = 30.0  # seconds: what began later may be under way, or not yet written by another process


@dataclass(frozen=True, slots=True)
class Count:
    """Of one kind. `hours`: how many in each of the last ones, by the hours since 1970; `about`: the last one."""

    many: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    hours: Mapping[int, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def since(self, at: float) -> int:
        """How many since that moment, whole hours."""
        return sum(many for slot, many in self.hours.items() if slot >= int(at // HOUR))


NOTHING: Final = Count()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Errors of the record that have one cause. `field` and `code`: of what was found."""

    code: str
    field: str
    error_id: str
    times: int
    since: float
    last_at: float
    address: str = ""
    found: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """Whether the application is known to have a key that signs for it. `state`, `why`: see `idp.admin.key_readers`."""

    kid: str
    is_active: bool
    state: str
    fetched_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it. `places`: the addresses that it proves itself from; `changes`: what was changed of it, when and what.

    Lifetimes are seconds. `reads`: the claims that its product reads, where the gallery knows it.
    """

    client: Client
    now: float
    counts: Mapping[str, Count]
    refusals: tuple[Refusal, ...] = ()
    places: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    changes: tuple[tuple[float, str], ...] = ()
    old_secret: tuple[float, float] | None = None
    access_life: int = 600
    grace: float = 10.0
    issuer: str = ""
    reads: tuple[str, ...] = ()
    sent: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> Count:
        """The counts of one kind; empty ones where there are none."""
        return self.counts.get(kind, NOTHING)

    def lately(self, *kinds: str) -> int:
        """How many of these in the last day."""
        return sum(self.of(kind).since(self.now - WINDOW) for kind in kinds)

    def refused(self, *codes: str) -> Refusal | None:
        """The last error of these codes in the last day, all of them counted."""
        found = [one for one in self.refusals if one.code in codes and one.last_at > self.now - WINDOW]
        last = max(found, key=lambda one: one.last_at, default=None)
        if last is None:
            return None
        times, since = sum(one.times for one in found), min(one.since for one in found)
        return Refusal(last.code, last.field, last.error_id, times, since, last.last_at, last.address, last.found)

    def is_settled(self, *kinds: str) -> bool:
        """Whether it began long enough ago to compare what follows one another."""
        return any(0 < self.of(kind).first_at <= self.now - SETTLED for kind in kinds)


def counts_of(rows: Iterable[Any]) -> Mapping[str, Count]:
    """Rows of the table, by their kind."""
    hours: dict[str, dict[int, int]] = {}
    whole: dict[str, Any] = {}
    for row in rows:
        if row.slot:
            hours.setdefault(row.kind, {})[row.slot] = row.many
        else:
            whole[row.kind] = row
    return {
        kind: Count(row.many, row.first_at, row.last_at, hours.get(kind, {}), _about(row.about))
        for kind, row in whole.items()
    }


def _about(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
