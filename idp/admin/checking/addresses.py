"""The job that calls an application's addresses as a check of it begins: off the request, which would wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.admin.checking import reaching, running
from idp.admin.checking.check import Check
from idp.protocols import Services


def register(services: Services) -> None:
    """Say what the job does."""
    services.jobs.register(running.JOB, lambda payload: _perform(services, payload), retries=2)


def _perform(services: Services, payload: Mapping[str, Any]) -> None:
    """Nothing where the check was followed by another meanwhile: nobody waits for it."""
    check = running.find(services, payload["client_id"])
    if check is not None and check.id == payload["check"]:
        look(services, check)


def look(services: Services, check: Check) -> None:
    """Call them, and keep what came of it; not where that was done already, or the check has ended."""
    client = services.registry.find(check.client_id)
    if client is None or not running.is_looking(services, check):
        return
    is_running = check.is_running(services.clock())
    running.have_looked(services, check, reaching.look(services, client) if is_running else None)
