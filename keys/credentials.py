"""A short secret from a file that only we can read, or from a command: nothing of it is ever said in an error."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

COMMAND_TIMEOUT = 10.0  # seconds
_MOST = 4000  # bytes


class Unreadable(Exception):
    """The secret cannot be had; the message names the setting, and never what was found."""


def from_file(name: str, file: Path, missing: str = "") -> str:
    """What a file holds, as it stands. `missing`: what to say beside where there is none. Errors: `Unreadable`."""
    place = f"{name} ({file})"
    try:
        with file.open("rb") as source:
            found = os.fstat(source.fileno())
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise Unreadable(f"others can read {place}: run `chmod 600 {shlex.quote(str(file))}`")
            return _text(place, source.read(_MOST + 1))
    except FileNotFoundError:
        raise Unreadable(f"{place} does not exist{missing}") from None
    except OSError as error:
        raise Unreadable(f"{place} cannot be read: {error.strerror}") from None


def from_command(name: str, command: str, timeout: float = COMMAND_TIMEOUT) -> str:
    """What a command prints. Errors: `Unreadable`."""
    try:
        words = shlex.split(command)
        # The operator's own setting, run as words and without a shell.
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise Unreadable(f"{name} gave no answer in {timeout:g} seconds") from None
    except (OSError, ValueError, IndexError) as error:
        raise Unreadable(f"{name} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    if done.returncode != 0:
        raise Unreadable(f"{name} ended with exit code {done.returncode}: run it by hand to see why")
    return _text(f"the output of {name}", done.stdout)


def _text(place: str, found: bytes) -> str:
    """As it is, or not at all: half of a secret, or another letter in it, is another secret."""
    if len(found) > _MOST:
        raise Unreadable(f"{place} is longer than {_MOST} bytes")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{place} is no text in UTF-8") from None
