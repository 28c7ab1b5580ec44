"""Where the master key comes from: the environment, a command (a vault), or a file that only we can read."""

from __future__ import annotations

import os
from pathlib import Path

from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from .credentials import COMMAND_TIMEOUT, Unreadable, from_command, from_file
from .sealing import KEY_BYTES

_NO_FILE = ": `doorward init` makes one; for an existing database, restore it from your backup"


class BadMasterKey(Exception):
    """There is no master key to be had; the message says where it was looked for, and never what was found."""


def read_master_key(value: str, file: Path | None, command: str, *, timeout: float = COMMAND_TIMEOUT) -> bytes:
    """The 32 bytes of the master key: from `value`, else from `command`, else from `file` (which has a default).

    Errors: `BadMasterKey`.
    """
    if value:
        return _decode(value, "keys.master_key (DOORWARD_MASTER_KEY)")
    try:
        if command:
            name = "keys.master_key_command"
            return _decode(from_command(name, command, timeout), f"the output of {name}")
        if file is not None:
            name = "keys.master_key_file"
            return _decode(from_file(name, file, _NO_FILE), f"{name} ({file})")
    except Unreadable as error:
        raise BadMasterKey(str(error)) from None
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
