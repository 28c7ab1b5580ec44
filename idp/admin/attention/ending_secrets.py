"""Applications whose secret ends in the next days and that have not changed over to another one (R6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from clients.client import Client
from clients.documents.address import in_path
from clients.secrets import StoredSecret
from idp.admin.attention.finding import DAY, MANY, Finding
from idp.protocols import Services
from idp.texts import N_

_SOON: Final = 7 * DAY
_FIX: Final = "put the newer secret in its place there, or make one that leaves the old one longer"


def findings(services: Services) -> Iterator[Finding]:
    """One for each application that would be refused from that moment on, `MANY` at most."""
    now, after, found = services.clock(), None, 0
    while page := services.registry.list(after, 1000):
        for entry in page:
            client = services.registry.find(entry.id)
            ending = _ending(services, client, now) if client is not None else None
            if client is None or ending is None:
                continue
            found += 1
            text = N_("%(app)s: the secret that it uses ends soon.", app=client.name)
            day = datetime.fromtimestamp(ending.expires_at or now, UTC).strftime("%Y-%m-%d %H:%M UTC")
            yield Finding("secret", text, f"/admin/apps/{in_path(client.id)}/secrets", f"it ends {day}", _FIX)
            if found >= MANY:
                return
        after = page[-1].key


def _ending(services: Services, client: Client, now: float) -> StoredSecret | None:
    """The one that ends first, where it is still used or where no other stands behind it."""
    if not client.enabled or not any(_is_ending(one, now) for one in client.secrets):
        return None
    valid = [one for one in services.registry.list_secrets(client.id) if one.is_valid(now)]  # with their last uses
    ending = [one for one in valid if _is_ending(one, now)]
    used = [one for one in ending if now - (one.last_used_at or 0.0) < _SOON]
    left = used or (ending if len(ending) == len(valid) else [])
    return min(left, key=lambda one: one.expires_at or now, default=None)


def _is_ending(one: StoredSecret, now: float) -> bool:
    return one.expires_at is not None and 0 < one.expires_at - now <= _SOON
