"""CEF, the Common Event Format that SIEMs read: a head of seven fields, then an extension of keys and values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from idp.audit.events import Event
from idp.audit.exporting.outcome import failed, severity, version

_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
#: 0 to 10, by the severity that OCSF knows.
_SEVERITIES: Final = {1: 3, 3: 6, 4: 8}


def line(event: Event, person: Callable[[str | None], str | None], client: Any) -> str:
    """One event."""
    head = ("CEF:0", "Doorward", "Doorward", version(), event.action, event.action.replace(":", " "),
            str(_SEVERITIES[severity(event.action)]))  # fmt: skip
    fields = {
        "rt": str(int(event.at * 1000)),
        "externalId": event.id,
        "outcome": "failure" if failed(event.action) else "success",
        **_address(event.address),
        "suid": event.actor,
        "duid": event.person_id,
        "duser": person(event.person_id),
        **_custom(1, "application", event.client_id),
        **_custom(2, "session", event.session_id),
        **_custom(3, "request", event.request_id),
        **_custom(4, "error", event.error_id),
        "msg": json.dumps(event.detail, ensure_ascii=False, default=str) if event.detail else "",
    }
    extension = " ".join(f"{key}={_value(value)}" for key, value in fields.items() if value)
    return "|".join(map(_head, head)) + f"|{extension}\n"


def _custom(number: int, label: str, value: str | None) -> dict[str, str]:
    return {f"cs{number}Label": label, f"cs{number}": value} if value else {}


def _address(address: str) -> dict[str, str]:
    if ":" in address:
        return {"c6a2Label": "Source IPv6 Address", "c6a2": address}
    return {"src": address} if address else {}


def _head(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _value(text: str) -> str:
    escaped = _plain(text).replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\n", "\\n").replace("\r", "\\r")


def _plain(text: str) -> str:
    """A tab separates fields for some readers, and what else controls something ends a line for others."""
    return _CONTROLS.sub(" ", text)
