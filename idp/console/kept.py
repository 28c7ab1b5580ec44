"""A form that was sent after its session had ended: kept while its admin signs in, shown, and sent on a press (B5)."""

from __future__ import annotations

import json
from typing import Any, Final

from idp.console import frame
from idp.console.pages import Visit
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

PATH: Final = "/admin/resume"
TTL: Final = 1800.0  # seconds
MAX: Final = 64 * 1024  # characters
_PURPOSE: Final = "kept-form"
_OURS: Final = ("form_key", "browser_key")


def keep(services: Services, request: Request) -> bool:
    """Keep what an admin typed, sealed, for that very person; False where nobody with a role has proven to be here.

    The session may have ended; without one anybody could have us keep what they send.
    """
    whose = sessions.of_cookie(services, request)
    value = json.dumps([request.path, [pair for pair in request.form.pairs if pair[0] not in _OURS]])
    if whose is None or not whose.roles or len(value) > MAX:
        return False
    services.state.put(_key(whose), services.sealer.seal(_PURPOSE, value.encode()), TTL)
    return True


def resume(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/resume: what was typed, to be sent."""
    sealed = services.state.get(_key(visit.session))
    if sealed is None:
        return Redirect(location=services.url("/admin"))
    path, pairs = json.loads(services.sealer.open(_PURPOSE, str(sealed)))
    return _page(services, request, visit, path, pairs)


def offer(services: Services, request: Request, visit: Visit) -> Response:
    """The same for a form that came just now, from a page of before this session."""
    return _page(
        services, request, visit, request.path, [pair for pair in request.form.pairs if pair[0] not in _OURS]
    )  # fmt: skip


def _page(services: Services, request: Request, visit: Visit, path: str, pairs: Any) -> Response:
    return frame.page(services, request, visit, "console/resume.html", action=path, fields=pairs)


def _key(session: Session) -> str:
    return "console:kept:" + session.person_id
