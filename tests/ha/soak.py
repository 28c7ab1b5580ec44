"""`make soak`: each part of an installation on several machines is killed under load; how long was that felt?

    python -m tests.ha.soak [redis-sentinel|redis-cluster|postgresql|machines ...]

It prints the rows of docs/reliability.md, and ends with an error where an answer was wrong or a bound is passed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import NamedTuple

from tests.backends import Redis, start_postgresql
from tests.ha.groups import Cluster, Node, Sentinels, eventually
from tests.ha.house import House, several_machines
from tests.ha.load import Crowd, check
from tests.ha.patroni import Member, Patroni, program
from tests.receiver import Receiver
from tests.server import Server, unique

PEOPLE = 3
JOURNEYS = 10  # that have to end well after each fault
TOKENS = {"refresh_grace": 120}
REDIS_S, POSTGRESQL_S = 5.0, 15.0  # the longest that a fail-over may be felt, seconds
POWER_S = (
    30.0  # of a machine with PostgreSQL that loses its power: Patroni's ttl, which is 20 s at least, and an election
)


class Fault(NamedTuple):
    """What is done, how it is undone, and how long it may be felt (seconds)."""

    name: str
    do: Callable[[], object]
    undo: Callable[[], object]
    bound: float


class Row(NamedTuple):
    """What came of it. `window`: from the fault to the last refusal, seconds."""

    name: str
    window: float
    requests: int
    refused: int
    journeys: int


def crowd_of(house: House, receiver: Receiver) -> Crowd:
    """People who sign in at an application that wants to hear of each sign-out."""
    names = [unique("ann") for _ in range(PEOPLE)]
    known = [(name, house.first.add_person(name).id) for name in names]
    app = house.first.add_client(unique("CRM"), backchannel_logout_uri=receiver.origin + "/logout")
    return Crowd(house.first, app, known)


def run(house: House, faults: list[Fault], receiver: Receiver) -> list[Row]:
    """One fault after the other. Errors: `AssertionError` for a wrong answer, or one that came too late."""
    crowd, rows = crowd_of(house, receiver), []
    crowd.start()
    crowd.wait_for(JOURNEYS)
    assert not crowd.refused, crowd.summary()
    for fault in faults:
        before, asked, begun = len(crowd.refused), crowd.lasted["request"], time.monotonic()
        journeys = crowd.lasted["journey"]
        fault.do()
        crowd.wait_for(JOURNEYS)
        window = max((at for at, _ in crowd.refused[before:]), default=begun) - begun
        rows.append(Row(fault.name, window, crowd.lasted["request"] - asked, len(crowd.refused) - before,
                        crowd.lasted["journey"] - journeys))  # fmt: skip
        print(f"| {fault.name} | {window:.1f} s | {rows[-1].refused} of {rows[-1].requests} |", flush=True)
        fault.undo()
        crowd.wait_for(JOURNEYS)
        assert window <= fault.bound, f"{fault.name}: {window:.1f} s"
    crowd.stop()
    print(crowd.summary(), flush=True)
    check(crowd)
    _check_told(house, crowd, receiver)
    return rows


def _check_told(house: House, crowd: Crowd, receiver: Receiver) -> None:
    """Each sign-out that was answered for was told to the application, whatever was killed meanwhile."""
    wanted = {_claims(told.tokens["id_token"])["sid"] for told in crowd.told if told.signed_out}
    deadline = time.monotonic() + 120
    while not wanted <= {_claims(form["logout_token"])["sid"] for form in receiver.forms}:
        assert time.monotonic() < deadline, "a sign-out was not told"
        time.sleep(0.2)
    print(f"sign-outs told: {len(wanted)}", flush=True)


def _claims(token: str) -> dict[str, str]:
    part = token.split(".")[1]
    found: dict[str, str] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


# -- the parts ---------------------------------------------------------------------------------------------------------


def of_redis(kind: type[Sentinels] | type[Cluster]) -> None:
    """A master, a replica and, where there are any, a Sentinel."""
    group, database = kind(os.getpid()), start_postgresql(os.getpid())
    held: list[Node] = []

    def at_master(verb: str) -> None:
        held.append(group.master())
        getattr(held[-1], verb)()

    def at(node: Node) -> None:
        held.append(node)
        node.kill()

    name = "Sentinel" if kind is Sentinels else "Cluster"

    def back(verb: str) -> Callable[[], None]:
        return lambda: getattr(held[-1], verb)()

    faults = [
        Fault(f"Redis by {name}: the master is killed", lambda: at_master("kill"), back("start"), REDIS_S),
        Fault(f"Redis by {name}: the master stands still", lambda: at_master("freeze"), back("thaw"), REDIS_S),
        Fault(f"Redis by {name}: a replica is killed", lambda: at(_replica(group)), back("start"), REDIS_S),
    ]
    if isinstance(group, Sentinels):
        first = group.sentinels[0]
        faults.append(Fault("a Sentinel is killed", lambda: at(first), lambda: held[-1].start(), REDIS_S))
    try:
        _in_house({"database_url": database.url(), "state_url": group.url}, lambda house: faults)
    finally:
        group.close()
        database.stop()


def _replica(group: Sentinels | Cluster) -> Node:
    master = group.master()
    info = master.client.info("replication")
    return next(node for node in group.servers if node.port == int(info["slave0"]["port"]))


def of_postgresql() -> None:
    """Its server, its machine, its standby, and a machine of etcd."""
    patroni, redis = Patroni(os.getpid()), Redis(os.getpid())
    held: list[Member] = []

    def at(member: Member, verb: str) -> None:
        held.append(member)
        getattr(member, verb)()

    def whole() -> None:
        patroni.wait(primaries=1, standbys=1)

    def started() -> None:
        held[-1].replace()
        whole()

    def thawed() -> None:
        held[-1].thaw()
        eventually(
            lambda: bool(held[-1].said()) and not held[-1].leads()
        )  # it sees by itself that it is primary no more
        started()

    def primary(verb: str) -> Callable[[], None]:
        return lambda: at(patroni.primary(), verb)

    faults = [
        Fault("PostgreSQL: the primary's server is killed", primary("kill_server"), whole, POSTGRESQL_S),
        Fault("PostgreSQL: the standby's machine is gone", lambda: at(patroni.standby(), "kill"), started, POWER_S),
        Fault("PostgreSQL: the primary's machine is gone", primary("kill"), started, POWER_S),
        Fault("PostgreSQL: the primary's machine stands still", primary("freeze"), thawed, POWER_S),
        Fault("one of three etcd is killed", patroni.etcd[0][1].kill, lambda: None, POSTGRESQL_S),
    ]
    try:
        _in_house({"database_url": patroni.url(patroni.create()), "state_url": redis.url}, lambda house: faults)
    finally:
        patroni.close()
        redis.stop()


def of_machines() -> None:
    """One of three, behind HAProxy."""
    database, redis = start_postgresql(os.getpid()), Redis(os.getpid())

    def faults(house: House) -> list[Fault]:
        machine = house.machines[-1]
        return [
            Fault("a machine of Doorward is killed", machine.kill, machine.start, REDIS_S),
            Fault("a machine of Doorward stands still", lambda: _send(machine, signal.SIGSTOP),
                  lambda: _send(machine, signal.SIGCONT), POSTGRESQL_S),
        ]  # fmt: skip

    try:
        _in_house({"database_url": database.url(), "state_url": redis.url}, faults)
    finally:
        redis.stop()
        database.stop()


def _send(machine: Server, number: signal.Signals) -> None:
    assert machine.process is not None
    os.killpg(machine.process.pid, number)


def _in_house(storage: dict[str, str], faults: Callable[[House], list[Fault]]) -> None:
    receiver = Receiver()
    try:
        sections = {"storage": storage, "tokens": TOKENS, "outbound": {"allow": [receiver.origin]}}
        with several_machines(os.getpid(), 3, **sections) as house:
            run(house, faults(house), receiver)
    finally:
        receiver.close()


PARTS: dict[str, Callable[[], None]] = {
    "redis-sentinel": lambda: of_redis(Sentinels),
    "redis-cluster": lambda: of_redis(Cluster),
    "machines": of_machines,
    "postgresql": of_postgresql,
}


def main() -> None:
    """All of it, or the parts that are named."""
    if program() is None:
        raise SystemExit("Patroni is not here: run `make soak`, which installs it into .soak")
    for name in sys.argv[1:] or PARTS:
        begun = time.monotonic()
        PARTS[name]()
        print(f"{name}: done in {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
