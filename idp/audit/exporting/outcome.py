"""What an action says of success, and how grave it is, in OCSF's numbers."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version as version_of
from typing import Final

from idp.audit.store import FAILURES

_GRAVE: Final = ("alarm", "suspicious")


def failed(action: str) -> bool:
    """Whether something went wrong or was refused."""
    return action.startswith("error:") or action.rpartition(":")[2] in FAILURES


def severity(action: str) -> int:
    """1 informational, 3 medium, 4 high."""
    if action.rpartition(":")[2] in _GRAVE:
        return 4
    return 3 if failed(action) else 1


@cache
def version() -> str:
    """Ours."""
    return version_of("doorward")
