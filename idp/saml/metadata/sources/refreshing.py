"""Read the sources again, in the background or because an admin asks: what is new is taken, what is worse is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clients.errors import InvalidMetadata
from clients.registry import RESTORABLE
from idp.audit import Event, record
from idp.protocols import Services
from idp.saml.metadata.lexical import DAY, BadMetadata
from idp.saml.metadata.sources import store
from idp.saml.metadata.sources.aggregate import refresh_aggregate
from idp.saml.metadata.sources.mdq import refresh_mdq
from idp.saml.metadata.sources.own_url import REMOVED, refresh_entity
from idp.saml.metadata.sources.refresh_result import SOONEST, USUAL, RefreshResult
from idp.saml.metadata.sources.store import Source

LEASE: Final = 900.0  # seconds; longer than one refresh ever takes
EVERY: Final = 300.0  # seconds between two looks for sources that are due
_KINDS = {"entity": refresh_entity, "aggregate": refresh_aggregate, "mdq": refresh_mdq}


def refresh(services: Services, source: Source, *, accept_older: bool = False) -> RefreshResult:
    """Read a source now. What goes wrong is noted with it and raised; the last good copy stands.

    `accept_older`: an admin lets an older publication through. Errors: `BadMetadata`, `InvalidMetadata`.
    """
    now = services.clock()
    try:
        result = _KINDS[source.kind](services, source, now, accept_older)
    except (BadMetadata, InvalidMetadata) as error:
        _note_failure(services, source, now, getattr(error, "reason", str(error)))
        raise
    if result.source.error == REMOVED and result.source.failures > RESTORABLE / DAY + 1:
        store.delete_source(services.db, source.id)
        return result
    store.update_source(services.db, result.source)
    if source.failures and not result.source.failures:
        _tell(services, "source:recovered", source, {})
    return result


def _note_failure(services: Services, source: Source, now: float, reason: str) -> None:
    wait = min(SOONEST * 2.0 ** min(source.failures, 6), USUAL)
    failed = replace(source, checked_at=now, next_at=now + wait, failures=source.failures + 1, error=reason[:1000])
    store.update_source(services.db, failed)
    services.log.warning(
        "metadata_refresh_failed", source=source.id, name=source.name, reason=reason, failures=failed.failures,
        valid_until=source.valid_until,
    )  # fmt: skip
    if not source.failures:  # the alarm rings once
        _tell(services, "source:failed", source, {"reason": reason[:1000]})


def _tell(services: Services, action: str, source: Source, detail: Mapping[str, Any]) -> None:
    about = {"source": source.id, "name": source.name, "url": source.url, **detail}
    record(services.db, Event(action, "system", client_id=source.client_id, detail=about), services.clock())
