"""`python -m bench.bound`: a sign-on with a pushed request and a DPoP-bound token, beside one without either.

One server, both with ID tokens of ES256 and a client secret. The two take turns, one second each, in an order that
changes: what else the machine does falls on both alike. Counted is the server's processor time for one sign-on, user
and system; the server has one core, so the rates are as the inverse of it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import load, machine
from bench.hops import once
from bench.load import Story
from bench.prover import Prover
from bench.provider import USERS, Installation, install
from bench.stories import Person

Maker = Callable[[], Story]
PLAIN, BOUND = "SSO, ES256", "PAR, DPoP, ES256"


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(prog="python -m bench.bound", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of one second for each kind of sign-on")
    args = parser.parse_args()
    cores = machine.choose_cores()
    os.sched_setaffinity(0, set(cores.others))
    folder = Path(tempfile.mkdtemp(prefix="doorward-bench-"))
    site = install(folder / "site")
    try:
        site.start(cores.server)
        makers = _signed_in(site)
        for each in makers.values():
            load.drive(site.port, each, 1.0)  # warm
        _say([_round(site, makers, number) for number in range(args.rounds)])
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _signed_in(site: Installation) -> dict[str, list[Maker]]:
    origin = f"http://127.0.0.1:{site.port}"
    plain = [Person(f"ann{n}", site.apps["es256"]) for n in range(USERS)]
    bound = [Person(f"ann{n}", site.apps["bound"], prover=Prover(origin)) for n in range(USERS)]
    for person in (*plain, *bound):
        once(site.port, person.login_cold)
    return {PLAIN: [one.sso for one in plain], BOUND: [one.sso_bound for one in bound]}


def _round(site: Installation, makers: Mapping[str, Sequence[Maker]], number: int) -> dict[str, float]:
    """µs of processor time for one sign-on of each kind."""
    assert site.server is not None
    found = {}
    for name in sorted(makers, reverse=bool(number % 2)):
        before = machine.cpu_seconds(site.server.pid)
        seen = load.drive(site.port, makers[name], 1.0)
        if seen.errors:
            raise RuntimeError(seen.first_error)
        found[name] = (machine.cpu_seconds(site.server.pid) - before) / len(seen.passes) * 1e6
    return found


def _say(rounds: list[dict[str, float]]) -> None:
    shares = [one[PLAIN] / one[BOUND] for one in rounds]
    low, middle, high = statistics.quantiles(shares, n=4)
    medians = {name: statistics.median(one[name] for one in rounds) for name in (PLAIN, BOUND)}
    print(
        f"{PLAIN}: {medians[PLAIN]:.0f} µs; {BOUND}: {medians[BOUND]:.0f} µs; of {len(rounds)} pairs the rate of the "
        f"second is {middle:.0%} of the first's (half of them between {low:.0%} and {high:.0%})",
        flush=True,
    )


if __name__ == "__main__":
    main()
