"""How two texts differ that should be the same, one sentence for each kind: an eye reads over most of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from clients import redirects

#: Letters of other scripts that look like ours (Unicode TR 39 has the whole list; these are the ones that are typed).
_LOOKS_LIKE: Final = dict(zip("аеорсухіјѕһԁԛԝοανρ‐‑–—−⁄∕。", "aeopcyxijshdqwoavp-----//.", strict=True))
_NEAR: Final = 0.85  # of two names, one of which is mistyped
_PORTS: Final = {"http": 80, "https": 443}


def differences(got: str, expected: str) -> tuple[str, ...]:
    """What is different, the likeliest cause first; none where they are the same."""
    if got == expected:
        return ()
    bare = _without_userinfo(got)
    if bare != got:  # a password, perhaps: it is named and never shown
        return "a name or password stands before the host", *differences(bare, expected)
    found = [*_unseen(got), *_look_alikes(got)]
    if got != got.strip():
        found.append("there is a space or line break at its beginning or end")
    if not found:
        found += _encoded(got, expected) or _parts(got, expected)
    return tuple(found) or (redirects.describe(got, expected),)


def _without_userinfo(uri: str) -> str:
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else uri


def _unseen(text: str) -> Iterator[str]:
    for place, letter in enumerate(text, 1):
        if unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp") and letter != " ":
            name = unicodedata.name(letter, "a control character" if letter not in "\r\n" else "a line break")
            yield f"character {place} cannot be seen: U+{ord(letter):04X}, {name}"


def _look_alikes(text: str) -> Iterator[str]:
    for place, letter in enumerate(text, 1):
        plain = _LOOKS_LIKE.get(letter) or (unicodedata.normalize("NFKC", letter) if ord(letter) > 0xFF00 else "")
        if plain and plain != letter:
            name = unicodedata.name(letter, "")
            yield f"character {place} looks like “{plain}” and is another: U+{ord(letter):04X}, {name}"


def _encoded(got: str, expected: str) -> list[str]:
    if unquote(got) == expected:
        return ["it is percent-encoded once too often"]
    if unquote(got) == unquote(expected):
        return ["the same characters are percent-encoded in another way"]
    return []


def _parts(got: str, expected: str) -> Iterator[str]:
    if got.lower() == expected.lower():
        yield "upper and lower case differ"
        return
    if "://" not in expected:  # a name, such as a client id
        return
    try:
        one, other = urlsplit(got), urlsplit(expected)
        yield from _of_urls(one, other)
    except ValueError:
        yield "it is no address"


def _of_urls(one: SplitResult, other: SplitResult) -> Iterator[str]:
    if one.scheme != other.scheme:
        yield f"the scheme is {one.scheme or 'missing'} instead of {other.scheme}"
    if (one.hostname or "") != (other.hostname or ""):
        yield f"the host is {one.hostname or 'missing'} instead of {other.hostname}"
    mine, theirs = (part.port or _PORTS.get(part.scheme) for part in (one, other))
    if mine != theirs and one.scheme == other.scheme:
        yield f"the port is {mine} instead of {theirs}"
    elif one.port != other.port and one.scheme == other.scheme:
        yield "the port is written out on one side alone"
    if one.path != other.path:
        if one.path.rstrip("/") == other.path.rstrip("/"):
            yield f"the slash at the end is {'one too many' if len(one.path) > len(other.path) else 'missing'}"
        elif one.path.replace("//", "/") == other.path.replace("//", "/"):
            yield "there is a double slash in the path"
        else:
            yield f"the path is {one.path or 'missing'} instead of {other.path or '/'}"
    if one.query != other.query:
        yield "what stands behind the question mark differs"
    if one.fragment != other.fragment:
        yield "it has a part behind “#”"


def marked(got: str, expected: str) -> tuple[str, str, str]:
    """What was sent in three parts: as expected, different, as expected again. What cannot be seen is written out."""
    head, tail = redirects.common(got, expected)
    return _seen(got[:head]), _seen(got[head : len(got) - tail]), _seen(got[len(got) - tail :])


def _seen(text: str) -> str:
    return "".join(one if one == " " or one.isprintable() else ascii(one)[1:-1] for one in text)


def alike(one: str, other: str) -> bool:
    """Whether one name is the other, mistyped."""
    one, other = one.strip().casefold(), other.casefold()
    return one == other or SequenceMatcher(None, one[:300], other).ratio() > _NEAR
