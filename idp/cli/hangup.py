"""SIGHUP at `doorward serve`: what was changed in the settings file, which new workers take up (G4).

Without a terminal it is how services are asked to look at their file again (systemd's reload). With one it says that
the terminal has gone, and the server ends as by SIGTERM.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from idp.installation.failures import Failed


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
