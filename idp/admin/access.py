"""Who may open an application, with the names of everybody who is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clients.client import Client
from idp.accounts import groups
from idp.accounts.person import fold
from idp.admin.applications import entries
from idp.protocols import Services


def described(services: Services, client: Client) -> dict[str, Any]:
    """The rule, and whom it lets in; groups and people who are gone stand there, too."""
    found = [(name, groups.find(services.db, name)) for name in sorted(client.access.groups)]
    people = [(person_id, services.directory.find(person_id)) for person_id in sorted(client.access.persons)]
    return {
        "client_id": client.id,
        "name": client.name,
        "access": client.access.to_json(),
        "groups": [{"name": name, "exists": one is not None, "members": one.members if one else 0}
                   for name, one in found],
        "persons": [{"id": id, "username": p.username if p else None, "name": p.name if p else None}
                    for id, p in people],
        "people": services.directory.count() if client.access.everyone else None,
    }  # fmt: skip


def limited_to(services: Services, group: str) -> Iterator[Client]:
    """Applications whose rule names this group."""
    found = (services.registry.find(entry.id) for entry in entries(services))
    yield from (client for client in found if client is not None and fold(group) in map(fold, client.access.groups))
