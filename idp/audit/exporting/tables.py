"""CSV (RFC 4180) that a spreadsheet does not run, and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from idp.audit.events import Event

_COLUMNS: Final = (
    "time", "id", "action", "actor", "person_id", "person", "client_id", "application", "session_id", "address",
    "request_id", "error_id", "detail",
)  # fmt: skip
#: With these a spreadsheet takes a cell for a formula, also in their full width, or begins another cell (OWASP).
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def moment(at: float) -> str:
    """RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(cells: Any) -> str:
    """One line, every cell quoted and none a formula."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(map(_cell, cells))
    return out.getvalue()


def _cell(value: str | None) -> str:
    """A text that no spreadsheet takes for a formula, spaces before it or not."""
    text = (value or "").replace("\0", "�")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULAS) else text


CSV_HEAD: Final = row(_COLUMNS)


def csv_line(event: Event, person: Callable[[str | None], str | None], client: Callable[[Any], str | None]) -> str:
    """One event, every cell quoted."""
    detail = json.dumps(event.detail, ensure_ascii=False, default=str) if event.detail else ""
    return row(
        (moment(event.at), event.id, event.action, event.actor, event.person_id, person(event.person_id),
         event.client_id, client(event.client_id), event.session_id, event.address, event.request_id, event.error_id,
         detail)
    )  # fmt: skip


def json_line(event: Event, person: Any, client: Any) -> str:
    """One event as `audit list --json` has it, with its time in words too."""
    return json.dumps({"time": moment(event.at), **asdict(event)}, ensure_ascii=True, default=str) + "\n"
