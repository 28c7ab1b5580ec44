"""Where the master key comes from: the environment, a command (a vault), or a file that only we can read."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from .sealing import KEY_BYTES

COMMAND_TIMEOUT = 10.0  # seconds


class BadMasterKey(Exception):
    """There is no master key to be had; the message says where it was looked for, and never what was found."""


def read_master_key(value: str, file: Path | None, command: str, *, timeout: float = COMMAND_TIMEOUT) -> bytes:
    """The 32 bytes of the master key: from `value`, else from `command`, else from `file` (which has a default).

    Errors: `BadMasterKey`.
    """
    if value:
        return _decode(value, "keys.master_key (DOORWARD_MASTER_KEY)")
    if command:
        return _decode(_output(command, timeout), "the output of keys.master_key_command")
    if file is not None:
        return _decode(_content(file), f"keys.master_key_file ({file})")
    raise BadMasterKey("no master key: set keys.master_key_file, keys.master_key_command or DOORWARD_MASTER_KEY")


def make_master_key_file(path: Path, master: bytes = b"") -> bytes:
    """Put a master key, else a random one, into a new file of mode 0600, safely on the disk.

    Errors: FileExistsError, OSError.
    """
    master = master or os.urandom(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(urlsafe_b64encode(master) + b"\n")
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)  # the name, too, must outlive a power cut: the database is worth nothing without it
    return master


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decode(text: str, source: str) -> bytes:
    try:
        key = urlsafe_b64decode(text.strip().rstrip("=").encode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadMasterKey(f"{source} is not a master key: expected base64url of {KEY_BYTES} bytes, 43 characters")
    return key


def _content(file: Path) -> str:
    name = f"keys.master_key_file ({file})"
    try:
        with file.open("rb") as source:
            found = os.fstat(source.fileno())
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise BadMasterKey(f"others can read {name}: run `chmod 600 {shlex.quote(str(file))}`")
            return source.read(1000).decode("ascii", "replace")
    except FileNotFoundError:
        raise BadMasterKey(
            f"{name} does not exist: `doorward init` makes one; for an existing database, restore it from your backup"
        ) from None
    except OSError as error:
        raise BadMasterKey(f"{name} cannot be read: {error.strerror}") from None


def _output(command: str, timeout: float) -> str:
    name = "keys.master_key_command"
    try:
        words = shlex.split(command)
        # The operator's own setting, run as words and without a shell.
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise BadMasterKey(f"{name} gave no answer in {timeout:g} seconds") from None
    except (OSError, ValueError, IndexError) as error:
        raise BadMasterKey(f"{name} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    if done.returncode != 0:
        raise BadMasterKey(f"{name} ended with exit code {done.returncode}: run it by hand to see why")
    return done.stdout.decode("ascii", "replace")
