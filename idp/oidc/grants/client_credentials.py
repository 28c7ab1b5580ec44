"""client_credentials (RFC 6749 §4.4): a token for the application itself."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError, grants

from idp.oidc import ledger, scopes, tokens
from idp.oidc.server import allowed_scope


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """Confidential clients only; scopes about people mean nothing here."""

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE) or client.client.is_public:
            raise UnauthorizedClientError("This application is not registered for grant_type=client_credentials.")
        self.request.client = client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        request = self.request
        client = request.client.client
        asked = request.form.get("scope") or None
        scope = " ".join(s for s in allowed_scope(client, asked).split() if s not in scopes.SUPPORTED)
        scopes.check(asked, scope, client)
        resource = request.payload.datalist.get("resource", [])
        tokens.check_resource(client, resource)
        issued = ledger.issue_to_client(request.services, client, scope, resource)
        return 200, tokens.response(request.services, client, issued), ()
