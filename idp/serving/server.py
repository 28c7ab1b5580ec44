"""granian in this process: its connections and parser, our own way from a request to the application."""

from __future__ import annotations

import logging
import os
import resource
import select
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from idp.serving.connections import Connections, Limits
from idp.serving.futures import Callbacks
from idp.serving.gate import App, Gate

BACKLOG = 1024  # connections that the kernel holds for us
MAX_HEAD = 64 * 1024  # bytes of a request's line and headers
HAND_OVER = signal.SIGUSR1  # another process takes the place of this one
HANDED_OVER = 2.0  # seconds for who is connected, and has not asked yet
SPARE_FILES = 256  # for databases, logs and libraries
HURRY, REST = 0.2, 0.5  # seconds between two looks at connections and bodies


def serve(
    app: App, listening: socket.socket, threads: int, limits: Limits, ready: Callable[[], None] = lambda: None,
    *, tls: tuple[str, str] | None = None,
) -> None:  # fmt: skip
    """Serve on a socket that listens until SIGTERM, SIGINT or SIGHUP; then finish what has begun.

    HAND_OVER ends it for another process that accepts on the same socket: no connection that waits is lost to either,
    and each request that was taken is answered.

    `ready` is called once requests are taken. `tls`: the files of a certificate with its chain, and of its key.
    """
    stop = _signals()
    gate = Gate(app, limits, max(1, threads - 1))
    connections = Connections(listening.getsockname()[1], limits, gate.busy, gate.receiving, gate.streams.too_slow)
    ended = _begin(gate, listening, threads, limits, tls)
    threading.Thread(target=_watch, args=(gate, connections), name="edge", daemon=True).start()
    ready()
    if os.read(stop, 1)[0] == HAND_OVER:
        gate.closing = True
        _let_others_accept(listening)
        select.select([stop], [], [], HANDED_OVER)
    else:
        limits.leaving.set()
        select.select([stop], [], [], limits.drain_seconds)  # a second signal: at once
    listening.close()  # granian's copy ends with its accepting
    ended.stop()
    with suppress(Exception):
        limits.ending()
    while not ended.wait(0.2):
        connections.close_unused()


def _let_others_accept(listening: socket.socket) -> None:
    """Take no connection any more, and leave the socket as it is, as it is another process's too.

    granian ends accepting together with everything it has accepted, also what has not asked for anything yet. So its
    copies of the socket become one that nobody knows. Where no file is left for that one, who has not asked yet is cut
    off: better than all that is under way.
    """
    try:
        unknown = socket.create_server(("127.0.0.1", 0))
        files = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    except OSError:
        return
    unknown.setblocking(False)  # granian will look whether somebody has come
    mine = os.fstat(listening.fileno())
    for file in map(int, files):
        with suppress(OSError):
            if file != listening.fileno() and _is_same_socket(os.fstat(file), mine):
                os.dup2(unknown.fileno(), file, inheritable=False)


def _is_same_socket(one: os.stat_result, other: os.stat_result) -> bool:
    """A number alone is no name: a file of a disk may have the same."""
    return stat.S_ISSOCK(one.st_mode) and os.path.samestat(one, other)


class _Ended(threading.Event):
    """Set once granian has let go of every connection."""

    def __init__(self, granian: Any) -> None:
        super().__init__()
        self._granian = granian
        granian.add_cb(self.set)

    def stop(self) -> None:
        self._granian.set()


def _begin(
    gate: Gate, listening: socket.socket, threads: int, limits: Limits, tls: tuple[str, str] | None
) -> _Ended:  # fmt: skip
    import granian._granian
    from granian.http import HTTP1Settings

    inner: Any = granian._granian  # what its own server class is made of; its stubs are behind its code
    logging.getLogger("_granian").setLevel(logging.CRITICAL)  # clients that go away are no news
    # A copy: the socket stays open, here and in the supervisor, when granian has closed its own.
    holder = inner.SocketHolder(os.dup(listening.fileno()), False, BACKLOG)
    http = HTTP1Settings(header_read_timeout=int(limits.idle_seconds * 1000), max_buffer_size=MAX_HEAD)
    secured: tuple[Any, ...] = (tls is not None, *(tls or (None, None)), None, "tls1.2", None, [], False)
    worker = inner.ASGIWorker(
        1, (None, holder), None, 1, 8, threads, 600,
        _places(limits.connections), "1", http, None, False, None, *secured, (None, None),
    )  # fmt: skip
    callbacks = Callbacks()
    # granian would have a coroutine run by asyncio for each request; `take` is called in its stead.
    scheduler = inner.CallbackScheduler(callbacks, None, None, None, None)
    scheduler._schedule_fn = gate.take
    stopping = inner.WorkerSignal()
    ended = _Ended(stopping)
    worker.serve_mtr(scheduler, callbacks, stopping)
    return ended


def _places(wanted: int) -> int:
    """How many connections may be open: as many as wanted, if the system lets this process have the files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + SPARE_FILES:
        soft = wanted + SPARE_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + SPARE_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wanted = min(wanted, max(64, soft - SPARE_FILES))
    return wanted


def _signals() -> int:
    """A file to read from that has a byte, the signal's number, once this process shall end.

    The first signal starts the end; the supervisor counts, and kills who takes too long.
    """
    stop, heard = os.pipe()
    os.set_blocking(heard, False)
    signal.set_wakeup_fd(heard, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, HAND_OVER):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda number, frame: None)
    return stop


def _watch(gate: Gate, connections: Connections) -> None:
    while True:
        begun, hurry = time.monotonic(), False
        try:
            gate.tick(begun)
            hurry = connections.tick()
        except Exception:  # whatever it is, the next look is due
            with suppress(Exception):  # a log on a full disk
                logging.getLogger("doorward").exception("edge")
        # At most a tenth of a core for looking, however many there are.
        time.sleep(max(HURRY if hurry else REST, 10 * (time.monotonic() - begun)))
