"""One table of a template, its keys taken one by one: what is of the wrong kind, or left over, names file and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clients import metadata


class BadTemplate(ValueError):
    """A template cannot be used; the text names the file, the key and what is expected."""


class Table:
    """One table of the file, its keys taken one by one; what is left over is unknown."""

    def __init__(self, file: str, path: str, given: Any) -> None:
        self.file, self.path = file, path
        if not isinstance(given, dict):
            raise self.wrong("", "expected a table")
        self._left = dict(given)

    def wrong(self, key: str, why: str) -> BadTemplate:
        where = ".".join(part for part in (self.path, key) if part)
        return BadTemplate(f"{self.file}: {where}: {why}" if where else f"{self.file}: {why}")

    def text(self, key: str, default: str | None = None, *, lines: bool = False) -> str:
        value = self._left.pop(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.wrong(key, "expected a text")
        if not all(c.isprintable() or (lines and c == "\n") for c in value):
            raise self.wrong(key, "has a control character or a line break")
        return value.rstrip("\n") if lines else value

    def one_of(self, key: str, allowed: Any, default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise self.wrong(key, f"{value} is unknown; expected one of {', '.join(allowed)}")
        return value

    def flag(self, key: str) -> bool:
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "expected true or false")
        return value

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.wrong(key, "expected a list of texts")
        if not all(c.isprintable() for one in value for c in one):
            raise self.wrong(key, "has a control character or a line break")
        if needed and not value:
            raise self.wrong(key, "is missing")
        return tuple(value)

    def tables(self, key: str) -> Iterator[Table]:
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "expected tables")
        for number, one in enumerate(value, 1):
            yield Table(self.file, f"{self.path}.{key} {number}".lstrip("."), one)

    def table(self, key: str) -> Table | None:
        value = self._left.pop(key, None)
        return None if value is None else Table(self.file, f"{self.path}.{key}".lstrip("."), value)

    def settings(self, key: str, fields: Mapping[str, Any], apart: tuple[str, ...]) -> dict[str, Any]:
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "expected a table")
        if there := [one for one in value if one in apart]:
            raise self.wrong(key, f"{there[0]} has a key of its own beside it")
        valid, problems = metadata.check_values(value, fields, allow_loopback=False)
        if problems:
            raise self.wrong(f"{key}.{problems[0].field}", problems[0].message)
        return valid

    def done(self) -> None:
        if self._left:
            raise self.wrong(next(iter(self._left)), "is an unknown key")
