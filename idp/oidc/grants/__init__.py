"""The grants of the token endpoint, one file and one row each.

A row is the grant's own hook: the client is proven and may use the grant; it decides, writes, and answers tokens.
Rule: rules of RFC 6749 §4.1 run in Authlib, which stays inside `authorization_code`; ours stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from clients.offered import CIBA, DEVICE_CODE
from idp.oidc.grants import (
    authorization_code,
    ciba,
    client_credentials,
    device_code,
    jwt_bearer,
    refresh_token,
    token_exchange,
)
from idp.oidc.ledger import Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

#: Errors: `OAuthError`, `Stale`.
Issue = Callable[[Services, TokenRequest], Issued]

GRANTS: dict[str, Issue] = {
    "authorization_code": authorization_code.issue,
    "refresh_token": refresh_token.issue,
    "client_credentials": client_credentials.issue,
    DEVICE_CODE: device_code.issue,
    token_exchange.GRANT_TYPE: token_exchange.issue,
    jwt_bearer.GRANT_TYPE: jwt_bearer.issue,
    CIBA: ciba.issue,
}
