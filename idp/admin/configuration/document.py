"""What files of configuration say: the tables in them, each with its place, and what is wrong with them."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idp.admin.configuration.lines import places

MAX_BYTES = 32 * 1024 * 1024  # of one file
#: What stands beside the tables: the name that what a file manages is marked with, in place of the file's own.
OWN_KEYS = ("managed_by",)
MAX_NAME = 200  # characters


class BadConfiguration(Exception):
    """Files that cannot be used: one line for each thing to fix, with its place."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was read. `name`: as it was given."""

    name: str
    text: str
    folder: str = ""


@dataclass(frozen=True)
class Entry:
    """One table of a file: what is declared of one object. `manager`: whose it is from now on."""

    table: str
    values: Mapping[str, Any]
    manager: str
    file: str
    line: int
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    folder: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """What it is, for people."""
        for key in ("name", "text", "entity_id", "id", "url"):
            if isinstance(self.values.get(key), str):
                return f"{self.table} “{self.values[key][:60]}”"
        return f"this {self.table}"

    def place(self, key: str = "") -> str:
        """Where it stands, or one of its keys."""
        return f"{self.file}:{self.lines.get(key, self.line)}"

    def fault(self, key: str, message: str) -> Fault:
        """Something to fix in it."""
        return Fault(f"{self.place(key)}: {self.title}: {f'{key}: ' if key else ''}{message}")


class Fault(Exception):
    """One thing to fix: a line with its place."""


class Faults(Exception):
    """Several things to fix in one table."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def read(files: Iterable[File], tables: Iterable[str]) -> list[Entry]:
    """Every table of all files, in their order. Errors: `BadConfiguration`, with all that is wrong in all of them."""
    known = tuple(tables)
    entries: list[Entry] = []
    problems: list[str] = []
    for file in files:
        try:
            entries += _entries(file, known)
        except BadConfiguration as error:
            problems += error.lines
    if problems:
        raise BadConfiguration(problems)
    return entries


def _entries(file: File, tables: tuple[str, ...]) -> list[Entry]:
    try:
        said = tomllib.loads(file.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadConfiguration([f"{file.name}: not TOML: {str(error) or 'nested too deeply'}"]) from None
    where = places(file.text.replace("\r\n", "\n"))
    top = where["", 0]
    problems, entries = list(_of_the_top(file, said, tables, top.keys)), []
    manager = said.get("managed_by", file.name)
    for table in tables:
        given = said.get(table, [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            line = top.keys.get(table, 1)
            problems.append(f"{file.name}:{line}: {table}: expected tables, each below a line [[{table}]]")
            continue
        for number, values in enumerate(given):
            place = where.get((table, number))
            line = place.line if place else top.keys.get(table, 1)
            keys = place.keys if place else {}
            entries.append(Entry(table, values, str(manager), file.name, line, keys, file.folder))
    if problems:
        raise BadConfiguration(problems)
    return entries


def manager_of(file: File) -> str:
    """What this file's objects are marked with. The file has been read."""
    return str(tomllib.loads(file.text).get("managed_by", file.name))


def _of_the_top(
    file: File, said: Mapping[str, Any], tables: tuple[str, ...], lines: Mapping[str, int]
) -> Iterator[str]:
    for key, value in said.items():
        at = f"{file.name}:{_line(file, key, lines)}"
        if key == "managed_by":
            if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME or not value.isprintable():
                yield f"{at}: managed_by: expected a name of 1 to {MAX_NAME} characters, such as the repository's"
        elif key not in tables:
            yield f"{at}: {key[:60]}: unknown{near(key, (*tables, *OWN_KEYS))}; expected {', '.join(tables)}"


def _line(file: File, key: str, lines: Mapping[str, int]) -> int:
    return lines.get(key) or next((at.line for (name, _), at in places(file.text).items() if name == key), 1)


def near(key: str, known: Iterable[str]) -> str:
    """Which one was probably meant."""
    found = difflib.get_close_matches(key.lower().replace("-", "_")[:60], list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""


def check_keys(entry: Entry, known: Iterable[str]) -> None:
    """Errors: `Faults` where a key is none of these."""
    names = tuple(known)
    wrong = [key for key in entry.values if key not in names]
    if wrong:
        all_of_them = f"; expected {', '.join(names)}" if len(names) < 12 else ""
        raise Faults(entry.fault(key[:60], f"unknown key{near(key, names)}{all_of_them}") for key in wrong)


def text_of(entry: Entry, key: str, expected: str, *, default: str = "") -> str:
    """A text. Errors: `Fault`."""
    value = entry.values.get(key, default)
    if not isinstance(value, str):
        raise entry.fault(key, f"expected {expected}")
    return value


def secret_of(entry: Entry, most: int) -> str | None:
    """What stands in the file that `secret_file` names; None: it names none. No more than one over `most` is read.

    Errors: `Fault`.
    """
    name = text_of(entry, "secret_file", "a path, from the folder of this file on")
    if not name:
        return None
    try:
        with (Path(entry.folder) / name).open(encoding="utf-8") as file:
            return file.read(most + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise entry.fault("secret_file", f"cannot be read ({error})") from None


def flag_of(entry: Entry, key: str, *, default: bool = False) -> bool:
    """True or false. Errors: `Fault`."""
    value = entry.values.get(key, default)
    if not isinstance(value, bool):
        raise entry.fault(key, "expected true or false")
    return value


def texts_of(entry: Entry, key: str, expected: str) -> list[str]:
    """Several texts. Errors: `Fault`."""
    value = entry.values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise entry.fault(key, f"expected {expected}")
    return value
