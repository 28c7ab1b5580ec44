"""Which code or token of ours a request showed, by its id: it opens nothing, and leads to what was issued with it."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import Any, Final

from idp.wire import BadRequest, Request

_OURS: Final = re.compile(r"dw([car])_([0-9a-v]{26})\.")
_JWT: Final = re.compile(r"[\w-]{10,2000}\.([\w-]{10,6000})\.[\w-]{10,2000}")
_FAMILY: Final = re.compile(r"[0-9a-v]{26}")
_SHOWN: Final = ("code", "refresh_token", "token")
#: By the letter of its prefix: the ids of codes and refresh tokens are their family's.
_KINDS: Final = {"c": "code_id", "r": "family_id", "a": "token_id"}


def of(request: Request) -> dict[str, Any]:
    """Nothing where it showed none. What is here was said by whoever asks, and is not proven."""
    try:
        sent = [request.form.get(name) or "" for name in _SHOWN] if request.method == "POST" else []
    except BadRequest:
        sent = []
    for value in (*sent, request.header("Authorization").removeprefix("Bearer ")):
        if (found := _OURS.match(value)) is not None:
            return {_KINDS[found[1]]: found[2]}
        if family := _family_of_jwt(value):
            return {"family_id": family}
    return {}


def _family_of_jwt(value: str) -> str:
    found = _JWT.fullmatch(value)
    if found is None:
        return ""
    try:
        claims = json.loads(urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except (ValueError, RecursionError):
        return ""
    family = claims.get("fam") if isinstance(claims, dict) else None
    return family if isinstance(family, str) and _FAMILY.fullmatch(family) else ""
