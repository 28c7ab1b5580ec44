"""What stands in a backup: lines of JSON, compressed, encrypted.

A head; for each table a line with its name and columns, its rows, and a line with their count and digest; the master
key, where it was asked for; an end. Every reader sees by the end that nothing is missing.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO, Final

from . import age
from .store import BATCH, Digest, Table, line_of

FORMAT: Final = 1
_LEVEL = 6


@dataclass(frozen=True)
class Head:
    """What a backup is of. `at`: epoch seconds; `root`: the root secret as the master key wraps it; `tables`: how many
    rows each had.
    """

    at: float
    release: str
    schema: str
    issuer: str
    database: str
    has_master_key: bool
    root: str = field(repr=False)
    tables: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


class TooNew(Exception):
    """A format of a later release."""


class Writer:
    """Writes a backup into a file. `end` makes it whole."""

    def __init__(self, out: BinaryIO, recipients: Sequence[age.Recipient], head: Head) -> None:
        self._encrypted = age.Writer(out, recipients)
        self._zipped = gzip.GzipFile(fileobj=self._encrypted, mode="wb", compresslevel=_LEVEL, filename="", mtime=0)
        self._rows = 0
        self._line({"doorward": "backup", "format": FORMAT, **asdict(head)})

    def table(self, table: Table, batches: Iterator[Sequence[Sequence[Any]]]) -> Iterator[int]:
        """Write a table; yields how many rows it has written so far."""
        self._line({"table": table.name, "columns": table.columns})
        digest = Digest()
        for rows in batches:
            lines = [line_of(row) for row in rows]
            for line in lines:
                digest.add(line)
            self._zipped.write(b"\n".join(lines) + b"\n")
            yield digest.rows
        self._line({"end": table.name, "rows": digest.rows, "digest": str(digest)})
        self._rows += digest.rows

    def master_key(self, text: str) -> None:
        """The master key, as its file has it."""
        self._line({"master_key": text})

    def end(self) -> int:
        """Write the end; answers how many rows there are."""
        self._line({"whole": True, "rows": self._rows})
        self._zipped.close()
        self._encrypted.finish()
        return self._rows

    def _line(self, value: Any) -> None:
        self._zipped.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")


class Reader:
    """Reads a backup. Errors of all its verbs: `age.Damaged`, `age.Closed`, `TooNew`."""

    def __init__(self, source: BinaryIO, identities: Sequence[age.Identity]) -> None:
        plain = io.BufferedReader(age.Reader(source, identities), 1 << 17)
        self._lines = gzip.GzipFile(fileobj=plain, mode="rb")
        self.master_key = ""
        first = self._next()
        if not isinstance(first, dict) or first.get("doorward") != "backup":
            raise age.Damaged("what it holds is no backup of Doorward")
        if first["format"] > FORMAT:
            raise TooNew
        self.head = Head(**{name: first[name] for name in Head.__dataclass_fields__})

    def tables(self) -> Iterator[tuple[Table, Iterator[list[Any]]]]:
        """Each table with its rows, some at a time, to be read in this order; then what stands behind the last."""
        rows = 0
        while True:
            told = self._next()
            if "table" in told:
                digest = Digest()
                yield Table(told["table"], tuple(told["columns"])), self._rows(told["table"], digest)
                rows += digest.rows
            elif "master_key" in told:
                self.master_key = told["master_key"]
            elif told.get("whole") is True and told["rows"] == rows == self.head.rows:
                if self._lines.read(1):
                    raise age.Damaged("something stands behind its end")
                return
            else:
                raise age.Damaged("its rows are not as many as it says")

    def _rows(self, name: str, digest: Digest) -> Iterator[list[Any]]:
        rows: list[Any] = []
        while True:
            line = self._raw()
            row = json.loads(line)
            if isinstance(row, dict):
                if rows:
                    yield rows
                if row != {"end": name, "rows": digest.rows, "digest": str(digest)}:
                    raise age.Damaged(f"the rows of {name} are not those that were written")
                return
            digest.add(line)
            rows.append(row)
            if len(rows) == BATCH:
                yield rows
                rows = []

    def _next(self) -> Any:
        return json.loads(self._raw())

    def _raw(self) -> bytes:
        try:
            line = self._lines.readline()
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise age.Damaged("it is cut off") from None
        if not line.endswith(b"\n"):
            raise age.Damaged("it is cut off")
        return line[:-1]
