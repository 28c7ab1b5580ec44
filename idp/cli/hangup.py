"""SIGHUP at `doorward serve`: what was changed in the settings file, which new workers take up (G4).

Without a terminal it is how services are asked to look at their file again (systemd's reload). With one it says that
the terminal has gone, and the server ends as by SIGTERM.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from idp.cli import forks
from idp.cli.terminal import warn
from idp.installation.failures import Failed

TELL_S: Final = 30.0  # seconds in which the settings are read: the file may lie on a disk that does not answer


def has_terminal() -> bool:
    """Whether this process belongs to one; asked at the start, as afterwards it may be gone."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class SettingsFile:
    """The file as it was when the workers that serve were started."""

    def __init__(self, given: str | None) -> None:
        self._given, self._text = given, ""
        self.read()

    def read(self) -> None:
        """What stands there now holds."""
        from idp.installation.files import config_file

        self._text = _read(config_file(self._given))

    def told(self, options: Mapping[str, Any]) -> list[str]:
        """What new workers take up, by name and without a value. Errors: `Failed`, why none could start."""
        from idp.installation.files import config_file, read_settings

        try:
            read_settings(self._given, options)
        except Failed as failed:
            raise Failed("SIGHUP: the settings cannot be used; those of before hold", *failed.lines) from None
        now = tomllib.loads(_read(config_file(self._given)))  # which may be there since
        names = sorted({*_changed(tomllib.loads(self._text), now)})
        if not names:
            return ["SIGHUP: the settings file says what it said before; new workers take the place of these"]
        return [f"SIGHUP: changed: {', '.join(names)}; new workers take it up, one after the other"]


class Telling:
    """Says what SIGHUP means, in a process of its own: it may be large, and it may hang at what it reads."""

    def __init__(self, told: Callable[[], list[str]]) -> None:
        """`told`: what is different in the settings, or `Failed`."""
        self._told, self._asked = told, False
        self._process, self._until = 0, 0.0
        self._forking = forks.BackOff(1.0, 30.0)

    def ask(self) -> None:
        """SIGHUP has come; it is told at the next step."""
        self._asked = True

    def step(self) -> None:
        """Begin where somebody asked, give up where it takes too long. Never waits."""
        if self._process and time.monotonic() > self._until:
            forks.kill(self._process)
            self._process = 0
            warn(f"SIGHUP: the settings could not be read in {TELL_S:.0f} seconds; those of before hold")
        if self._asked and not self._process and not self._forking.left:
            self._asked = False
            self._begin()

    def gone(self, pid: int) -> bool:
        """A process has ended; whether it was this one."""
        if pid != self._process:
            return False
        self._process = 0
        return True

    def _begin(self) -> None:
        try:
            self._process, self._until = forks.fork(), time.monotonic() + TELL_S
        except OSError as error:
            self._asked = True
            seconds = self._forking.failed()
            warn(f"SIGHUP: no process can be started ({error.strerror}); the next try is in {seconds:.0f} seconds")
            return
        self._forking.worked()
        if self._process:
            return
        code = 1
        try:
            warn(*self._told())
            code = 0
        except Failed as failed:
            warn(*failed.lines)
        finally:
            os._exit(code)


def _read(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for section in {*before, *after}:
        old, new = before.get(section, {}), after.get(section, {})
        for key in {*old, *new}:
            if old.get(key) != new.get(key):
                yield f"{section}.{key}"
