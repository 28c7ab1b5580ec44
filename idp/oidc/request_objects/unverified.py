"""A request object that could not be verified: how its refusal is to be delivered.

Nothing in it is believed. It says no more than the URL around it could say: to which of the registered addresses, and
how, the refusal goes.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping

from idp.wire import Params

MAX_READ = 32 * 1024  # characters of a request object that is looked into
READ = ("redirect_uri", "response_mode", "response_type", "state")


def peek(params: Params) -> Mapping[str, str]:
    """How an error is to be delivered, by a signed or unsigned request object; empty where it cannot be read."""
    text = params.get("request")
    if text is None or len(text) > MAX_READ:
        return {}
    try:
        segment = text.split(".")[1]
        claims = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
        # What no URL can carry is not carried back either.
        found = {name: claims[name] for name in READ if isinstance(claims.get(name), str) and claims[name]}
        return {name: value for name, value in found.items() if value.encode()}
    except (IndexError, AttributeError, ValueError, RecursionError):  # encrypted, cut, or no JWT
        return {}
