"""Closes connections that hold a place and do nothing, while others wait for one.

granian accepts and parses in Rust, where no limit for an address exists and a head may take as long as a connection
may idle. Linux knows the rest: which sockets are ours, whether a connection was ever answered, and for how long it has
been silent (TCP_INFO). Where that cannot be asked, granian's own limits are all there is.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import stat
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

ROOM = 0.75  # of all places; past it the longest silent go
SHARES_EVERY = 5.0  # seconds: who is closed comes back at once, and making connections costs more than keeping them
_FILES = "/proc/self/fd"
_INFO = struct.Struct("=44xI72xQ")  # <linux/tcp.h>, struct tcp_info: tcpi_last_data_sent (ms), tcpi_bytes_acked

Client = tuple[str, str]  # address and port of the other end


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, in seconds, and how many. `trusted`: networks of proxies, which speak for many.

    Of an answer that is made while it is sent: `reader_seconds`, in which its reader takes some of it
    (`streams.MIN_BYTES`), and `stream_seconds`, in which it ends. `leaving` is set at the first signal, and from then
    on requests are taken for `drain_seconds` more. `ending` is called once none is taken any more.
    """

    body_seconds: float
    head_seconds: float
    idle_seconds: float
    connections: int
    per_address: int
    trusted: tuple[Any, ...] = ()
    reader_seconds: float = 30.0
    stream_seconds: float = 3600.0
    drain_seconds: float = 0.0
    leaving: threading.Event = field(default_factory=threading.Event)
    ending: Callable[[], object] = bool


@dataclass(frozen=True, slots=True)
class Connection:
    """One of ours, at this moment."""

    file: int
    client: Client
    acknowledged: int  # bytes of ours that have arrived; the first counts one more
    silent: float  # seconds since we sent something; since it was made, where we never did

    @property
    def answered(self) -> bool:
        """Ever."""
        return self.acknowledged > 1


class Connections:
    """Those of this process on one port. `busy`: whose request is being answered; `receiving`: whose body is coming.

    `too_slow`: who takes too little of a long answer, judged by the bytes that have arrived.
    """

    def __init__(
        self, port: int, limits: Limits, busy: Set[Client], receiving: Set[Client],
        too_slow: Callable[[Mapping[Client, int]], Set[Client]],
    ) -> None:  # fmt: skip
        self._too_slow = too_slow
        self._port, self._limits, self._busy, self._receiving = port, limits, busy, receiving
        self._known: dict[int, tuple[int, Client | None]] = {}  # by file: its inode, and whose it is if ours
        self._late: set[Client] = set()  # those that were too silent at the last look
        self._shares_due = 0.0
        self.can_look = sys.platform == "linux" and os.path.isdir(_FILES)

    def tick(self) -> bool:
        """Close what must go; answers whether places run short, so that the next look should come soon."""
        if not self.can_look:
            return False
        open_ones = list(self._look())
        too_slow = self._too_slow({one.client: one.acknowledged for one in open_ones})
        for connection in (*self._excess(open_ones), *(one for one in open_ones if one.client in too_slow)):
            _close(connection)
        self._late = {one.client for one in open_ones if self._is_late(one)}
        return len(open_ones) > self._limits.connections * ROOM

    def close_unused(self) -> None:
        """Those that were never answered and have asked for nothing whole: a stop need not wait for them."""
        for connection in self._look() if self.can_look else ():
            if not (connection.answered or connection.client in self._busy or connection.client in self._receiving):
                _close(connection)

    def _excess(self, open_ones: Sequence[Connection]) -> Iterator[Connection]:
        too_many = len(open_ones) - int(self._limits.connections * ROOM)
        over = self._over_their_share(open_ones)
        shares = time.monotonic() >= self._shares_due
        if shares:
            self._shares_due = time.monotonic() + SHARES_EVERY
        # First of those who have too many; never-answered first, which is what an attack is made of; then by silence.
        idle = [one for one in open_ones if one.client not in self._busy]
        for one in sorted(idle, key=lambda one: (over[one.client[0]] <= 0, one.answered, -one.silent)):
            # Twice late, for an answer may just be on its way from the application to the connection.
            is_late = self._is_late(one) and one.client in self._late
            if is_late or too_many > 0 or (shares and over[one.client[0]] > 0):
                over[one.client[0]] -= 1
                too_many -= 1
                yield one

    def _over_their_share(self, open_ones: Sequence[Connection]) -> dict[str, int]:
        """By address: how many it has beyond what it may have."""
        over: dict[str, int] = defaultdict(int)
        for one in open_ones:
            over[one.client[0]] += 1
        for address in over:
            over[address] -= self._limits.connections if self._is_trusted(address) else self._limits.per_address
        return over

    def _is_late(self, one: Connection) -> bool:
        if one.client in self._receiving or one.client in self._busy:  # bodies have their own patience
            return False
        # granian ends an idle connection itself; one that is silent for longer does not read what we sent.
        return one.silent > (self._limits.idle_seconds + 5 if one.answered else self._limits.head_seconds)

    def _is_trusted(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self._limits.trusted)

    def _look(self) -> Iterator[Connection]:
        known, self._known = self._known, {}
        for name in os.listdir(_FILES):
            with contextlib.suppress(OSError):
                file = int(name)
                about = os.fstat(file)
                if stat.S_ISSOCK(about.st_mode):
                    kept = known.get(file, (0, None))
                    client = kept[1] if kept[0] == about.st_ino else _client(file, self._port)
                    self._known[file] = about.st_ino, client
                    if client is not None:
                        yield _connection(file, client)


@contextlib.contextmanager
def _borrowed(file: int) -> Iterator[socket.socket]:
    """A socket of granian's, to ask. It stays granian's: it may be closed, and the number another's, at any time."""
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=file)
    try:
        yield borrowed
    finally:
        borrowed.detach()


def _client(file: int, port: int) -> Client | None:
    """Who is at the other end, where it is a connection to our port."""
    try:
        with _borrowed(file) as ours:
            if ours.getsockname()[1] != port:
                return None
            address, other = ours.getpeername()[:2]
            return address, str(other)
    except (OSError, IndexError, ValueError):
        return None  # it listens, or is of another family


def _connection(file: int, client: Client) -> Connection:
    with _borrowed(file) as ours:
        silent, acknowledged = _INFO.unpack(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size))
    return Connection(file, client, acknowledged, silent / 1000)


def _close(connection: Connection) -> None:
    """Let granian see the end of it. A copy is closed, whose number is ours alone, and only if it is the same one."""
    with contextlib.suppress(OSError):
        copy = os.dup(connection.file)
        try:
            with _borrowed(copy) as ours:
                address, port = ours.getpeername()[:2]
                if (address, str(port)) == connection.client:
                    ours.shutdown(socket.SHUT_RDWR)
        finally:
            os.close(copy)
