"""Tokens that come through the browser: the implicit and the hybrid flow (Core §3.2, §3.3)."""

from __future__ import annotations

from dataclasses import replace

from clients.offered import ResponseType
from idp.login.browser.sessions import Session
from idp.oidc import ledger, tokens
from idp.oidc.ledger import Grant
from idp.oidc.tokens import Beside
from idp.protocols import Services
from idp.wire import Request


def mint(
    services: Services, request: Request, wanted: ResponseType, grant: Grant, session: Session, code: str, state: str
) -> list[tuple[str, str]]:  # fmt: skip
    """The tokens of an answer, as its parameters (Core §3.2.2.5, §3.3.2.5). `code`: the one that goes with them, or ''.

    Errors: `Stale`; `OAuthError` (access_denied) where the grant ended a moment ago.
    """
    client = services.registry.get(grant.client_id)
    own = replace(
        grant,
        id=ledger.beside(grant.id),  # a code's family is made when it is redeemed
        code_hash="",
        scope=" ".join(scope for scope in grant.scope.split() if scope != "offline_access"),
        offline=False,
    )
    issued = ledger.mint_in_front(
        services, client, own, session.expires_at, request.remote_address, access_token=wanted.token
    )
    issued = replace(issued, nonce=grant.nonce)
    parameters: list[tuple[str, str]] = []
    access_token = tokens.written(services, client, issued) if wanted.token else ""
    if wanted.token:
        parameters += [(name, str(value)) for name, value in tokens.about_access(issued, access_token).items()]
    if wanted.id_token and issued.holder is not None:
        beside = Beside(code, state if wanted.code else "", alone=not wanted.code and not wanted.token)
        parameters.append(("id_token", tokens.id_token(services, client, issued, issued.holder, access_token, beside)))
    return parameters
