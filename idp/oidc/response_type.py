"""response_type: what the application wants to come back through the browser, and what must stand beside it.

The implicit and the hybrid flow (Core §3.2, §3.3) are for applications that are registered for them by name; where no
application is, they are not there at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from clients import offered
from clients.client import Client
from clients.offered import ResponseType
from idp.errors import OAuthError
from idp.protocols import Services
from idp.wire import Params


def supported(services: Services) -> list[str]:
    """The response types that work here: the code's, and those that some application is registered for."""
    registered = services.registry.response_types()
    return [name for name in offered.RESPONSE_TYPES if name == "code" or name in registered]


def read(services: Services, params: Params, client: Client) -> ResponseType:
    """RFC 6749 §3.1.1: there, one of ours, and one that the client is registered for. Errors: `OAuthError`."""
    asked = params.get("response_type")
    if asked is None:
        raise OAuthError(
            "invalid_request", "response_type is missing; use response_type=code.",
            field="response_type", expected="code", kind="response_type",
        )  # fmt: skip
    found = offered.find_response_type(asked)
    if found is not None and found.name in client.oidc.response_types:
        return found
    if found is None or found.name not in supported(services):
        raise OAuthError(
            "unsupported_response_type",
            f"response_type={asked[:60]} is not supported; use response_type=code, with PKCE.",
            field="response_type", expected="code", got=asked, fix=_register(client, found),
            kind="response_type",
        )  # fmt: skip
    raise OAuthError(
        "unauthorized_client", f"This application is not registered for response_type={found.name}.",
        field="response_type", expected=" or ".join(client.oidc.response_types) or "(none)", got=asked,
        fix=_register(client, found), kind="response_type_not_allowed",
    )  # fmt: skip


def check_details(asked: ResponseType, details: Sequence[object]) -> None:
    """RFC 9396 details are in what the token endpoint gives, and in no token that goes through the browser."""
    if details and asked.token:
        raise OAuthError(
            "invalid_authorization_details", f"authorization_details come with a code, not with {asked.name}.",
            field="response_type", expected="code", got=asked.name, kind="authorization_details",
            fix="Let the application use response_type=code, with PKCE.",
        )  # fmt: skip


def _register(client: Client, wanted: ResponseType | None) -> str:
    if not client.oidc.response_types:
        return f"Its profile ({client.profile}) signs nobody in: register it as web, spa or native."
    if wanted is None or wanted.usual:
        return "Set the application to the authorization code flow (response_type=code), with PKCE."
    return (
        "Set the application to the authorization code flow (response_type=code), with PKCE. One that knows nothing "
        f"else can be registered for it, as legacy: doorward client set {client.id} 'response_types+={wanted.name}'"
    )


def check_beside(params: Params, asked: ResponseType, scope: str) -> None:
    """What an ID token that comes through the browser needs: openid, and a nonce. Errors: `OAuthError`.

    `scope`: what of it the client may have; what the request says alone counts for nothing.
    """
    if not asked.id_token:
        return
    if "openid" not in scope.split():  # Core §3.2.2.1, §3.3.2.1
        raise OAuthError(
            "invalid_scope", f"response_type={asked.name} asks for an ID token: scope must have openid.",
            field="scope", expected="openid", got=scope or "(nothing of what was asked for)", kind="openid_missing",
            fix="Let the application send scope=openid, and see that it is registered for it.",
        )  # fmt: skip
    if not params.get("nonce"):  # Core §3.2.2.1, §3.3.2.11: against an ID token that was seen before
        raise OAuthError(
            "invalid_request", f"nonce is missing: response_type={asked.name} needs one, new for each request.",
            field="nonce", expected="a value that is new each time", kind="nonce_missing",
            fix="Let the application make a nonce for each request, send it, and compare it with the ID token's.",
        )  # fmt: skip
