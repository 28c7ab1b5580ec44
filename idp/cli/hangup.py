"""SIGHUP at `doorward serve`: what was changed in the settings file, and that a restart takes it up (G4).

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
    """The file as it was when the server started."""

    def __init__(self, given: str | None) -> None:
        from idp.installation.files import config_file

        self._given, self._text = given, _read(config_file(given))

    def told(self, options: Mapping[str, Any]) -> list[str]:
        """What a restart would take up, by name and without a value; or why it would refuse to start."""
        from idp.installation.files import config_file, read_settings

        try:
            read_settings(self._given, options)
        except Failed as failed:
            return ["SIGHUP: the settings cannot be used; what was read at the start holds", *failed.lines]
        now = tomllib.loads(_read(config_file(self._given)))  # which may be there since
        names = sorted({*_changed(tomllib.loads(self._text), now)})
        if not names:
            return ["SIGHUP: the settings file says what it said at the start; nothing changes"]
        return [f"SIGHUP: changed since the start: {', '.join(names)}; restart the server to take it up"]


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
