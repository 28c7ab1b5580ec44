"""An error that no other finding knows, in the words that the endpoint has for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from idp.answers.finding import Finding, Reader, Side
from idp.answers.seen import Nameless

_SIDES: Final = get_args(Side)


def look(seen: Nameless) -> Iterator[Finding]:
    """Its code, whose side it is on, and the fix that stands under its id."""
    told = seen.told("side")
    side: Side = told if told in _SIDES else "application"  # type: ignore[assignment]
    fix = seen.told("fix") or seen.told("message")
    # What the application was told itself is no news to whoever runs it; the rest is for this house.
    reader: Reader = {"application": "stranger", "person": "app", "nobody": "app"}.get(side, "house")  # type: ignore[assignment]
    field, expected, got = (seen.told(name) for name in ("field", "expected", "got"))
    got = got or ("" if field else seen.told("message"))
    field = field or seen.code.replace("saml_", "")
    yield Finding(seen.refused_as or "server_error", side, field, fix, expected, got, reader=reader)
