"""The background jobs that refresh the sources, one process at a time."""

from __future__ import annotations

from typing import Final

from clients.errors import InvalidMetadata
from idp.protocols import Services
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import refreshing, store
from idp.saml.metadata.troubles import record_ended

ENDED_EVERY: Final = 3600.0  # seconds between two looks for metadata that ran out
JOB: Final = "saml.source"


def schedule(services: Services) -> None:
    """Register the background jobs that refresh the sources."""
    services.jobs.register(JOB, lambda payload: run(services, str(payload["source"])), lease=refreshing.LEASE)
    services.jobs.every("saml.sources", refreshing.EVERY, lambda: refresh_due(services))
    services.jobs.every("saml.ended", ENDED_EVERY, lambda: record_ended(services))


def refresh_due(services: Services) -> int:
    """Queue a job for each source whose time has come; how many."""
    return sum(_queue(services, source) for source in store.list_due(services.db, services.clock()))


def _queue(services: Services, source: store.Source) -> bool:
    with services.db.transaction() as tx:
        is_mine = store.claim(tx, source, services.clock() + refreshing.LEASE)
        if is_mine:
            services.jobs.enqueue(JOB, {"source": source.id}, tx=tx)
    return is_mine


def run(services: Services, source_id: str) -> None:
    """Read one source, as a job."""
    source = store.find_source(services.db, source_id)
    if source is None:
        return
    try:
        refreshing.refresh(services, source)
    except (BadMetadata, InvalidMetadata):
        return  # noted with the source, and tried again at its time
