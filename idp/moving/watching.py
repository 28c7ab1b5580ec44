"""How a process that serves knows of a move: it looks once a second, off the request path.

What it has seen beforehand begins and ends by the time that was told, however late it looks again.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from idp.db import Executor
from idp.moving import store
from idp.moving.window import ANNOUNCED, MOVED, Window, has_ended
from idp.services import Services


class Shown(NamedTuple):
    """What pages say. Times: epoch seconds."""

    begins: float
    until: float
    has_begun: bool


class Watching:
    """One for each process."""

    def __init__(self) -> None:
        self.window: Window | None = None

    def look(self, services: Services) -> None:
        """Read the mark, and have this process keep to it."""
        self.window = found = _standing(services.db)
        services.jobs.paused = found is not None and found.rests(services.clock())
        services.db.shut = None if found is None else lambda: found.shut_until(services.clock())

    def shown(self, now: float) -> Shown | None:
        """What is told on every page; None: nothing."""
        found = self.window
        if found is None or found.state not in (ANNOUNCED, MOVED) or found.is_over(now):
            return None
        until = found.until if found.state == ANNOUNCED else found.shut_until(now) or now
        # Told by the minute, so the end is rounded up: it is not told as the minute in which it begins.
        return Shown(found.begins, math.ceil(until / 60) * 60.0, found.state == MOVED or now >= found.begins)


def _standing(db: Executor) -> Window | None:
    """The mark that holds; without its mover, which has been looked for: once it has ended only the mark tells how."""
    found = store.read(db)
    while found is not None and found.state == ANNOUNCED and has_ended(found.by):
        again = store.read(db)  # whoever has ended changes it no more: it was killed, or has moved it meanwhile
        if again == found:
            return None
        found = again
    return None if found is None else found._replace(by="")
