"""What is said about a person, to whom: standard claims by scope, the claims parameter, and a client's own table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clients.client import Client
from idp.attributes import ATTRIBUTES

#: Core §5.4, and our two array claims.
BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    scope: tuple(one.name for one in ATTRIBUTES if one.scope == scope)
    for scope in dict.fromkeys(one.scope for one in ATTRIBUTES if one.scope)
}
SUPPORTED = ("sub", *dict.fromkeys(claim for claims in BY_SCOPE.values() for claim in claims))


def subject(client: Client, person_id: str) -> str:
    """`sub`: public, never reassigned."""
    return person_id


def attributes(row: Any) -> dict[str, Any]:
    """Everything that is known of a person, by claim name. `row` carries the person's columns."""
    known: dict[str, Any] = json.loads(row.person_claims)
    known |= {
        "name": row.name,
        "preferred_username": row.username,
        "username": row.username,
        "email": row.email,
        "email_verified": bool(row.email_verified),  # a JSON boolean: clients refuse "true"
        "employee_number": row.employee_number,
        "groups": json.loads(row.groups),
        "roles": json.loads(row.roles),
        "updated_at": int(row.changed_at),
    }
    if not row.email:
        known.pop("email_verified")
    return {name: value for name, value in known.items() if value not in (None, "")}


def of_person(client: Client, row: Any, scopes: list[str], requested: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that these scopes and this `claims` member give; what is not known is left out (Core §5.3.2, §5.5)."""
    known = attributes(row)
    for claim, attribute in client.oidc.claims_map.items():
        if attribute in known:
            known[claim] = known[attribute]
    names = [claim for scope in scopes for claim in BY_SCOPE.get(scope, ())]
    names += [claim for claim in client.oidc.claims_map if "profile" in scopes or claim in requested]
    names += [claim for claim in requested if _may_request(claim, client)]
    return {name: known[name] for name in dict.fromkeys(names) if name in known}


def wanted_acr(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of an `acr` wish of the claims parameter, the most wanted first (Core §5.5.1.1)."""
    wish = (claims.get("id_token") or {}).get("acr") or {}
    values = wish.get("values") or ([wish["value"]] if "value" in wish else ())
    return tuple(value for value in values if isinstance(value, str))


def scopes_of(requested: Mapping[str, Any], client: Client) -> list[str]:
    """The scopes that would give the claims of a `claims` member, `claim:<name>` for the client's own table."""
    needed = []
    for claim in requested:
        if claim in client.oidc.claims_map:
            needed.append(f"claim:{claim}")
        needed += [scope for scope, claims in BY_SCOPE.items() if claim in claims and scope in client.oidc.scopes]
    return needed


def _may_request(claim: str, client: Client) -> bool:
    # A claim asked for one by one is given only where a scope of the client's own list would give it.
    return claim in client.oidc.claims_map or any(
        claim in claims and scope in client.oidc.scopes for scope, claims in BY_SCOPE.items()
    )
