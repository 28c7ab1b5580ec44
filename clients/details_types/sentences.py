"""The sentence by which a person is told of a detail: a template with places such as {instructedAmount.amount}.

What an application sent fills the places: it is bounded, on one line, and turns no reading direction. A template names
places and nothing else: there is no expression in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

MAX_VALUE: Final = 120  # characters of one value in a sentence, and of the names under which one stands below it
MAX_WHOLE: Final = 2000  # of one value below it
NOTHING: Final = "–"
_PLACE: Final = re.compile(r"\{([A-Za-z0-9_$@-]+(?:\.[A-Za-z0-9_$@-]+)*)\}")
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def problem(template: str) -> str:
    """What is wrong with a template, or ''."""
    left = _PLACE.sub("", template)
    if "{" in left or "}" in left:
        return "has a brace that is no place; write places as {creditorName} or {instructedAmount.amount}"
    if plain(left, len(left)) != left:
        return "has a control character; write plain text"
    return ""


def filled(template: str, detail: Mapping[str, Any]) -> str:
    """The sentence of one detail, each value in quotation marks of no language: as it came."""
    return _PLACE.sub(lambda found: _text(_find(detail, found[1])), template)


def rows(detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every value of a detail but its type, under where it stands: what a person agrees to, nothing left out."""
    yield from _rows({name: value for name, value in detail.items() if name != "type"}, "")


def plain(text: str, most: int = MAX_VALUE) -> str:
    """A text that cannot pass for another: one line, in the order in which it is written, at most so long."""
    shown = "".join(" " if unicodedata.category(one) in _HIDDEN or one in _BIDI else one for one in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def _rows(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, one in value.items():
            yield from _rows(one, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value):
        for number, one in enumerate(value, 1):
            yield from _rows(one, f"{where}.{number}")
    else:
        yield plain(where), _whole(value)


def _whole(value: Any) -> str:
    """A value that is no object; how long one may be, who takes a request has looked at."""
    if isinstance(value, list):
        return ", ".join(_whole(one) for one in value) or NOTHING
    return _scalar(value, MAX_WHOLE)


def _find(detail: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(detail, Mapping):
            detail = detail.get(part)
        elif isinstance(detail, list) and part.isdecimal() and len(part) < 4 and int(part) < len(detail):
            detail = detail[int(part)]
        else:
            return None
    return detail


def _text(value: Any) -> str:
    if isinstance(value, list):
        return plain(", ".join(_scalar(one) for one in value)) if value else NOTHING
    return _scalar(value)


def _scalar(value: Any, most: int = MAX_VALUE) -> str:
    if value is None or isinstance(value, Mapping):
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(str(value), most).strip() or NOTHING
