"""What went wrong behind a request, told on stderr by threads that have to go on, whatever becomes of stderr."""

from __future__ import annotations

import traceback
from contextlib import suppress


def tell() -> None:
    """The exception that is being handled. Never raises: a full disk or a closed pipe costs the words alone."""
    with suppress(BaseException):
        traceback.print_exc()
