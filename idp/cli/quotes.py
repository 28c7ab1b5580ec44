"""Quotes that a shell or a document left around a value: cmd.exe keeps them, chats make curly ones of straight ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PAIRS: Final = {'"': '"', "'": "'", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "‚": "‘", "«": "»"}
_NAMED: Final = re.compile(r"([\w.-]+[+-]?=)(.*)", re.DOTALL)


def taken_off(words: Sequence[str]) -> list[str]:
    """The words of a command without quotes around a whole word, or around the value of `KEY=VALUE`.

    A claim in double quotes is left: there they say that "007" is a text (JSON, RFC 8259 §7).
    """
    return [_without(word, is_claim=before == "--claim") for before, word in zip(["", *words], words, strict=False)]


def _without(word: str, *, is_claim: bool) -> str:
    named = _NAMED.fullmatch(word)
    key, text = (named[1], named[2]) if named else ("", word)
    end = _PAIRS.get(text[:1], "")
    inner = text[1:-1]
    is_wrapped = len(text) > 1 and text.endswith(end) and end != "" and not {text[0], end} & set(inner)
    is_json = text[:1] == '"' and (is_claim or key.startswith("--claim="))
    return key + inner if is_wrapped and not is_json else word
