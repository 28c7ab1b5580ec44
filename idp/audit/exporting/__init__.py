"""The record in the formats of others: CSV, JSON Lines, CEF, OCSF. An event a line; nothing is held in memory.

Door: `FORMATS`. Rule: what somebody once typed stays within its cell, its field, its line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp.audit.events import Event
from idp.audit.exporting import cef, ocsf, tables

#: What people call a person or an application, by id; None for what has no name any more.
Named = Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class Format:
    """How an event is written: `line` with its line end; `head` once before them."""

    line: Callable[[Event, Named, Named], str]
    head: str = ""
    media_type: str = "application/x-ndjson"


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format(tables.csv_line, tables.CSV_HEAD, "text/csv"),
    "jsonl": Format(tables.json_line),
    "cef": Format(cef.line, media_type="text/plain"),
    "ocsf": Format(ocsf.line),
}
