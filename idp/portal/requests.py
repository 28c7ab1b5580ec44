"""Questions of applications that were begun elsewhere (CIBA): what waits for this person, to look at and answer."""

from __future__ import annotations

from typing import Any

from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login import engine
from idp.login.browser import sessions
from idp.oidc.decoupled import asking
from idp.oidc.decoupled.handler import flow_of
from idp.oidc.decoupled.pending import Pending
from idp.protocols import Services
from idp.showing import shown_app
from idp.wire import Request, Response


def answer(services: Services, request: Request) -> Response:
    """GET and POST /requests."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, asking.PATH)
    waiting = asking.waiting(services, session.person_id)
    wanted = request.form.get("request") if request.method == "POST" else None
    for asked in waiting:
        if wanted == asked.id:
            return engine.begin(services, request, flow_of(services, asked))
    return frame.page(
        services, request, session, "portal/requests.html", gone=wanted is not None, here=services.url(asking.PATH),
        waiting=[_shown(services, asked) for asked in waiting],
    )  # fmt: skip


def _shown(services: Services, asked: Pending) -> dict[str, Any]:
    app = shown_app(services, services.registry.find(asked.client_id))
    return {"id": asked.id, "app": app, "message": asked.message, "at": asked.asked_at, "until": asked.expires_at}
