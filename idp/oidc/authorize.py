"""The authorization endpoint (RFC 6749 §3.1, Core §3.1.2).

In order: where an answer may go at all; every rule of ours and of RFC 6749; then the sign-in engine. Until the
destination is known to be the client's own, an error is shown and never followed.
"""

from __future__ import annotations

from dataclasses import replace

from idp import browser
from idp.browser import cookie_name
from idp.db import Unavailable
from idp.errors import OAuthError
from idp.login import engine, pages
from idp.login.flow import Flow
from idp.oidc import authorization_request, client_documents, cross_site, request_objects
from idp.oidc.authorization_parameters import CREATE
from idp.oidc.authorization_response import deliver_error
from idp.oidc.destination import Untrusted, find_destination
from idp.oidc.request_objects import Asked
from idp.protocols import Services
from idp.state import StateUnavailable
from idp.wire import Params, Redirect, Request, Response, with_parameters


def authorize(services: Services, request: Request) -> Response:
    """GET and POST /oauth/authorize."""
    params = request.query if request.method != "POST" else request.form
    _check_is_no_token_request(services, request, params)
    if request.method == "POST" and cookie_name(services, "session") not in request.cookies:
        again = cross_site.again(services, "/oauth/authorize", params, authorization_request.KNOWN)
        if again is not None:
            return again
    request.learn(ui_locales=params.get("ui_locales") or "")
    wrong = client_documents.look(services, request, params.get("client_id") or "")
    if wrong is not None and wrong.way_on and "none" not in (params.get("prompt") or "").split():
        return Redirect(location=wrong.way_on)
    if wrong is not None:
        raise wrong.refused()
    asked = _resolved(services, params)
    if isinstance(asked, OAuthError):  # what it says of itself is believed for the way of this answer alone
        destination = find_destination(services, params)
        if isinstance(destination, Untrusted):
            raise _why_not(asked, destination).refused()
        return deliver_error(services, request, destination, asked)
    request.learn(ui_locales=asked.params.get("ui_locales") or "")
    destination = find_destination(services, asked.params)
    if isinstance(destination, Untrusted):
        raise destination.refused()
    try:
        flow = authorization_request.read(
            services, destination.client, asked.params, sent=asked.carrier, pushed=asked.pushed
        )  # fmt: skip
        if CREATE in (asked.params.get("prompt") or "").split():
            return _register(services, request, flow)
        return engine.begin(services, request, flow)
    except OAuthError as error:
        return deliver_error(services, request, destination, error)
    except (StateUnavailable, Unavailable) as error:
        # Core §3.1.2.6: prompt=none shows no page, and in a frame nobody would see it; RFC 6749 §4.1.2.1 has a code.
        if "none" not in (asked.params.get("prompt") or "").split():
            raise
        told = OAuthError(
            "temporarily_unavailable",
            "The store of sign-ins is silent; try again.",
            detail=str(error)[:400],
            kind="store_unavailable",
        )
        return deliver_error(services, request, destination, told)


def _register(services: Services, request: Request, flow: Flow) -> Response:
    """Initiating User Registration 1.0: the page for a new account, which leads on to the application.

    Whoever has one goes back from there to the sign-in of the same request.
    """
    sealed = pages.sealed(services, request, replace(flow, began=request.id))
    known = browser.of(services, request)
    return Redirect(
        location=with_parameters(services.url("/register"), [("flow", sealed)]),
        cookies=(browser.cookie(services, request),) if known.is_new else (),
    )


def _check_is_no_token_request(services: Services, request: Request, params: Params) -> None:
    """A program that mixed up the two endpoints: its secret goes into no address. Errors: `OAuthError`."""
    if request.method != "POST" or "response_type" in params or "grant_type" not in params:
        return
    ours = services.url("/oauth/token")
    raise OAuthError(
        "invalid_request", f"This is the authorization endpoint, for browsers; the token endpoint is {ours}",
        kind="wrong_endpoint", client_id=params.get("client_id") or "", field="token_endpoint", expected=ours,
        got=request.shown_path,
        fix=f"Set the token endpoint in the application to {ours}, or give it the issuer {services.issuer} alone.",
    )  # fmt: skip


def _why_not(asked: OAuthError, destination: Untrusted) -> Untrusted:
    """Where the redirect URI stands in a request that cannot be taken, that is the mistake: not that it is missing."""
    if destination.code != "missing_redirect_uri":
        return destination
    told = asked.explanation
    return replace(
        destination, code=asked.kind, developer=asked.description, detail=asked.detail, side=told.side, fix=told.fix,
        field=told.field, expected=told.expected, got=told.got,
    )  # fmt: skip


def _resolved(services: Services, params: Params) -> Asked | OAuthError:
    """What counts of the request; why not, where it is signed or behind a reference and cannot be taken."""
    client = services.registry.find(params.get("client_id") or "")
    if client is None or not client.enabled or "client_id" in params.repeated:
        return Asked(params)  # `find_destination` says so
    try:
        return request_objects.resolve(services, client, params)
    except OAuthError as error:
        return error
