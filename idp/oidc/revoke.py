"""Token revocation (RFC 7009)."""

from __future__ import annotations

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import bearer, client_auth, ledger
from idp.protocols import Services
from idp.wire import Raw, Request, Response

_DONE = Raw(headers=(("Cache-Control", "no-store"),))


def revoke(services: Services, request: Request) -> Response:
    """POST /oauth/revoke. 200 also for a token that is unknown or dead (§2.2); a store that fails is 503, never 200."""
    client = client_auth.authenticate(services, request)
    token = request.form.get("token")
    if token is None:
        client_auth.check_form(request)
        raise OAuthError(
            "invalid_request",
            "token is missing.",
            field="token",
            expected="a token in the form",
            fix="Let it send the token as the parameter “token” of the form.",
            kind="token_missing",
        )
    if token.startswith(ledger.REFRESH):
        _revoke_refresh(services, request, client, token)
    elif token.startswith(ledger.DEVICE_SECRET) and client.oidc.native_sso_group:
        ledger.revoke_device(services, request, token, client.id)
    else:
        _revoke_access(services, request, client, token)
    return _DONE


def _revoke_refresh(services: Services, request: Request, client: Client, token: str) -> None:
    # §2.1: the access tokens of the same grant die with it. A rotated token ends its family too: its owner wants out.
    row = ledger.find_genuine(services, token)
    if row is not None:
        _check_owner(row.client_id, client)
        given = ledger.Given(row.family_id, client.id, row.person_id)
        ledger.revoke_family(services, request, given, "the application revoked it")


def _revoke_access(services: Services, request: Request, client: Client, token: str) -> None:
    access = bearer.find(services, token)
    if access is not None:
        _check_owner(access.client_id, client)
        ledger.revoke_access(services, request, access.token_id, client.id, access.expires_at, is_jwt=access.is_jwt)


def _check_owner(owner_id: str, client: Client) -> None:
    if owner_id != client.id:  # §2.1
        raise OAuthError(
            "invalid_grant", "This token was issued to another application.", field="token",
            expected="a token of this application", got="a token of another one",
            fix="Let it revoke its own tokens alone, with the client id that it got them with.",
            kind="token_of_another",
        )  # fmt: skip
