"""Request objects (Core §6, RFC 9101) are not supported: they are refused, as the request inside asks to be told.

Nothing in one is believed. It says no more than the URL around it could say: to which of the registered addresses, and
how, the refusal goes.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping

from idp.errors import OAuthError
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


def check(params: Params) -> None:
    """Core §6, §7.2.1: what is not supported is said, never fetched and never ignored. Errors: `OAuthError`."""
    for name, kind in (("request", "Request objects"), ("request_uri", "Request URIs")):
        if params.get(name):
            raise OAuthError(
                f"{name}_not_supported",
                f"{kind} are not supported, as the metadata says ({name}_parameter_supported): send the parameters "
                "themselves.",
                field=name, expected="(nothing)", got=f"a {kind[:-1].lower().replace('uri', 'URI')}",
                fix="Switch signed requests (request objects, JAR, PAR) off in the application: send plain parameters.",
                kind="request_object",
            )  # fmt: skip
    if params.get("registration"):
        raise OAuthError(
            "registration_not_supported", "The registration parameter is not supported: register first.",
            field="registration", expected="(nothing)", got="client metadata",
            fix="An admin registers the application here; let it send the client id that it is given then.",
            kind="registration_parameter",
        )  # fmt: skip
