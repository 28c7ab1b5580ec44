"""The load generator: users on keep-alive connections, one thread, non-blocking sockets.

A user's story is a Python generator: it yields `(name of the hop, request bytes)` and is sent the `Answer`. It returns
when the story has gone as it must, and raises `Unexpected` when it has not. No HTTP library stands between, so that
one core drives several times what a server on another core can answer (`ceiling` in the report says how much).
"""

from __future__ import annotations

import gc
import re
import select
import socket
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

TIMEOUT = 30.0  # seconds that nothing at all may happen
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    head: bytes
    body: bytes


class Unexpected(Exception):
    """The answer is not what the story must get."""


Story = Generator[tuple[str, bytes], Answer, None]


@dataclass
class Measured:
    """What one run saw. Times in seconds."""

    seconds: float = 0.0
    passes: list[float] = field(default_factory=list)  # how long each story took
    hops: dict[str, list[float]] = field(default_factory=dict)
    errors: int = 0
    first_error: str = ""

    @property
    def rate(self) -> float:
        """Stories a second."""
        return len(self.passes) / self.seconds if self.seconds else 0.0


def percentile(times: Sequence[float], share: float) -> float:
    """The time that `share` (0 to 1) of them did not exceed; 0 without any."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(slots=True)
class _User:
    make: Callable[[], Story]
    counts: bool
    connection: socket.socket
    story: Story
    begun: float = 0.0
    sent: float = 0.0
    hop: str = ""
    buffer: bytes = b""


def drive(
    port: int, makers: Sequence[Callable[[], Story]], seconds: float, *, beside: Sequence[Callable[[], Story]] = ()
) -> Measured:
    """Let one user per maker tell its story again and again. Those `beside` make load and are not measured.

    A story that is open at the end is told to its end, uncounted, so that what users hold (a refresh token) stays good.
    """
    run = _Run(port, seconds)
    gc.collect()
    gc.disable()
    try:
        return run.go([(make, True) for make in makers] + [(make, False) for make in beside])
    finally:
        gc.enable()


class _Run:
    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._poll = select.epoll()
        self._users: dict[int, _User] = {}
        self._measured = Measured(seconds=seconds)
        self._until = 0.0

    def go(self, makers: Sequence[tuple[Callable[[], Story], bool]]) -> Measured:
        users = [_User(make, counts, _connect(self._port), make()) for make, counts in makers]
        self._until = time.perf_counter() + self._seconds
        for user in users:
            self._users[user.connection.fileno()] = user
            self._poll.register(user.connection.fileno(), select.EPOLLIN)
            self._begin(user)
        while self._users:
            ready = self._poll.poll(TIMEOUT)
            if not ready:
                raise TimeoutError(f"no answer for {TIMEOUT:.0f} s")
            for descriptor, _ in ready:
                self._read(self._users[descriptor])
        self._poll.close()
        return self._measured

    def _begin(self, user: _User) -> None:
        user.story = user.make()
        user.begun = time.perf_counter()
        self._send(user, next(user.story))

    def _send(self, user: _User, step: tuple[str, bytes]) -> None:
        user.hop, request = step
        user.sent = time.perf_counter()
        user.connection.send(request)

    def _read(self, user: _User) -> None:
        data = user.connection.recv(262_144)
        if not data:
            self._failed(user, "the server closed the connection")
            return
        if user.buffer:
            data = user.buffer + data
        end = data.find(_HEAD_END)
        length = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if end < 0 or len(data) < end + 4 + (int(length[1]) if length else 0):
            user.buffer = data
            return
        user.buffer = b""
        now = time.perf_counter()
        if user.counts and now <= self._until:
            self._measured.hops.setdefault(user.hop, []).append(now - user.sent)
        try:
            step = user.story.send(Answer(int(data[9:12]), data[:end], data[end + 4 :]))
        except StopIteration:
            self._passed(user, now)
        except Unexpected as error:
            self._failed(user, f"{user.hop}: {error}: {data[:300]!r}")
        else:
            self._send(user, step)

    def _passed(self, user: _User, now: float) -> None:
        if now > self._until:
            self._leave(user)
            return
        if user.counts:
            self._measured.passes.append(now - user.begun)
        self._begin(user)

    def _failed(self, user: _User, why: str) -> None:
        self._measured.errors += 1
        self._measured.first_error = self._measured.first_error or why
        self._leave(user)
        if time.perf_counter() < self._until and self._measured.errors < 1000:
            user.connection, user.buffer = _connect(self._port), b""
            self._users[user.connection.fileno()] = user
            self._poll.register(user.connection.fileno(), select.EPOLLIN)
            self._begin(user)

    def _leave(self, user: _User) -> None:
        self._poll.unregister(user.connection.fileno())
        del self._users[user.connection.fileno()]
        user.connection.close()


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setblocking(False)
    return connection
