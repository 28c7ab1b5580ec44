"""OpenID Connect Session Management 1.0: an application learns in a frame of ours whether a sign-in still stands.

Off unless `oauth.session_management` is on. The frame may stand in any page of https. What it says tells whether this
browser has been here, so it says something only to the origins of an application's redirect URIs, and asks us whether
the page that it stands in is one: once for each, never with a cookie.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from clients import uris
from clients.client import Client
from idp import browser_state
from idp.browser import cookie_name
from idp.errors import Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Cookie, Raw, Request, Response

PATH = "/oauth/session"
_PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>-</title><script src="{}"></script></html>'
_CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}"
)
_ON_THIS_MACHINE = " http://127.0.0.1:* http://localhost:*"


def session_state(services: Services, client_id: str, redirect_uri: str, session_id: str) -> str:
    """§2: bound to the client, the origin that its frame will ask from, and the browser's state."""
    try:
        origin = uris.read(redirect_uri).origin
    except ValueError:
        return ""
    if not origin.startswith(("https://", "http://")):  # an app of a phone has no page to put a frame in
        return ""
    salt = secrets.token_urlsafe(12)
    state = browser_state.of_session(services, session_id)
    made = sha256(f"{client_id} {origin} {state} {salt}".encode()).digest()
    return f"{urlsafe_b64encode(made).rstrip(b'=').decode('ascii')}.{salt}"


def cookies(services: Services, request: Request, session_id: str) -> tuple[Cookie, ...]:
    """The browser's state, where it has another one: the setting was off when the session began."""
    state = browser_state.of_session(services, session_id)
    if request.cookies.get(cookie_name(services, browser_state.NAME)) == state:
        return ()
    return (browser_state.cookie(services, state),)


def frame(services: Services, request: Request) -> Response:
    """GET /oauth/session, the check_session_iframe (§3.3); with `client_id` and `origin`: whether that may ask."""
    if not services.settings.oauth.session_management:
        raise Refused("not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404)
    if "origin" in request.query.first:
        client = services.registry.find(request.query.first.get("client_id", ""))
        theirs = client is not None and client.enabled and request.query.first["origin"] in _origins(client)
        return Raw(status=204 if theirs else 404, headers=(("Cache-Control", "public, max-age=300"),))
    script = f"{services.settings.server.issuer_path}/static/check_session.js"
    ancestors = "https:" + ("" if services.settings.is_https else _ON_THIS_MACHINE)
    return Raw(
        body=_PAGE.format(script).encode(),
        content_type="text/html; charset=utf-8",
        headers=(
            ("Cache-Control", "public, max-age=300"),
            ("Content-Security-Policy", _CSP.format(ancestors)),
            ("Referrer-Policy", "no-referrer"),
        ),
    )


def _origins(client: Client) -> frozenset[str]:
    """Where its pages are that a person comes back to."""
    return frozenset(uris.read(uri).origin for uri in client.oidc.redirect_uris)
