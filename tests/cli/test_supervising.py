"""H3, G5: the supervisor goes on, whatever the system refuses it, and no worker is waited for without an end.

The supervisor is the real one, in a process of its own; its workers only listen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from idp.cli import renewals, terminal
from idp.cli.forks import BackOff
from idp.cli.renewals import Renewal
from idp.cli.workers import Look, looks

PATIENCE = 30.0

PROGRAM = """
import errno, os, signal, socket, sys, threading, time
from idp.cli import forks, hangup, renewals, serve, workers
from idp.cli.workers import Ready
from idp.installation.failures import Failed

wanted = 1
fork = os.fork
forked = []

def work(line, inherited, first):
    with open("begun", "a") as begun:
        begun.write(f"{os.getpid()}\\n")
    while os.path.exists("silent"):
        time.sleep(0.05)
    if os.path.exists("fails"):
        raise Failed("the database cannot be reached")
    listening = inherited or socket.create_server(("127.0.0.1", 0))
    signal.signal(signal.SIGTERM, signal.SIG_IGN if os.path.exists("stubborn") else signal.SIG_DFL)
    line.speak(Ready(wanted, "it listens", workers.looks(["certificate"])), listening)
    open("spoken", "w")
    while True:
        time.sleep(60)

def told():
    while os.path.exists("silent"):
        time.sleep(0.05)
    return ["SIGHUP: told"]

def counted():
    forked.append(time.monotonic())
    if os.path.exists("no room"):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()

os.fork = counted
%s
supervisor = serve.Supervisor(work, told)
supervisor._has_terminal = False
code = supervisor.run()
time.sleep(1.2 if os.path.exists("slow end") else 0)
signal.signal(signal.SIGALRM, signal.SIG_DFL)  # as Python does at its end
time.sleep(1.2 if os.path.exists("slow end") else 0)
sys.exit(code)
"""


class Supervised:
    """A supervisor in a folder; files of a name in it make things go wrong."""

    def __init__(self, folder: Path, before: str, stderr: str) -> None:
        self.folder, self._log = folder, folder / "log"
        with open(stderr or self._log, "w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM % before], cwd=folder, stderr=errors, stdout=subprocess.PIPE, text=True,
                start_new_session=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )  # fmt: skip

    def goes_wrong(self, what: str) -> Path:
        """From now on, until the file is removed."""
        file = self.folder / what
        file.touch()
        return file

    @property
    def log(self) -> str:
        return self._log.read_text()

    def begun(self) -> list[int]:
        """Processes of all workers that ever began."""
        with suppress(FileNotFoundError):
            return [int(line) for line in (self.folder / "begun").read_text().split()]
        return []

    def children(self) -> list[int]:
        """Those that live."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def serves(self) -> None:
        """Wait until it says so."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "it listens\n"

    def until(self, holds: Callable[[], object]) -> None:
        """Wait; it must not end meanwhile."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert self.process.poll() is None, self.process.returncode
            assert time.monotonic() < end
            time.sleep(0.05)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def supervised(folder: Path, before: str = "", stderr: str = "", **wrong: bool) -> Iterator[Supervised]:
    """`before`: run in its process at first; `wrong`: what goes wrong from the beginning."""
    for what in wrong:
        (folder / what.replace("_", " ")).touch()
    one = Supervised(folder, before, stderr)
    try:
        yield one
    finally:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
        assert one.process.stdout is not None
        one.process.stdout.close()


@pytest.mark.parametrize("what", ["os.fork", "socket.socketpair"])
def test_H3_where_none_can_be_started_in_the_stead_of_a_dead_one_it_is_tried_again(tmp_path: Path, what: str) -> None:
    before = (
        ""
        if what == "os.fork"
        else "os.fork, pair = fork, socket.socketpair\nsocket.socketpair = lambda: ("
        "pair() if not os.path.exists('no room') else (_ for _ in ()).throw(OSError(errno.EMFILE, 'Too many files')))"
    )
    with supervised(tmp_path, before) as one:
        one.serves()
        room = one.goes_wrong("no room")
        (worker,) = one.children()
        os.kill(worker, signal.SIGKILL)
        one.until(lambda: one.log.count("no worker can be started") == 2)  # the only worker is gone: it serves nobody
        room.unlink()
        one.until(lambda: len(one.begun()) == 2 and len(one.children()) == 1)
        assert "the next try is in 1 seconds\n" in one.log
        assert "the next try is in 2 seconds\n" in one.log
        assert one.end() == 0


