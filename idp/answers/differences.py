"""How two texts differ that should be the same, one sentence for each kind: an eye reads over most of them."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final
from urllib.parse import unquote

from clients import redirects
from idp.answers import addresses, characters

_NEAR: Final = 0.85  # of two names, one of which is mistyped
_LIKE: Final = 0.6  # of two that have more than chance in common
_BLANK: Final = "␣"  # a space, where it is all that differs
#: Characters that are compared: nobody registers more, and a stranger may send any number.
_COMPARED: Final = 1000
_QUOTES: Final = "\"'“”‘’„`«»<>()[]{},;"


def differences(got: str, expected: str) -> tuple[str, ...]:
    """What is different, the likeliest cause first; none where they are the same."""
    if got == expected:
        return ()
    if (got[:_COMPARED], expected[:_COMPARED]) != (got, expected):
        started = differences(got[:_COMPARED], expected[:_COMPARED])
        return started or (f"they are the same for {_COMPARED} characters, and differ behind them",)
    bare = _without_userinfo(got)
    if bare != got:  # a password, perhaps: it is named and never shown
        return "a name or password stands before the host", *differences(bare, expected)
    found = [*characters.odd(got, expected), *_around(got, expected)]
    found = found or _composed(got, expected) or _encoded(got, expected) or _case(got, expected)
    found = found or _cut(got, expected) or [*addresses.parts(got, expected)]
    return tuple(found) or (redirects.describe(got, expected),)


def _without_userinfo(uri: str) -> str:
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else uri


def _around(got: str, expected: str) -> list[str]:
    """What was copied with it."""
    if got != got.strip() and expected == expected.strip():
        begin, end = got != got.lstrip(), got != got.rstrip()
        what = (
            "a space"
            if not set(got[: len(got) - len(got.lstrip())] + got[len(got.rstrip()) :]) - {" "}
            else ("a space or line break")
        )
        return [
            f"there is {what} at its {'beginning and its end' if begin and end else 'beginning' if begin else 'end'}"
        ]
    if got.strip(_QUOTES) == expected.strip(_QUOTES) and len(got) > len(expected):
        more = "".join(one for one in got if one in _QUOTES)[:4]
        return [f"it was copied with what stands around it: {more}"]
    return []


def _composed(got: str, expected: str) -> list[str]:
    form = characters.composition(got, expected)
    return [form] if form else []


def _encoded(got: str, expected: str) -> list[str]:
    if unquote(got) == expected:
        return ["it is percent-encoded once too often"]
    if unquote(unquote(got)) == expected:
        return ["it is percent-encoded twice too often"]
    if got == unquote(expected):
        return ["what is percent-encoded in the one that is expected is not in it"]
    if unquote(got) == unquote(expected):
        if got.lower() == expected.lower():
            return ["the digits of its percent-encoding differ in case (%2f and %2F): they are compared as letters"]
        return ["the same characters are percent-encoded in another way"]
    if got.replace("&amp;", "&") == expected:
        return ["it is encoded for HTML: &amp; stands where & belongs"]
    if got.replace("+", " ") in (expected, unquote(expected)):
        return ["a plus sign stands where a space belongs"]
    return []


def _case(got: str, expected: str) -> list[str]:
    if got.lower() != expected.lower():
        return []
    head, tail = redirects.common(got, expected)
    end = len(got) - tail
    return [f"upper and lower case differ: “{got[head:end]}” instead of “{expected[head:end]}”"]


def _cut(got: str, expected: str) -> list[str]:
    if expected and got == expected + expected:
        return ["it stands there twice"]
    less = len(expected) - len(got)
    if less < 1 or len(got) < 4:
        return []
    if expected.startswith(got) and got[-1].isalnum() and expected[len(got)].isalnum():
        return [f"it is cut off: {_missing(less)} at its end"]
    if expected.endswith(got) and got[0].isalnum() and expected[less - 1].isalnum():
        return [f"it is cut off: {_missing(less)} at its beginning"]
    return []


def sentence(got: str, expected: str) -> str:
    """All of it as a sentence of its own, without its full stop; '' where they are the same."""
    how = "; ".join(differences(got, expected))
    return f"{how[:1].upper()}{how[1:]}"


def _missing(many: int) -> str:
    return "1 character is missing" if many == 1 else f"{many} characters are missing"


def marked(got: str, expected: str) -> tuple[str, str, str]:
    """What was sent in three parts: as expected, different, as expected again. What cannot be seen is written out."""
    got, expected = got[:_COMPARED], expected[:_COMPARED]
    head, tail = redirects.common(got, expected)
    apart = got[head : len(got) - tail]
    between = characters.seen(apart) if apart.strip(" ") else _BLANK * len(apart)
    return characters.seen(got[:head]), between, characters.seen(got[len(got) - tail :])


def have_in_common(one: str, other: str) -> bool:
    """Whether a text can be the other, damaged; else there is nothing to compare, and each is another thing."""
    return SequenceMatcher(None, one[:300].casefold(), other[:300].casefold()).ratio() > _LIKE


def alike(one: str, other: str) -> bool:
    """Whether one name is the other, mistyped."""
    one, other = one[:_COMPARED].strip().casefold(), other[:_COMPARED].casefold()
    return one == other or SequenceMatcher(None, one[:300], other).ratio() > _NEAR
