"""Texts with places to fill: `{app}/callback`. One pass, so that what is filled in is never read as a pattern again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

#: `{{name}}` is a `{name}` of the product's own, left for it to fill.
_PLACE = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}|\{([a-z][a-z0-9_]*)\}")


def names_of(texts: Iterable[str]) -> frozenset[str]:
    """The places that these texts have."""
    return frozenset(found[2] for text in texts for found in _PLACE.finditer(text) if found[2])


def filled(text: str, values: Mapping[str, str], escaped: Callable[[str], str] = str) -> str:
    """The text with its places filled; a slash that ends a value and one that follows become one. Errors: KeyError.

    Lines of a value that has several (a certificate) are set in as far as the line that they stand on.
    """

    def place(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        value = values[found[2]]
        if value.endswith("/") and text.startswith("/", found.end()):
            value = value[:-1]
        line = text[: found.start()].rpartition("\n")[2]
        margin = line[: len(line) - len(line.lstrip())]
        return escaped(value).replace("\n", f"\n{margin}")

    return _PLACE.sub(place, text)
