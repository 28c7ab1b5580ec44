"""client_credentials (RFC 6749 §4.4): a token for the application itself."""

from __future__ import annotations

from idp.oidc import ledger, scopes, tokens
from idp.oidc.ledger import Issued, Terms
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services


def issue(services: Services, asked: TokenRequest) -> Issued:
    """Scopes about people mean nothing here."""
    client = asked.client
    scope = " ".join(s for s in scopes.allowed(client, asked.scope).split() if s not in scopes.SUPPORTED)
    scopes.check(asked.scope, scope, client)
    tokens.check_resource(client, asked.resource)
    return ledger.issue_to_client(services, client, Terms(scope, asked.resource))
