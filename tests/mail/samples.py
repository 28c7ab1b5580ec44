"""Each message with values such as it has, and what is in a mail."""

from __future__ import annotations

from typing import Any

HOST = "https://login.example"
#: A value of each name that messages take.
SAMPLES: dict[str, Any] = {
    "name": "Ann Example", "zone": "Europe/Berlin", "time": 1793000000.0, "device": "Firefox on Linux",
    "place": "Berlin, Germany", "kind": "totp", "label": "My <b>phone</b>", "left": 2, "until": 1793003600.0,
    "reason": "lost the phone", "what": "email", "new": "a…n@example.org", "undo_link": HOST + "/recovery/undo/x",
    "hours": 72, "link": HOST + "/setup/dwl_x", "minutes": 30, "code_minutes": 10, "code": "135790",
    "usernames": ["ann", "ann.admin"], "app": "CRM", "days": 7, "date": 1793600000.0,
    "username": "ann.example", "case": "C-4711-ABCDE", "not_me_url": HOST + "/not-me/t0ken", "unasked": True,
    "note": "Ask <b>Zoë</b>.", "writer": "Ben Okafor", "why": "They would be the last owner who can sign in.",
    "n": 3, "subject": "Sales <b>EMEA</b>", "people": 12, "due": 1793600000.0, "kept": 9, "taken": 2,
    "ended": True, "waits": True, "provider": "Company",
}  # fmt: skip


def content(message: str, locale: str = "en", **values: Any) -> dict[str, Any]:
    return {
        "id": "m1", "at": 1793000000.0, "to": "ann@example.com", "message": message, "locale": locale,
        "values": values, "person_id": None, "until": 2e9,
    }  # fmt: skip
