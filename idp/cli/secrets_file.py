"""A new file for secrets, so that they are on no screen and in no log."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from idp.installation.failures import Failed


@contextlib.contextmanager
def made(path: str | None) -> Iterator[Any]:
    """The open file, made before anything is done: one that cannot be written loses none. None where none is wanted.

    It is gone again where nothing was written. Errors: `Failed`.
    """
    if not path:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failed(f"--secrets-file: {path} cannot be made: {error.strerror}. Nothing is done") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        try:
            yield file
        finally:
            file.flush()
            if not os.fstat(file.fileno()).st_size:
                Path(path).unlink()


def write(file: Any, one: Mapping[str, str]) -> None:
    """One secret, as a `[[secret]]` of TOML."""
    import tomli_w

    file.write(f"[[secret]]\n{tomli_w.dumps(dict(one))}\n")
