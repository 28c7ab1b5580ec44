"""refresh_token with rotation (RFC 6749 §6, RFC 9700 §4.14)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError, grants

from idp.oidc import ledger, tokens


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Everything that may have ended since is looked at again, in the transaction that rotates."""

    def validate_token_request(self) -> None:
        self.request.client = self.authenticate_token_endpoint_client()
        if not self.request.client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This application is not registered for grant_type=refresh_token.")
        if not self.request.form.get("refresh_token"):
            raise InvalidRequestError("refresh_token is missing.")

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        request = self.request
        client = request.client.client
        issued = ledger.refresh(
            request.services,
            request.wire,
            client,
            request.form["refresh_token"],
            request.form.get("scope") or None,
            request.payload.datalist.get("resource", []),
        )
        # Core §12.2: the new ID token keeps iss, sub, aud and auth_time, and has no nonce.
        return 200, tokens.response(request.services, client, issued), ()
