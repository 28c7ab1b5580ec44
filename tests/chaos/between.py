"""What may stand between Doorward and a server: slow lines, lines that carry nothing any more, drops of an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Line:
    """One connection: `swallows`: what is sent on it goes nowhere, and nobody hears that it has ended."""

    ends: tuple[socket.socket, socket.socket]
    swallows: threading.Event = field(default_factory=threading.Event)
    last: bool = False  # it ends at the next answer

    def cut(self) -> None:
        """End it, as a machine does that loses its power, or a proxy that is started again."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Between:
    """Passes bytes on to a port of this machine, each piece after `delay` seconds."""

    def __init__(self, port: int, *, delay: float = 0.0) -> None:
        self.delay, self._to = delay, port
        self._until_cut, self._arrives = 0, False
        self._lines: list[Line] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> int:
        """As a firewall that lost its table: lines that are open carry nothing any more, new ones are as ever."""
        open_ones = [line for line in self._lines if not line.swallows.is_set()]
        for line in open_ones:
            line.swallows.set()
        return len(open_ones)

    def cut_at(self, question: int, *, arrives: bool) -> None:
        """Cut a line at the n-th question from now on, 1 being the next: it is lost, or `arrives` and its answer is."""
        self._until_cut, self._arrives = question, arrives

    @property
    def is_cut(self) -> bool:
        """Whether that question was asked."""
        return self._until_cut <= 0

    def close(self) -> None:
        """End all of it."""
        self._server.close()
        for line in self._lines:
            for end in line.ends:
                end.close()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._server.accept()
                theirs = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                return
            theirs.settimeout(None)
            for end in (ours, theirs):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line((ours, theirs))
            self._lines.append(line)
            for source, sink in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._carry, args=(line, source, sink), daemon=True).start()

    def _carry(self, line: Line, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if sink is line.ends[1]:  # a delay for each question, as by distance
                    time.sleep(self.delay)
                    self._until_cut -= 1
                    line.last = line.last or self._until_cut == 0
                if line.last and (source is line.ends[1] or not self._arrives):
                    line.cut()
                    return
                if line.swallows.is_set():
                    continue
                sink.sendall(piece)
            if not line.swallows.is_set():
                sink.shutdown(socket.SHUT_WR)
