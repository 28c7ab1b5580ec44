"""Where else a request says whose it is, where it does not say so as it should. For records: nothing is believed."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.oidc import hints, ledger
from idp.protocols import Services
from idp.wire import BadRequest, Params, Request
from keys.verifying import InvalidToken

_MAX_BODY: Final = 20_000  # bytes of a body that is looked into
_TOKENS: Final = ("code", "refresh_token", "token", "access_token")


def client_ids(services: Services, request: Request, sent: Params) -> Iterator[str]:
    """Ids of clients that it mentions, where one is expected first."""
    try:
        yield request.query.get("client_id") or ""
    except BadRequest:
        return
    yield from _of_json(request)
    yield from _of_assertion(sent.first.get("client_assertion") or "")
    scheme, _, credentials = request.header("Authorization").partition(" ")
    if scheme.lower() == "basic":
        yield from _of_basic(credentials)
    shown = [sent.first.get(name) or request.query.first.get(name) or "" for name in _TOKENS]
    for token in (credentials.strip() if scheme.lower() != "basic" else "", *shown):
        yield from _of_token(services, token)
    hint = sent.first.get("id_token_hint")
    if hint:
        yield from _audience(services, hint)


def _of_json(request: Request) -> Iterator[str]:
    try:
        body = request.body if request.content_type in ("application/json", "text/plain", "") else b""
        found = json.loads(body) if 0 < len(body) < _MAX_BODY else None
    except (BadRequest, ValueError, RecursionError):
        return
    if isinstance(found, Mapping):
        yield from (str(found[name]) for name in ("client_id", "clientId", "clientID") if name in found)


def _of_assertion(assertion: str) -> Iterator[str]:
    try:
        part = assertion.split(".")[1]
        claims: Any = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return
    if isinstance(claims, Mapping):
        yield from (str(claims[name]) for name in ("sub", "iss", "client_id") if name in claims)


def _of_basic(credentials: str) -> Iterator[str]:
    """The pair as it is, where somebody forgot the base64, or the base64 of another alphabet."""
    yield credentials.partition(":")[0].strip()
    try:
        yield b64decode(credentials.strip() + "==", altchars=b"-_").decode("utf-8", "replace").partition(":")[0]
    except ValueError:
        return


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
