"""authorization_code with PKCE (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from authlib.oauth2.rfc6749 import UnauthorizedClientError, grants

from idp.errors import OAuthError
from idp.ids import digest, split
from idp.oidc import ledger, tokens
from idp.oidc.ledger import CODE, Grant

#: What an admin reads under the ids of these faults.
_PAIR = (
    "Let the application keep the code_verifier that it made the code_challenge from (in its session, one for each "
    "sign-in) and send it with the code: PKCE is on for one of the two requests only, or the session was lost between."
)
_ONCE = (
    "A code works once: let the application redeem it once and keep the tokens. Mostly its callback page was loaded "
    "again, or the request was sent again after a timeout; if it was neither, somebody else had the code."
)
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")  # RFC 7636 §4.1


class _Code:
    """A grant in the words of Authlib's rule for redirect_uri."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def get_redirect_uri(self) -> str:
        return self.grant.redirect_uri


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """Authenticate the client, find the code, compare, and redeem it once."""

    def check_client(self, client: Any) -> None:
        """At the authorization endpoint: may this client use this response type at all?"""
        response_type = self.request.payload.response_type
        if not client.check_response_type(response_type):
            raise UnauthorizedClientError("This application is not registered for this response_type.")

    def validate_token_request(self) -> None:
        super().validate_token_request()
        check_verifier(self.request.authorization_code.grant, self.request.form.get("code_verifier"))

    def query_authorization_code(self, code: str, client: Any) -> _Code | None:
        services, wire = self.request.services, self.request.wire
        presented = split(code, CODE)
        if presented is None:
            return None
        stored = services.state.get(f"code:{presented[0]}")
        if stored is None:
            ledger.revoke_reused_code(services, wire, presented[0], digest(presented[1]), client.client)
            return None
        grant = Grant(**stored)
        # RFC 6749 §4.1.3: only the client that it was issued to.
        if grant.client_id != client.client.id or not hmac.compare_digest(grant.code_hash, digest(presented[1])):
            return None
        check_redirect_uri(grant, self.request.payload.redirect_uri)
        return _Code(grant)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        request = self.request
        services, client, grant = request.services, request.client.client, request.authorization_code.grant
        resource = narrowed(grant.resource, request.payload.datalist.get("resource", []))
        try:
            issued = ledger.redeem(
                services, request.wire, client, grant, refresh="refresh_token" in client.grant_types, resource=resource
            )
        except ledger.CodeReused as error:
            raise OAuthError(
                "invalid_grant", "The code was used already; what it gave is revoked.", fix=_ONCE
            ) from error
        return 200, tokens.response(services, client, issued, nonce=grant.nonce), ()


def narrowed(granted: list[str], asked: list[str]) -> list[str]:
    """The resources of one access token: those asked for, within those granted (RFC 8707 §2.2)."""
    if not set(asked) <= set(granted):
        raise OAuthError("invalid_target", "A resource was asked for that the authorization request did not name.")
    return asked or granted


def check_redirect_uri(grant: Grant, sent: str | None) -> None:
    """RFC 6749 §4.1.3: identical to the one of the authorization request. Authlib compares too, and names neither."""
    if grant.redirect_uri and sent != grant.redirect_uri:
        raise OAuthError(
            "invalid_grant", "Invalid 'redirect_uri' in request.",
            detail=f"redirect_uri {sent!r}; the authorization request had {grant.redirect_uri!r}",
            fix=f"Let the application send redirect_uri={grant.redirect_uri} to the token endpoint as well: it has two "
            "settings for it, or sees another address of itself behind a proxy.",
        )  # fmt: skip


def check_verifier(grant: Grant, verifier: str | None) -> None:
    """RFC 7636 §4.6, and RFC 9700 §2.1.1 against downgrades: a verifier and a challenge only come together."""
    if not grant.challenge and not verifier:
        return
    if not grant.challenge:
        raise OAuthError(
            "invalid_grant", "A code_verifier was sent, but the authorization request had no code_challenge.", fix=_PAIR
        )
    if not verifier:
        raise OAuthError("invalid_grant", "code_verifier is missing.", fix=_PAIR)
    if VERIFIER.fullmatch(verifier) is None:
        raise OAuthError(
            "invalid_grant", "code_verifier must be 43 to 128 characters of A-Z a-z 0-9 - . _ ~", fix=_PAIR
        )
    if not hmac.compare_digest(challenge_of(verifier), grant.challenge):
        raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge.", fix=_PAIR)


def challenge_of(verifier: str) -> str:
    """S256: the base64url SHA-256 of the verifier."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
