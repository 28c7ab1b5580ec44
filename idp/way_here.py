"""How a request of `doorward doctor` arrives that took people's own way: by the public address, through every proxy.

Whoever shows no proof of knowing the master key is told nothing, and nothing is read for them.
"""

from __future__ import annotations

import json
from typing import Final

from idp import reached
from idp.browser import cookie_name
from idp.services import Services
from idp.wire import Cookie, Json, Raw, Request, Response, Route
from keys.sealing import BrokenSeal

PATH: Final = "/healthz/way"
LASTS: Final = 60.0  # seconds that a proof holds
_PURPOSE: Final = "way-here"
_LONGEST: Final = 200  # characters of a header that are told back


def proof(services: Services) -> str:
    """What `doorward doctor` shows, as a bearer token."""
    return services.sealer.seal(_PURPOSE, json.dumps(services.clock() + LASTS).encode())


def way(services: Services, request: Request) -> Response:
    """GET /healthz/way: which address, host and scheme we take this request for, and a cookie to see it arrive."""
    if not _is_proven(services, request):
        return Raw(status=404)
    came = reached.of(services, request)
    body = {
        "address": request.remote_address,
        "peer": str(request.environ.get("REMOTE_ADDR") or ""),
        "trusted": request.is_of_proxy,
        "forwarded_for": request.header("X-Forwarded-For")[:_LONGEST],
        "host": came.host or came.inner,
        "scheme": came.scheme,
    }
    return Json(body=body, cookies=(Cookie(cookie_name(services, "doctor"), "seen"),))


def _is_proven(services: Services, request: Request) -> bool:
    scheme, _, token = request.header("Authorization").partition(" ")
    try:
        ends = json.loads(services.sealer.open(_PURPOSE, token.strip()))
    except BrokenSeal:
        return False
    return scheme.lower() == "bearer" and float(ends) > services.clock()


ROUTES: Final = (Route(PATH, ("GET",), way, hot=True, api=True),)
