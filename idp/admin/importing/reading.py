"""A file as a spreadsheet saves it: which letters, which separator, which columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idp.texts import N_

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 60
_WIDEST: Final = 1_000  # fields of any row
#: What the names say on the page, of codecs of Python.
ENCODINGS: Final = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
#: What keeps a spreadsheet from running a cell that we gave back; taken off again as it comes in.
SHIELD: Final = "'"
SHIELDED: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Unreadable(Exception):
    """The file is none that people can be taken from; `text` says why, and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Table:
    """The file's columns and rows. `encoding`, `separator`: as they were found."""

    header: tuple[str, ...]
    rows: tuple[list[str], ...]
    encoding: str
    separator: str


def read(raw: bytes) -> Table:
    """Errors: `Unreadable`."""
    if len(raw) > MAX_BYTES:
        raise Unreadable(N_("The file has more than 10 MB. Cut it in pieces."))
    text, encoding = _decoded(raw)
    separator = _separator(text)
    try:
        found = _rows(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise Unreadable(N_("The file is no CSV: %(why)s.", why=str(error))) from None
    if len(found) < 2:
        raise Unreadable(N_("The file needs a first line with the names of its columns, and people below it."))
    header = tuple(cell.strip() for cell in found[0])
    return Table(header, tuple(found[1:]), ENCODINGS[encoding], separator)


def _rows(reader: Iterable[list[str]]) -> list[list[str]]:
    """Those that are not empty. Each limit is looked at as the rows come: a file of line breaks costs nothing."""
    found: list[list[str]] = []
    for row in reader:
        if len(row) > _WIDEST:
            raise Unreadable(N_("The file has more than %(n)s columns.", n=MAX_COLUMNS))
        if not any(cell.strip() for cell in row):
            continue
        if not found and len(row) > MAX_COLUMNS:
            raise Unreadable(N_("The file has more than %(n)s columns.", n=MAX_COLUMNS))
        if len(found) > MAX_ROWS:
            raise Unreadable(N_("The file has more than 200,000 people. Cut it in pieces."))
        found.append([_plain(cell) for cell in row])
    return found


def _decoded(raw: bytes) -> tuple[str, str]:
    """By its mark; without one UTF-8 where it is that, else what a spreadsheet on Windows writes."""
    guesses: tuple[str, ...]
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        guesses = ("utf-16",)
    elif raw[:200].count(0) > len(raw[:200]) // 4:  # half of all bytes are zero in Latin letters
        guesses = ("utf-16-le" if raw[1:2] == b"\0" else "utf-16-be",)
    else:
        guesses = ("utf-8-sig", "cp1252")
    for encoding in guesses:
        try:
            return raw.decode(encoding), "utf-16" if encoding.startswith("utf-16") else encoding
        except UnicodeDecodeError:
            continue
    raise Unreadable(N_("The letters of the file cannot be read. Save it as “CSV UTF-8” and send it again."))


def _separator(text: str) -> str:
    """What stands most often in the first line, outside quotes."""
    head = text.lstrip("\r\n").partition("\n")[0]
    outside = "".join(part for at, part in enumerate(head.split('"')) if at % 2 == 0)
    return max(",;\t", key=outside.count)


def _plain(cell: str) -> str:
    """Without what we put before it when we gave it back (see `giving_back`)."""
    rest = cell.lstrip(SHIELD)
    return cell[1:] if cell.startswith(SHIELD) and rest.lstrip(" ").startswith(SHIELDED) else cell
