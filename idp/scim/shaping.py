"""Which attributes an answer has (RFC 7644 §3.9), and how a change of it is told (§3.14)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idp.scim.schemas import ENTERPRISE, GROUP, USER

_ALWAYS: Final = ("schemas", "id")


def projected(resource: Mapping[str, Any], wanted: Iterable[str], unwanted: Iterable[str]) -> dict[str, Any]:
    """The resource with these attributes alone, or without those."""
    keep, drop = _tree(wanted), _tree(unwanted)
    if keep:
        found = {key: _part(value, keep[key.lower()]) for key, value in resource.items() if key.lower() in keep}
        return {**{key: resource[key] for key in _ALWAYS if key in resource}, **found}
    if drop:
        found = {}
        for key, value in resource.items():
            less = drop.get(key.lower(), ())
            if key in _ALWAYS or less == ():
                found[key] = value
            elif less is not None:
                found[key] = _without(value, less)
        return found
    return dict(resource)


def wants(name: str, wanted: Iterable[str], unwanted: Iterable[str]) -> bool:
    """Whether an attribute stands in the answer at all: what costs much is not looked for otherwise."""
    keep = _tree(wanted)
    return name in keep if keep else _tree(unwanted).get(name, ()) is not None


def version(*parts: Any) -> str:
    """An entity tag: another one where anything of it is different (RFC 7232 §2.3)."""
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def moment(at: float) -> str:
    """A dateTime (RFC 7643 §2.3.5)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _tree(paths: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
    """Each attribute with those parts of it that are meant; None: the whole."""
    found: dict[str, tuple[str, ...] | None] = {}
    for path in paths:
        key, sub = _split(path.strip())
        if not key:
            continue
        known = found.get(key, ())
        found[key] = None if not sub or known is None else (*known, sub)
    return found


def _split(path: str) -> tuple[str, str]:
    folded = path.lower()
    for core in (USER, GROUP):
        folded = folded.removeprefix(f"{core.lower()}:")
    if folded.startswith(ENTERPRISE.lower()):
        return ENTERPRISE.lower(), folded.removeprefix(ENTERPRISE.lower()).lstrip(":").partition(".")[0]
    key, _, sub = folded.partition(".")
    return key, sub


def _part(value: Any, parts: tuple[str, ...] | None) -> Any:
    if parts is None:
        return value
    if isinstance(value, list):
        return [_part(one, parts) for one in value]
    return {key: one for key, one in value.items() if key.lower() in parts} if isinstance(value, Mapping) else value


def _without(value: Any, parts: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_without(one, parts) for one in value]
    return {key: one for key, one in value.items() if key.lower() not in parts} if isinstance(value, Mapping) else value
