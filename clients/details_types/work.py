"""How much there is to look at in a schema once its references stand for what they mean: bounded before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MAX_PARTS: Final = 1_000  # objects, each reference counted as all that it leads to
#: What leads elsewhere than to a place of the same schema, or to one that only the value decides.
_ELSEWHERE: Final = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor")


def problem(schema: Mapping[str, Any]) -> str:
    """Why looking at a value might come to no end soon; '' where it does. Errors: `RecursionError`."""
    try:
        _parts(schema, schema, {}, is_root=True)
    except ValueError as error:
        return str(error)
    return ""


def _parts(value: Any, schema: Mapping[str, Any], known: dict[str, int], *, is_root: bool = False) -> int:
    """`known`: what was counted by its reference; 0: it is just being counted. Errors: `ValueError`."""
    if isinstance(value, list):
        return sum(_parts(one, schema, known) for one in value)
    if not isinstance(value, dict):
        return 0
    if not is_root and isinstance(value.get("$id"), str):
        raise ValueError("$id: expected at the top alone")
    if found := [name for name in _ELSEWHERE if isinstance(value.get(name), str)]:
        raise ValueError(f"{found[0]}: name a place by $ref, such as #/$defs/amount")
    many = 1 + sum(_parts(one, schema, known) for one in value.values())
    reference = value.get("$ref")
    if isinstance(reference, str):
        many += _of_reference(reference, schema, known)
    if many > MAX_PARTS:
        raise ValueError(f"is longer than {MAX_PARTS} parts, each $ref counted as all that it leads to")
    return many


def _of_reference(reference: str, schema: Mapping[str, Any], known: dict[str, int]) -> int:
    if reference not in known:
        known[reference] = 0
        known[reference] = _parts(_place(reference, schema), schema, known, is_root=reference == "#")
    if not known[reference]:
        raise ValueError(f"$ref: {reference[:80]} leads to itself")
    return known[reference]


def _place(reference: str, schema: Mapping[str, Any]) -> Any:
    """What a JSON Pointer (RFC 6901 §6) leads to. Errors: `ValueError`."""
    if reference != "#" and (not reference.startswith("#/") or "%" in reference):
        raise ValueError("$ref: expected a place of this schema, such as #/$defs/amount")
    found: Any = schema
    for part in reference[2:].split("/") if reference != "#" else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            raise ValueError(f"$ref: nothing is at {reference[:80]}")
    if isinstance(found, bool):
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"$ref: no schema is at {reference[:80]}")
    return found
