"""How much CPU a piece of work takes, on a machine that does other things as well."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any], *errors: type[Exception], limit: float = 0.0, tries: int = 3) -> tuple[float, Any]:
    """(CPU seconds of this process, result): the least of some tries, for a garbage collection may fall into one.

    Of the process, for documents are parsed in threads of their own. Stops at the first try below `limit`. The result
    is None where one of `errors` was raised.
    """
    best, result = float("inf"), None
    for _ in range(tries):
        started = time.process_time()
        try:
            result = work()
        except errors:
            result = None
        best = min(best, time.process_time() - started)
        if best < limit:
            break
    return best, result
