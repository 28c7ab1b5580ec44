"""A person or a group in SCIM's words (RFC 7643 §4), by the mapping of a target, and what of it is different."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp.accounts import name_parts
from idp.accounts.groups import Group
from idp.accounts.person import Person
from idp.provisioning.target import Said

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_SHORT: Final = "enterprise."


def of_person(said: Said, person: Person, groups: Iterable[str] = ()) -> dict[str, Any]:
    """Each attribute, by its path, that somebody has; `groups`: those that are told as entitlements."""
    found: dict[str, Any] = {"externalId": person.id, "active": person.enabled}
    claims = name_parts.completed(person.name, person.claims)
    for attribute, source in said.mapping.items():
        value = _value(person, claims, source)
        if value == "":
            continue
        path = f"{ENTERPRISE}:{attribute.removeprefix(_SHORT)}" if attribute.startswith(_SHORT) else attribute
        if path in ("emails", "phoneNumbers"):
            # One value of a type, the primary one: who knows only one of them takes this.
            found[path] = [{"value": value, "type": "work", "primary": True}]
        else:
            found[path] = value
    if said.groups == "entitlements":
        found["entitlements"] = [{"value": name} for name in sorted(groups)]
    return found


def claims_of(said: Said) -> frozenset[str]:
    """The names of the claims that a mapping reads, without their language."""
    sources = (one.removeprefix("claim:") for one in said.mapping.values() if not one.startswith("="))
    return frozenset(one.partition("#")[0] for one in sources)


def of_group(group: Group) -> dict[str, Any]:
    """The same of a group; its members are another matter."""
    return {"externalId": group.id, "displayName": group.name}


def whole(kind: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The resource that these attributes make, for POST and PUT."""
    found: dict[str, Any] = {"schemas": [USER if kind == "user" else GROUP]}
    for path, value in attributes.items():
        urn, _, name = path.rpartition(":")
        holder = found
        if urn:
            if urn not in found["schemas"]:
                found["schemas"].append(urn)
            holder = found.setdefault(urn, {})
        *outer, last = name.split(".")
        for part in outer:
            holder = holder.setdefault(part, {})
        holder[last] = value
    return found


def digests(attributes: Mapping[str, Any]) -> dict[str, str]:
    """What stands for each value: enough to see that it is another one, without keeping it twice."""
    return {path: _digest(value) for path, value in attributes.items()}


def operations(attributes: Mapping[str, Any], sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """RFC 7644 §3.5.2: what makes of what was sent what is so. Each attribute by itself, as strict servers want it."""
    now = digests(attributes)
    found: list[dict[str, Any]] = [
        {"op": "replace" if path in sent or path in ("active", "emails", "entitlements", "phoneNumbers") else "add",
         "path": path, "value": value}
        for path, value in attributes.items() if now[path] != sent.get(path)
    ]  # fmt: skip
    return found + [{"op": "remove", "path": path} for path in sent if path not in attributes]


def patch(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of a PATCH."""
    return {"schemas": [PATCH], "Operations": steps}


def read(resource: Mapping[str, Any], path: str) -> Any:
    """What a resource of theirs has at a path; None where it has nothing."""
    urn, _, name = path.rpartition(":")
    value: Any = resource.get(urn) if urn else resource
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _value(person: Person, claims: Mapping[str, Any], source: str) -> str:
    if source.startswith("="):
        return source[1:]
    own = {"username": person.username, "email": person.email, "name": person.name, "id": person.id,
           "employee_number": person.employee_number}  # fmt: skip
    value = own[source] if source in own else claims.get(source.removeprefix("claim:"))
    return str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
