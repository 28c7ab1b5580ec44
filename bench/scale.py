"""Part two: what a hop costs with a million people, sessions and refresh tokens, against a thousand."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import crowd, load, machine
from bench.load import percentile
from bench.machine import Cores
from bench.provider import USERS, Installation, install
from bench.stores import Stores
from bench.stories import Crowd

SIZES = (1_000, 1_000_000)
ALLOWED = 1.5  # p99 at the larger size by p99 at the smaller one
ROUNDS, SECONDS = 7, 2.0
#: The story that shows a hop, and the hop's name in it.
HOPS = (
    ("sso", "authorize"), ("sso", "token"), ("refresh", "refresh"), ("userinfo", "userinfo"),
    ("introspect", "introspection"), ("login_cold", "password"),
)  # fmt: skip

Say = Callable[[str], None]


@dataclass
class Cost:
    """One hop at each size: ms, medians over the rounds."""

    hop: str
    p50: list[float]
    p99: list[float]
    errors: int

    @property
    def ratio(self) -> float:
        """p99 at the largest size by p99 at the smallest."""
        return self.p99[-1] / self.p99[0] if self.p99[0] else 0.0


def measure(folder: Path, cores: Cores, backend: str, say: Say, *, sizes: tuple[int, ...] = SIZES) -> list[Cost]:
    """One provider for each size, on the same core, asked in turns: what disturbs the one disturbs the other."""
    stores = Stores(backend, cores)
    installations, crowds = [], []
    try:
        for size in sizes:
            installation = install(folder / f"{backend}-{size}", stores.new())
            installations.append(installation)
            crowds.append(Crowd(crowd.fill(installation, size, say)))
            installation.start(cores.server)
        return in_turns(installations, crowds, cores, backend, say)
    finally:
        for installation in installations:
            installation.stop()


def in_turns(
    installations: list[Installation], crowds: list[Crowd], cores: Cores, backend: str, say: Say
) -> list[Cost]:
    """Ask running providers in turns, the smallest first."""
    seen: dict[tuple[str, int], list[dict[str, list[float]]]] = {}
    errors: dict[str, int] = {}
    for story in dict.fromkeys(story for story, _ in HOPS):
        say(f"{backend}: {story}")
        for turn in range(ROUNDS + 1):
            for which, installation in enumerate(installations):
                measured = _round(installation, crowds[which], story, cores)
                errors[story] = errors.get(story, 0) + measured.errors
                if measured.errors:
                    say(measured.first_error)
                if turn:  # the first one warms the caches
                    seen.setdefault((story, which), []).append(measured.hops)
    return [_cost(story, hop, len(installations), seen, errors) for story, hop in HOPS]


def _round(installation: Installation, people: Crowd, story: str, cores: Cores) -> load.Measured:
    machine.wait_for_quiet(cores.server, patience=0.5)
    return load.drive(installation.port, [lambda: people.make(story)] * USERS, SECONDS)


def _cost(story: str, hop: str, sizes: int, seen: dict[Any, Any], errors: dict[str, int]) -> Cost:
    def medians(share: float) -> list[float]:
        return [
            statistics.median(percentile(hops.get(hop, []), share) * 1000 for hops in seen[story, which])
            for which in range(sizes)
        ]

    return Cost(hop, medians(0.5), medians(0.99), errors[story])


def as_json(costs: list[Cost]) -> list[dict[str, Any]]:
    """Plain values."""
    return [{**vars(cost), "ratio": cost.ratio} for cost in costs]
