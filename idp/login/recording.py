"""Audit events of what a request changes in another room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.accounts.device_text import describe
from idp.audit import Event, Recorder, record
from idp.login.services import Services
from idp.wire import Request


def recorder(services: Services, request: Request, person_id: str) -> Recorder:
    """Writes the event into the change's own transaction; the person did it themselves."""

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        event = Event(
            action, actor=person_id, person_id=person_id, session_id=detail.get("session_id"),
            address=request.remote_address, request_id=request.id,
            detail={**detail, "browser": request.user_agent},
        )  # fmt: skip
        record(tx, event, services.clock())

    return write


def circumstances(services: Services, request: Request) -> dict[str, Any]:
    """When and on what, for the mail that tells of it."""
    return {"time": services.clock(), "device": describe(request.user_agent)}
