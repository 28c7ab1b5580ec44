"""granian in this process: its connections and parser, our own way from a request to the application."""

from __future__ import annotations

import logging
import os
import resource
import select
import signal
import sys
import threading
import time
from typing import Any

from idp.serving.connections import Connections, Limits
from idp.serving.futures import Callbacks
from idp.serving.gate import App, Gate

BACKLOG = 1024  # connections that the kernel holds for us
MAX_HEAD = 64 * 1024  # bytes of a request's line and headers
SPARE_FILES = 256  # for databases, logs and libraries
HURRY, REST = 0.2, 0.5  # seconds between two looks at connections and bodies


def serve(app: App, host: str, port: int, threads: int, limits: Limits) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; then finish what has begun."""
    stop = _signals()
    gate = Gate(app, limits, max(1, threads - 1))
    connections = Connections(port, limits, gate.busy, gate.receiving, gate.streams.too_slow)
    ended = _begin(gate, host, port, threads, limits)
    threading.Thread(target=_watch, args=(gate, connections), name="edge", daemon=True).start()
    os.read(stop, 1)
    limits.leaving.set()
    select.select([stop], [], [], limits.drain_seconds)  # a second signal: at once
    ended.stop()
    while not ended.wait(0.2):
        connections.close_unused()


class _Ended(threading.Event):
    """Set once granian has let go of every connection."""

    def __init__(self, granian: Any) -> None:
        super().__init__()
        self._granian = granian
        granian.add_cb(self.set)

    def stop(self) -> None:
        self._granian.set()


def _begin(gate: Gate, host: str, port: int, threads: int, limits: Limits) -> _Ended:
    import granian._granian
    from granian.http import HTTP1Settings

    inner: Any = granian._granian  # what its own server class is made of; its stubs are behind its code
    logging.getLogger("_granian").setLevel(logging.CRITICAL)  # clients that go away are no news
    listener = inner.ListenerSpec(host, port, BACKLOG)
    per_port = sys.platform in ("linux", "freebsd")  # workers share the port by SO_REUSEPORT; elsewhere the socket
    http = HTTP1Settings(header_read_timeout=int(limits.idle_seconds * 1000), max_buffer_size=MAX_HEAD)
    no_tls: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
    worker = inner.ASGIWorker(
        1, (listener, None) if per_port else (None, listener.build()), None, 1, 8, threads, 600,
        _places(limits.connections), "1", http, None, False, None, *no_tls, (None, None),
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
    """A file to read from that has a byte once this process shall end.

    The first signal starts the end; the supervisor counts, and kills who takes too long.
    """
    stop, heard = os.pipe()
    os.set_blocking(heard, False)
    signal.set_wakeup_fd(heard, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda number, frame: None)
    return stop


def _watch(gate: Gate, connections: Connections) -> None:
    while True:
        begun = time.monotonic()
        try:
            gate.tick(begun)
            hurry = connections.tick()
        except Exception:  # whatever it is, the next look is due
            logging.getLogger("doorward").exception("edge")
            hurry = False
        # At most a tenth of a core for looking, however many there are.
        time.sleep(max(HURRY if hurry else REST, 10 * (time.monotonic() - begun)))