def test_H3_a_first_worker_that_cannot_be_started_yet_is_tried_again(tmp_path: Path) -> None:
    with supervised(tmp_path, no_room=True) as one:
        one.until(lambda: "no worker can be started (Resource temporarily unavailable)" in one.log)
        (tmp_path / "no room").unlink()
        one.serves()
        assert one.end() == 0


def test_G4_without_room_for_a_process_SIGHUP_is_told_later_and_workers_are_replaced_then(tmp_path: Path) -> None:
    with supervised(tmp_path) as one:
        one.serves()
        room = one.goes_wrong("no room")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: "SIGHUP: no process can be started" in one.log)
        room.unlink()
        one.until(lambda: "every worker is a new one" in one.log)
        assert one.log.count("SIGHUP: told") == 1
        assert one.end() == 0


def test_H3_a_stderr_that_takes_nothing_ends_no_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, stderr="/dev/full") as one:
        one.serves()
        (worker,) = one.children()
        os.kill(worker, signal.SIGKILL)
        one.until(lambda: len(one.begun()) == 2)
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: len(one.begun()) == 3)
        one.process.terminate()
        one.process.wait(PATIENCE)


def test_H3_an_output_that_nobody_reads_ends_no_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, silent=True) as one:
        one.until(one.begun)
        assert one.process.stdout is not None
        one.process.stdout.close()
        (tmp_path / "silent").unlink()
        (worker,) = one.begun()
        one.until((tmp_path / "spoken").exists)
        time.sleep(0.5)  # the supervisor has heard it, and said so
        os.kill(worker, signal.SIGKILL)
        one.until(lambda: len(one.begun()) == 2)


def test_G5_a_first_worker_that_never_serves_is_replaced(tmp_path: Path) -> None:
    with supervised(tmp_path, "serve.FIRST_S = 1.0", silent=True) as one:
        one.until(lambda: len(one.begun()) == 2)
        (tmp_path / "silent").unlink()
        one.serves()
        assert "the first worker does not serve after 1 seconds" in one.log
        assert one.begun()[0] not in one.children()
        assert one.end() == 0


def test_G5_a_further_worker_that_never_serves_is_replaced(tmp_path: Path) -> None:
    with supervised(tmp_path, "serve.COME_UP_S = 1.0; wanted = 2; serve.SETTLED = 0.5; say = serve.say\n"
                    "def at(line): open('silent', 'w'); say(line)\nserve.say = at") as one:  # fmt: skip
        one.serves()
        one.until(lambda: len(one.begun()) >= 3)
        (tmp_path / "silent").unlink()
        one.until(lambda: len(one.children()) == 2)
        assert f"a worker (process {one.begun()[1]}) does not serve after 1 seconds: ending it\n" in one.log
        assert one.log.count(f"process {one.begun()[1]})") == 1
        assert one.begun()[0] in one.children()
        assert one.end() == 0


def test_G5_a_stop_at_any_moment_of_the_start_ends_within_its_grace(tmp_path: Path) -> None:
    """As the first worker has just said that people can connect, and does not end by itself."""
    before = "serve.GRACE = 2.0\nserve.say = lambda line: os.kill(os.getpid(), signal.SIGTERM)"
    with supervised(tmp_path, before, stubborn=True) as one:
        begun = time.monotonic()
        assert one.process.wait(PATIENCE) == 0
        assert time.monotonic() - begun > 2.0


def test_G5_a_stop_while_the_first_worker_starts_ends_within_its_grace(tmp_path: Path) -> None:
    before = (
        "serve.GRACE = 2.0\nlost = workers.Line.keep_theirs\nworkers.Line.keep_theirs = lambda line: "
        "(lost(line), signal.signal(signal.SIGTERM, signal.SIG_IGN))"
    )
    with supervised(tmp_path, before, silent=True) as one:
        one.until(one.begun)
        assert one.end() == 0


def test_G4_settings_that_cannot_be_read_in_time_hold_up_nothing(tmp_path: Path) -> None:
    with supervised(tmp_path, "hangup.TELL_S = 1.0") as one:
        one.serves()
        silent = one.goes_wrong("silent")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: "the settings could not be read in 1 seconds; those of before hold" in one.log)
        silent.unlink()
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: "every worker is a new one" in one.log)
        assert one.end() == 0


