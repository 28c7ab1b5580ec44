"""Audit events of what a request changes in another room."""

from __future__ import annotations

from typing import Any

from idp import audit
from idp.accounts.device_text import describe
from idp.audit import Recorder
from idp.login.services import Services
from idp.wire import Request


def recorder(services: Services, request: Request, person_id: str) -> Recorder:
    """Writes the event into the change's own transaction; the person did it themselves."""
    return audit.recorder(
        services.clock, person_id, person_id=person_id, address=request.remote_address, request_id=request.id,
        also={"browser": request.user_agent},
    )  # fmt: skip


def circumstances(services: Services, request: Request) -> dict[str, Any]:
    """When and on what, for the mail that tells of it."""
    return {"time": services.clock(), "device": describe(request.user_agent)}
