"""`python -m bench.attacks`: what others notice while somebody attacks. N4, N5, N10; add yours to `ATTACKS`.

An attack is a function that goes on until it is told to stop, in a process of its own. Beside it two applications ask
for tokens without a pause and two people sign in, each on new connections every second. Asked for: p99 of token
requests at most 3 times that of quiet minutes, taken in turns, and 95 of 100 honest sign-ins.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing
import os
import resource
import select
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from bench import forged_saml, load, machine, stories
from bench.load import percentile
from bench.provider import Installation, install
from bench.stories import Person

MOST_P99, LEAST_SIGN_INS = 3.0, 0.95
_FORM = b"Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True)
class Attack:
    """`run(port, stop)` attacks the server on a port of this machine until `stop` is set."""

    name: str
    run: Callable[[int, Event], None]


@dataclass(frozen=True)
class Seen:
    """What others noticed; p99 in ms."""

    attack: str
    quiet_p99: float
    p99: float
    ratio: float
    sign_ins: int
    failed: int

    @property
    def holds(self) -> bool:
        """Whether it is within what is asked for."""
        return self.ratio <= MOST_P99 and self.failed <= (1 - LEAST_SIGN_INS) * (self.sign_ins + self.failed)


# -- attacks ---------------------------------------------------------------------------------------------------------


def slow_bodies(port: int, stop: Event) -> None:
    """A hundred forms, a byte every five seconds; again where one was closed."""
    head = b"POST /oauth/token HTTP/1.1\r\n" + _FORM + b"Content-Length: 1000\r\n\r\n"
    _hold(port, stop, many=100, first=head, then=b"a", every=5.0)


def half_heads(port: int, stop: Event) -> None:
    """1,024 connections with half a request line each; again where one was closed."""
    _hold(port, stop, many=1024, first=b"GET /oauth/auth", then=b"", every=5.0)


def trickling_heads(port: int, stop: Event) -> None:
    """2,000 heads that never end, a byte a second."""
    _hold(port, stop, many=2000, first=b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", then=b"a", every=1.0)


def idle_connections(port: int, stop: Event) -> None:
    """2,000 connections that say nothing."""
    _hold(port, stop, many=2000, first=b"", then=b"", every=5.0)


def flood_of_connections(port: int, stop: Event) -> None:
    """As many connections as there are ports, as fast as one process can make them."""
    _hold(port, stop, many=12_000, first=b"G", then=b"", every=60.0)


def slow_chunks(port: int, stop: Event) -> None:
    """300 bodies in chunks of a byte, one a second, without an end."""
    head = b"POST /login HTTP/1.1\r\n" + _FORM + b"Transfer-Encoding: chunked\r\n\r\n"
    _hold(port, stop, many=300, first=head, then=b"1\r\na\r\n", every=1.0)


def slow_readers(port: int, stop: Event) -> None:
    """200 connections that ask for the largest page again and again and read no answer."""
    ask = b"GET /help HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20
    _hold(port, stop, many=200, first=ask, then=b"", every=5.0, receive=4096)


def one_wrong_password(port: int, stop: Event) -> None:
    """Forty connections, one name, one wrong password, as fast as each is answered (N5)."""
    threads = [threading.Thread(target=_type_wrong, args=(port, stop)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _type_wrong(port: int, stop: Event) -> None:
    form = b""
    while not stop.is_set():
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            while not stop.is_set():
                if not form:
                    connection.request("GET", "/")
                    answer = connection.getresponse()
                    page, cookies = answer.read().decode(), answer.headers.get_all("Set-Cookie") or []
                    flow = page.split('name="flow" value="')[1].split('"')[0]
                    form = urlencode({"flow": flow, "login": "ann9", "password": "Sommer2025!"}).encode()
                    headers = {
                        "Cookie": "; ".join(one.partition(";")[0] for one in cookies),
                        "Content-Type": "application/x-www-form-urlencoded",
                    }
                connection.request("POST", "/login", form, headers)
                connection.getresponse().read()
        except (OSError, http.client.HTTPException, IndexError):
            time.sleep(0.05)


ATTACKS = (
    Attack("one wrong password from 40 threads", one_wrong_password),
    Attack("100 slow bodies", slow_bodies),
    Attack("300 slow chunked bodies", slow_chunks),
    Attack("1,024 half heads", half_heads),
    Attack("2,000 trickling heads", trickling_heads),
    Attack("2,000 idle connections", idle_connections),
    Attack("a flood of connections", flood_of_connections),
    Attack("200 that read nothing", slow_readers),
    Attack("SAML requests with a garbage signature", forged_saml.garbage_signatures),
)


def _hold(port: int, stop: Event, *, many: int, first: bytes, then: bytes, every: float, receive: int = 0) -> None:
    """Keep `many` connections: `first` at once, `then` now and then; a closed one is made anew."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    held: dict[int, socket.socket] = {}
    poll = select.poll()
    due = time.monotonic() + every
    while not stop.is_set():
        for _ in range(min(64, many - len(held))):
            with contextlib.suppress(OSError):
                connection = socket.socket()
                if receive:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
                connection.settimeout(1)
                connection.connect(("127.0.0.1", port))
                connection.setblocking(False)
                connection.send(first)
                held[connection.fileno()] = connection
                poll.register(connection, select.POLLHUP | select.POLLRDHUP)
        for file, _ in poll.poll(20 if len(held) < many else 200):
            poll.unregister(file)
            held.pop(file).close()
        if then and time.monotonic() > due:
            due = time.monotonic() + every
            for connection in held.values():
                with contextlib.suppress(OSError):
                    connection.send(then)
    for connection in held.values():
        connection.close()


