"""`doorward serve`: a small supervisor, and worker processes that serve."""

from __future__ import annotations

import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from idp.cli.hangup import SettingsFile, has_terminal
from idp.cli.pulses import LOOKS, Pulses
from idp.cli.terminal import command, complain, say
from idp.installation.failures import Failed
from idp.meters.board import PLACES, Board, Seat

#: Seconds that a worker must have lived for its end to count as an accident of its own, not as one that will repeat.
SETTLED = 5.0
MAX_DELAY = 30.0  # seconds at most between two starts of a worker that keeps dying
GRACE = 30.0  # seconds that requests are given at the end


def add_parsers(commands: Any) -> None:
    """Add `serve`."""
    parser = command(commands, "serve", run, "serve people and applications")
    parser.add_argument("--host", metavar="H", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", metavar="P", type=int, help="the port to listen on (8000)")
    parser.add_argument("--workers", metavar="N", type=int, help="server processes, one per core is right (1)")


def run(args: Namespace) -> int:
    """Start the workers and keep them alive until a signal ends this process.

    It imports nothing that only workers need, and so stays as small as Python itself.
    """
    options = {key: getattr(args, key) for key in ("host", "port", "workers") if getattr(args, key) is not None}

    board = Board()  # before the first fork, so that all of them have it

    def work(report: Callable[[str], None], first: bool) -> None:
        from idp.cli.worker import serve

        serve(args.config, options, report, first=first, seat=Seat(board, supervisor.place))

    began = SettingsFile(args.config)
    supervisor = Supervisor(work, lambda: began.told(options))
    return supervisor.run()


class Supervisor:
    """Forks workers, starts those anew that died or stand still, ends with a signal or when the first cannot start."""

    def __init__(
        self, work: Callable[[Callable[[str], None], bool], None], changed: Callable[[], list[str]] = list
    ) -> None:
        self._work, self._changed = work, changed
        self._has_terminal = has_terminal()
        self._started: dict[int, float] = {}  # living workers, and when each began
        self._places: dict[int, int] = {}  # and the place that each has among them; the next one takes a dead one's
        self.place = 0  # this process's own, once it is a worker
        self._pulses = Pulses(PLACES)
        self._stopping = 0.0
        self._delay = 0.0
        self._alive, self._held = os.pipe()  # workers see its end close when this process is gone

    def run(self) -> int:
        """Serve; answers the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop if number != signal.SIGHUP else self._hang_up)
        reports, out = os.pipe()
        self._start(out, first=True)
        os.close(out)
        first = _read(reports)
        if not first:  # it has said why
            return self._reap_failed()
        workers, _, line = first.partition(" ")
        say(line)
        while len(self._started) < int(workers) and not self._stopping:
            self._start()
        return self._watch()

    def _start(self, out: int = -1, *, first: bool = False) -> None:
        begun = time.monotonic()
        self.place = min({*range(PLACES)} - {*self._places.values()})
        self._pulses.clear(self.place)
        pid = os.fork()
        if pid:
            self._started[pid], self._places[pid] = begun, self.place
            if self._stopping:  # the signal came while we were forking
                os.kill(pid, signal.SIGTERM)
            return
        code = 1
        try:
            _forget_signals()
            os.close(self._held)
            _die_with(self._alive)
            self._pulses.begin(self.place)
            self._work(lambda text: _report(out, text), first)
            code = 0
        except Failed as failed:
            complain(*failed.lines)
            code = failed.code
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)

    def _reap_failed(self) -> int:
        code = 0
        while self._started:
            pid, status = os.waitpid(-1, 0)
            self._started.pop(pid, None)
            code = code or os.waitstatus_to_exitcode(status)
        if self._stopping:
            return 0
        return code if code > 0 else 1

    def _watch(self) -> int:
        signal.signal(signal.SIGALRM, self._look)  # waiting for the end of one goes on behind each look
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
        while self._started:
            pid, status = os.waitpid(-1, 0)
            begun = self._started.pop(pid, None)
            self._places.pop(pid, None)
            if begun is None or self._stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            complain(f"a worker ended unexpectedly ({_ending(code)}); starting another one")
            self._delay = 0.0 if time.monotonic() - begun > SETTLED else min(max(1.0, self._delay * 2), MAX_DELAY)
            self._pause(self._delay)
            if not self._stopping:
                self._start()
        return 0

    def _look(self, _number: int, _frame: Any) -> None:
        """End workers that stand still: the kernel goes on giving them connections that nobody would answer."""
        if self._stopping:
            return
        by_place = {place: pid for pid, place in self._places.items() if pid in self._started}
        for place in self._pulses.look(by_place):
            complain(f"a worker (process {by_place[place]}) has stood still for {LOOKS} seconds: ending it")
            self._pulses.clear(place)
            with suppress(ProcessLookupError):
                os.kill(by_place[place], signal.SIGKILL)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _hang_up(self, number: int, frame: Any) -> None:
        """A terminal that has gone ends all. Without one: say what was changed, in a process that may be large."""
        if self._has_terminal:
            self._stop(number, frame)
            return
        if os.fork():
            return  # `_watch` reaps it
        try:
            _forget_signals()
            complain(*self._changed())
        finally:
            os._exit(0)

    def _stop(self, number: int, _frame: Any) -> None:
        """The first signal lets the workers finish their requests; one more, or too long a wait, ends them."""
        again = self._stopping and number != signal.SIGALRM
        if not self._stopping:
            self._stopping = time.monotonic()
            signal.signal(signal.SIGALRM, self._stop)  # in the place of the looks
            signal.alarm(int(GRACE))
        final = number == signal.SIGALRM or (again and time.monotonic() - self._stopping > 1)
        for pid in list(self._started):
            try:
                os.kill(pid, signal.SIGKILL if final else signal.SIGTERM)
            except ProcessLookupError:
                continue


def _forget_signals() -> None:
    """In a child: what this one does about them is not its business."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, signal.SIG_DFL)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _report(out: int, text: str) -> None:
    if out >= 0:
        os.write(out, text.encode())
        os.close(out)


def _read(reports: int) -> str:
    """All that comes until the other end closes."""
    with os.fdopen(reports, "rb") as source:
        return source.read().decode()


def _die_with(alive: int) -> None:
    """End this worker when its supervisor is gone, however that came about: nobody would start it anew, or stop it."""
    import threading

    def wait() -> None:
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
