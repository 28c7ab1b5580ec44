"""`doorward`, killed (SIGKILL) when it comes to a point: `python -m tests.moving.killed POINT ARGUMENTS…`."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

from idp.__main__ import main

#: By name: a function, and at the how many-eth call of it.
POINTS = {
    "announced": ("idp.installation.moving.moving", "_carry", 1),
    "tables made": ("idp.installation.moving.store", "end_beginning", 1),
    "first table": ("idp.installation.moving.moving", "_copy", 1),
    "half of the tables": ("idp.installation.moving.moving", "_copy", 30),
    "all copied": ("idp.installation.moving.store", "set_sequences", 1),
    "there, not shut here": ("idp.installation.moving.store", "shut", 1),
    "shut here": ("idp.installation.moving.ending", "arrive", 1),
}


def arm(point: str) -> None:
    """Have this process end there."""
    module, name, times = POINTS[point]
    calls = 0
    inner: Any = getattr(import_module(module), name)

    def killed(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return inner(*args, **more)

    setattr(import_module(module), name, killed)


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
