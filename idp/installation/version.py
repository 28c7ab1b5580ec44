"""Our own version in the record: a change of it is among what may have broken a sign-in (Q3)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from idp.audit import Event, record
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

ACTION: Final = "doorward:version"


def note(services: Services, running: str = "") -> bool:
    """One event for each new version, by the first process that serves with it; answers whether it was written."""
    running = running or version("doorward")
    # Processes that start together look at the record at the same time: one of them writes.
    if not services.state.add(f"version-noted:{running}", True, 60.0):
        return False
    found = latest(services.db, Wanted(action=ACTION), 1)
    before = str(found[0].detail.get("version") or "") if found else ""
    if before == running:
        return False
    record(
        services.db, Event(ACTION, actor="doorward", detail={"version": running, "before": before}), services.clock()
    )
    return True
