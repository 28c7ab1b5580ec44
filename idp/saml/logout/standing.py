"""Who is signed in to a service provider, so that a change can say what becomes of them."""

from __future__ import annotations

from clients.client import Client
from idp.protocols import Services
from idp.saml import store


def holders(services: Services, client: Client) -> list[str]:
    """The people of the sessions that a service provider knows, a person once for each."""
    return store.holders(services.db, client.id, services.clock())
