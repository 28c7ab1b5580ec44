"""The document: JSON with words that explain it, times as ISO 8601, applications by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idp.federation import keeping
from idp.personal_data import store
from idp.personal_data.parts import NOT_TOLD, PARTS, Part
from idp.protocols import Services

#: Of one part; more than that is said in the document. Nobody's account is near it but one that somebody tries to open.
MOST: Final = 20_000
FORMAT: Final = 1  # goes up when something that stands has another meaning
_JSON: Final = frozenset(
    ("claims", "groups", "roles", "resource", "details", "client_ids", "document", "detail", "scope")
)
_TIMES: Final = re.compile(r"(^|_)(at|since|until|seen|time)$")
#: Of the detail of what an admin did to the person: who else had a hand in it.
_OF_ADMINS: Final = frozenset(("approved_by", "approval", "by_token"))
_FLAGS: Final = frozenset(("email_verified", "enabled", "offline", "made"))


def of(services: Services, person_id: str, most: int = MOST) -> dict[str, Any]:
    """All that is held of somebody. Nothing in it opens anything. `most`: rows of one part."""
    held = {name: store.rows(services.db, part, person_id, most + 1) for name, part in PARTS.items()}
    cut = sorted(name for name, rows in held.items() if len(rows) > most)
    told = {name: [_told(PARTS[name], row, person_id) for row in rows[:most]] for name, rows in held.items()}
    return {
        "about": "What this installation of Doorward holds about one person. What each part and field means stands in "
        "docs/personal-data.md. Secrets (passwords, keys, tokens) are not in it: they are kept as digests or sealed.",
        "format": FORMAT,
        "issuer": services.issuer,
        "made_at": _moment(services.clock()),
        "account": next(iter(told.pop("account")), None),
        "applications": _applications(services, told),
        "providers": _providers(services, told),
        **told,
        "only_the_latest_of": cut,
        "not_in_it": {**NOT_TOLD, "logs": "lines of the server's log, kept by whoever operates it"},
    }


def _told(part: Part, row: Mapping[str, Any], person_id: str) -> dict[str, Any]:
    told = {name: _value(name, value) for name, value in row.items() if name != part.by}
    own = ("", person_id, f"person:{person_id}", row.get("client_id"))  # the person, nobody, an application
    if part.by and row[part.by] not in own:
        told["address"], detail = "", told["detail"]
        told["detail"] = {name: value for name, value in detail.items() if name not in _OF_ADMINS}
    return told


def _value(name: str, value: Any) -> Any:
    if isinstance(value, (int, float)) and name in _FLAGS:
        return bool(value)
    if isinstance(value, (int, float)) and _TIMES.search(name):
        return _moment(value)
    if isinstance(value, str) and name in _JSON and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # as far away as no date is
        return "never"


def _providers(services: Services, told: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    """The name of each that people come through and that is spoken of, by its id."""
    ids = sorted({str(row["provider_id"]) for rows in told.values() for row in rows if row.get("provider_id")})
    found = ((provider_id, keeping.find(services.db, provider_id)) for provider_id in ids)
    return {provider_id: kept.provider.name for provider_id, kept in found if kept is not None}


def _applications(services: Services, told: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    """The name of each that is spoken of, by its client id."""
    ids = {str(row["client_id"]) for rows in told.values() for row in rows if row.get("client_id")}
    found = ((client_id, services.registry.find(client_id)) for client_id in sorted(ids))
    return {client_id: client.name for client_id, client in found if client is not None}
