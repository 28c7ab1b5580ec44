"""Begin to trace, where somebody has set an address."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from idp.tracing.spans import Tracer

if TYPE_CHECKING:
    from idp.services import Services

_TIMEOUT: Final = 5.0  # seconds that a collector is waited for, by the one thread that has nothing else to do
MISSING: Final = "tracing.endpoint needs a library that is not installed: pip install 'doorward[otel]'"


def start(services: Services) -> None:
    """Have this process trace from now on. Errors: `ImportError`, whose text says what to install."""
    settings = services.settings.tracing
    if not settings.endpoint:
        return
    from idp.http import Outbound, OutboundFailed
    from idp.http.urls import origin
    from idp.tracing.sending import Sending

    ca = services.settings.outbound.ca
    # Its address is the operator's own word, so it may be one of the inside.
    outbound = Outbound([origin(settings.endpoint)], str(services.settings.path(ca)) if ca else None)
    headers = {"Content-Type": "application/x-protobuf"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token}"

    def send(content: bytes) -> None:
        answer = outbound.send("POST", settings.endpoint, content, headers, max_bytes=1024, timeout=_TIMEOUT)
        if not 200 <= answer.status < 300:
            raise OutboundFailed(f"it answered {answer.status}")

    about = {"service.name": settings.service, "service.version": version("doorward"),
             "service.instance.id": f"{os.uname().nodename}-{os.getpid()}"}  # fmt: skip
    try:
        sending = Sending(send, about)
    except ImportError as error:
        raise ImportError(f"{MISSING} ({error.name})") from None
    tracer = services.part(Tracer)
    tracer.done, tracer.sample, tracer.sending = sending.take, settings.sample, sending
    services.jobs.tracer = tracer
    tracer.on = True
