"""OCSF 1.3, the Open Cybersecurity Schema Framework: a JSON object of a known class a line.

Sign-ins are Authentication (3002), what happens to accounts Account Change (3001), all else API Activity (6003). What
the classes have no field for stands in `unmapped`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from idp.audit.events import Event
from idp.audit.exporting.outcome import failed, severity, version

_ACCOUNT, _AUTHENTICATION, _API = 3001, 3002, 6003
_OTHER = 99
#: Subjects of actions that belong to a class of their own.
_CLASSES: Final = {"session": _AUTHENTICATION, "person": _ACCOUNT, "factor": _ACCOUNT, "password": _ACCOUNT}
#: What a class has a name for.
_KNOWN: Final = {
    "session:started": (_AUTHENTICATION, 1, "Logon"),
    "session:failed": (_AUTHENTICATION, 1, "Logon"),
    "factor:failed": (_AUTHENTICATION, 1, "Logon"),
    "session:ended": (_AUTHENTICATION, 2, "Logoff"),
    "session:ended_others": (_AUTHENTICATION, 2, "Logoff"),
    "person:added": (_ACCOUNT, 1, "Create"),
    "person:enabled": (_ACCOUNT, 2, "Enable"),
    "person:disabled": (_ACCOUNT, 5, "Disable"),
    "person:removed": (_ACCOUNT, 6, "Delete"),
    "password:changed": (_ACCOUNT, 3, "Password Change"),
    "password:set": (_ACCOUNT, 3, "Password Change"),
    "factor:added": (_ACCOUNT, 10, "MFA Factor Enable"),
    "factor:removed": (_ACCOUNT, 11, "MFA Factor Disable"),
}


def line(event: Event, person: Callable[[str | None], str | None], client: Callable[[str | None], str | None]) -> str:
    """One event."""
    other = (_CLASSES.get(event.action.partition(":")[0], _API), _OTHER, event.action)
    kind, activity, activity_name = _KNOWN.get(event.action, other)
    said: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": kind // 1000,
        "class_uid": kind,
        "type_uid": kind * 100 + activity,
        "time": int(event.at * 1000),
        "severity_id": severity(event.action),
        "status_id": 2 if failed(event.action) else 1,
        "status_detail": event.error_id,
        "metadata": _metadata(event),
        "actor": {"user": _user(event.actor or "unknown", person(event.actor))},
        "src_endpoint": {"ip": event.address} if event.address else {"name": "unknown"},
        "unmapped": {"client_id": event.client_id, "detail": dict(event.detail)},
    }
    if kind == _API:
        said["api"] = {"operation": event.action, "service": {"name": client(event.client_id) or "Doorward"}}
    else:
        said["user"] = _user(event.person_id or "unknown", person(event.person_id))
    if kind == _AUTHENTICATION:
        said["session"] = {"uid": event.session_id} if event.session_id else None
        said["is_mfa"] = len(event.detail.get("methods", ())) > 1 if "methods" in event.detail else None
        said["service"] = {"name": client(event.client_id) or "Doorward", "uid": event.client_id or "doorward"}
    return json.dumps({key: value for key, value in said.items() if value is not None}, default=str) + "\n"


def _metadata(event: Event) -> dict[str, Any]:
    product = {"name": "Doorward", "vendor_name": "Doorward", "version": version()}
    made = {"version": "1.3.0", "product": product, "uid": event.id, "event_code": event.action}
    return {**made, "correlation_uid": event.request_id} if event.request_id else made


def _user(uid: str, name: str | None) -> dict[str, str]:
    return {"uid": uid, "name": name} if name else {"uid": uid}
