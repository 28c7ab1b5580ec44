"""G5, H3: a place among the requests, the streams and the late answers comes back, whatever raises on the way."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from idp.serving import gate as serving
from idp.serving.connections import Limits
from idp.serving.gate import Gate, Late
from idp.serving.streams import MAX_STREAMS
from tests.edge.conftest import Asked

LIMITS = Limits(30, 30, 30, 100, 100)


class Full:
    """Standard error on a disk without room, or to a pipe that nobody reads any more."""

    def __init__(self, number: int) -> None:
        self._number, self.tried = number, threading.Event()

    def write(self, text: str) -> int:
        self.tried.set()
        raise OSError(self._number, os.strerror(self._number))

    def flush(self) -> None:
        raise OSError(self._number, os.strerror(self._number))


class Gone(Asked):
    """Nobody is at the other end any more, and even the 500 cannot be given."""

    def send(self, message: dict[str, Any]) -> None:
        raise RuntimeError("gone")

    def done(self) -> None:
        super().done()
        raise RuntimeError("gone")

    def receive(self) -> Any:
        raise RuntimeError("gone")


class Reading(Asked):
    """It is there, and takes each piece at once."""

    def receive(self) -> Any:
        return Never()


class Never:
    """Nothing comes after the request."""

    def add_done_callback(self, callback: Any) -> None:
        pass

    def cancel(self) -> None:
        pass


@pytest.fixture(params=[errno.ENOSPC, errno.EPIPE], ids=["disk full", "pipe closed"])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Full]:
    """From the call on: pytest puts its own in place between the parts of a test."""

    def put() -> Full:
        full = Full(request.param)
        monkeypatch.setattr(sys, "stderr", full)
        return full

    return put


def _app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise ZeroDivisionError
    start_response(
        "429 Too Many" if path == "/later" else "200 OK", [] if path == "/file" else [("Content-Length", "0")]
    )
    return _pieces() if path == "/file" else []


def _pieces() -> Iterator[bytes]:
    try:
        yield b"1"
        raise ZeroDivisionError
    finally:
        raise RuntimeError("nor can it be closed")


@pytest.mark.parametrize("kind", [Asked, Gone])
def test_G5_a_failure_that_cannot_be_told_costs_no_place(broken: Callable[[], Full], kind: type[Asked]) -> None:
    full = broken()
    gate = Gate(_app, LIMITS, 2)
    for port in range(5):
        failed = kind(b"/broken", str(port))
        gate.take(failed)
        assert (failed.answered.is_set(), failed.status) == (True, 500)
    assert full.tried.is_set()
    well = Asked(b"/", "9")
    gate.take(well)
    assert (well.status, gate.busy) == (200, set())


def test_G5_whoever_waited_behind_a_failure_that_cannot_be_told_is_answered(broken: Callable[[], Full]) -> None:
    broken()
    begun, released = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/broken":
            begun.set()
            released.wait(30)
        return _app(environ, start_response)

    gate = Gate(app, LIMITS, 1)
    thread = threading.Thread(target=gate.take, args=(Gone(b"/broken", "1"),))
    thread.start()
    assert begun.wait(30)
    waiting = [Gone(b"/broken", "2"), Asked(b"/", "3")]
    for one in waiting:
        gate.take(one)
    released.set()
    thread.join(30)
    assert [one.status for one in waiting] == [500, 200]


def test_G5_late_answers_go_on_behind_one_that_cannot_be_given(
    broken: Callable[[], Full], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = broken()
    monkeypatch.setattr(serving, "HOLD_SECONDS", 0.0)
    gate = Gate(_app, LIMITS, 2)
    gate.take(Gone(b"/later", "1"))
    later = Asked(b"/later", "2")
    gate.take(later)
    assert later.answered.wait(10)
    assert later.status == 429
    assert full.tried.is_set()


def test_B4_streams_that_break_and_cannot_be_told_give_their_places_and_threads_back(
    broken: Callable[[], Full],
) -> None:
    full = broken()
    gate = Gate(_app, LIMITS, 2)
    for number in range(3 * MAX_STREAMS):
        asked = Reading(b"/file", str(number))
        gate.take(asked)
        assert asked.answered.wait(10)
        assert full.tried.wait(10)
        full.tried.clear()
        assert asked.status == 500, number  # 503: no place is left


def test_B4_a_stream_that_cannot_begin_gives_its_place_back() -> None:
    class Nothing:
        def __iter__(self) -> Any:
            raise ZeroDivisionError

    gate = Gate(lambda environ, start: start("200 OK", []) or Nothing(), LIMITS, 2)
    for number in range(3 * MAX_STREAMS):
        asked = Reading(b"/file", str(number))
        gate.take(asked)
        assert asked.status == 500


class _NoThread:
    """As Python answers where the system lets it have no further thread."""

    def __init__(self, **_: Any) -> None:
        pass

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_G5_without_room_for_a_thread_what_would_wait_in_it_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    late, sent = Late(0.0), threading.Semaphore(0)
    with monkeypatch.context() as few:
        few.setattr(threading, "Thread", _NoThread)
        late.put(sent.release)
        assert sent.acquire(timeout=0)  # at once
        gate = Gate(_app, LIMITS, 2)
        for number in range(3 * MAX_STREAMS):
            refused = Reading(b"/file", str(number))
            gate.take(refused)
            assert refused.status == 500
    late.put(sent.release)
    assert sent.acquire(timeout=10)
    asked = Reading(b"/file", "1")
    gate.take(asked)  # the threads of streams begin once there is room
    assert asked.answered.wait(10)


@pytest.mark.parametrize("fails", ["receive", "say"])
def test_G5_a_body_that_breaks_and_cannot_be_told_is_forgotten(broken: Callable[[], Full], fails: str) -> None:
    """The connection goes while a body is on its way: nothing is held for it, and the look at the others goes on."""

    broken()

    class Body(Gone):
        callback: Callable[[Any], None]

        def receive(self) -> Any:
            return self

        def add_done_callback(self, callback: Callable[[Any], None]) -> None:
            self.callback = callback

        def result(self) -> Any:
            raise RuntimeError("gone")

        def cancel(self) -> None:
            pass

    gate = Gate(_app, LIMITS, 2)
    bodies = [Body(b"/", "1"), Body(b"/", "2")]
    for one in bodies:
        one.scope["headers"] = [(b"content-length", b"5")]
        gate.take(one)
    if fails == "receive":
        for one in bodies:
            one.callback(one)
    else:
        gate.tick(float("inf"))
    assert (gate.receiving, gate.busy) == (set(), set())
    assert [one.status for one in bodies] == [500, 500]
