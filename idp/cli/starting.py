"""What a command depends on without asking: open streams, an encoding, a folder to stand in."""

from __future__ import annotations

import os
import sys

from idp.installation.failures import Failed


def prepare() -> None:
    """Make up for what is missing. Errors: `Failed`."""
    # `<&-`, cron jobs of old and services without a terminal: a file that is opened next would become standard output.
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            _open_nothing(number)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Under PYTHONIOENCODING=ascii a name is printed in escapes, and the command goes on.
        if hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        os.getcwd()
    except FileNotFoundError:
        raise Failed("the folder that this was started in is gone: change to another one first") from None


def _open_nothing(number: int) -> None:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
