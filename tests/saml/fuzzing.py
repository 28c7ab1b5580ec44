"""How long the fuzzers run: a number of examples in the tests, seconds each by `make fuzz` (FUZZ_SECONDS)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
USUAL = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(USUAL, max_examples=max(1, EXAMPLES // 2))


def fuzzed(test: Callable[..., Any]) -> Callable[..., Any]:
    """For what `@given` made."""
    return _again_and_again(USUAL(test)) if SECONDS else USUAL(test)


def fuzzed_less(test: Callable[..., Any]) -> Callable[..., Any]:
    """The same for what costs more."""
    return _again_and_again(FEW(test)) if SECONDS else FEW(test)


def _again_and_again(test: Callable[..., Any]) -> Callable[..., Any]:
    """Rounds, each with examples of its own, until the time is up."""

    def run() -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            test()

    run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
    return run
