"""Where the parameters of an authorization request stand: in the URL, in a JWT, behind a reference, or pushed before.

RFC 9101 (JAR) and RFC 9126 (PAR). Door: `resolve`. Rule: of a request that is signed or pushed, nothing that stands
beside it counts (RFC 9101 §6.3): whoever carries the browser along could have added it.
"""

from __future__ import annotations

from dataclasses import dataclass

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.request_objects import by_reference, pushed, signed
from idp.oidc.request_objects.unverified import peek
from idp.protocols import Services
from idp.wire import Params

__all__ = ["Asked", "peek", "pushed", "resolve"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What counts of a request. `pushed`: the reference under which it was kept, '' where it was not.

    `carrier`: by what of the URL it comes again, where that is not the parameters themselves.
    """

    params: Params
    pushed: str = ""
    carrier: Params | None = None


def resolve(services: Services, client: Client, params: Params, *, is_pushed: bool = False) -> Asked:
    """The parameters that count. `is_pushed`: they come to the PAR endpoint, from a client that has proven itself.

    Errors: `OAuthError`; `Refused` where a pushed request is gone, and with it where its answer would go.
    """
    reference, text = params.get("request_uri"), params.get("request")
    if reference is not None and text is not None:  # RFC 9101 §5
        raise OAuthError(
            "invalid_request", "Send request or request_uri, not both.", field="request_uri", expected="one of the two",
            got="request and request_uri", kind="request_twice",
            fix="Let the application send the signed request, or where it stands.",
        )  # fmt: skip
    if reference is not None and reference.startswith(pushed.URN):
        return Asked(pushed.load(services, client, reference), reference, _carrier(params))
    if not is_pushed and _must_push(services, client):
        raise _not_pushed(services, client)
    if reference is not None:
        text = by_reference.fetch(services, client, reference)
    if text is not None:
        return Asked(signed.read(services, client, text), carrier=_carrier(params))
    if client.oidc.require_signed_request_object:  # RFC 9101 §10.5
        raise OAuthError(
            "invalid_request", "This application must sign its authorization requests: send request=JWT.",
            field="request", expected="a signed JWT", got="plain parameters", kind="request_object_missing",
            fix="Switch signed requests (JAR) on in the application, or here: "
            f"doorward client set {client.id} require_signed_request_object=false",
        )  # fmt: skip
    return Asked(params)


def _carrier(params: Params) -> Params:
    """What else stands beside counts for nothing, and is carried no further."""
    return Params([(name, value) for name, value in params.pairs if name in ("client_id", "request", "request_uri")])


def _must_push(services: Services, client: Client) -> bool:
    """RFC 9126 §5, §6: as the deployment has it, or the client."""
    everybody = services.settings.oauth.require_pushed_authorization_requests
    return everybody or client.oidc.require_pushed_authorization_requests


def _not_pushed(services: Services, client: Client) -> OAuthError:
    here = (
        "in the settings: oauth.require_pushed_authorization_requests"
        if services.settings.oauth.require_pushed_authorization_requests
        else f"doorward client set {client.id} require_pushed_authorization_requests=false"
    )
    return OAuthError(
        "invalid_request", "This application must push its authorization requests to /oauth/par first.",
        field="request_uri", expected="a request that was pushed", got="plain parameters",
        kind="pushed_request_missing",
        fix="Switch PAR on in the application (discovery names pushed_authorization_request_endpoint), or off here: "
        + here,
    )  # fmt: skip
