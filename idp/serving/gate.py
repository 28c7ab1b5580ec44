"""Takes requests to the application: those without a body at once, the others when their body is here.

granian calls `Gate.take` in one of its threads when a head has arrived, and the callback of a body's future in one of
them when a piece has. In between nothing waits but the connection.
"""

from __future__ import annotations

import io
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from idp.serving import failures
from idp.serving.connections import Client, Limits
from idp.serving.environ import environ_of
from idp.serving.futures import AlreadyDone
from idp.serving.streams import Streams
from idp.wire import most_of

MAX_DRAINED = 1024 * 1024  # bytes of a body that is too large which are read, so that the sender hears why
#: Whoever is told to wait (429) hears it this late: a program that asks again at once costs nothing meanwhile.
HOLD_SECONDS = 1.0
MAX_HELD = 64 * 1024 * 1024  # bytes of all unfinished bodies in this process

MOST = 64  # requests at once, where nobody says how many
ALIVE = "/healthz"  # below the issuer's path; it asks nothing of anybody

_NOTHING = io.BytesIO()
Answer = tuple[int, list[tuple[str, str]], bytes | Iterable[bytes]]
App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Late:
    """Answers that leave a while later, in a thread of their own for all of them; it begins with the first one."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._begun = seconds, threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[float, Callable[[], None]]] = queue.SimpleQueue()

    def put(self, send: Callable[[], None]) -> None:
        """Call it when it is due; now, where there is no room for a thread that would wait."""
        if self._begun.acquire(blocking=False):  # once, and for good
            try:
                threading.Thread(target=self._run, name="late answers", daemon=True).start()
            except BaseException:
                self._begun.release()
                failures.tell()
                send()
                return
        self._waiting.put((time.monotonic() + self._seconds, send))

    def _run(self) -> None:
        while True:
            due, send = self._waiting.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                send()
            except BaseException:  # nobody is at the other end any more
                failures.tell()


class Gate:
    """The way into the application, for all connections of this process.

    `most`: requests that the application has at once. It is less than granian has threads, so that one is always left
    to take heads, and whoever asks whether the process lives hears it, however many wait for a password's hash.
    """

    def __init__(self, app: App, limits: Limits, most: int = MOST) -> None:
        self._app, self._most = app, most
        self._having, self._active = threading.Lock(), 0
        self._waiting: deque[tuple[Any, dict[str, Any]]] = deque()  # as many as connections at most: each waits for one
        self._direct: Callable[[dict[str, Any]], Answer | None] = getattr(app, "answer", lambda environ: None)
        self._body_seconds = limits.body_seconds
        self._bodies: dict[_Body, None] = {}  # those on their way; whoever takes one out decides what becomes of it
        self.busy: set[Client] = set()  # connections whose request the application has
        self._late = Late(HOLD_SECONDS)
        self.streams = Streams(limits, self.busy, self._failed)
        self.receiving: set[Client] = set()  # those whose body is on its way
        self.closing = False  # each answer says that it is the connection's last one (RFC 9112 §9.6)

    def take(self, request: Any) -> None:
        """A head has arrived. Never raises: nobody would hear it."""
        try:
            self._take(request)
        except BaseException:
            self._failed(request)

    def _take(self, request: Any) -> None:
        environ = environ_of(request.scope)
        environ["wsgi.input"] = _NOTHING
        announced, chunked = environ.get("CONTENT_LENGTH"), "HTTP_TRANSFER_ENCODING" in environ
        if "," in environ.get("HTTP_HOST", ""):
            # RFC 9112 §3.2: refused, for two readers would choose differently.
            self._say(request, 400, "A request names one host, once.")
        elif announced is None and not chunked:
            self.finish(request, environ)
        elif announced is not None and (chunked or not announced.isdecimal()):
            # RFC 9112 §6.3: two lengths are how requests are smuggled past a proxy.
            self._say(request, 400, "The length of the body is told in two ways.")
        elif announced is not None and (announced == "0" or int(announced) > max(MAX_DRAINED, most_of(environ))):
            self.finish(request, environ)
        else:
            body = _Body(self, request, environ, -1 if announced is None else int(announced))
            body.until = time.monotonic() + self._body_seconds
            self._bodies[body] = None
            self.receiving.add(request.scope["client"])
            body.read()

    def finish(self, request: Any, environ: dict[str, Any]) -> None:
        """Let the application answer a request that is whole, now or when it has room for it."""
        self.busy.add(request.scope["client"])
        if environ["PATH_INFO"].endswith(ALIVE) and (alive := self._direct(environ)) is not None:
            self._give(request, alive)
            return
        with self._having:
            if self._active >= self._most:
                self._waiting.append((request, environ))
                return  # a thread that has answered takes it
            self._active += 1
        while True:
            with suppress(BaseException):  # whatever it is: the place goes to the next one, or is given back
                self._answer(request, environ)
            with self._having:
                if not self._waiting:
                    self._active -= 1
                    return
                request, environ = self._waiting.popleft()

    def _answer(self, request: Any, environ: dict[str, Any]) -> None:
        try:
            self._give(request, self._direct(environ) or self._through_wsgi(environ))
        except BaseException:
            self._failed(request)

    def _give(self, request: Any, answer: Answer) -> None:
        status, headers, body = answer
        octets = [(_octets(name), value.encode("latin-1")) for name, value in headers]
        if self.closing:
            octets.append((b"connection", b"close"))
        if not isinstance(body, bytes):
            self._stream(request, status, octets, body)
        elif status == 429:  # no thread waits with it, only the connection
            whole = body
            self._late.put(lambda: self._send(request, status, octets, whole))
        else:
            self._send(request, status, octets, body)

    def _through_wsgi(self, environ: dict[str, Any]) -> Answer:
        began: list[Any] = []
        parts = self._app(environ, lambda status, headers, exc_info=None: began.append((int(status[:3]), headers)))
        status, headers = began[-1]
        if status == 200 and not any(name.lower() == "content-length" for name, _ in headers):
            return status, headers, parts
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", bool)()
        return status, headers, body

    def _stream(self, request: Any, status: int, headers: list[tuple[bytes, bytes]], parts: Iterable[bytes]) -> None:
        begun = False
        try:
            begun = self.streams.begin(request, status, headers, parts)
        finally:
            if not begun:
                getattr(parts, "close", bool)()
        if not begun:
            self._say(request, 503, "Too many files are being fetched at once. Try again in a moment.")

    def _send(self, request: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        # Before the answer leaves: the next request of this connection may be here at once.
        self.busy.discard(request.scope["client"])
        send = request.proto.send
        send({"type": "http.response.start", "status": status, "headers": headers})
        send({"type": "http.response.body", "body": body})

    def _failed(self, request: Any) -> None:
        """Whoever asked hears it first, then whoever reads stderr. Never raises: neither may take a thread along."""
        self.busy.discard(request.scope["client"])
        with suppress(BaseException):
            request.done()  # granian's own 500
        failures.tell()

    # -- bodies ------------------------------------------------------------------------------------------------------

    def claim(self, body: _Body) -> bool:
        """Whether the body is still to be dealt with; the one who hears so deals with it."""
        if self._bodies.pop(body, self) is self:
            return False
        self.receiving.discard(body.request.scope["client"])
        return True

    def complete(self, body: _Body) -> None:
        """All of a body is here."""
        try:
            if self.claim(body):
                self.finish(body.request, body.environ)
        except BaseException:
            self._failed(body.request)

    def broken(self, body: _Body) -> None:
        """The connection ended, or its chunks make no sense."""
        if self.claim(body):
            self._say(body.request, 400, "The body of the request ended early, or cannot be read.")

    def tick(self, now: float) -> None:
        """Give up on bodies that take too long, and on the largest while they hold too much. Called now and then."""
        waiting = sorted(self._bodies, key=lambda body: body.size)
        held = sum(body.size for body in waiting)
        for body in reversed(waiting):
            if held > MAX_HELD and self.claim(body):
                body.give_up()
                self._say(body.request, 503, "Too many large requests arrive at once. Try again in a moment.")
                held -= body.size
            elif body.until < now and self.claim(body):
                body.give_up()
                self._say(body.request, 408, f"The body of the request took longer than {self._body_seconds:.0f} s.")

    def _say(self, request: Any, status: int, sentence: str) -> None:
        """An answer of the edge: the request is not whole, so nothing behind it is asked. Never raises."""
        body = (sentence + "\n").encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if status == 503:
            headers.append((b"retry-after", b"5"))
        try:
            self._send(request, status, headers, body)
        except BaseException:  # a look at all bodies goes on to the next one
            self._failed(request)


class _Body:
    """A body on its way."""

    __slots__ = ("_future", "_gate", "_left", "_parts", "environ", "most", "request", "size", "until")

    def __init__(self, gate: Gate, request: Any, environ: dict[str, Any], announced: int) -> None:
        self.request, self.environ, self.size, self.until = request, environ, 0, 0.0
        self.most = most_of(environ)
        self._gate, self._left = gate, announced  # bytes that are still to come; below 0 where nobody knows
        self._parts: list[bytes] = []
        self._future: Any = None

    def read(self) -> None:
        """Ask for the next piece, and again while there is one at once."""
        while True:
            future = self._future = self.request.proto.receive()
            try:
                future.add_done_callback(self._arrived)
            except AlreadyDone:
                if self._is_last(future):
                    return
            else:
                return

    def give_up(self) -> None:
        """Ask no more."""
        future, self._future = self._future, None
        if future is not None:
            future.cancel()

    def _arrived(self, future: Any) -> None:
        try:
            if not self._is_last(future):
                self.read()
        except BaseException:
            self._gate.broken(self)
            failures.tell()

    def _is_last(self, future: Any) -> bool:
        # The future holds us by its callback, and Python cannot see into it: what holds it in turn would stay for ever,
        # and the connection with it.
        self._future = None
        message = future.result()
        if message["type"] != "http.request":
            self._gate.broken(self)
            return True
        part = message["body"]
        self.size += len(part)
        self._left -= len(part)
        if self.size <= self.most:
            self._parts.append(part)
        else:
            self._parts.clear()
        if message["more_body"] and self._left != 0 and self.size <= max(MAX_DRAINED, self.most):
            return False
        # The application judges by the length: what is too large is not looked at (see `wire.Request.body`).
        self.environ["CONTENT_LENGTH"] = str(self.size)
        self.environ["wsgi.input"] = io.BytesIO(b"".join(self._parts))
        self._gate.complete(self)
        return True


class _Octets(dict[str, bytes]):
    """Names of our headers, encoded once."""

    def __missing__(self, name: str) -> bytes:
        octets = name.encode("latin-1")
        if len(self) < 100:
            self[name] = octets
        return octets


_octets = _Octets().__getitem__
