"""What granian's futures need in place of an event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class AlreadyDone(Exception):
    """The future has its result: whoever asked goes on by itself."""


class Callbacks:
    """What granian's futures need of an event loop: callbacks run in the thread that has the result.

    No asyncio: no loop that all requests share, and none of its hops between threads.
    """

    def call_soon(self, callback: Callable[[Any], None], future: Any, context: Any = None) -> None:
        """For a future that was done before anybody waited for it. Errors: `AlreadyDone`."""
        raise AlreadyDone

    def call_soon_threadsafe(self, callback: Callable[[Any], None], future: Any, context: Any = None) -> None:
        """A result has come."""
        callback(future)
