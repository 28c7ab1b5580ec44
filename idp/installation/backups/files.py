"""A file that is written whole or not at all, for nobody else's eyes."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from idp.installation.failures import Failed, Refused
from keys.master import sync_folder


def check_free(file: Path) -> None:
    """Errors: `Refused`, where something is there already or nothing can be."""
    if not file.parent.is_dir():
        raise Refused(f"the folder {file.parent} does not exist")
    if file.exists() or file.is_symlink():
        raise Refused(f"{file} exists: give another name, or remove it first")


@contextlib.contextmanager
def written(file: Path) -> Iterator[BinaryIO]:
    """What is written here has the name once it is whole and on the disk; mode 0600. Errors: `Failed`, `Refused`."""
    check_free(file)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            put(part, file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}") from None


def put(part: Path, file: Path) -> None:
    """Give a finished file its name, unless somebody else has taken that meanwhile."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise Failed(f"{file} was made by somebody else meanwhile: nothing was put in its place") from None
    except OSError:  # a file system without hard links
        if file.exists():
            raise Failed(f"{file} was made by somebody else meanwhile: nothing was put in its place") from None
        part.replace(file)
    part.unlink(missing_ok=True)
    sync_folder(file.parent)
