"""`python -m bench.chain`: what the audit log's chain costs a hop, in processor time of the server.

Two servers with the same people and applications, each on stores of its own; one of them proves no event and seals
none. They take turns, one second each, in an order that changes: what else the machine does falls on both alike.
Counted is user and system time of the server's process, background work within, not wall time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import load, machine, stories
from bench.hops import sign_in
from bench.load import Story
from bench.provider import USERS, Installation, install
from bench.stores import BACKENDS, Stores
from bench.stories import Person

_WITHOUT = "from idp.audit.chain import proofs; proofs.prove_with = lambda db, key: None; import idp.__main__"
Maker = Callable[[], Story]


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(prog="python -m bench.chain", description=__doc__)
    parser.add_argument("--backend", choices=BACKENDS, default="sqlite", help="PostgreSQL comes with Redis")
    parser.add_argument("--rounds", type=int, default=20, help="of one second for each server")
    args = parser.parse_args()
    cores = machine.choose_cores()
    os.sched_setaffinity(0, set(cores.others))
    folder = Path(tempfile.mkdtemp(prefix="doorward-bench-"))
    stores = Stores(args.backend, cores)
    sites = {"with": install(folder / "with", stores.new()), "without": install(folder / "without", stores.new())}
    try:
        for name, site in sites.items():
            site.start(cores.server, _WITHOUT if name == "without" else "")
        for hop, makers_of in _HOPS.items():
            makers = {name: makers_of(site) for name, site in sites.items()}
            for name, site in sites.items():
                load.drive(site.port, makers[name], 1.0)  # warm
            _say(args.backend, hop, [_round(sites, makers, number) for number in range(args.rounds)])
    finally:
        for site in sites.values():
            site.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _round(sites: dict[str, Installation], makers: dict[str, Sequence[Maker]], number: int) -> dict[str, float]:
    """µs of processor time for one story of each server."""
    found = {}
    for name in sorted(sites, reverse=bool(number % 2)):
        server = sites[name].server
        assert server is not None
        before = machine.cpu_seconds(server.pid)
        seen = load.drive(sites[name].port, makers[name], 1.0)
        if seen.errors:
            raise RuntimeError(seen.first_error)
        found[name] = (machine.cpu_seconds(server.pid) - before) / len(seen.passes) * 1e6
    return found


def _say(backend: str, hop: str, rounds: list[dict[str, float]]) -> None:
    ratios = sorted(one["with"] / one["without"] - 1 for one in rounds)
    low, middle, high = statistics.quantiles(ratios, n=4)
    medians = {name: statistics.median(one[name] for one in rounds) for name in ("without", "with")}
    print(
        f"{backend}, {hop}: {medians['without']:.0f} µs without, {medians['with']:.0f} µs with; "
        f"of {len(rounds)} pairs the median is {middle:+.1%}, half of them between {low:+.1%} and {high:+.1%}",
        flush=True,
    )


def _signed_in(site: Installation) -> list[Maker]:
    people = [Person(f"ann{n}", site.apps["es256"]) for n in range(USERS)]
    sign_in(site.port, people)
    return [person.sso for person in people]


_HOPS: dict[str, Callable[[Installation], Sequence[Maker]]] = {
    "client_credentials, opaque": lambda site: [lambda: stories.client_credentials(site.apps["machine"])] * USERS,
    "SSO, ES256": _signed_in,
    "password login": lambda site: [Person(f"ann{n}", site.apps["es256"]).login_cold for n in range(USERS)],
}

if __name__ == "__main__":
    main()
