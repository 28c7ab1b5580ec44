"""Push (CIBA §10.3): the tokens are sent to the application as soon as its person has agreed; or why there are none.

They are made once, by the family's own key, and wait sealed in State until the application has taken them: each try
sends the very same, as long as it stands, and what nobody has taken by the last one is dead. A request that died
between the two has given nobody anything, and the application is told so.
"""

from __future__ import annotations

from typing import Any, Final

from clients.client import Client
from clients.offered import CIBA
from idp.errors import OAuthError
from idp.oidc import authorization_details, ledger, tokens
from idp.oidc.decoupled import pending
from idp.oidc.decoupled.pending import Pending, Said
from idp.oidc.ledger import Grant, Terms
from idp.oidc.token_request import TokenRequest
from idp.oidc.tokens import Beside
from idp.protocols import Services
from idp.traffic import Traffic
from idp.wire import Params, Request

FAILED: Final = "transaction_failed"


def body(services: Services, client: Client, asked: Pending, auth_req_id: str) -> dict[str, Any]:
    """What the application is sent, the same at each try. Errors: `Stale`."""
    kept, said = services.state.get(_key(asked.id)), pending.said(services, asked.id)
    if kept is not None and ("access_token" not in kept or _stands(services, said)):
        return dict(kept)
    if kept is not None:
        made = {"error": FAILED, "error_description": "What the person gave does not stand any more."}
    else:
        made = _made(services, client, asked, said, auth_req_id)
    told = {"auth_req_id": auth_req_id, **made}
    services.state.put(_key(asked.id), told, pending.KEPT)
    return told


def give_up(services: Services, asked: Pending) -> None:
    """Nobody holds what was made: it is dead, and is not shown to its person as somebody's access."""
    said = pending.said(services, asked.id)
    if said is not None and said.grant is not None:
        why = "the application did not take its tokens"
        given = ledger.Given(said.grant["id"], asked.client_id, said.person_id)
        ledger.revoke_family(services, _wire(asked), given, why)
    forget(services, asked)


def forget(services: Services, asked: Pending) -> None:
    """It was taken."""
    services.state.take(_key(asked.id))


def _failure(said: Said | None) -> dict[str, Any]:
    """§12: the person's own no, or nobody's answer."""
    if said is None:
        return {"error": "expired_token", "error_description": "Nobody answered in time."}
    return {"error": "access_denied", "error_description": "The person refused."}


def _made(
    services: Services, client: Client, asked: Pending, said: Said | None, auth_req_id: str
) -> dict[str, Any]:  # fmt: skip
    if said is None or said.grant is None:
        return _failure(said)
    return _tokens(services, client, asked, said, auth_req_id)


def _stands(services: Services, said: Said | None) -> bool:
    """Whether what was made at an earlier try may still be sent: minutes lie between the first and the last."""
    return said is not None and said.grant is not None and (
        ledger.find_family(services, said.grant["id"], "") is not None
    )  # fmt: skip


def _wire(asked: Pending) -> Request:
    return Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/oauth/bc-authorize", "REMOTE_ADDR": asked.address})


def _tokens(services: Services, client: Client, asked: Pending, said: Said, auth_req_id: str) -> dict[str, Any]:
    grant = Grant(**(said.grant or {}))
    details = authorization_details.standing(services, client, grant.details, grant.resource)
    request = TokenRequest(client, CIBA, None, [], Params([]), _wire(asked))
    try:
        issued = ledger.mint(services, request, grant, Terms(grant.scope, grant.resource, details=details))
    except ledger.CodeReused:  # the try before died with them
        return {"error": FAILED, "error_description": "The tokens were lost on our side; ask the person once more."}
    except OAuthError as error:  # what the person gave does not stand any more
        return {"error": FAILED, "error_description": error.description}
    services.part(Traffic).proven(
        CIBA, client.id, grant.id, (asked.address, "offline_access" in grant.scope.split()), issued.issued_at
    )  # fmt: skip
    return tokens.response(services, client, issued, Beside(auth_req_id=auth_req_id))


def _key(pending_id: str) -> str:
    return f"ciba-pushed:{pending_id}"
