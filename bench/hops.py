"""Part one: every hop's rate, latency and memory, by 8 users on keep-alive connections."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import load, machine, stories
from bench.load import Measured, Story, percentile
from bench.machine import Cores
from bench.provider import USERS, Installation
from bench.stories import Person

Say = Callable[[str], None]
Maker = Callable[[], Story]


@dataclass(frozen=True)
class Bar:
    """What requirements ask of a figure, as a ratio; `goal` is beyond it."""

    now: float
    goal: float


BARS = {
    "SSO, RS256": Bar(0.30, 0.45),
    "SSO, ES256": Bar(0.48, 0.70),
    "client_credentials, opaque": Bar(1.5, 2.5),
    "refresh, RS256": Bar(0.40, 0.55),
    "userinfo": Bar(1.5, 3),
    "introspection": Bar(1.5, 3),
    "discovery": Bar(3.7, 5),
    "JWKS": Bar(3.7, 5),
    "password login": Bar(0.85, 0.95),
}


@dataclass
class Figure:
    """One measurement of several short runs, each beside what the core signed just before and after it."""

    name: str
    rate: float  # stories a second, of the best run
    ratio: float  # of that run: by the core's RSA-2048 signatures/s in the same seconds (logins: by its hashes/s)
    median_ratio: float
    p50: float  # ms, of the best run
    p99: float
    cpu: float  # µs of the server's processor time for one story, of the best run
    errors: int  # of all runs
    first_error: str = ""
    hops: dict[str, tuple[float, float]] = field(default_factory=dict)  # name: (p50, p99) in ms


@dataclass
class Results:
    """Everything that part one found."""

    figures: list[Figure] = field(default_factory=list)
    rsa2048: list[float] = field(default_factory=list)  # signatures/s, taken again before and after every run
    ecdsap256: float = 0.0
    hashes: float = 0.0
    flood: dict[str, float] = field(default_factory=dict)  # ms: quiet, flooded; and their ratio
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    first_answer: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Effort:
    """How long to look."""

    seconds: float
    runs: int
    starts: int


FULL, QUICK = Effort(1.5, 5, 5), Effort(0.5, 2, 2)


@dataclass(frozen=True)
class _Run:
    seen: Measured
    cpu: float  # seconds of the server's processor time
    reference: float

    @property
    def ratio(self) -> float:
        return self.seen.rate / self.reference


def measure(installation: Installation, cores: Cores, effort: Effort, say: Say, only: str = "") -> Results:
    """Run all. The server runs on `cores.server` alone; this process must be on another core already."""
    results = Results()
    machine.wait_for_quiet(cores.server)
    results.ecdsap256 = machine.signatures(cores.server)["ecdsap256"]
    for _ in range(effort.starts):
        installation.stop()
        results.first_answer.append(installation.start(cores.server))
    assert installation.server is not None
    time.sleep(2.5)  # background work has begun
    results.memory["after start"] = machine.memory(installation.server.pid)
    for name, makers in _plan(installation):
        if only in name:
            say(name)
            results.figures.append(_figure(installation, cores, name, makers, effort, results.rsa2048))
    if not only:
        say("password login")
        results.figures.append(_logins(installation, cores, effort, results))
        say("tokens in a login flood")
        results.flood = _flood(installation, effort)
        time.sleep(5)  # what is handed back once nobody signs in any more
        results.memory["after load"] = machine.memory(installation.server.pid)
    return results


def _plan(installation: Installation) -> list[tuple[str, list[Maker]]]:
    apps, port = installation.apps, installation.port
    rs256 = [Person(f"ann{n}", apps["rs256"]) for n in range(USERS)]
    es256 = [Person(f"ann{n}@example.com", apps["es256"]) for n in range(USERS)]
    holders = [Person(f"ann{n}", apps["rs256"]) for n in range(USERS)]
    for group in (rs256, es256, holders):
        sign_in(port, group)
    return [
        ("discovery", [stories.discovery] * USERS),
        ("JWKS", [stories.jwks] * USERS),
        ("client_credentials, opaque", [lambda: stories.client_credentials(apps["machine"])] * USERS),
        ("client_credentials, JWT ES256", [lambda: stories.client_credentials(apps["machine_jwt"])] * USERS),
        ("SSO, RS256", [person.sso for person in rs256]),
        ("SSO, ES256", [person.sso for person in es256]),
        ("refresh, RS256", [person.refresh for person in holders]),
        ("userinfo", [person.userinfo for person in es256]),
        ("introspection", [person.introspect for person in es256]),
    ]


def sign_in(port: int, people: Sequence[Person]) -> None:
    """Each of them with a session and with tokens. Errors: `RuntimeError`."""
    for person in people:
        once(port, person.login_cold)
        once(port, person.sso_keeping_refresh)


def once(port: int, maker: Maker) -> None:
    """Tell a story once. Errors: `RuntimeError` where it does not go as it must."""
    seen = load.drive(port, [maker], 0.0)
    if seen.errors:
        raise RuntimeError(seen.first_error)


def _figure(
    installation: Installation,
    cores: Cores,
    name: str,
    makers: Sequence[Maker],
    effort: Effort,
    references: list[float],
) -> Figure:
    load.drive(installation.port, makers, 0.3)  # warm
    runs = []
    machine.wait_for_quiet(cores.server, patience=5.0)
    before = machine.rsa2048(cores.server)
    for _ in range(effort.runs):
        seen, cpu = _run(installation, makers, effort.seconds)
        after = machine.rsa2048(cores.server)
        runs.append(_Run(seen, cpu, (before + after) / 2))
        references.append(after)
        before = after
    return _summed_up(name, runs)


def _run(installation: Installation, makers: Sequence[Maker], seconds: float) -> tuple[Measured, float]:
    assert installation.server is not None
    before = machine.cpu_seconds(installation.server.pid)
    seen = load.drive(installation.port, makers, seconds)
    return seen, machine.cpu_seconds(installation.server.pid) - before


def _summed_up(name: str, runs: Sequence[_Run]) -> Figure:
    best = max(runs, key=lambda run: run.ratio)
    passes = best.seen.passes
    return Figure(
        name=name,
        rate=best.seen.rate,
        ratio=best.ratio,
        median_ratio=statistics.median(run.ratio for run in runs),
        p50=percentile(passes, 0.5) * 1000,
        p99=percentile(passes, 0.99) * 1000,
        cpu=best.cpu / max(1, len(passes)) * 1e6,
        errors=sum(run.seen.errors for run in runs),
        first_error=next((run.seen.first_error for run in runs if run.seen.first_error), ""),
        hops={hop: (percentile(t, 0.5) * 1000, percentile(t, 0.99) * 1000) for hop, t in best.seen.hops.items()},
    )


def _logins(installation: Installation, cores: Cores, effort: Effort, results: Results) -> Figure:
    """Cold password logins, by what the hash alone would allow, taken in turns."""
    with installation.services() as services:
        passwords = services.settings.passwords
        cost = passwords.memory_kib, passwords.time_cost
    makers = [Person(f"ann{n}", installation.apps["es256"]).login_cold for n in range(USERS)]
    runs = []
    before = machine.hashes(cores.server, *cost)
    for _ in range(effort.runs):
        seen, cpu = _run(installation, makers, effort.seconds * 2)
        after = machine.hashes(cores.server, *cost)
        runs.append(_Run(seen, cpu, (before + after) / 2))
        results.hashes = max(results.hashes, after)
        before = after
    return _summed_up("password login", runs)


def _flood(installation: Installation, effort: Effort) -> dict[str, float]:
    """p99 of tokens for two applications, quiet, and while 8 people sign in without a pause."""
    tokens: list[Maker] = [lambda: stories.client_credentials(installation.apps["machine"])] * 2
    people = [Person(f"ann{n}", installation.apps["es256"]).login_cold for n in range(USERS)]
    quiet, flooded = [], []
    for _ in range(effort.runs):
        quiet.append(percentile(load.drive(installation.port, tokens, effort.seconds).passes, 0.99))
        seen = load.drive(installation.port, tokens, effort.seconds, beside=people)
        if seen.errors:
            raise RuntimeError(seen.first_error)
        flooded.append(percentile(seen.passes, 0.99))
    return {
        "quiet": statistics.median(quiet) * 1000,
        "flooded": statistics.median(flooded) * 1000,
        "ratio": statistics.median(flooded) / statistics.median(quiet),
    }


def as_json(results: Results) -> dict[str, Any]:
    """Plain values."""
    return {
        **{name: value for name, value in vars(results).items() if name != "figures"},
        "figures": [vars(figure) for figure in results.figures],
    }
