"""A service provider's metadata as admins have it: since when, from where, how it is read again, what it had before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from clients.client import Client
from idp.answers.durations import length
from idp.audit.searching import Wanted, latest
from idp.protocols import Services
from idp.saml.metadata import sources

_CHANGES: Final = 50  # of an application, that are looked through
_KEYS: Final = "sp_metadata.signing_certificates"


def age(services: Services, client: Client) -> str:
    """A sentence: how old it is, and where it comes from."""
    now, provider = services.clock(), client.saml
    source = sources.find(services, provider.source) if provider is not None and provider.source else None
    if source is None and provider is not None and provider.is_typed:
        return "It was registered by its entity ID and its addresses, without metadata."
    if source is None:
        given = _given_at(services, client)
        return f"Its metadata was given by hand {_before(now - given)}, and nothing reads it again by itself."
    if source.error and source.failures:
        since = f"; last good {length(now - source.changed_at)} ago" if source.changed_at else ""
        return f"Reading its metadata from {source.url} has failed {source.failures} times ({source.error}){since}."
    when = f"{length(now - source.checked_at)} ago" if source.checked_at else "never yet"
    return f"Its metadata was read {when} from {source.url}."


def read_again(client: Client) -> str:
    """The command that reads it again."""
    if client.saml is not None and client.saml.source is not None:
        return f"doorward client refresh {client.id}"
    return f"doorward client refresh {client.id} --metadata FILE_OR_URL"


def former_keys(services: Services, client: Client) -> Iterator[tuple[str, float]]:
    """Signing certificates that its metadata had once, each with when it had them last; the latest first."""
    mine = set(client.saml.signing_certificates) if client.saml is not None else set()
    wanted = Wanted(client_id=client.id, action="client:update")
    for event in reversed(latest(services.db, wanted, _CHANGES)):
        pair = event.detail.get("changed", {}).get(_KEYS)
        for one in (pair[0] or ()) if isinstance(pair, list) else ():
            if isinstance(one, str) and one not in mine:
                mine.add(one)
                yield one, event.at


def _before(seconds: float) -> str:
    """How long before the error that this is told of: what is read later counts from no “now”."""
    return "less than a second before this" if round(abs(seconds)) == 0 else f"{length(seconds)} before this"


def day(at: float) -> str:
    """A day, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def _given_at(services: Services, client: Client) -> float:
    wanted = Wanted(client_id=client.id, action="client:update")
    for event in reversed(latest(services.db, wanted, _CHANGES)):
        if any(str(name).startswith("sp_metadata") for name in event.detail.get("changed", ())):
            return event.at
    return client.created_at
