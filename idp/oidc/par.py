"""The pushed authorization request endpoint (RFC 9126).

In order: read the form; authenticate the client; every rule of an authorization request, so that a browser never
carries a wrong one; keep it, and answer its reference.
"""

from __future__ import annotations

from dataclasses import replace

from clients.client import Client
from idp.errors import OAuthError
from idp.ids import digest
from idp.oidc import authorization_request, client_auth, dpop, request_objects
from idp.oidc.destination import Untrusted, find_destination
from idp.oidc.request_objects import Asked, pushed
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.wire import Json, Params, Request, Response

#: Requests of one address for one app that proves nothing: each is kept for some minutes. An office has one address.
PUBLIC_A_MINUTE = 120


def push(services: Services, request: Request) -> Response:
    """POST /oauth/par."""
    try:
        client_auth.check_form(request)
        client = client_auth.authenticate(services, request)
        if "request_uri" in request.form:  # RFC 9126 §2.1
            raise OAuthError(
                "invalid_request", "request_uri cannot be pushed; push the parameters themselves.",
                field="request_uri", expected="(nothing)", got="a reference", kind="pushed_request_uri",
                fix="Let the application push the parameters, or request=JWT, and keep request_uri for the browser.",
            )  # fmt: skip
        if client.oidc.is_public:
            _pace(services, request, client)
        params = _own(request.form, client.id)
        asked = _bound(
            services, request, client, request_objects.resolve(services, client, params, is_pushed=True)
        )  # fmt: skip
        destination = find_destination(services, asked.params)
        if isinstance(destination, Untrusted):
            raise destination.told()
        authorization_request.read(services, client, asked.params)
    except OAuthError as error:
        error.client_id = error.client_id or request.visitor.client_id or client_auth.claimed(services, request)
        raise
    reference, life = pushed.keep(services, client, asked.params)
    return Json(status=201, body={"request_uri": reference, "expires_in": life})


def _own(form: Params, client_id: str) -> Params:
    """The authorization request in the form, what proves the client and what nobody knows left out."""
    kept = [(name, value) for name, value in form.pairs if name in authorization_request.KNOWN]
    return Params(kept if "client_id" in form else [("client_id", client_id), *kept])


def _bound(services: Services, request: Request, client: Client, asked: Asked) -> Asked:
    """RFC 9449 §10.1: a proof that comes with the push binds the code, as dpop_jkt would."""
    jkt, named = dpop.read(services, request, client), asked.params.get("dpop_jkt")
    if not jkt or jkt == named:
        return asked
    if named:
        raise dpop.refused(services, "it is by another key than dpop_jkt names", is_resource=False, kind="dpop_proof")
    return replace(asked, params=Params([*asked.params.pairs, ("dpop_jkt", jkt)]))


def _pace(services: Services, request: Request, client: Client) -> None:
    """RFC 9126 §2.3: 429. Anybody can push in the name of an app that keeps no secret."""
    who = digest(f"{client.id} {place_of(request.remote_address)}")
    if services.state.count(f"par-pace:{who}", 60) > PUBLIC_A_MINUTE:
        raise OAuthError(
            "temporarily_unavailable", "Too many pushed requests come from this address; try again in a minute.",
            status=429, headers=(("Retry-After", "60"),), field="client_id",
            expected=f"at most {PUBLIC_A_MINUTE} a minute", got="more", kind="pushed_too_often",
            fix="Apps that prove nothing push from people's own addresses. Where one proxy stands before all of them, "
            "set server.trusted_proxies, so that each is counted by itself.",
        )  # fmt: skip
