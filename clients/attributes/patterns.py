"""Patterns of texts: expressions that take a time linear in the text, whoever wrote them (ReDoS)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

MAX_PATTERN: Final = 200


def problem(pattern: str) -> str:
    """What is wrong with an expression, or ''."""
    if len(pattern) > MAX_PATTERN or not pattern.isprintable():
        return f"expected at most {MAX_PATTERN} visible characters"
    try:
        _compiled(pattern)
    except ValueError:
        return "cannot be read; look-around and references back are not known here. Example: [A-Z]{2}[0-9]{4}"
    return ""


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text is as the expression says."""
    return bool(_compiled(pattern).is_valid(text))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import jsonschema_rs  # not for whoever has no pattern

    # The first alone tells whether it can be read by itself: `a)(b` would be one within the parentheses.
    jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())
    whole = {"pattern": rf"\A(?:{pattern})\z"}
    return jsonschema_rs.validator_for(whole, pattern_options=jsonschema_rs.RegexOptions())
