"""`doorward serve`: a small supervisor, and worker processes that serve."""

from __future__ import annotations

import errno
import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from idp.cli import forks
from idp.cli.hangup import SettingsFile, Telling, has_terminal
from idp.cli.pulses import LOOKS, Pulses
from idp.cli.renewals import Renewal
from idp.cli.rolling import Rolling
from idp.cli.terminal import command, say, warn
from idp.cli.workers import Line, Look, Ready
from idp.installation.failures import Failed
from idp.meters.board import PLACES, Board, Seat

#: Seconds that a worker must have lived for its end to count as an accident of its own, not as one that will repeat.
SETTLED = 5.0
MAX_DELAY = 30.0  # seconds at most between two starts of a worker that keeps dying
GRACE = 30.0  # seconds that requests are given at the end
FIRST_S = 600.0  # seconds until the first worker has to serve: it migrates an embedded database
COME_UP_S = 180.0  # the same for those that come after it


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
    is_given_up: bool = False
    watched: dict[str, Look | None] = field(default_factory=dict)  # files, as they were when it read them

    def let_be(self) -> None:
        """Listen to it no more."""
        if self.line is not None:
            self.line.close()
            self.line = None


class Supervisor:
    """Forks workers; starts those anew that died or stand still, replaces all for new settings; ends with a signal."""

    def __init__(
        self, work: Callable[[Line, socket | None, bool], None], told: Callable[[], list[str]] = list,
        taken: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`told`: what is different in the settings, or `Failed`; `taken`: new workers have taken it up."""
        self._work, self._taken = work, taken
        self._has_terminal = has_terminal()
        self._workers: dict[int, Worker] = {}  # that live, by process
        self.place = 0  # this process's own, once it is a worker
        self._pulses = Pulses(PLACES)
        self._stopping = 0.0
        self._delay = 0.0
        self._alive, self._held = os.pipe()  # workers see its end close when this process is gone
        self._rolling = Rolling(self._replace, lambda pid: forks.send(pid, signal.SIGUSR1), forks.kill)
        self._telling, self._renewal = Telling(told), Renewal()
        self._forking = forks.BackOff(1.0, MAX_DELAY)
        self._watching = self._looking = self._pausing = False
        self._wanted = 1

    def run(self) -> int:
        """Serve; answers the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop if number != signal.SIGHUP else self._hang_up)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever started us may ignore the ends of its own
        # One clock from the beginning: a stop may come at any moment, and has to find it running.
        signal.signal(signal.SIGALRM, self._tick)  # waiting for the end of one goes on behind each look
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
        try:
            return self._serve()
        finally:  # Python takes no signal at its very end, and this one would end it with a code of its own
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _serve(self) -> int:
        first = self._first()
        if first is None:  # it has said why
            return self._reap_failed()
        with suppress(OSError):  # nobody reads it
            say(first.line)
        while len(self._workers) < self._wanted and not self._stopping and self._start():
            pass
        self._watching = True
        return self._watch()

    def _first(self) -> Ready | None:
        """Start one, and another one where it says nothing; None: it has ended, or a stop came."""
        while not self._stopping:
            pid = self._start(first=True)
            if not pid:
                self._pause(self._forking.left)
                continue
            try:
                return self._hear(pid, wait=FIRST_S)
            except TimeoutError:
                warn(f"the first worker does not serve after {FIRST_S:.0f} seconds; starting another one")
                forks.kill(pid)
                os.waitpid(pid, 0)
                self._workers.pop(pid).let_be()
        return None

    def _start(self, inherited: socket | None = None, *, first: bool = False) -> int:
        """Fork one, with the socket of the one before; answers its process, 0 where that is not possible for now."""
        if self._forking.left:
            return 0
        begun = time.monotonic()
        try:
            self.place = self._free_place()
            line, pid = self._fork()
        except OSError as error:
            seconds = self._forking.failed()
            warn(f"no worker can be started ({error.strerror}); the next try is in {seconds:.0f} seconds")
            return 0
        self._forking.worked()
        if pid:
            line.keep_ours()
            self._workers[pid] = Worker(begun, self.place, line, inherited)
            if self._stopping:  # the signal came while we were forking
                forks.send(pid, signal.SIGTERM)
            return pid
        code = 1
        try:
            self._let_go(inherited)
            line.keep_theirs()
            forks.die_with(self._alive)
            self._pulses.begin(self.place)
            self._work(line, inherited, first)
            code = 0
        except Failed as failed:
            warn(*failed.lines)
            code = failed.code
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)

    def _free_place(self) -> int:
        """Errors: `OSError`, as many as there may be have not finished yet."""
        free: set[int] = {*range(PLACES)} - {one.place for one in self._workers.values()}
        if not free:
            raise OSError(errno.EAGAIN, "too many have not finished yet")
        self._pulses.clear(min(free))
        return min(free)

    def _fork(self) -> tuple[Line, int]:
        line = Line()
        try:
            return line, forks.fork()
        except OSError:
            line.close()
            raise

    def _let_go(self, inherited: socket | None) -> None:
        """In a new worker: what the supervisor holds of the others."""
        os.close(self._held)
        for one in self._workers.values():
            if one.line is not None:
                one.line.close()
            if one.listening is not None and one.listening is not inherited:
                one.listening.close()

    def _hear(self, pid: int, *, wait: float = 0.0) -> Ready | None:
        """What a worker reports, the first time that it is asked for after it did. Errors: `TimeoutError`."""
        one = self._workers[pid]
        said = one.line.hear(wait=wait) if one.line is not None else None
        if said is None:
            return None
        ready, listening = said
        one.let_be()
        one.is_ready, one.watched = True, ready.watched
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
        while self._workers or not self._stopping:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:  # none could be started in the stead of the last one; the looks try again
                time.sleep(0.2)
                continue
            code = os.waitstatus_to_exitcode(status)
            if self._telling.gone(pid):
                if code == 0 and not self._stopping:
                    self._rolling.begin(self._workers)
                continue
            ended = self._workers.pop(pid, None)
            if ended is None:
                continue
            ended.let_be()
            if self._stopping or self._ends_as_asked(pid):
                self._forget(ended)
                continue
            warn(f"a worker ended unexpectedly ({forks.ending(code)}); starting another one")
            self._begin_anew(ended)
        return 0

    def _ends_as_asked(self, pid: int) -> bool:
        was_asked = self._rolling.gone(pid)
        if self._rolling.failed:
            self._rolling.failed = False
            said = "a new worker could not start: those of before go on as they are"
            if self._renewal.is_new([one.watched for one in self._staying().values()]):
                said += f"; the certificate is tried again in {self._renewal.refused():.0f} seconds, or when it changes"
            warn(said)
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
        if self._stopping or not self._start(ended.listening if not self._delay else None):
            self._forget(ended)  # `_settle` tries again

    def _forget(self, ended: Worker, but: int = 0) -> None:
        """Close its socket, unless one that was started in its stead has it. `but`: its own process, while it lives."""
        others = [one.listening for pid, one in self._workers.items() if pid != but]
        if ended.listening is not None and all(one is not ended.listening for one in others):
            ended.listening.close()
            ended.listening = None

    def _replace(self, pid: int) -> int:
        old = self._workers.get(pid)
        return self._start(old.listening if old is not None else None)

    def _tick(self, _number: int, _frame: Any) -> None:
        """Each second: a look at the workers, or at how long a stop takes."""
        if self._stopping:
            if time.monotonic() - self._stopping > GRACE:
                self._send_all(signal.SIGKILL)
        elif self._watching and not self._looking:  # on a very busy machine the next one comes within a look
            self._looking = True
            try:
                self._look()
            except OSError as error:  # a stop came within it, or the system has no room
                warn(f"the workers could not be looked at ({error.strerror or error}); the next look is due")
            finally:
                self._looking = False

    def _look(self) -> None:
        """Who is ready, who stands still, who is to be replaced."""
        for pid in list(self._workers):
            self._hear(pid)
        self._end_still()
        self._end_silent()
        self._telling.step()
        if not self._rolling.is_on:
            self._look_at_files()
        if self._rolling.step(lambda pid: pid in self._workers and self._workers[pid].is_ready):
            self._taken()
            warn("every worker is a new one")
        if not self._rolling.is_on and not self._pausing:
            self._settle()

    def _end_still(self) -> None:
        """End workers that stand still: the kernel goes on giving them connections that nobody would answer."""
        by_place = {one.place: pid for pid, one in self._workers.items()}
        for place in self._pulses.look(by_place):
            self._pulses.clear(place)
            forks.kill(by_place[place])
            warn(f"a worker (process {by_place[place]}) has stood still for {LOOKS} seconds: ending it")

    def _end_silent(self) -> None:
        """End workers that have begun and never came so far that people can connect."""
        for pid, one in self._workers.items():
            if not one.is_ready and not one.is_given_up and time.monotonic() - one.began > COME_UP_S:
                one.is_given_up = True
                forks.kill(pid)
                warn(f"a worker (process {pid}) does not serve after {COME_UP_S:.0f} seconds: ending it")

    def _look_at_files(self) -> None:
        """A certificate was renewed: whoever has the old one is replaced, once it has stopped changing."""
        staying = {pid: one.watched for pid, one in self._staying().items() if one.watched}
        if self._renewal.is_due(staying.values()):
            warn("the certificate has changed: new workers take it up, one after the other")
            self._rolling.begin(pid for pid, watched in staying.items() if self._renewal.is_new([watched]))

    def _staying(self) -> dict[int, Worker]:
        return {pid: one for pid, one in self._workers.items() if not self._rolling.leaves(pid)}

    def _settle(self) -> None:
        """As many workers as the settings say by now."""
        staying = [*self._staying()]
        for pid in staying[self._wanted :]:  # nobody takes its place: it ends as all of them do at a stop
            self._rolling.leave(pid)
            self._forget(self._workers[pid], but=pid)
            forks.send(pid, signal.SIGTERM)
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
        self._telling.ask()

    def _stop(self, _number: int, _frame: Any) -> None:
        """The first signal lets the workers finish their requests; one more, or too long a wait, ends them."""
        is_final = bool(self._stopping) and time.monotonic() - self._stopping > 1
        if not self._stopping:
            self._stopping = time.monotonic()
            for one in self._workers.values():  # nobody shall wait on a socket that nobody will accept on
                if one.listening is not None:
                    one.listening.close()
        self._send_all(signal.SIGKILL if is_final else signal.SIGTERM)

    def _send_all(self, number: int) -> None:
        for pid in list(self._workers):
            forks.send(pid, number)