def test_H3_where_as_many_as_may_be_have_not_finished_none_is_begun(tmp_path: Path) -> None:
    with supervised(tmp_path, "serve.PLACES = 1; wanted = 2") as one:
        one.serves()
        one.until(lambda: "no worker can be started (too many have not finished yet)" in one.log)
        assert one.end() == 0


@pytest.mark.parametrize("wrong", [{}, {"fails": True}], ids=["a stop", "no start"])
def test_G5_an_end_that_takes_long_has_its_own_exit_code(tmp_path: Path, wrong: dict[str, bool]) -> None:
    with supervised(tmp_path, slow_end=True, **wrong) as one:
        if not wrong:
            one.serves()
            one.process.terminate()
        assert one.process.wait(PATIENCE) == (1 if wrong else 0)


# -- when something is tried again -----------------------------------------------------------------------------------


def test_G2_a_start_that_fails_for_another_reason_costs_a_new_certificate_some_seconds(tmp_path: Path) -> None:
    (tmp_path / "certificate").write_text("one")
    with supervised(tmp_path, "renewals.AGAIN_S = 1.0") as one:
        one.serves()
        fails = one.goes_wrong("fails")
        (tmp_path / "certificate").write_text("another")
        one.until(lambda: "go on as they are; the certificate is tried again in 2 seconds, or when it c" in one.log)
        assert "the certificate is tried again in 1 seconds" in one.log
        fails.unlink()
        one.until(lambda: "every worker is a new one" in one.log)
        assert one.end() == 0


def test_G4_new_settings_that_nobody_can_start_with_say_nothing_of_a_certificate(tmp_path: Path) -> None:
    (tmp_path / "certificate").write_text("one")
    with supervised(tmp_path) as one:
        one.serves()
        one.goes_wrong("fails")
        one.process.send_signal(signal.SIGHUP)
        one.until(lambda: "a new worker could not start: those of before go on as they are\n" in one.log)
        assert one.end() == 0


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock for back-off."""
    now = [100.0]
    monkeypatch.setattr("idp.cli.forks.time.monotonic", lambda: now[0])
    return now


def test_what_fails_again_is_tried_ever_later(now: list[float]) -> None:
    back_off = BackOff(1.0, 5.0)
    assert back_off.left == 0
    assert [back_off.failed() for _ in range(4)] == [1.0, 2.0, 4.0, 5.0]
    now[0] += 4.0
    assert back_off.left == 1.0
    back_off.worked()
    assert (back_off.left, back_off.failed()) == (0, 1.0)


def test_G2_a_certificate_that_one_start_failed_with_is_tried_again(now: list[float], tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("one")
    have: list[dict[str, Look | None]] = [looks([str(file)])]
    renewal = Renewal()
    assert not any(renewal.is_due(have) for _ in range(3))
    file.write_text("another")
    assert [renewal.is_due(have) for _ in range(3)] == [False, True, True]  # once it has stopped changing
    assert renewal.refused() == renewals.AGAIN_S
    assert not renewal.is_due(have)
    now[0] += renewals.AGAIN_S
    assert renewal.is_due(have)
    assert renewal.refused() == 2 * renewals.AGAIN_S
    now[0] += renewals.AGAIN_S
    assert not renewal.is_due(have)
    file.write_text("a third one")  # what was renewed once more is tried at once
    assert [renewal.is_due(have) for _ in range(2)] == [False, True]
    assert renewal.refused() == renewals.AGAIN_S
    have = [looks([str(file)])]
    now[0] += 10_000
    assert not renewal.is_due(have)


def test_H3_a_reader_of_stderr_that_stands_still_stops_nothing(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    os.mkfifo(errors)
    reader = os.open(errors, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(errors, os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 512)
    try:
        with supervised(tmp_path, stderr=str(errors)) as one:
            one.serves()
            for many in (2, 3):
                os.kill(one.begun()[-1], signal.SIGKILL)
                one.until(lambda many=many: len(one.begun()) == many and one.children() == one.begun()[-1:])
            assert one.end() == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_H3_what_stderr_takes_is_said_from_a_signal_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        terminal.warn("one\ntwo", "x" * 5000)
    said = (tmp_path / "log").read_text()
    assert said.startswith("doorward: one\ndoorward: two\ndoorward: xxx")
    terminal.warn("closed")  # and nobody hears of it
