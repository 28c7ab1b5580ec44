"""A provider's server pushes security events (RFC 8935): we are a receiver of Shared Signals (SSF 1.0 §6.1.1)."""

from __future__ import annotations

from typing import Final

from idp.errors import Refused
from idp.federation import crowding, ending, keeping
from idp.federation.openid import accounts_there, pacing, security_event
from idp.federation.openid.security_event import Believed
from idp.federation.provider import OIDC, Provider
from idp.protocols import Services
from idp.wire import Json, Raw, Request, Response

PATH: Final = "/upstream/events/"
#: RFC 8935 §2.4: what is wrong, as the sender is told.
_CODES: Final = {
    "upstream_issuer": "invalid_issuer", "upstream_audience": "invalid_audience", "upstream_signature": "invalid_key",
}  # fmt: skip


def receive(services: Services, request: Request) -> Response:
    """POST /upstream/events/…: what has ended there ends here, and in every application."""
    kept = keeping.find(services.db, request.segment)
    if kept is None or kept.provider.kind != OIDC:
        return _refused("invalid_request", "There is no such provider here.", 404)
    if request.content_type != "application/secevent+jwt":  # RFC 8935 §2.1
        return _refused("invalid_request", "Send one token as application/secevent+jwt.", 400)
    token = request.body.decode("latin-1").strip()
    if pacing.is_too_much(services, request, kept.provider, token, security_event.SHAPE):
        return _refused(
            "access_denied", "Very many events from this network could not be believed; wait a minute.", 429
        )
    try:
        with crowding.turn(services, kept.provider):
            believed = security_event.believe(services, kept.provider, token)
    except Refused as error:
        pacing.count(services, request, kept.provider)
        return _told(services, request, error)
    if believed.is_at_work:
        return _refused("invalid_request", "The same event is being looked at; say it again in a minute.", 503)
    return _done(services, request, kept.provider, believed)


def _done(services: Services, request: Request, provider: Provider, believed: Believed) -> Response:
    try:
        if believed.account:
            accounts_there.switch(services, request, provider, believed)
        if believed.ended is not None:
            ending.over(services, request, provider, believed.ended)
    except Exception:
        services.state.take(believed.spent)  # it was not done, so whoever says it again is heard
        raise
    security_event.done(services, believed)
    return Raw(status=202)  # RFC 8935 §2.2: also where nobody was signed in by it


def _told(services: Services, request: Request, error: Refused) -> Response:
    """Its admin reads the reason here under an id; the provider reads what to mend."""
    error_id = services.faults.refused(error, request=request)
    why = f"{error.explanation.fix} ({error.code}, error id {error_id})"
    return _refused(_CODES.get(error.code, "invalid_request"), why, 400 if error.status < 500 else 503)


def _refused(code: str, why: str, status: int) -> Json:
    return Json(status=status, body={"err": code, "description": why}, headers=(("Content-Language", "en"),))
