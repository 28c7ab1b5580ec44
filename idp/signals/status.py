"""The status endpoint: how a stream stands, and a receiver that pauses it or lets it go on (SSF 1.0 §8.1.2)."""

from __future__ import annotations

from typing import Any, Final

from idp.signals import keeping
from idp.signals.calling import Call, body, called, held, wrong
from idp.signals.stream import STATUSES, Stream
from idp.wire import Json, Response

PATH: Final = "/ssf/status"
MAX_REASON: Final = 300


def read(call: Call) -> Response:
    """GET (§8.1.2.1)."""
    return Json(body=_document(call.stream(call.request.query.get("stream_id"))))


def update(call: Call) -> Response:
    """POST (§8.1.2.2)."""
    sent = body(call.request)
    stream = call.stream(sent.get("stream_id"))
    status, reason = sent.get("status"), sent.get("reason") or ""
    if status not in STATUSES:
        raise wrong("status", ", ".join(STATUSES), "status is none that a stream has.")
    if not isinstance(reason, str) or len(reason) > MAX_REASON or not reason.isprintable():
        raise wrong("reason", f"a text of at most {MAX_REASON} characters", "This is no reason.")
    try:
        return Json(body=_document(
            keeping.turn(call.services, stream.id, status, "receiver", reason, record=call.record)
        ))  # fmt: skip
    except keeping.Held:
        raise held(stream.status, f"doorward signals resume {stream.id}", got=status) from None


def _document(stream: Stream) -> dict[str, Any]:
    reason = {"reason": stream.reason} if stream.reason else {}
    return {"stream_id": stream.id, "status": stream.status, **reason}


handler = called({"GET": read, "POST": update}, resource=PATH)