# -- what others notice ----------------------------------------------------------------------------------------------


def measure(installation: Installation, attack: Attack, rounds: int) -> Seen:
    """Quiet, attacked, quiet, attacked ... a few seconds each."""
    quiet, attacked, sign_ins, failed = [], [], 0, 0
    for _ in range(rounds):
        quiet.append(_look(installation)[0])
        with _going_on(attack, installation.port):
            time.sleep(1.0)  # until it has its connections
            p99, passes, errors = _look(installation)
        attacked.append(p99)
        sign_ins, failed = sign_ins + passes, failed + errors
        time.sleep(0.5)
    before, during = statistics.median(quiet), statistics.median(attacked)
    return Seen(attack.name, before * 1000, during * 1000, during / before, sign_ins, failed)


def _look(installation: Installation) -> tuple[float, int, int]:
    """p99 of tokens in seconds, sign-ins that went well, and those that did not."""
    tokens: list[float] = []
    passes = errors = 0
    machine_app, people = installation.apps["machine"], [Person(f"ann{n}", installation.apps["es256"]) for n in (0, 1)]
    for _ in range(4):
        try:
            seen = load.drive(
                installation.port,
                [lambda: stories.client_credentials(machine_app)] * 2 + [person.login_cold for person in people],
                1.0,
            )
        except OSError:  # no answer for half a minute, or no connection
            errors += 2
            tokens.append(load.TIMEOUT)
            continue
        tokens += seen.hops.get("token", [])
        passes += len(seen.hops.get("password", []))
        errors += seen.errors
    return percentile(tokens, 0.99), passes, errors


@contextlib.contextmanager
def _going_on(attack: Attack, port: int) -> Iterator[None]:
    fork = multiprocessing.get_context("fork")
    stop = fork.Event()
    process = fork.Process(target=attack.run, args=(port, stop), daemon=True)
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(10)
        process.kill()


def main() -> int:
    """1 where an attack was noticed more than it may be."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only attacks whose name has this in it")
    parser.add_argument("--rounds", type=int, default=3, help="how often quiet and attack take turns (3)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    args = parser.parse_args()
    cores = machine.choose_cores()
    os.sched_setaffinity(0, set(cores.others))
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="doorward-attacks-"))
    found: list[Seen] = []
    installation = install(folder)
    try:
        forged_saml.register(installation)
        installation.start(cores.server)
        for attack in ATTACKS:
            if args.only in attack.name:
                found.append(measure(installation, attack, args.rounds))
                console.print(found[-1])
    finally:
        installation.stop()
        shutil.rmtree(folder, ignore_errors=True)
    console.print(_table(found))
    if args.json:
        Path(args.json).write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    return 0 if all(seen.holds for seen in found) else 1


def _table(found: list[Seen]) -> Any:
    table = Table("attack", "token p99, quiet, ms", "attacked, ms", "ratio", "sign-ins", "failed", "")
    for seen in found:
        table.add_row(
            seen.attack, f"{seen.quiet_p99:.1f}", f"{seen.p99:.1f}", f"{seen.ratio:.1f}", str(seen.sign_ins),
            str(seen.failed), "" if seen.holds else "missed",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    raise SystemExit(main())
