"""Looks at directories whose time has come, by one of all the processes."""

from __future__ import annotations

import json
from typing import Final

from idp.errors import Refused
from idp.federation import keeping, leaving, store
from idp.federation.keeping import Kept
from idp.federation.ldap.answers import BadFilter, Unreachable
from idp.protocols import Services

EVERY: Final = 60.0  # seconds
LEASE: Final = 3600.0


def run_due(services: Services) -> int:
    """Answers how many were looked at. One that fails is told in the log, and waits for its next time."""
    return sum(_run(services, kept) for kept in keeping.list_of(services.db) if _is_due(services, kept))


def why_stopped(services: Services, provider_id: str) -> str:
    """What the brake said at the last look; '' where it did not stop it."""
    row = services.db.one(store.SYNC, provider_id=provider_id)
    return str(json.loads(row.report).get("stopped", "")) if row is not None else ""


def _is_due(services: Services, kept: Kept) -> bool:
    one = kept.provider
    if not one.is_directory or not one.enabled or not one.sync_every:
        return False
    row = services.db.one(store.SYNC, provider_id=one.id)
    return row is None or services.clock() >= row.began_at + 60 * int(one.sync_every)


def _run(services: Services, kept: Kept) -> bool:
    from idp.federation.ldap import syncing

    provider = kept.provider
    if not services.state.add("upstream:sync-tried:" + provider.id, 1, EVERY * min(10, int(provider.sync_every))):
        return False
    try:
        report = syncing.sync(services, leaving.trial(services, kept), syncing.How())
    except syncing.Running:
        return False
    except (Refused, Unreachable, BadFilter) as error:
        services.log.warning("directory_not_read", provider=provider.id, name=provider.name, reason=str(error))
        return False
    if report.stopped:
        services.log.warning("directory_sync_stopped", provider=provider.id, name=provider.name, reason=report.stopped)
    return True
