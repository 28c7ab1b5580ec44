"""Characters that nobody sees, or takes for others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from idp.normal_forms import normal

MOST: Final = 5  # characters that are named
#: Letters of other scripts that look like ours (Unicode TR 39 has the whole list; these are the ones that are typed).
_LOOKS_LIKE: Final = dict(
    re.findall(r"(\S)(\S)", (
        "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw кk мm тt вb нh οo αa νv ρp ιi κk τt υu χx ӏl "
        "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX АA ВB ЕE КK МM НH ОO РP СC ТT ХX ІI ЅS ЈJ ıi ɡg "
        "‐- ‑- ‒- –- —- −- ⁄/ ∕/ ⧸/ 。. ։: ∶: ‘' ’' “\" ”\""
    ))
)  # fmt: skip
_UNSEEN: Final = ("Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co")
#: Of other categories: fillers, joiners and selectors that draw nothing.
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
_CALLED: Final = {
    "\r": "a line break", "\n": "a line break", "\t": "a tab", "\0": "a null", "\ufeff": "a byte order mark (BOM)",
    "\u00ad": "a soft hyphen", "\u00a0": "a no-break space", "\u200b": "a zero width space",
}  # fmt: skip
_MARKS_AS_LETTERS: Final = "ï»¿"  # UTF-8's byte order mark, read as Latin-1


def odd(got: str, expected: str) -> list[str]:
    """What cannot be seen or looks like something else, on either side; none where only the usual is there."""
    if got.startswith(_MARKS_AS_LETTERS) and not expected.startswith(_MARKS_AS_LETTERS):
        return ["it begins with “ï»¿”: the byte order mark (BOM) of a file, read as letters"]
    if _as_latin(got) == expected:
        return ["it is UTF-8 that was read as Latin-1: “ü” has become “Ã¼”"]
    found = [*_named(got, expected)]
    # The one that is registered may have been pasted as badly.
    return (found or [f"in the one that is expected, {one}" for one in _named(expected, got)])[:MOST]


def _named(text: str, other: str) -> Iterator[str]:
    for place, letter in enumerate(text, 1):
        if letter in other:
            continue
        code = f"U+{ord(letter):04X}"
        if letter == "\ufffd":
            yield f"character {place} was lost on its way: {code}, {unicodedata.name(letter)}"
        elif is_unseen(letter):
            yield f"character {place} cannot be seen: {code}, {called(letter)}"
        elif (plain := _plain(letter)) and plain in other:
            yield f"character {place} looks like “{plain}” and is another: {code}, {unicodedata.name(letter, '')}"


def called(letter: str) -> str:
    """What a character is called that nobody sees."""
    return str(_CALLED.get(letter) or unicodedata.name(letter, "a control character"))


def plain(text: str) -> str:
    """The text in letters of ours, where it has others that look like them."""
    return "".join(_plain(letter) or letter for letter in text)


def is_unseen(letter: str) -> bool:
    """Whether nothing is drawn for it; a plain space is known to everybody."""
    if letter == " ":
        return False
    is_selector = 0xFE00 <= ord(letter) <= 0xFE0F or 0xE0000 <= ord(letter) <= 0xE01EF
    return is_selector or letter in _FILLERS or unicodedata.category(letter) in _UNSEEN


def _plain(letter: str) -> str:
    """The letter of ours that it looks like, or ''."""
    if letter.isascii():
        return ""
    plain = _LOOKS_LIKE.get(letter) or normal("NFKC", letter)
    return plain if len(plain) == 1 and plain != letter else ""


def _as_latin(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""


def composition(got: str, expected: str) -> str:
    """Where the same letters are put together in another way (Unicode TR 15), or ''."""
    if normal("NFC", got) != normal("NFC", expected):
        return ""
    form = "in parts (NFD)" if normal("NFD", got) == got else "as one (NFC)"
    return f"its letters with marks, such as “é”, are written {form}, and not so in the one that is expected"


def seen(text: str) -> str:
    """The text with what cannot be seen written out."""
    return "".join(one if one == " " or (one.isprintable() and not is_unseen(one)) else ascii(one)[1:-1]
                   for one in text)  # fmt: skip
