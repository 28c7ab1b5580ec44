"""What a call sent, checked: all that is wrong is said at once, each by its place (RFC 9457 §3)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from idp.api.models import Error, Model
from idp.api.problems import Problem, pointer
from idp.wire import Params, Request

MAX_DEPTH: Final = 20  # of a body's objects and lists, each in the other
JSON: Final = ("application/json",)
MERGE_PATCH: Final = ("application/merge-patch+json", *JSON)  # RFC 7396 §4


def body(request: Request, model: type[Model], *, types: tuple[str, ...] = JSON) -> tuple[Model, Any]:
    """The body as its class, and as it came. Errors: `Problem`, `BadRequest`."""
    if request.content_type not in types:
        error = Error(header="Content-Type", detail="is not one that is taken here", expected=" or ".join(types))
        raise Problem("media-type", f"Send the body as {types[0]}.", errors=(error,))
    sent = _parsed(request.body)
    if errors := list(_unfit(sent, ())):
        raise Problem("invalid", "The body has what no text of ours may have.", errors=errors)
    try:
        # Not Python's laxer ways: "1" is no number, 1 is no truth.
        return model.model_validate_json(request.body, strict=True), sent
    except ValidationError as error:
        errors = [_of_body(one) for one in error.errors(include_url=False)]
        raise Problem("invalid", _summary(errors), errors=errors) from None


def query(params: Params, model: type[Model] | None) -> Model | None:
    """The parameters as their class; one that is not known is no parameter. Errors: `Problem`."""
    errors = [Error(parameter=name, detail="stands more than once") for name in dict.fromkeys(params.repeated)]
    if model is None:
        errors += [Error(parameter=name[:100], detail="is not known here") for name in params.first]
    errors += [
        Error(parameter=name[:100], detail="has a character that is not printable")
        for name, value in params.first.items()
        if not (name.isprintable() and value.isprintable())
    ]
    if errors:
        raise Problem("parameter", _summary(errors), errors=errors)
    if model is None:
        return None
    try:
        return model.model_validate(params.first)
    except ValidationError as error:
        errors = [_of_query(one) for one in error.errors(include_url=False)]
        raise Problem("parameter", _summary(errors), errors=errors) from None


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        why = str(error) if isinstance(error, _Twice) else why
        raise Problem("unreadable", f"The body is not JSON: {why[:200]}.") from None


class _Twice(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # RFC 8259 §4: of a name that stands twice each reader keeps another one.
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice("a name stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise _Twice(f"{name} is not a number of JSON")


def _unfit(value: Any, path: tuple[str | int, ...]) -> Iterator[Error]:
    """What no store takes, or no reader should be given: NUL, half a character, a number without end, a deep nest."""
    if len(path) > MAX_DEPTH:
        yield Error(pointer=pointer(*path[:3]), detail=f"is nested more than {MAX_DEPTH} deep")
    elif isinstance(value, dict):
        for name, one in value.items():
            if not _is_fit(name):
                yield Error(pointer=pointer(*path), detail="has a name with a character that no text may have")
            yield from _unfit(one, (*path, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _unfit(one, (*path, place))
    elif isinstance(value, str) and not _is_fit(value):
        yield Error(pointer=pointer(*path), detail="has a character that no text may have, such as NUL")
    elif (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= 2**53):
        yield Error(pointer=pointer(*path), detail="is too large a number")


def _is_fit(text: str) -> bool:
    return ("\0" not in text and text.isascii()) or (
        "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
    )


def _of_body(error: Any) -> Error:
    detail, expected, example = _said(error)
    return Error(pointer=pointer(*error["loc"]), detail=detail, expected=expected, example=example)


def _of_query(error: Any) -> Error:
    detail, expected, example = _said(error)
    return Error(parameter=str(error["loc"][0])[:100], detail=detail, expected=expected, example=example)


#: What is expected, by pydantic's name of the fault, with an example.
_EXPECTED: Final[dict[str, tuple[str, Any]]] = {
    "string_type": ("a text", "some text"),
    "bool_type": ("true or false", True),
    "int_type": ("a whole number", 3600),
    "dict_type": ("an object", {}),
    "tuple_type": ("a list", []),
    "list_type": ("a list", []),
    "datetime_from_date_parsing": ("a moment (RFC 3339)", "2027-01-31T18:00:00Z"),
    "datetime_type": ("a moment (RFC 3339)", "2027-01-31T18:00:00Z"),
    "datetime_parsing": ("a moment (RFC 3339)", "2027-01-31T18:00:00Z"),
    "timezone_aware": ("a moment with its zone (RFC 3339)", "2027-01-31T18:00:00Z"),
}


def _said(error: Any) -> tuple[str, str | None, Any]:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        return "is not known here, or is not yours to set", None, None
    if kind == "missing":
        return "is missing", None, None
    if kind == "literal_error":
        return "is none of those that there are", str(context["expected"]), None
    if kind == "value_error":
        return str(context.get("error", error["msg"])), None, None
    expected, example = _EXPECTED.get(kind, (None, None))
    message = str(error["msg"])
    return message[0].lower() + message[1:], expected, example


def _summary(errors: list[Error]) -> str:
    said = [f"{one.pointer or one.parameter}: {one.detail}" for one in errors[:5]]
    more = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
    return "; ".join(said) + more
