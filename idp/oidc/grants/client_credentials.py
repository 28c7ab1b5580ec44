"""client_credentials (RFC 6749 §4.4): a token for the application itself."""

from __future__ import annotations

from idp.accounts import roles
from idp.oidc import authorization_details, ledger, scopes, tokens
from idp.oidc.ledger import Issued, Terms
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services


def issue(services: Services, asked: TokenRequest) -> Issued:
    """Scopes about people mean nothing here, nor does the one of our own API without a role (C2).

    So no token is got today that will open it on the day that the application is given one.
    """
    client = asked.client
    wanted = [one for one in scopes.allowed(client, asked.scope).split() if one not in scopes.SUPPORTED]
    if scopes.ADMIN in wanted and not roles.grants_of_program(services.db, client.id, services.clock()):
        wanted.remove(scopes.ADMIN)
    scope = " ".join(wanted)
    scopes.check(asked.scope, scope, client)
    tokens.check_resource(client, asked.resource)
    details = authorization_details.read(services, asked.form, client)
    resource = authorization_details.with_places(services, client, asked.resource, details)
    return ledger.issue_to_client(services, client, Terms(scope, resource, asked.cnf, details=details))
