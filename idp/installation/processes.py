"""The processes that serve together, as each says of itself: which one has another key, setting, release or clock.

Each writes a line on a board in State every twenty seconds, unsealed, since one with another root secret must be able
to read it: no secret stands there, and settings stand as digests under our own key.
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from math import inf
from typing import Any, Final, Literal

from idp.installation import schema
from idp.installation.checks.findings import CLOCK_SLACK, Finding, Found
from idp.protocols import Services

EVERY: Final = 20.0  # seconds between two lines of one process
KEPT: Final = 90.0  # seconds after which one that says nothing is gone
MOST: Final = 64  # processes
SILENT: Final = 45.0  # seconds after which one that has said nothing more is not compared: it has ended, perhaps
LEAP: Final = 5.0  # seconds by which a clock was set, or stood still
_KEY: Final = "processes"
#: What may be another in each process, or is a secret.
_OWN: Final = (
    "server.issuer", "server.host", "server.port", "server.workers", "server.threads", "server.time_server",
    "storage.data_dir",
    "log.level", "log.format", "keys.master_key", "keys.master_key_file", "keys.master_key_command",
    "mail.password", "sms.token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Process:
    """One line. `root`: a fingerprint of the root secret; `apart`: seconds of its clock before the store's;
    `leapt`: seconds by which its clock was set lately; `settings`: a digest by name; `space`: where its pid is one.
    Times: epoch seconds.
    """

    host: str
    pid: int
    at: float
    since: float
    version: str
    schema: str
    issuer: str
    root: str
    apart: float = 0.0
    leapt: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)
    space: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Which one it is."""
        return self.host, self.pid

    @property
    def has_ended(self) -> bool:
        """Whether it was of this machine and is no more; of another machine it cannot be seen."""
        if not self.space or self.space != _space():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # it is another user's
            return False
        return False

    @property
    def name(self) -> str:
        """As an admin finds it."""
        return f"process {self.pid} on {self.host}"


class Beat:
    """Writes this process's line, and logs what differs from those that serve with it when that changes.

    A line stays on the board for a while after its process has ended, as at every restart: one is compared only while
    its line is written anew.
    """

    def __init__(self) -> None:
        self._since, self._next, self._told = time.time(), 0.0, ""
        self._clocks = (time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))
        self._leapt, self._leapt_at = 0.0, 0.0
        self._lines: dict[tuple[str, int], tuple[float, float]] | None = None  # when it was written, when we saw that

    def tick(self, services: Services) -> None:
        """Every second; the work is done every twenty. Errors: as State."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        self._look_for_leap()
        mine = own(services, since=self._since, leapt=self._leapt)
        write(services, mine)
        self._tell(services, [*judge(self.living(on_board(services), mine, time.monotonic()))])

    def living(self, board: Iterable[Process], mine: Process, now: float) -> list[Process]:
        """Of the board's: this one, and those that have written since the last look. `now`: of no clock that is set."""
        lines = tuple(board)
        before, first = self._lines or {}, self._lines is None
        self._lines = {}
        for one in lines:
            at, seen = before.get(one.key, (one.at if first else 0.0, -inf))
            self._lines[one.key] = (one.at, now if one.at != at else seen)
        return [one for one in lines if one.key == mine.key or now - self._lines[one.key][1] < SILENT]

    def _tell(self, services: Services, found: list[Finding]) -> None:
        told = "; ".join(one.text for one in found)
        if told != self._told:
            self._told = told
            for one in found:
                log = services.log.error if one.status == "error" else services.log.warning
                log("processes_differ", what=one.text, fix=one.fix)

    def _look_for_leap(self) -> None:
        """Where the clock has moved otherwise than time has passed: it was set, or the machine had slept."""
        now = (time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))
        leap = (now[0] - self._clocks[0]) - (now[1] - self._clocks[1])
        self._clocks = now
        if abs(leap) > LEAP:
            self._leapt, self._leapt_at = leap, now[1]
        elif now[1] > self._leapt_at + 3600:
            self._leapt = 0.0


def own(services: Services, *, since: float = 0.0, leapt: float = 0.0) -> Process:
    """What this process says of itself. Errors: as State, `Failed` of the database."""
    key = services.sealer.mac_key("processes")
    settings = {name: _digest(key, value) for name, value in _settings(services) if name not in _OWN}
    return Process(
        _host(), os.getpid(), services.clock(), since, _version(), schema.head(), services.issuer,
        _digest(key, "root"), _apart(services), leapt, settings, _space(),
    )  # fmt: skip


def write(services: Services, process: Process) -> None:
    """Put a line on the board, in place of the one before; lines that are old go. A race costs a line for 20 s."""
    board = _board(services)
    kept = [one for one in _read(board.get(_KEY)) if one.key != process.key]
    fresh = [one for one in kept if abs(services.clock() - one.at) < KEPT + 600][-MOST:]
    board.put(_KEY, [asdict(one) for one in (*fresh, process)], KEPT)


def leave(services: Services) -> None:
    """This process ends: take its line away. Errors: as State."""
    board, mine = _board(services), (_host(), os.getpid())
    board.put(_KEY, [asdict(one) for one in _read(board.get(_KEY)) if one.key != mine], KEPT)


