"""Where somebody types the code that a device shows (RFC 8628 §3.3); from there the sign-in engine goes on."""

from __future__ import annotations

from typing import Final

from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login import engine
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.throttle import address_range
from idp.oidc.decoupled import pending, user_codes
from idp.oidc.decoupled.handler import PATH, flow_of
from idp.oidc.decoupled.pending import Pending
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request, Response, with_parameters

#: Codes that nobody waits for, within `WINDOW` seconds (RFC 8628 §5.1): of one person, and of one network together.
TRIES: Final = 10
TRIES_OF_NETWORK: Final = 60
WINDOW: Final = 600.0
#: RFC 8628 §5.4: said before a password is typed, since the link may be somebody else's.
PURPOSE: Final = N_(
    "You sign in to connect a device. Go on only if you began this yourself, just now, on a device in front of you."
)
EMPTY: Final = N_("Please type the code that your device shows.")
NO_CODE: Final = N_("This cannot be the code: it has eight letters, no vowels and no digits, such as WDJB-MJHT.")
UNKNOWN: Final = N_(
    "No device waits with this code. Compare it with the screen; after some minutes, let the device show a new one."
)
TOO_MANY: Final = N_("Too many codes were wrong. Please wait ten minutes, then let the device show a new code.")


def answer(services: Services, request: Request) -> Response:
    """GET and POST /device."""
    typed = ((request.form if request.method == "POST" else request.query).first.get("user_code", ""))[:100]
    code = user_codes.read(typed)
    session = sessions.current(services, request)
    if session is None:
        query = [("user_code", user_codes.shown(code))] if code else []
        return sign_in(services, request, with_parameters(PATH, query), purpose=PURPOSE)
    if request.method != "POST":
        return _page(services, request, session, user_codes.shown(code) if code else "", filled=bool(code))
    if not code:
        return _page(services, request, session, typed, NO_CODE if typed.strip() else EMPTY)
    if _is_too_much(services, request, session, 1):
        return _page(services, request, session, typed, TOO_MANY, status=429)
    asked = _find(services, code)
    if asked is None:
        return _page(services, request, session, typed, UNKNOWN)
    _is_too_much(services, request, session, -1)  # a code that is right is no guess
    return engine.begin(services, request, flow_of(services, asked))


def _find(services: Services, code: str) -> Pending | None:
    """The request that waits under a code, of an application that is turned on."""
    pending_id = services.state.get(user_codes.key(code))
    asked = pending.find(services, str(pending_id)) if pending_id is not None else None
    if asked is None or pending.is_over(services, asked):
        return None
    client = services.registry.find(asked.client_id)
    return asked if client is not None and client.enabled else None


def _is_too_much(services: Services, request: Request, session: Session, by: int) -> bool:
    """Count one code, before it is looked at, so that a race gains nothing; or take it off again."""
    count = services.state.count
    of_person = count(f"device-tries:{session.person_id}", WINDOW, by)
    of_network = count(f"device-tries-from:{address_range(request.remote_address)}", WINDOW, by)
    return of_person > TRIES or of_network > TRIES_OF_NETWORK


def _page(
    services: Services, request: Request, session: Session, typed: str, error: str = "", *, filled: bool = False,
    status: int = 200,
) -> Page:  # fmt: skip
    return frame.page(
        services, request, session, "portal/device.html", status=status, typed=typed, error=error, filled=filled,
        here=services.url(PATH),
    )  # fmt: skip
