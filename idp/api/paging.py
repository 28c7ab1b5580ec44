"""Pages by key: where one ends is told by a sealed cursor, good for the same query of the same caller (X16)."""

from __future__ import annotations

import json
from typing import Any, Final

from idp.api.models import Error
from idp.api.operations import Call
from idp.api.problems import Problem
from idp.ids import digest
from idp.protocols import Services
from keys.sealing import BrokenSeal

_PURPOSE: Final = "api cursor"


def place(services: Services, call: Call) -> Any:
    """After what the page begins, as `cursor` was given it; None at the beginning. Errors: `Problem`."""
    given = getattr(call.query, "cursor", None)
    if given is None:
        return None
    try:
        # Sealed for this list, caller and query: one that was made up, cut or carried elsewhere does not open.
        return json.loads(services.sealer.open(_PURPOSE, given, _context(call)))
    except (BrokenSeal, ValueError):
        detail = "is not one that this query gave to you; begin without a cursor"
        raise Problem("cursor", f"cursor: {detail}.", errors=(Error(parameter="cursor", detail=detail),)) from None


def cursor(services: Services, call: Call, place: Any) -> str:
    """The cursor of the page that begins after `place`, any JSON value."""
    said = json.dumps(place, separators=(",", ":"))
    return services.sealer.seal(_PURPOSE, said.encode("utf-8", "surrogatepass"), _context(call))


def _context(call: Call) -> bytes:
    asked = call.query.model_dump(mode="json", exclude={"cursor", "limit"})
    said = [call.operation.id, call.actor.name, dict(call.path), asked]
    return digest(json.dumps(said, sort_keys=True)).encode()