def on_board(services: Services) -> tuple[Process, ...]:
    """All that serve now. Errors: as State."""
    now = services.clock()
    lines = _read(_board(services).get(_KEY))
    latest = max((one.at for one in lines), default=now)  # by their own clocks, which may be wrong
    return tuple(one for one in lines if one.at > min(latest, now) - KEPT and not one.has_ended)


def _board(services: Services) -> Any:
    return getattr(services.state, "board", services.state)


def _read(kept: Any) -> list[Process]:
    try:
        return [Process(**one) for one in kept or ()]
    except TypeError:  # a line of another release
        return []


# -- what differs ------------------------------------------------------------------------------------------------------

_FIXES: Final[Mapping[str, tuple[Literal["warning", "error"], str, str]]] = {
    "root": (
        "error", "keys.master_key", "it has another root secret, so what one process seals the others cannot open: "
        "give all of them the same database and the same master key",
    ),
    "issuer": ("error", "server.issuer", "give all processes the same server.issuer"),
    # As at an upgrade one after the other, and nothing fails by it.
    "version": ("warning", "release", "upgrade or restart it, so that all are of one release"),
    "schema": ("warning", "release", "upgrade or restart it, so that all are of one release"),
}  # fmt: skip


def judge(processes: Iterable[Process]) -> Iterator[Finding]:
    """Which process differs, in what; the others are those that most agree with."""
    lines = sorted(processes, key=lambda one: one.since)  # of two that differ, the later one is told
    for name, (status, setting, fix) in _FIXES.items():
        usual = _usual(getattr(one, name) for one in lines)
        for one in lines:
            if getattr(one, name) != usual:
                shown = "" if name == "root" else f": {getattr(one, name)} instead of {usual}"
                yield Finding("processes", status, f"{one.name}, {setting} differs{shown}", fix)
    yield from _settings_differ([one for one in lines if one.root == _usual(other.root for other in lines)])
    for one in lines:
        if abs(one.apart) > CLOCK_SLACK:
            text = f"{one.name}, clock: {one.apart:+.0f} s from the store's"
            yield Finding("processes", "error", text, "set its clock by NTP: tokens and one-time codes depend on it")
        if abs(one.leapt) > LEAP:
            text = f"{one.name}, clock: it was set by {one.leapt:+.0f} s within the hour, or its machine had slept"
            yield Finding(
                "processes", "warning", text, "run NTP (chrony, timedatectl); restart it if tokens are refused"
            )


def _settings_differ(lines: list[Process]) -> Iterator[Finding]:
    names = sorted({name for one in lines for name in one.settings})
    for one in lines:
        others = [name for name in names
                  if one.settings.get(name) != _usual(other.settings.get(name) for other in lines)]  # fmt: skip
        if others and len({other.version for other in lines}) == 1:  # another release has other settings
            many = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
            text = f"{one.name}, settings differ: {many}"
            yield Finding("processes", "warning", text, "give all processes the same settings, and restart it")


def _usual(values: Iterable[Any]) -> Any:
    """The value that most have; of two that are as many, the one that was there first."""
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def examine(services: Services) -> Found:
    """For doctor: the processes among each other, and against this command."""
    lines = on_board(services)
    found = [*judge(lines)]
    yield from found
    if not lines:
        return
    mine, usual = own(services), lines[0]
    if mine.issuer != usual.issuer:
        text = f"server.issuer: this command has {mine.issuer}, {usual.name} has {usual.issuer}"
        yield Finding("processes", "warning", text, "give this command the settings file of the server (--config)")
    if mine.version != usual.version:
        text = f"release: this command is {mine.version}, {usual.name} is {usual.version}"
        yield Finding("processes", "warning", text, "restart the server, so that it is of this release")
    if abs(mine.apart) > CLOCK_SLACK:
        yield Finding("processes", "error", f"clock: this machine's is {mine.apart:+.0f} s from the store's", "run NTP")
    if not found:
        many = "1 process serves" if len(lines) == 1 else f"{len(lines)} processes serve alike"
        yield Finding("processes", "ok", many)


# -- what a process knows of itself ------------------------------------------------------------------------------------


def _apart(services: Services) -> float:
    """How far our clock is before that of what all processes share; on one machine there is but one."""
    told = getattr(services.state, "facts", None)
    facts = told() if told is not None else {}
    if "time" in facts:
        return services.clock() - float(str(facts["time"]))
    if services.settings.database_url.startswith("postgresql"):
        return services.clock() - schema.server_clock(services.settings.database_url)
    return 0.0


def _settings(services: Services) -> Iterator[tuple[str, Any]]:
    """Those that were said: the rest is alike in one release. `forget_secrets` leaves a server without some."""
    for section in services.settings.model_fields:
        values = getattr(services.settings, section)
        for name in sorted(getattr(values, "model_fields_set", ())):
            yield f"{section}.{name}", str(getattr(values, name))


def _digest(key: bytes, value: Any) -> str:
    return hmac.digest(key, json.dumps(value, sort_keys=True, default=str).encode(), "sha256")[:6].hex()


def _host() -> str:
    return socket.gethostname()[:60]


@cache
def _space() -> str:
    """One machine since it was started, and in it one namespace of pids; '' where the system tells neither."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


@cache
def _version() -> str:
    try:
        return metadata.version("doorward")
    except metadata.PackageNotFoundError:
        return "unknown"
