"""On which lines of a TOML text its tables and keys stand: `tomllib` gives values and no places.

Only what errors are said about is found: the tables of an array (`[[application]]`), and the first part of each key in
one, whether it stands as `key = …`, as `key.more = …` or as a table of its own (`[application.key]`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]\s]+(?:\s*\.\s*[^\]\s]+)*)\s*\]")
_KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*[.=]""")
#: What a value is made of, as far as it decides where it ends.
_TOKEN = re.compile(r"""\"""|'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}]""")


@dataclass
class Places:
    """The line of one table, and those of its keys."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)


def places(text: str) -> dict[tuple[str, int], Places]:
    """By the name of an array of tables and the number in it, from 0; what stands outside of all under ("", 0)."""
    top = current = Places(1)
    found = {("", 0): top}
    many: Counter[str] = Counter()
    for number, line in _statements(text):
        header = _HEADER.match(line)
        if header is None:
            key = _KEY.match(line)
            if key is not None:
                current.keys.setdefault(_plain(key[1]), number)
            continue
        first, *rest = (part.strip() for part in header[2].split(".", 1))
        first = _plain(first)
        if not rest and header[1] == "[[":
            current = found[first, many[first]] = Places(number)
            many[first] += 1
        elif rest and many[first]:
            whole = found[first, many[first] - 1]
            whole.keys.setdefault(_first_part(rest[0]), number)
            current = Places(number)  # the keys below are none of the table itself
        else:
            top.keys.setdefault(first, number)
            current = Places(number)
    return found


def _first_part(rest: str) -> str:
    quoted = re.match(r"""("(?:[^"\\]|\\.)*"|'[^']*')""", rest)
    return _plain(quoted[1] if quoted else rest.partition(".")[0].strip())


def _plain(key: str) -> str:
    return key[1:-1] if key[:1] in "\"'" and len(key) > 1 else key


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each line on which a statement begins; those inside of a value are passed over."""
    end, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not end and not depth:
            yield number, line
            if _HEADER.match(line):
                continue
        end, depth = _after(line, end, depth)


def _after(line: str, end: str, depth: int) -> tuple[str, int]:
    """What is open behind a line: the quotes that end a text of several lines, and how many brackets."""
    at = 0
    while at < len(line):
        if end:
            closing = re.compile(rf"(?:\\.|[^\\])*?{end}" if end == '"""' else rf".*?{end}").match(line, at)
            if closing is None:
                return end, depth
            at, end = closing.end(), ""
            continue
        token = _TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token[0] in ('"""', "'''"):
            end = token[0]
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth = max(0, depth - 1)
    return end, depth
