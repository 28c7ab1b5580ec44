"""Lengths of time as people say them: "4 minutes 10 seconds behind"."""

from __future__ import annotations

from idp.formats import duration as length

__all__ = ["length", "off"]


def off(seconds: float) -> str:
    """How far a clock that shows so many seconds more than ours is off."""
    return f"{length(seconds)} {'ahead' if seconds > 0 else 'behind'}"
