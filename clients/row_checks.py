"""What a row must be to be written: free, the same entity, of the edition that the admin saw, with a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients import rules, saml_fields, store, undoing
from clients.client import Client
from clients.errors import ChangedMeanwhile, InvalidMetadata, Problem
from clients.ports import Statements


def profile_of(kind: str, profile: str) -> str:
    """A service provider has no profile: its metadata and settings say all."""
    if kind not in ("oidc", "saml"):
        raise InvalidMetadata(Problem("kind", "unknown; expected oidc or saml"))
    if kind == "saml" and profile not in ("saml", "web"):
        raise InvalidMetadata(Problem("profile", "is for OpenID Connect; a SAML service provider has none"))
    return "saml" if kind == "saml" else profile


def check_free(tx: Statements, client: Client) -> None:
    """Nobody takes over an id, nor an entityID by registering it again (or in an aggregate)."""
    if store.find_row(tx, client.id) is not None:
        raise InvalidMetadata(Problem("id", "another application has it, or had it before it was removed"))
    owner = None if client.saml is None else store.find_owner(tx, client.saml.entity_id)
    if owner is not None:
        client_id, name, removed = owner
        hint = "removed, can be restored" if removed else "change or refresh that one"
        raise InvalidMetadata(Problem("entity_id", f"is registered already: {name} ({client_id}; {hint})"))


def check_same_entity(row: store.Row, valid: Mapping[str, Any]) -> None:
    """An application stays the one that it is: its entityID names it."""
    if row.kind != "saml":
        return
    old, new = row.said["sp_metadata"]["entity_id"], valid["sp_metadata"]["entity_id"]
    if old != new:
        raise InvalidMetadata(Problem("entity_id", f"is {old} and cannot become {new}: register that one anew"))


def check_edition(row: store.Row, edition: str | None, changes: Mapping[str, Any]) -> None:
    """Errors: `ChangedMeanwhile`, where somebody changed it since it was read."""
    if edition is not None and edition != undoing.edition(row):
        now = undoing.flat(row)
        raise ChangedMeanwhile({key: (now.get(key), value) for key, value in changes.items()})


def find_warnings(row: store.Row) -> list[str]:
    """What is taken, and an admin should know: sentences."""
    return saml_fields.find_warnings(row.said) if row.kind == "saml" else rules.find_warnings(row.profile, row.said)


def shown(row: store.Row) -> dict[str, Any]:
    """What the record says of a new registration."""
    return {"metadata": row.said, "access": row.access.to_json()}


def plain(name: str) -> str:
    """A name as people compare it: two that are the same here cannot be told apart in a list."""
    return " ".join(name.casefold().split())
