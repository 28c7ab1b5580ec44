"""What directories really send, in the standard's form. Each line says whose it is.

Entra: `op` in capitals, "False" for false, a manager as a list or a bare id, keys with dots, nulls, values without
quotes in filters. Okta: `id` and other read-only parts in what is replaced. Others: `operations` in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from idp.scim.faults import Fault
from idp.scim.schemas import ENTERPRISE

MOST_OPERATIONS: Final = 1000
MOST_STEPS: Final = 100  # operations on one person, or on a group beside its members
MOST_VALUES: Final = 200  # values of lists in these
_READ_ONLY: Final = frozenset(("id", "meta", "schemas", "groups"))
_TRUTHS: Final = {"true": True, "false": False}
_SEVERAL: Final = frozenset(
    ("emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "members", "groups")
)
_MANAGER: Final = re.compile(rf"(?:{re.escape(ENTERPRISE)}:)?manager", re.IGNORECASE)
_BARE: Final = re.compile(r"""\b(eq|ne|co|sw|ew)\s+(?!["'\d-]|(?:true|false|null)\b)([^\s()\[\]"]+)""", re.IGNORECASE)
_TEXT_TRUTH: Final = re.compile(r"""\b(primary|active)\s+eq\s+"(true|false)\"""", re.IGNORECASE)
_MANAGED: Final = re.compile(rf"(?<![\w:.])(?:{re.escape(ENTERPRISE)}:)?manager\s+(?=eq\b)", re.IGNORECASE)


def expression(text: str) -> str:
    """A filter, or the path of a change."""
    text = _TEXT_TRUTH.sub(lambda found: f"{found[1]} eq {found[2].lower()}", text)
    return _MANAGED.sub(f"{ENTERPRISE}:manager.value ", text)


def quoted(text: str) -> str:
    """A filter whose values stand without quotes (Entra's documents have such)."""
    return _BARE.sub(lambda found: f'{found[1]} "{found[2]}"', text)


def resource(sent: Any) -> dict[str, Any]:
    """A person or group that is made or put. Errors: `Fault`."""
    if not isinstance(sent, Mapping):
        raise Fault(400, "the body is no JSON object", "invalidSyntax")
    found = {key: value for key, value in sent.items() if value is not None and key.lower() not in ("password",)}
    for key in ("active",):
        if key in found:
            found[key] = _truth(found[key])
    also = found.get(ENTERPRISE)
    if isinstance(also, Mapping):
        also = {key: value for key, value in also.items() if value is not None}
        if "manager" in also:
            also["manager"] = _manager(also["manager"])
        found[ENTERPRISE] = also
    return found


def operations(sent: Any) -> list[dict[str, Any]]:
    """The operations of a PATCH (RFC 7644 §3.5.2). Errors: `Fault`."""
    if not isinstance(sent, Mapping):
        raise Fault(400, "the body is no JSON object", "invalidSyntax")
    listed = next((value for key, value in sent.items() if key.lower() == "operations"), None)
    if not isinstance(listed, list) or not listed or not all(isinstance(one, Mapping) for one in listed):
        raise Fault(400, "Operations is a list of at least one operation", "invalidSyntax")
    if len(listed) > MOST_OPERATIONS:
        raise Fault(413, f"at most {MOST_OPERATIONS} operations are taken at once")
    return [_operation(one) for one in listed]


def few(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """They, where they are of a size that a person has: each is laid upon all that stands (X30). Errors: `Fault`."""
    if len(steps) > MOST_STEPS or sum(_count(step.get("value")) for step in steps) > MOST_VALUES:
        raise Fault(413, f"of this at most {MOST_STEPS} operations with {MOST_VALUES} values are taken at once")
    return steps


def _count(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    return sum(max(1, _count(one)) for one in value) if isinstance(value, list) else 0


def _operation(sent: Mapping[str, Any]) -> dict[str, Any]:
    found = {key.lower(): value for key, value in sent.items()}
    path = found.get("path")
    if path in ("", None):
        found.pop("path", None)
        if isinstance(found.get("value"), Mapping):
            found["value"] = _values(found["value"])
        return found
    if not isinstance(path, str) or len(path) > 1000:
        raise Fault(400, "path is a text of at most 1000 characters", "invalidPath")
    found["path"] = expression(path)
    if "value" in found:
        found["value"] = _value(path, found["value"])
    return found


def _values(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Of an operation without a path: what nobody writes is left out, as it is of a body that is put."""
    return {key: _value(key, value) for key, value in sent.items() if key.lower() not in _READ_ONLY | {"password"}}


def _value(path: str, value: Any) -> Any:
    name = path.rpartition(":")[2].rpartition(".")[2].lower()
    if name in ("active", "primary"):
        return _truth(value)
    if _MANAGER.fullmatch(path):
        return _manager(value)
    if path == ENTERPRISE and isinstance(value, Mapping) and "manager" in value:
        return {**value, "manager": _manager(value["manager"])}
    is_one = "[" not in path and path.partition(".")[0].lower() not in _SEVERAL
    if is_one and isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) and "value" in value[0]:
        return value[0]["value"]
    return value


def _truth(value: Any) -> Any:
    return _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _manager(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, Mapping):
        return {key: one for key, one in value.items() if one is not None and key.lower() != "displayname"}
    return value
