"""What a change replaced, and how it is put back; what a row is known by, so that no change is lost (C4, C6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clients.access import Access
from clients.errors import ChangedMeanwhile
from clients.store import Row

#: Not values of a form: the verbs that set them have their own way back.
_OWN: Final = ("client_name", "access", "profile")
_APART: Final = ("enabled", "removed", "metadata_source")


def edition(row: Row) -> str:
    """A mark of everything that can be changed: the same as long as nothing was."""
    said = json.dumps(flat(row), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def flat(row: Row) -> dict[str, Any]:
    """Every value of a row by its name, those of a service provider's metadata one by one."""
    own = {"profile": row.profile, "enabled": row.enabled, "removed": row.deleted_at is not None}
    facts = {f"sp_metadata.{key}": fact for key, fact in row.said.get("sp_metadata", {}).items()}
    said = {key: value for key, value in row.said.items() if key != "sp_metadata"}
    return {**said, **facts, "client_name": row.name, "access": row.access.to_json(), **own}


def difference(before: Row, after: Row) -> dict[str, list[Any]]:
    """What changed: key -> [old, new]. Metadata has no secrets."""
    old, new = flat(before), flat(after)
    return {key: [old.get(key), new.get(key)] for key in sorted({*old, *new}) if old.get(key) != new.get(key)}


def can_undo(changed: Mapping[str, Any]) -> bool:
    """Whether all of a change can be put back: what was read from metadata is read again, not typed."""
    return bool(changed) and not any(key in _APART or key.startswith("sp_metadata") for key in changed)


def undone(row: Row, changed: Mapping[str, Any]) -> Row:
    """The row with the old values, to be validated. Errors: `ChangedMeanwhile` where it does not have the new ones."""
    now = flat(row)
    other = {key: (now.get(key), old) for key, (old, new) in changed.items() if now.get(key) != new}
    if other:
        raise ChangedMeanwhile(other)
    said = {key: value for key, value in row.said.items() if key not in changed}
    said |= {key: old for key, (old, _) in changed.items() if key not in _OWN and old is not None}
    back = {key: old for key, (old, _) in changed.items() if key in _OWN}
    return replace(
        row, said=said, name=back.get("client_name", row.name), profile=back.get("profile", row.profile),
        access=Access.from_json(back["access"]) if "access" in back else row.access,
    )  # fmt: skip
