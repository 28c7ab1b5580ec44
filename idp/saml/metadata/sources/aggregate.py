"""A source that is a federation's aggregate."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from clients.errors import InvalidMetadata
from idp.protocols import Services
from idp.saml.metadata import aggregates
from idp.saml.metadata.description import with_validity
from idp.saml.metadata.sources import fetching, store
from idp.saml.metadata.sources.refresh_result import MAX_VALIDITY, RefreshResult, check_newer, succeeded
from idp.saml.metadata.sources.store import Entity, Source
from idp.saml.metadata.sources.taking import apply

BATCH: Final = 200  # entities in one transaction: a sign-in waits for none of them long


def refresh_aggregate(services: Services, source: Source, now: float, accept_older: bool) -> RefreshResult:
    """Read it again: what is new is kept, what is gone dropped, and its clients get what it says."""
    with tempfile.TemporaryDirectory(prefix="metadata-", dir=_scratch(services)) as folder:
        document, lines = Path(folder) / "aggregate.xml", Path(folder) / "entities.jsonl"
        with document.open("wb") as file:
            fetching.download(services, source.url, file)
        summary = aggregates.split(
            document, lines, source.certificates, now, max_validity=source.max_validity or MAX_VALIDITY,
            allow_loopback=services.registry.allow_loopback,
        )  # fmt: skip
        check_newer(source, summary.published_at, summary.valid_until, accept_older)
        changed, removed, taken = _load(services, source, lines)
    after = succeeded(
        source, now, bool(changed or removed), summary.cache_duration, valid_until=summary.valid_until,
        published_at=summary.published_at,
    )  # fmt: skip
    notes = [*summary.left_out, *_update_clients(services, after, now)]
    notes += [f"{entity_id!a}: is another source's already" for entity_id in taken]
    return RefreshResult(after, summary.entities, changed, removed, tuple(notes))


def _scratch(services: Services) -> Path:
    folder = services.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _load(services: Services, source: Source, lines: Path) -> tuple[int, int, list[str]]:
    """Keep what is new, drop what is gone: how many of each, and which entityIDs are another source's."""
    known = store.list_digests(services.db, source.id)
    gone = {entity_id for entity_id, digest in known.items() if digest}
    fresh: list[Entity] = []
    taken: list[str] = []
    changed = 0
    for line in aggregates.read_lines(lines):
        gone.discard(line.entity_id)
        if known.get(line.entity_id) == line.digest:
            continue
        changed += 1
        fresh.append(Entity(line.entity_id, source.id, line.digest, line.name, line.facts))
        if len(fresh) == BATCH:
            taken += _put(services, fresh)
            fresh = []
    taken += _put(services, fresh)
    for start in range(0, len(gone), BATCH):
        with services.db.transaction(durable=False) as tx:
            for entity_id in sorted(gone)[start : start + BATCH]:
                store.drop_entity(tx, source.id, entity_id)
    return changed - len(taken), len(gone), taken


def _put(services: Services, entities: list[Entity]) -> list[str]:
    if not entities:
        return []
    with services.db.transaction(durable=False) as tx:
        return [entity.entity_id for entity in entities if not store.put_entity(tx, entity)]


def _update_clients(services: Services, source: Source, now: float) -> list[str]:
    """Hand what a source says to the clients that it brought; what it says no more has ended."""
    notes = []
    for entity in store.list_used(services.db, source.id):
        client = services.registry.find(entity.client_id or "")
        if client is None or client.saml is None or client.saml.source != source.id:
            continue
        facts = with_validity(entity.facts, source.valid_until if entity.digest else now)
        try:
            apply(services, client, facts, now)
        except InvalidMetadata as error:
            notes.append(f"{entity.entity_id!a}: {error}")
    return notes
