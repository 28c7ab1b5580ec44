"""Which application a request says it is of, wherever it says so. For records alone: nothing is believed, or proven."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote_plus

from idp.wire import BadRequest, Request

_MAX_BODY: Final = 20_000  # bytes of a body that is looked into
_MAX_ID: Final = 300  # characters
_MOST: Final = 8  # ids that are looked up
_NAMES: Final = ("client_id", "clientId", "clientID")


def client_of(request: Request, find: Callable[[str], Any]) -> str:
    """The first of its ids that `find` knows, '' for none."""
    ids = dict.fromkeys(one for one in client_ids(request) if 0 < len(one) <= _MAX_ID)
    return next((one for one in islice(ids, _MOST) if find(one) is not None), "")


def client_ids(request: Request) -> Iterator[str]:
    """Ids of clients that it names, where one is expected first."""
    try:
        yield request.form.first.get("client_id") or ""
        yield request.query.first.get("client_id") or ""
        assertion = request.form.first.get("client_assertion") or ""
    except BadRequest:
        return
    yield from _of_json(request)
    yield from _of_assertion(assertion)
    scheme, _, credentials = request.header("Authorization").partition(" ")
    if scheme.lower() == "basic":
        yield from _of_basic(credentials)


def json_of(request: Request) -> Mapping[str, Any]:
    """The body of a program that sends JSON where a form belongs; empty where it is none."""
    try:
        body = request.body if request.content_type in ("application/json", "text/plain", "") else b""
        found = json.loads(body) if 0 < len(body) < _MAX_BODY else None
    except (BadRequest, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _of_json(request: Request) -> Iterator[str]:
    found = json_of(request)
    yield from (str(found[name]) for name in _NAMES if name in found)


def _of_assertion(assertion: str) -> Iterator[str]:
    try:
        part = assertion.split(".")[1]
        claims: Any = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return
    if isinstance(claims, Mapping):
        yield from (str(claims[name]) for name in ("sub", "iss", "client_id") if name in claims)


def _of_basic(credentials: str) -> Iterator[str]:
    """The pair; as it is, too, where somebody forgot the base64, or took the base64 of another alphabet."""
    yield credentials.partition(":")[0].strip()
    try:
        user = b64decode(credentials.strip() + "==", altchars=b"-_").decode("utf-8", "replace").partition(":")[0]
    except ValueError:
        return
    yield user
    yield unquote_plus(user)  # RFC 6749 §2.3.1
