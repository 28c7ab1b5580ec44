"""Who is signed in to a service provider, so that a change can say what becomes of them; and since when."""

from __future__ import annotations

from clients.client import Client
from idp.protocols import Services
from idp.saml import store


def holders(services: Services, client: Client) -> list[str]:
    """The people of the sessions that a service provider knows, a person once for each."""
    return store.holders(services.db, client.id, services.clock())


def told_at(services: Services, session_id: str, client_id: str) -> float | None:
    """When a service provider was first told of a session, by a Response; None where it was not."""
    found = (one for one in store.participants_of_session(services.db, session_id) if one.client_id == client_id)
    return min((one.created_at for one in found), default=None)
