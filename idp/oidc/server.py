"""Authlib's authorization server over our `wire`: it dispatches grants and runs their RFC 6749 rules, nothing more.

It reads no global request, stores nothing, and makes no token; those are `client_auth`, `ledger` and `tokens`.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request

from clients import redirects
from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import client_auth
from idp.services import Services
from idp.wire import Json, Params, Request, lazy


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, params: Params) -> None:
        self._params = params

    @property
    def data(self) -> dict[str, str]:
        return self._params.first

    @lazy
    def datalist(self) -> dict[str, list[str]]:
        lists: dict[str, list[str]] = {}
        for name, value in self._params.pairs:
            lists.setdefault(name, []).append(value)
        return lists


class RegisteredClient(ClientMixin):  # type: ignore[misc]
    """Our client in the words of Authlib's rules."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        return None  # always named: what is not asked for cannot be mixed up

    def get_allowed_scope(self, scope: str | None) -> str:
        return allowed_scope(self.client, scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.is_registered(redirect_uri, self.client)

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.client.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


class GrantRequest(OAuth2Request):  # type: ignore[misc]
    """A wire request in the words of Authlib's grants."""

    def __init__(self, services: Services, request: Request, params: Params) -> None:
        # Not Authlib's own: that one parses the URI, to refuse plain http; whether ours may be is for the settings.
        self.method = request.method
        self.services, self.wire = services, request
        self.payload = _Payload(params)
        self.client = self.authorization_code = None

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class Server(AuthorizationServer):  # type: ignore[misc]
    """One per process; a request carries its services, so this object holds only the grants."""

    def query_client(self, client_id: str) -> None:
        raise NotImplementedError("clients are found before the rules run")

    def authenticate_client(self, request: GrantRequest, methods: Any, endpoint: str = "token") -> RegisteredClient:
        client = client_auth.authenticate(request.services, request.wire)
        return RegisteredClient(client)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: GrantRequest) -> GrantRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        return status, body, headers

    def token(self, services: Services, request: Request) -> Json:
        """Answer a token request. Errors: `OAuthError`."""
        if request.form.get("grant_type") is None:
            raise OAuthError("invalid_request", "grant_type is missing.")
        asked = GrantRequest(services, request, request.form)
        try:
            grant = self.get_token_grant(asked)
            grant.validate_token_request()
            _, body, _ = grant.create_token_response()
        except OAuth2Error as error:
            raise OAuthError(
                error.error, error.get_error_description() or _DESCRIPTIONS.get(error.error, "")
            ) from error
        return Json(body=body)

    def check_authorization(self, services: Services, request: Request, params: Params, client: Client) -> str:
        """RFC 6749's own rules for an authorization request; answers the scope. Errors: `OAuthError`."""
        asked = GrantRequest(services, request, params)
        try:
            # Every response type is looked up here; what no grant takes is unsupported_response_type.
            for grant_class, _ in self._authorization_grants:
                if grant_class.check_authorization_endpoint(asked):
                    grant = grant_class(asked, self)
                    grant.validate_no_multiple_request_parameter(asked)
                    grant.check_client(RegisteredClient(client))
                    return allowed_scope(client, params.get("scope"))
        except OAuth2Error as error:
            raise OAuthError(error.error, error.get_error_description()) from error
        if params.get("response_type") is None:
            raise OAuthError("invalid_request", "response_type is missing; use response_type=code.")
        raise OAuthError("unsupported_response_type", "This response_type is not supported; use response_type=code.")


def allowed_scope(client: Client, asked: str | None) -> str:
    """What of the asked scope the client may have, in the order asked; without any, its own API scopes.

    RFC 6749 §3.3: reduced rather than refused, every decision is made on the reduced value, and it is sent back.
    """
    if asked is None:
        return " ".join(sorted(client.scopes - {"openid", "offline_access"}))
    return " ".join(dict.fromkeys(scope for scope in asked.split() if scope in client.scopes))


_DESCRIPTIONS = {
    "unsupported_grant_type": "Use grant_type authorization_code, refresh_token or client_credentials.",
    "unauthorized_client": "This application is not registered for this grant_type.",
}


def create_server() -> Server:
    """The server with the grants that work."""
    from idp.oidc.grants.authorization_code import AuthorizationCodeGrant
    from idp.oidc.grants.client_credentials import ClientCredentialsGrant
    from idp.oidc.grants.refresh_token import RefreshTokenGrant

    server = Server()
    for grant in (AuthorizationCodeGrant, RefreshTokenGrant, ClientCredentialsGrant):
        server.register_grant(grant)
    return server
