"""The body and the token of a registration request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from idp.errors import OAuthError
from idp.wire import Request

MOST_FIELDS: Final = 200  # of one object
MOST_BYTES: Final = 16 * 1024  # a registration with every field and a few keys has 4,000
_FIX: Final = "Let the application send one JSON object, with Content-Type: application/json (RFC 7591 §3.1)."


def sent(request: Request) -> dict[str, Any]:
    """The client metadata in the body. Errors: `OAuthError` (invalid_client_metadata)."""
    if request.content_type != "application/json":
        shown = request.content_type[:60] or "no Content-Type"
        raise _body("expected Content-Type: application/json", "Content-Type", "application/json", shown)
    if len(request.body) > MOST_BYTES:
        got = f"{len(request.body)} bytes"
        raise _body(f"the body is longer than {MOST_BYTES} bytes", "body", f"at most {MOST_BYTES} bytes", got)
    try:
        found = json.loads(request.body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise _body("the JSON is nested too deeply", "body", "a JSON object", "") from None
    except _Wide as error:
        raise _body(f"more than {MOST_FIELDS} fields", "body", f"at most {MOST_FIELDS} fields", str(error)) from None
    except ValueError as error:
        raise _body(f"the body is no JSON: {error}", "body", "a JSON object", "") from None
    if not isinstance(found, dict):
        raise _body(f"expected a JSON object, not {type(found).__name__}", "body", "a JSON object", "")
    return found


def token(request: Request) -> str:
    """The bearer token of the header, '' where there is none. In a form or an address it is none (RFC 7591 §3)."""
    scheme, _, value = request.header("Authorization").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def refused(
    description: str, *, kind: str, status: int = 401, code: str = "invalid_token", fix: str = ""
) -> OAuthError:
    """A token that opens nothing, with its challenge (RFC 6750 §3); without any there is no error code in that."""
    challenge = 'Bearer realm="doorward"'
    if kind != "registration_token_missing":
        challenge += f', error="{code}", error_description="{description}"'
    return OAuthError(
        code, description, status=status, headers=(("WWW-Authenticate", challenge),), field="Authorization", fix=fix,
        kind=kind,
    )  # fmt: skip


def _body(description: str, field: str, expected: str, got: str) -> OAuthError:
    return OAuthError(
        "invalid_client_metadata", f"{description[:1].upper()}{description[1:]}.", field=field, expected=expected,
        got=got, fix=_FIX, kind="registration_body",
    )  # fmt: skip


class _Wide(ValueError):
    """An object of more fields than anybody registers."""


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    if len(pairs) > MOST_FIELDS:
        raise _Wide(len(pairs))
    found = dict(pairs)
    if len(found) != len(pairs):
        # Counted in one pass: whoever sends them is not known yet.
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"{twice[:60]} stands there twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")
