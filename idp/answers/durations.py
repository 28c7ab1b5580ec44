"""Lengths of time as people say them: "4 minutes 10 seconds behind"."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def length(seconds: float) -> str:
    """Its two largest units: "4 minutes 10 seconds", "2 days", "less than a second"."""
    left, found = round(abs(seconds)), []
    for name, size in _UNITS:
        many, left = divmod(left, size)
        if many:
            found.append(f"{many} {name}{'' if many == 1 else 's'}")
        if len(found) == 2 or (found and not many):
            break
    return " ".join(found) or "less than a second"


def off(seconds: float) -> str:
    """How far a clock that shows so many seconds more than ours is off."""
    return f"{length(seconds)} {'ahead' if seconds > 0 else 'behind'}"
