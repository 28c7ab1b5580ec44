"""What passes between the supervisor and its workers: that one is ready, and the socket that it listens on."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from idp.cli.ports import why_not
from idp.installation.failures import Failed

_LONGEST: Final = 65536  # octets of a report

#: What a file was like when it was read: time of its change, size, number.
Look = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker reports once people can connect. `line`: to show; `watched`: files that ask for new workers."""

    workers: int
    line: str
    watched: dict[str, Look | None] = field(default_factory=dict)


class Line:
    """One worker's line to its supervisor: it says once that it is ready, or ends without a word."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()

    def speak(self, ready: Ready, listening: socket.socket) -> None:
        """In the worker: people can connect; the supervisor keeps the socket open beyond our end."""
        socket.send_fds(self._theirs, [json.dumps(asdict(ready)).encode()], [listening.fileno()])
        self._theirs.close()

    def keep_ours(self) -> None:
        """In the supervisor, after the fork."""
        self._theirs.close()

    def keep_theirs(self) -> None:
        """In the worker, after the fork."""
        self._ours.close()

    def hear(self, *, wait: float = 0.0) -> tuple[Ready, socket.socket] | None:
        """What it has said; None: it has ended, or nothing yet. Errors: `TimeoutError`, nothing in `wait` seconds."""
        if not select.select([self._ours], [], [], wait)[0]:
            if wait:
                raise TimeoutError
            return None
        said, files, *_ = socket.recv_fds(self._ours, _LONGEST, 1)
        if not said or not files:
            return None
        told = json.loads(said)
        watched = {path: tuple(look) if look else None for path, look in told["watched"].items()}
        return Ready(told["workers"], told["line"], watched), socket.socket(fileno=files[0])

    def close(self) -> None:
        """Nothing more is heard."""
        self._ours.close()
        self._theirs.close()


def listen(host: str, port: int, backlog: int, inherited: socket.socket | None) -> socket.socket:
    """The socket of the worker before, whose connections wait there, where it is for this address; else a new one.

    Workers share the port by SO_REUSEPORT, each with a socket of its own. Errors: `Failed`.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if inherited is not None and inherited.getsockname()[:2] == address[:2]:
            return inherited
        made = socket.create_server(
            address[:2], family=family, backlog=backlog, reuse_port=hasattr(socket, "SO_REUSEPORT"),
            dualstack_ipv6=address[0] == "::" and socket.has_dualstack_ipv6(),
        )  # fmt: skip
    except OSError as error:
        raise Failed(f"cannot listen on {host} port {port}: {why_not(error, host, port)}") from None
    made.setblocking(False)
    return made


def looks(paths: Iterable[str]) -> dict[str, Look | None]:
    """What these files are like now; None: there is none."""
    return {path: _look(path) for path in paths}


def _look(path: str) -> Look | None:
    with contextlib.suppress(OSError):
        found: Any = os.stat(path)
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None
