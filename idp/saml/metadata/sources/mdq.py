"""A source that is an MDQ server: asked for one entity at a time."""

from __future__ import annotations

from dataclasses import replace

from clients.errors import InvalidMetadata
from idp.protocols import Services
from idp.saml.metadata import reading
from idp.saml.metadata.description import Description
from idp.saml.metadata.lexical import BadMetadata, least
from idp.saml.metadata.sources import fetching, store
from idp.saml.metadata.sources.fetching import NotThere
from idp.saml.metadata.sources.refresh_result import MAX_VALIDITY, RefreshResult, check_newer, keys_of, succeeded
from idp.saml.metadata.sources.store import Source
from idp.saml.metadata.sources.taking import apply


def fetch_mdq(services: Services, source: Source, entity_id: str, now: float, seconds: float) -> Description:
    """What an MDQ server says about an entity. Errors: `BadMetadata`, `NotThere`."""
    url = fetching.mdq_url(source.url, entity_id, sha1=source.sha1)
    return reading.read(
        fetching.fetch(services, url, seconds=seconds), now, entity_id=entity_id, keys=keys_of(source.certificates),
        max_validity=source.max_validity or MAX_VALIDITY, allow_loopback=services.registry.allow_loopback,
    )  # fmt: skip


def refresh_mdq(services: Services, source: Source, now: float, accept_older: bool) -> RefreshResult:
    """Ask again for each service provider that it brought."""
    used = store.list_used(services.db, source.id)
    cache: float | None = None
    changed = removed = failed = 0
    notes: list[str] = []
    for entity in used:
        client = services.registry.find(entity.client_id or "")
        if client is None or client.saml is None or client.saml.source != source.id:
            continue
        try:
            found = fetch_mdq(services, source, entity.entity_id, now, fetching.SECONDS)
            known = replace(source, valid_until=client.saml.valid_until, published_at=None)
            if entity.digest:
                check_newer(known, None, found.valid_until, accept_older)
            cache = least(cache, found.cache_duration)
            changed += apply(services, client, found.facts, now)
            with services.db.transaction(durable=False) as tx:
                store.put_entity(tx, replace(entity, digest="mdq"))
        except NotThere:
            removed += 1
            apply(services, client, {**entity.facts, **client.saml.facts, "valid_until": now}, now)
            with services.db.transaction(durable=False) as tx:
                store.drop_entity(tx, source.id, entity.entity_id)
        except (BadMetadata, InvalidMetadata) as error:
            failed += 1
            notes.append(f"{entity.entity_id!a}: {getattr(error, 'reason', error)}")
    if failed and failed == len(used):
        raise BadMetadata(notes[0])
    return RefreshResult(succeeded(source, now, bool(changed), cache), len(used), changed, removed, tuple(notes))
