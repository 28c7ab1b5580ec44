"""Answers that are made while they are sent: by threads of their own, and no faster than their readers take them.

granian takes a piece at once, or answers a future that is done when the reader has made room. No thread waits for it:
its callback puts the stream behind the others. So a slow reader holds a place and some pieces, and nobody else's time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from idp.serving.connections import Client, Limits
from idp.serving.futures import AlreadyDone

MAX_STREAMS = 16  # at once in this process: each has some pieces of 64 kB in memory, and as much with the kernel
MAKERS = 2  # threads that make pieces, each a piece of one stream and then of the next
MIN_BYTES = 256 * 1024  # what a reader takes in `Limits.reader_seconds` of waiting for it

Headers = list[tuple[bytes, bytes]]


class Streams:
    """All of this process. `busy`: connections that wait for us; `failed`: called with a request that broke."""

    def __init__(self, limits: Limits, busy: set[Client], failed: Callable[[Any], None]) -> None:
        self._limits, self._busy, self._failed = limits, busy, failed
        self._places = threading.BoundedSemaphore(MAX_STREAMS)
        self._open: set[_Stream] = set()
        self._ready: queue.SimpleQueue[_Stream] = queue.SimpleQueue()
        self._makers, self._made = threading.BoundedSemaphore(MAKERS), False  # whether there is one

    def begin(self, request: Any, status: int, headers: Headers, parts: Iterable[bytes]) -> bool:
        """Send what is made meanwhile; False where there are too many at once.

        Errors: what making a thread or beginning with `parts` raises; its place is given back.
        """
        if not self._places.acquire(blocking=False):
            return False
        try:
            self._begin_maker()
            stream = _Stream(request, status, headers, parts)
        except BaseException:
            self._places.release()
            raise
        self._open.add(stream)
        self._ready.put(stream)
        return True

    def _begin_maker(self) -> None:
        """They begin with the first streams, and stay."""
        if not self._makers.acquire(blocking=False):
            return
        try:
            threading.Thread(target=self._make, name="streams", daemon=True).start()
        except BaseException:
            self._makers.release()
            if not self._made:  # the only one makes all, the more slowly
                raise
            return
        self._made = True

    def too_slow(self, acknowledged: Mapping[Client, int]) -> Set[Client]:
        """Whose readers take too little, or have taken too long. `acknowledged`: bytes that have arrived, ever."""
        now = time.monotonic()
        return {
            stream.client for stream in list(self._open)
            if now - stream.begun > self._limits.stream_seconds
            or stream.lags(now, acknowledged.get(stream.client, 0), self._limits.reader_seconds)
        }  # fmt: skip

    def _make(self) -> None:
        while True:
            stream = self._ready.get()
            try:
                self._step(stream)
            except BaseException:  # it is broken off, so that nobody takes it for whole
                with contextlib.suppress(BaseException):  # its place is given back before what it is made of is closed
                    self._end(stream)
                self._failed(stream.request)
            del stream  # the next one may be long in coming

    def _step(self, stream: _Stream) -> None:
        piece = stream.make()
        if not piece:
            self._end(stream)
            stream.send(b"", more=False)
            return
        self._busy.discard(stream.client)  # from here on it is the reader's turn
        stream.since = time.monotonic()
        wait = getattr(stream.send(piece, more=True), "add_done_callback", None)  # no future: it was taken at once
        try:
            if wait is not None:
                wait(lambda _: self._go_on(stream))
                return
        except AlreadyDone:
            pass
        self._go_on(stream)

    def _go_on(self, stream: _Stream) -> None:
        stream.waited += time.monotonic() - stream.since
        stream.since = 0.0
        self._busy.add(stream.client)
        self._ready.put(stream)

    def _end(self, stream: _Stream) -> None:
        # Before the last of it leaves: the next request of this connection may be here at once.
        self._busy.discard(stream.client)
        if stream in self._open:
            self._open.remove(stream)
            self._places.release()
            stream.close()


class _Stream:
    """One on its way. `since`: when its reader's turn began, 0 while it is ours; `waited`: all such turns before."""

    def __init__(self, request: Any, status: int, headers: Headers, parts: Iterable[bytes]) -> None:
        self.request, self.client, self.begun = request, request.scope["client"], time.monotonic()
        self.since, self.waited = 0.0, 0.0
        self._head: dict[str, Any] | None = {"type": "http.response.start", "status": status, "headers": headers}
        self._parts, self._pieces = parts, iter(parts)
        self._reader = _Reader(request)
        self._mark = 0.0, 0  # waited and acknowledged when the pace was last looked at

    def make(self) -> bytes:
        """The next piece; b'' at the end, and where nobody reads any more."""
        return b"" if self._reader.is_gone else next(self._pieces, b"")

    def send(self, piece: bytes, more: bool) -> Any:
        """Hand it over; before the first one the head, so that what fails before it is a 500."""
        if self._head is not None:
            self.request.proto.send(self._head)
            self._head = None
        return self.request.proto.send({"type": "http.response.body", "body": piece, "more_body": more})

    def lags(self, now: float, acknowledged: int, seconds: float) -> bool:
        """Whether its reader took too little in the last `seconds` that we waited for it. Asked by one thread."""
        since = self.since
        waited = self.waited + (now - since if since else 0.0)
        before, had = self._mark
        if waited - before < seconds:
            return False
        self._mark = waited, acknowledged
        return acknowledged - had < MIN_BYTES

    def close(self) -> None:
        """Let go of what it is made of."""
        self._reader.forget()
        getattr(self._parts, "close", bool)()


class _Reader:
    """Hears when the other end has gone: granian takes every piece for nobody, without a word."""

    def __init__(self, request: Any) -> None:
        self._gone, self._receive = threading.Event(), request.proto.receive
        self._future: Any = None
        self._listen()

    @property
    def is_gone(self) -> bool:
        """Whether nobody is there."""
        return self._gone.is_set()

    def forget(self) -> None:
        """Listen no more. The future would hold the request for as long as the connection stays."""
        future, self._future, self._receive = self._future, None, None
        if future is not None:
            future.cancel()

    def _listen(self) -> None:
        while (receive := self._receive) is not None:
            try:
                future = self._future = receive()
                future.add_done_callback(self._heard)
                return
            except AlreadyDone:
                if self._is_end(future):
                    return
            except Exception:  # it has gone already
                self._gone.set()
                return

    def _heard(self, future: Any) -> None:
        if not self._is_end(future):
            self._listen()

    def _is_end(self, future: Any) -> bool:
        with contextlib.suppress(BaseException):  # cancelled, or the connection broke
            if future.result()["type"] == "http.request":  # the body, or that there is none
                return False
        self._gone.set()
        return True
