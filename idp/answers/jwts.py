"""A JWT of an application as it says of itself, unverified: for what is told of one that was refused."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

HEADER, CLAIMS = 0, 1


def part(token: str, number: int) -> Mapping[str, Any]:
    """Its header or its claims; nothing where it is no JWT that can be read."""
    try:
        text = token.split(".")[number]
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A time in it, seconds since 1970; None where there is none."""
    value = claims.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def is_one(text: str) -> bool:
    """Whether it has the form of a signed JWT, with an algorithm in its header."""
    return text.count(".") == 2 and isinstance(part(text[:16_384], HEADER).get("alg"), str)
