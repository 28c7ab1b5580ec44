"""`doorward serve`: a small supervisor, and worker processes that serve."""

from __future__ import annotations

import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from idp.cli.hangup import SettingsFile, has_terminal
from idp.cli.pulses import LOOKS, Pulses
from idp.cli.rolling import Rolling
from idp.cli.terminal import command, complain, say
from idp.cli.workers import Line, Look, Ready, looks
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

    def work(line: Line, inherited: socket | None, first: bool) -> None:
        from idp.cli.worker import serve

        serve(args.config, options, line, inherited, first=first, seat=Seat(board, supervisor.place))

    file = SettingsFile(args.config)
    supervisor = Supervisor(work, lambda: file.told(options), file.read)
    return supervisor.run()


@dataclass(slots=True)
class Worker:
    """A worker process. `began`: when, by the monotonic clock; `place`: its own, which a new one takes from a dead one.

    `listening`: its socket, which stays open here: whoever comes in its stead gets the connections that wait there.
    """

    began: float
    place: int
    line: Line | None
    listening: socket | None = None
    is_ready: bool = False
    watched: dict[str, Look | None] = field(default_factory=dict)  # files, as they were when it read them


class Supervisor:
    """Forks workers; starts those anew that died or stand still, replaces all for new settings; ends with a signal."""

    def __init__(
        self, work: Callable[[Line, socket | None, bool], None], told: Callable[[], list[str]] = list,
        taken: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`told`: what is different in the settings, or `Failed`; `taken`: new workers have taken it up."""
        self._work, self._told, self._taken = work, told, taken
        self._has_terminal = has_terminal()
        self._workers: dict[int, Worker] = {}  # that live, by process
        self.place = 0  # this process's own, once it is a worker
        self._pulses = Pulses(PLACES)
        self._stopping = 0.0
        self._delay = 0.0
        self._alive, self._held = os.pipe()  # workers see its end close when this process is gone
        self._rolling = Rolling(self._replace, lambda pid: _signal(pid, signal.SIGUSR1), _kill)
        self._hung_up, self._telling = False, 0  # the process that tells what SIGHUP means
        self._looking = self._pausing = False
        self._wanted = 1
        self._seen: dict[str, Look | None] = {}  # files that are watched, at the last look
        self._refused: dict[str, Look | None] = {}  # as no worker could start with them

    def run(self) -> int:
        """Serve; answers the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop if number != signal.SIGHUP else self._hang_up)
        first = self._hear(self._start(first=True), wait=True)
        if first is None:  # it has said why
            return self._reap_failed()
        say(first.line)
        while len(self._workers) < self._wanted and not self._stopping:
            self._start()
        return self._watch()

    def _start(self, inherited: socket | None = None, *, first: bool = False) -> int:
        """Fork one, with the socket of the one before; answers its process."""
        begun, line = time.monotonic(), Line()
        self.place = min({*range(PLACES)} - {one.place for one in self._workers.values()})
        self._pulses.clear(self.place)
        pid = os.fork()
        if pid:
            line.keep_ours()
            self._workers[pid] = Worker(begun, self.place, line, inherited)
            if self._stopping:  # the signal came while we were forking
                _signal(pid, signal.SIGTERM)
            return pid
        code = 1
        try:
            _forget_signals()
            self._let_go(inherited)
            line.keep_theirs()
            _die_with(self._alive)
            self._pulses.begin(self.place)
            self._work(line, inherited, first)
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

    def _let_go(self, inherited: socket | None) -> None:
        """In a new worker: what the supervisor holds of the others."""
        os.close(self._held)
        for one in self._workers.values():
            if one.line is not None:
                one.line.close()
            if one.listening is not None and one.listening is not inherited:
                one.listening.close()

    def _hear(self, pid: int, *, wait: bool = False) -> Ready | None:
        """What a worker reports, the first time that it is asked for after it did."""
        one = self._workers[pid]
        said = one.line.hear(wait=wait) if one.line is not None else None
        if said is None:
            return None
        ready, listening = said
        if one.line is not None:
            one.line.close()
        one.line, one.is_ready, one.watched = None, True, ready.watched
        self._keep(one, listening)
        self._wanted = ready.workers
        return ready

    def _keep(self, one: Worker, listening: socket) -> None:
        """Of an inherited socket one copy is enough."""
        if one.listening is not None and one.listening.getsockname() == listening.getsockname():
            listening.close()
        else:
            one.listening = listening

    def _reap_failed(self) -> int:
        code = 0
        while self._workers:
            pid, status = os.waitpid(-1, 0)
            self._workers.pop(pid, None)
            code = code or os.waitstatus_to_exitcode(status)
        if self._stopping:
            return 0
        return code if code > 0 else 1

    def _watch(self) -> int:
        signal.signal(signal.SIGALRM, self._look)  # waiting for the end of one goes on behind each look
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
        while self._workers:
            pid, status = os.waitpid(-1, 0)
            code = os.waitstatus_to_exitcode(status)
            if pid == self._telling:
                self._telling = 0
                if code == 0 and not self._stopping:
                    self._rolling.begin(self._workers)
                continue
            ended = self._workers.pop(pid, None)
            if ended is None:
                continue
            if ended.line is not None:
                ended.line.close()
            if self._stopping or self._ends_as_asked(pid):
                self._forget(ended)
                continue
            complain(f"a worker ended unexpectedly ({_ending(code)}); starting another one")
            self._begin_anew(ended)
        return 0

    def _ends_as_asked(self, pid: int) -> bool:
        was_asked = self._rolling.gone(pid)
        if self._rolling.failed:
            self._rolling.failed = False
            self._refused = self._seen
            complain("a new worker could not start: those of before go on as they are")
        return was_asked

    def _begin_anew(self, ended: Worker) -> None:
        """In the stead of one that died: at once, with the connections that wait; later, where that goes on."""
        lived = time.monotonic() - ended.began
        self._delay = 0.0 if lived > SETTLED else min(max(1.0, self._delay * 2), MAX_DELAY)
        if self._delay:
            self._forget(ended)  # others shall get what comes meanwhile
        self._pausing = True
        self._pause(self._delay)
        self._pausing = False
        if not self._stopping:
            self._start(ended.listening if not self._delay else None)

    def _forget(self, ended: Worker, but: int = 0) -> None:
        """Close its socket, unless one that was started in its stead has it. `but`: its own process, while it lives."""
        others = [one.listening for pid, one in self._workers.items() if pid != but]
        if ended.listening is not None and all(one is not ended.listening for one in others):
            ended.listening.close()
            ended.listening = None

    def _replace(self, pid: int) -> int:
        old = self._workers.get(pid)
        return self._start(old.listening if old is not None else None)

    def _look(self, _number: int, _frame: Any) -> None:
        """Each second: who is ready, who stands still, who is to be replaced."""
        if self._stopping or self._looking:  # on a machine that is very busy the next look comes within this one
            return
        self._looking = True
        try:
            self._look_once()
        finally:
            self._looking = False

    def _look_once(self) -> None:
        for pid in list(self._workers):
            self._hear(pid)
        self._end_still()
        if self._hung_up and not self._telling:
            self._hung_up = False
            self._tell()
        self._look_at_files()
        if self._rolling.step(lambda pid: pid in self._workers and self._workers[pid].is_ready):
            self._taken()
            complain("every worker is a new one")
        if not self._rolling.is_on and not self._pausing:
            self._settle()

    def _end_still(self) -> None:
        """End workers that stand still: the kernel goes on giving them connections that nobody would answer."""
        by_place = {one.place: pid for pid, one in self._workers.items()}
        for place in self._pulses.look(by_place):
            complain(f"a worker (process {by_place[place]}) has stood still for {LOOKS} seconds: ending it")
            self._pulses.clear(place)
            _kill(by_place[place])

    def _look_at_files(self) -> None:
        """A certificate was renewed: whoever has the old one is replaced, once it has stopped changing."""
        staying = {pid: one for pid, one in self._workers.items() if one.watched and not self._rolling.leaves(pid)}
        before, self._seen = self._seen, looks({path for one in staying.values() for path in one.watched})
        if self._rolling.is_on or self._seen in (self._refused, {}) or self._seen != before:
            return
        if old := [pid for pid, one in staying.items() if one.watched != self._seen]:
            complain("the certificate has changed: new workers take it up, one after the other")
            self._rolling.begin(old)

    def _settle(self) -> None:
        """As many workers as the settings say by now."""
        staying = [pid for pid in self._workers if not self._rolling.leaves(pid)]
        for pid in staying[self._wanted :]:  # nobody takes its place: it ends as all of them do at a stop
            self._rolling.leave(pid)
            self._forget(self._workers[pid], but=pid)
            _signal(pid, signal.SIGTERM)
        if len(staying) < self._wanted and all(one.is_ready for one in self._workers.values()):
            self._start()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _hang_up(self, number: int, frame: Any) -> None:
        """A terminal that has gone ends all. Without one: new settings are taken up, at the next look."""
        if self._has_terminal:
            self._stop(number, frame)
        self._hung_up = True

    def _tell(self) -> None:
        """Say what is different, in a process that may be large; `_watch` reaps it, and goes on by its code."""
        self._telling = os.fork()
        if self._telling:
            return
        code = 1
        try:
            _forget_signals()
            complain(*self._told())
            code = 0
        except Failed as failed:
            complain(*failed.lines)
        finally:
            os._exit(code)

    def _stop(self, number: int, _frame: Any) -> None:
        """The first signal lets the workers finish their requests; one more, or too long a wait, ends them."""
        again = self._stopping and number != signal.SIGALRM
        if not self._stopping:
            self._stopping = time.monotonic()
            for one in self._workers.values():  # nobody shall wait on a socket that nobody will accept on
                if one.listening is not None:
                    one.listening.close()
            signal.signal(signal.SIGALRM, self._stop)  # in the place of the looks
            signal.alarm(int(GRACE))
        final = number == signal.SIGALRM or (again and time.monotonic() - self._stopping > 1)
        for pid in list(self._workers):
            _signal(pid, signal.SIGKILL if final else signal.SIGTERM)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill(pid: int) -> None:
    _signal(pid, signal.SIGKILL)


def _forget_signals() -> None:
    """In a child: what this one does about them is not its business."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, signal.SIG_DFL)


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _die_with(alive: int) -> None:
    """End this worker when its supervisor is gone, however that came about: nobody would start it anew, or stop it."""
    import threading

    def wait() -> None:
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
