"""Which passwords are taken (P2; NIST SP 800-63B-4 §3.1.1.2): long enough, not common, not made of known words.

No rules of composition, no expiry. Each refusal tells its reason.
"""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from idp.accounts.passwords import MAX_LENGTH, is_too_long
from idp.accounts.person import Draft, Person
from idp.normal_forms import normal
from idp.texts import N_

ENOUGH = 5  # characters that must be left when known words, rows and repetitions are taken out
_RUN = 4  # characters in a row (1234, qwer, aaaa) that count as one
_ROWS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
)


@dataclass(frozen=True)
class Policy:
    """The settings of `problems` in one value. `context_words`: the company, its applications."""

    min_length: int = 15
    context_words: tuple[str, ...] = ()
    blocklist: frozenset[str] = frozenset()

    def problems(self, password: str, person: Person | Draft | None) -> list[str]:
        """See `problems`."""
        return problems(password, person, self.context_words, self.min_length, self.blocklist)

    def fitted(self, min_length: int, words: Iterable[str]) -> Policy:
        """This policy with another length, and with more words that are easy to guess here."""
        return replace(self, min_length=min_length, context_words=(*self.context_words, *words))


def problems(
    password: str,
    person: Person | Draft | None,
    context_words: Iterable[str] = (),
    min_length: int = 15,
    blocklist: frozenset[str] = frozenset(),
) -> list[str]:
    """Why this password is refused, in plain words; empty where it is taken.

    `min_length` counts code points. `blocklist`: further refused passwords, from `read_blocklist`.
    """
    if is_too_long(password):
        return [N_("Use at most %(count)s characters.", count=MAX_LENGTH)]
    length = len(normal("NFC", password))
    found = []
    if length < min_length:
        found.append(
            N_(
                "Use at least %(count)s characters; this has %(length)s. A few words in a row make a good password.",
                count=min_length,
                length=length,
            )
        )
    plain = _plain(password)
    if _is_listed(plain, blocklist):
        found.append(
            N_("This is one of the passwords that are tried first, because so many people use it. Choose another one.")
        )
    elif _is_repetition(plain, blocklist):
        found.append(N_("This repeats one short or common piece. Choose something less regular."))
    else:
        found += _thin(plain, person, context_words, blocklist)
    return found


def read_blocklist(path: Path) -> frozenset[str]:
    """Refused passwords from a UTF-8 file, one a line. Errors: `OSError`, `UnicodeDecodeError`."""
    return frozenset(filter(None, map(_plain, path.read_text("utf-8").splitlines())))


@functools.cache
def common_passwords() -> frozenset[str]:
    """The list that ships with Doorward; read when the first password is set."""
    packed = (files("idp.accounts") / "common.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("utf-8").split("\n")) - {""}


def _plain(text: str) -> str:
    return normal("NFKC", text).casefold().strip()


def _is_listed(plain: str, blocklist: frozenset[str]) -> bool:
    return plain in common_passwords() or plain in blocklist


def _is_repetition(plain: str, blocklist: frozenset[str]) -> bool:
    """Whether it is one piece over and over, the piece being short or listed: abcabcabc, passwordpassword."""
    period = _period(plain)
    return period * 2 <= len(plain) and (period < 8 or _is_listed(plain[:period], blocklist))


def _period(text: str) -> int:
    """The length of the shortest piece that gives `text` by repetition, the last one possibly cut."""
    # The prefix function of Knuth, Morris and Pratt: linear, so that a long password costs no time.
    borders = [0] * len(text)
    for end in range(1, len(text)):
        length = borders[end - 1]
        while length and text[end] != text[length]:
            length = borders[length - 1]
        borders[end] = length + (text[end] == text[length])
    return len(text) - (borders[-1] if borders else 0)


def _thin(
    plain: str, person: Person | Draft | None, context_words: Iterable[str], blocklist: frozenset[str]
) -> list[str]:
    """Whether too little is left of it without the words that anybody would try for this person."""
    left, used = plain, []
    words = (
        _words(filter(None, (person.username, person.email, person.employee_number, person.name))) if person else set()
    )
    for word in sorted(words | _words(context_words), key=lambda w: (-len(w), w)):
        if word in left:
            left = left.replace(word, "\n")
            used.append(word)
    if _count(left) < ENOUGH and used:
        shown = ", ".join(f"“{word}”" for word in used)
        return [
            N_(
                "Words such as %(words)s are easy to guess here, and too little else is left. Add unrelated words.",
                words=shown,
            )
        ]
    listed = _longest_listed(left, blocklist)
    rest = _without_runs(left.replace(listed, "\n", 1) if listed else left)
    if _count(rest) < ENOUGH and (used or listed or rest != left):
        return [
            N_(
                "Without names, common passwords and rows such as 1234 or qwertz, "
                "too little is left. Add unrelated words."
            )
        ]
    return []


def _words(texts: Iterable[str]) -> set[str]:
    """The texts and their pieces, of 3 characters or more; of an e-mail address not the top-level domain."""
    found: set[str] = set()
    for text in map(_plain, texts):
        local, at, domain = text.rpartition("@")
        found.add(text)
        for piece in (local, domain.rpartition(".")[0]) if at else (text,):
            found |= {piece, re.sub(r"[\W_]+", "", piece), *re.split(r"[\W_]+", piece)}
    return {word for word in found if len(word) >= 3}


def _longest_listed(text: str, blocklist: frozenset[str]) -> str:
    for size in range(min(len(text), 24), 7, -1):
        for start in range(len(text) - size + 1):
            if _is_listed(text[start : start + size], blocklist):
                return text[start : start + size]
    return ""


def _without_runs(text: str) -> str:
    return "".join(run for run in _runs(text) if len(run) < _RUN)


def _runs(text: str) -> Iterator[str]:
    """The text cut where it stops going one step on, one step back, or staying."""
    start, steps = 0, frozenset[int]()
    for place in range(1, len(text)):
        following = _steps(text[place - 1], text[place])
        steps = following if place - start == 1 else steps & following
        if not steps:
            yield text[start:place]
            start = place
    yield text[start:]


def _steps(one: str, other: str) -> frozenset[int]:
    """How `other` follows `one`: 0 the same, ±1 next in the alphabet, ±10 and more next on a keyboard's row."""
    if one == other:
        return frozenset({0})
    steps = {ord(other) - ord(one)} & {1, -1} if one.isalnum() else set()
    for number, row in enumerate(_ROWS):
        if one in row and other in row:
            apart = row.index(other) - row.index(one)
            if abs(apart) == 1:
                steps.add(apart * (10 + number))
            elif number == 0 and abs(apart) == 9:  # 9, 0, 1
                steps.add(-apart // 9 * 10)
    return frozenset(steps)


def _count(text: str) -> int:
    return len(text.replace("\n", ""))
