"""Where else a request says whose it is, where it does not say so as it should. For records: nothing is believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from idp import claimed
from idp.oidc import hints, ledger
from idp.protocols import Services
from idp.wire import BadRequest, Params, Request
from keys.verifying import InvalidToken

_TOKENS: Final = ("code", "refresh_token", "token", "access_token")


def client_ids(services: Services, request: Request, sent: Params) -> Iterator[str]:
    """Ids of clients that it mentions, where one is expected first."""
    yield from claimed.client_ids(request)
    scheme, _, credentials = request.header("Authorization").partition(" ")
    try:
        shown = [sent.first.get(name) or request.query.first.get(name) or "" for name in _TOKENS]
    except BadRequest:
        return
    for token in (credentials.strip() if scheme.lower() != "basic" else "", *shown):
        yield from _of_token(services, token)
    hint = sent.first.get("id_token_hint")
    if hint:
        yield from _audience(services, hint)


def _of_token(services: Services, token: str) -> Iterator[str]:
    past = ledger.past_of(services, token) if token else None
    if past is not None:
        yield past.client_id
    elif token.count(".") == 2:
        yield from _audience(services, token)


def _audience(services: Services, token: str) -> Iterator[str]:
    try:
        yield from map(str, hints.audiences(hints.read_hint(services, token)))
    except InvalidToken:
        return
