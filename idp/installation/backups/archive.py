"""What stands in a backup: lines of JSON, compressed, encrypted.

A head; for each table a line with its name and columns, its rows, and a line with their count and digest; the master
key, where it was asked for; an end. Every reader sees by the end that nothing is missing. Anybody can write a file for
a public key: who has the root secret of the installation sees by an HMAC in the end that it was written there.
"""

from __future__ import annotations

import gzip
import hmac
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO, Final

from idp.installation.failures import Failed
from keys.sealing import Sealer

from . import age
from .store import BATCH, Digest, Table, line_of

FORMAT: Final = 1
MAX_LINE: Final = 1 << 27  # bytes; whoever has only a public key must not fill the memory of the reader
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
    """Writes a backup into a file. `end` makes it whole. `sealer`: the installation's, for the proof."""

    def __init__(self, out: BinaryIO, recipients: Sequence[age.Recipient], head: Head, sealer: Sealer) -> None:
        self._sealer, self._digest = sealer, sha256()
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
            if len(max(lines, key=len, default=b"")) > MAX_LINE:
                raise Failed(f"a row of {table.name} has more than {MAX_LINE:,} bytes: no restore could read it")
            self._write(b"\n".join(lines) + b"\n")
            yield digest.rows
        self._line({"end": table.name, "rows": digest.rows, "digest": str(digest)})
        self._rows += digest.rows

    def master_key(self, text: str) -> None:
        """The master key, as its file has it."""
        self._line({"master_key": text})

    def end(self) -> int:
        """Write the end; answers how many rows there are."""
        self._line({"whole": True, "rows": self._rows, "mac": _mac(self._sealer, self._digest.digest())})
        self._zipped.close()
        self._encrypted.finish()
        return self._rows

    def _line(self, value: Any) -> None:
        self._write(json.dumps(value, ensure_ascii=False).encode() + b"\n")

    def _write(self, lines: bytes) -> None:
        self._digest.update(lines)
        self._zipped.write(lines)


class Reader:
    """Reads a backup. Errors of all its verbs: `age.Damaged`, `age.Closed`, `TooNew`."""

    def __init__(self, source: BinaryIO, identities: Sequence[age.Identity]) -> None:
        plain = io.BufferedReader(age.Reader(source, identities), 1 << 17)
        self._lines = gzip.GzipFile(fileobj=plain, mode="rb")
        self.master_key = self._proof = ""
        self._digest, self._latest = sha256(), b""
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
                self._proof = str(told.get("mac", ""))
                return
            else:
                raise age.Damaged("its rows are not as many as it says")

    def check_maker(self, sealer: Sealer) -> None:
        """When all has been read: whether it was written where this root secret is. Errors: `age.Damaged`."""
        if not hmac.compare_digest(self._proof.encode(), _mac(sealer, self._digest.digest()).encode()):
            raise age.Damaged("it was not written by the installation whose keys it names, but by somebody else")

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
            line = self._lines.readline(MAX_LINE + 2)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise age.Damaged("it is cut off") from None
        if len(line) > MAX_LINE + 1:
            raise age.Damaged("a line of it is longer than any of ours")
        if not line.endswith(b"\n"):
            raise age.Damaged("it is cut off")
        self._digest.update(self._latest)  # all but the last, which has the HMAC
        self._latest = line
        return line[:-1]


def _mac(sealer: Sealer, digest: bytes) -> str:
    return hmac.digest(sealer.mac_key("backup"), digest, "sha256").hex()
