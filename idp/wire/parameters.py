"""Parameters of a query or a form, read and written."""

from __future__ import annotations

import re
from urllib.parse import quote_plus, unquote, urlsplit, urlunsplit

MAX_FIELDS = 200  # parameters in one query or form


class BadRequest(Exception):
    """The request cannot be read: not UTF-8, too large, too many fields."""

    status = 400


class TooLarge(BadRequest):
    """The body is larger than `MAX_BODY`."""

    status = 413


class Params:
    """Decoded parameters in order, duplicates kept: a duplicated one is an error (RFC 6749 §3.1), not a choice."""

    __slots__ = ("first", "pairs", "repeated")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.first: dict[str, str] = {}
        self.repeated: tuple[str, ...] = ()
        for name, value in pairs:
            if name in self.first:
                self.repeated += (name,)
            else:
                self.first[name] = value

    @classmethod
    def parse(cls, text: str) -> Params:
        """Decode `application/x-www-form-urlencoded`. Errors: `BadRequest`."""
        try:
            return cls(_decoded(text))
        except (ValueError, UnicodeDecodeError) as error:
            raise BadRequest("the parameters are not UTF-8 form encoding, or there are too many") from error

    def get(self, name: str) -> str | None:
        """The value, or None where it is absent or empty (RFC 6749 §3.1: an empty one counts as omitted)."""
        return self.first.get(name) or None

    def __contains__(self, name: str) -> bool:
        return name in self.first


def _decoded(text: str) -> list[tuple[str, str]]:
    """What `urllib.parse.parse_qsl` gives, blank values kept, at a third of its price: few values need decoding."""
    parts = text.split("&")
    if len(parts) > MAX_FIELDS:
        raise ValueError("too many fields")
    pairs = []
    for part in parts:
        if part:
            name, _, value = part.partition("=")
            pairs.append((_unquoted(name), _unquoted(value)))
    return pairs


def _unquoted(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


def with_parameters(uri: str, parameters: list[tuple[str, str]], *, fragment: bool = False) -> str:
    """`uri` with parameters added to its query, or as its fragment; what it has already is kept byte for byte."""
    encoded = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in parameters])
    if fragment:
        return urlunsplit(urlsplit(uri)._replace(fragment=encoded))
    head, _, tail = uri.partition("#")
    return head + ("&" if "?" in head else "?") + encoded + (f"#{tail}" if tail else "")


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote_plus(text)
