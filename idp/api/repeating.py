"""Idempotency-Key: a creation that is sent again makes nothing anew, and is answered as the first time.

draft-ietf-httpapi-idempotency-key-header: the same key with the same request is the same answer, with another one 422,
and while the first is being answered 409. Kept for a day, for each caller apart. What is kept may hold a secret that is
shown once, so it is sealed (`idp.state.sealed`). A refusal is not kept: nothing was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from idp.api.models import Error
from idp.api.operations import Call
from idp.api.problems import Problem
from idp.ids import digest
from idp.protocols import Services

KEPT: Final = 86_400.0  # seconds
#: A structured string, as the draft has it; and without its quotes, as most programs send it.
PATTERN: Final = r"""^("[ !#-\[\]-~]{1,255}"|[!#-~]{1,255})$"""
_KEY = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it is kept."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Any


def once(services: Services, call: Call, make: Callable[[], Told]) -> Told:
    """The answer of `make`, or the one that it gave to the same key before. Errors: `Problem`, those of `make`."""
    if "HTTP_IDEMPOTENCY_KEY" not in call.request.environ:
        return make()
    given = call.request.header("Idempotency-Key").strip()
    key = f"api:once:{digest(_caller(call) + ' ' + _read(given))}"
    print_ = digest(f"{call.operation.id} {call.request.path} {call.request.body.decode('utf-8', 'replace')}")
    # While it is being made the mark stands as long as the answer would: of a server that stopped in the middle nobody
    # knows whether it had made something, and a second one is what the key is there to prevent.
    if not services.state.add(key, {"of": print_}, KEPT):
        return _again(services.state.get(key), print_)
    try:
        told = make()
    except BaseException:
        services.state.take(key)
        raise
    services.state.put(key, {"of": print_, "status": told.status, "headers": told.headers, "body": told.body}, KEPT)
    return told


def _caller(call: Call) -> str:
    """Who calls, and with which rights: a kept answer is not for whoever has lost the right to it meanwhile."""
    grants = sorted(
        f"{one.role}={'*' if one.scope is None else ','.join(sorted(one.scope))}" for one in call.actor.grants
    )
    return " ".join((call.actor.name, call.actor.token_id, *grants))


def _read(given: str) -> str:
    found = _KEY.fullmatch(given)
    if found is None:
        expected = "a text in quotes, of 1 to 255 characters"
        error = Error(header="Idempotency-Key", detail="cannot be read", expected=expected,
                      example='"8e03978e-40d5-43dd-bc93-6894a57f9324"')  # fmt: skip
        raise Problem("parameter", "Idempotency-Key cannot be read.", errors=(error,))
    return given.strip('"')


def _again(kept: Any, print_: str) -> Told:
    if kept is not None and kept["of"] != print_:
        detail = "This Idempotency-Key was used for another request; take a new one for each thing that is to be made."
        raise Problem("key-reused", detail, errors=(Error(header="Idempotency-Key", detail="was used before"),))
    if kept is None or "status" not in kept:
        detail = "The first request with this key has not been answered yet. Try again in a second. If it goes on, its "
        detail += "server stopped: look whether what you wanted is there, and take a new key if it is not."
        raise Problem("in-progress", detail, headers=(("Retry-After", "1"),))
    headers = tuple((name, value) for name, value in kept["headers"])
    return Told(kept["status"], (*headers, ("Idempotency-Replayed", "true")), kept["body"])
