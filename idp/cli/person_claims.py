"""`--claim K=V`: attributes of a person on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.protocols import Services


def read_claims(given: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The claims of `--claim K=V`, and what is wrong with any, to be told with all the rest."""
    found: dict[str, Any] = {}
    wrong = []
    for entry in given:
        name, equals, text = entry.partition("=")
        if equals and name:
            found[name] = _value(text)
        else:
            wrong.append(f"--claim: “{entry}” has no value; write it like --claim department=Sales")
    return found, wrong


def as_typed(services: Services, given: list[str]) -> dict[str, Any]:
    """Of `--claim K=V` the values of defined attributes as texts: a cost centre 1.10 is none of 1.1."""
    from idp.admin.person_attributes import defined

    pairs = (entry.partition("=") for entry in given)
    return {name: text or None for name, equals, text in pairs if equals and name in defined(services)}


def _value(text: str) -> Any:
    """JSON where it reads as such, also a text in its quotes; else, and for null, the text itself."""
    try:
        value = json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value
