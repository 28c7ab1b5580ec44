"""The document behind a sector_identifier_uri (Registration 1.0 §5): a JSON list with every redirect URI of the client.

It is read when an application is registered or changed, so that nobody joins a sector that does not know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients import sectors
from clients.errors import Problem
from idp import reach
from idp.http import OutboundFailed, OutboundRefused
from idp.oidc.fetched import Fetched
from idp.protocols import Services

FIELD: Final = "sector_identifier_uri"
FRESH: Final = 60.0  # seconds: a change that is looked at first, and then made, asks once
RETRY: Final = 30.0  # seconds between two tries for whoever registers itself
_WORDS: Final = 'expected an answer of 200 with a JSON list of redirect URIs: ["https://app.example/callback"]'


class _Lists(Fetched[tuple[str, ...]]):
    """The lists by address; empty: it cannot be had."""

    nothing = ()

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}


def problems(services: Services, values: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the sector of an application that is to have these values. It may ask another server."""
    address = values.get(FIELD)
    if not address:
        return
    now, cache, name = services.clock(), services.part(_Lists), reach.kept_as(values, address)
    named, is_stranger = sectors.proofs(values), reach.is_stranger(values)
    listed = cache.find(name, now, FRESH, RETRY if is_stranger else 0.0)
    if listed is None or not (is_stranger or {*named} <= {*listed}):  # it may have been mended since
        listed = cache.fetch(name, now, lambda: _read(services, cache, values, address))
    if not listed:
        why = cache.problems.get(name, "")
        if is_stranger:  # who it is is not known, and what is inside must not be told (S42); the admin reads why
            yield Problem(FIELD, f"cannot be read from here; {_WORDS}", detail=why)
        else:
            yield Problem(FIELD, why or f"is being read; {_WORDS}")
        return
    # Registration 1.0 §5: every redirect_uri, by exact comparison; CIBA §4: the jwks_uri.
    missing = [uri for uri in named if uri not in listed]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield Problem(FIELD, f"the list there lacks {missing[0][:200]}{more}; they are compared letter by letter")


def forget(services: Services, values: Mapping[str, Any]) -> None:
    """The next application that names this list has it read anew. What strangers make us read stays as it was read."""
    if values.get(FIELD) and not reach.is_stranger(values):
        services.part(_Lists).forget(reach.kept_as(values, values[FIELD]))


def _read(services: Services, cache: _Lists, values: Mapping[str, Any], address: str) -> tuple[str, ...]:
    try:
        answer = reach.outbound(services, values).get(address, accept="application/json")
        if answer.status != 200:
            raise OutboundFailed(f"it answered with status {answer.status}")
        found = json.loads(answer.body)
        if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
            raise ValueError("it is no list of texts")
    except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
        reason = str(error) if not isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)) else "it is no JSON"
        if len(cache.problems) > 1000:
            cache.problems.clear()
        cache.problems[reach.kept_as(values, address)] = f"cannot be read from here: {reason[:200]}; {_WORDS}"
        return ()
    return tuple(found)
