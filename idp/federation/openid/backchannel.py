"""A provider's server says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0 §2.5)."""

from __future__ import annotations

from typing import Final

from idp.errors import Refused
from idp.federation import crowding, ending, keeping
from idp.federation.kinds import KINDS
from idp.federation.openid import logout_token, pacing
from idp.federation.provider import OIDC
from idp.protocols import Services
from idp.wire import Json, Request, Response

PATH: Final = KINDS[OIDC].told_at


def receive(services: Services, request: Request) -> Response:
    """POST /upstream/logout/…: what began there ends here, and in every application."""
    kept = keeping.find(services.db, request.segment)
    if kept is None or kept.provider.kind != OIDC:
        return _refused("There is no such provider here.", 404)
    token = request.form.get("logout_token")
    if token is None or request.form.repeated:
        return _refused("Send one logout_token.", 400)
    if pacing.is_too_much(services, request, kept.provider, token, logout_token.SHAPE):
        return _refused("Very many logout tokens from this network could not be believed; wait a minute.", 429)
    try:
        with crowding.turn(services, kept.provider):
            believed = logout_token.believe(services, kept.provider, token)
    except Refused as error:
        pacing.count(services, request, kept.provider)
        return _told(services, request, error)
    try:
        ending.over(services, request, kept.provider, believed.there)
    except Exception:
        services.state.take(believed.spent)  # it was not done, so whoever says it again is heard
        raise
    return Json(body={})  # §2.8: also where nobody was signed in by it


def _told(services: Services, request: Request, error: Refused) -> Response:
    """Its admin reads the reason here under an id; the provider reads what to mend."""
    error_id = services.faults.refused(error, request=request)
    return _refused(f"{error.explanation.fix} ({error.code}, error id {error_id})", 400 if error.status < 500 else 503)


def _refused(why: str, status: int) -> Json:
    # §2.8: invalid_request, whatever was wrong with it
    return Json(status=status, body={"error": "invalid_request", "error_description": why})
