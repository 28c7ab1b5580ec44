"""GET /metrics."""

from __future__ import annotations

import hmac
from typing import Final

from idp.meters.notes import Meters
from idp.metrics import exposition, reading
from idp.protocols import Services
from idp.wire import Raw, Request, Response, Route

_NO_STORE: Final = ("Cache-Control", "no-store")


def metrics(services: Services, request: Request) -> Response:
    """GET /metrics: all of this machine's workers, to whoever shows the token. Without a token set there is nothing."""
    token = services.settings.metrics.token
    if not token:
        return Raw(status=404, headers=(_NO_STORE,))
    if not hmac.compare_digest(_shown(request).encode(), token.encode()):
        # RFC 6750 §3: which scheme is wanted, and nothing of what was wrong.
        challenge = ("WWW-Authenticate", 'Bearer realm="doorward metrics"')
        return Raw(status=401, body=b"The token of [metrics] is missing or wrong.\n", headers=(challenge, _NO_STORE))
    sums, workers = services.part(Meters).all_workers()
    body, content_type = exposition.write(
        sums, workers, services.part(reading.Kept).current(services), request.header("Accept")
    )
    return Raw(body=body, content_type=content_type, headers=(_NO_STORE,))


def _shown(request: Request) -> str:
    scheme, _, token = request.header("Authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


ROUTES: Final = (Route("/metrics", ("GET",), metrics, hot=True, api=True),)
