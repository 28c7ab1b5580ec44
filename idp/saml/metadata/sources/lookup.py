"""Whom an Issuer means: a registered service provider, or one that a source vouches for."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.entities import check_entity_id
from clients.errors import InvalidMetadata
from idp.ids import digest
from idp.protocols import Services
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import store
from idp.saml.metadata.sources.fetching import NotThere
from idp.saml.metadata.sources.mdq import fetch_mdq
from idp.saml.metadata.sources.store import Entity, Source
from idp.saml.metadata.sources.taking import take

MDQ_SECONDS: Final = 4.0  # that a sign-in waits for an MDQ server
MDQ_PER_MINUTE: Final = 60  # lookups that strangers can cause
MDQ_FORGET: Final = 300.0  # seconds that "no such entity" is remembered


def find_service_provider(services: Services, entity_id: str) -> Client | None:
    """The registered service provider; else one that a source vouches for, registered by this call.

    A disabled one, and one whose metadata has ended, too: ask `client.enabled` and `client.saml.is_current(now)`.
    """
    found = services.registry.find_entity(entity_id)
    if found is not None:
        return found
    try:
        check_entity_id(entity_id)
    except ValueError:
        return None
    entity = store.find_entity(services.db, entity_id)
    if entity is not None and entity.digest:
        source = store.find_source(services.db, entity.source_id)
        return None if source is None else _take(services, source, entity)
    for source in store.list_kind(services.db, "mdq"):
        if (entity := _ask(services, source, entity_id)) is not None:
            return _take(services, source, entity)
    return None


def _take(services: Services, source: Source, entity: Entity) -> Client | None:
    if source.valid_until is not None and source.valid_until <= services.clock():
        return None
    try:
        return take(services, source, entity)
    except InvalidMetadata as error:
        # Somebody was faster, or an admin has removed it: then it stays away.
        services.log.warning("service_provider_not_taken", source=source.id, entity=entity.entity_id, reason=str(error))
        if source.kind == "mdq":  # it is asked for anew, for its metadata may get better
            store.forget_entity(services.db, source.id, entity.entity_id)
            services.state.put(_missed(source, entity.entity_id), 1, 30)
        services.registry.refresh()
        return services.registry.find_entity(entity.entity_id)


def _ask(services: Services, source: Source, entity_id: str) -> Entity | None:
    """An entity of an MDQ server; strangers choose the name, so misses are remembered and lookups counted."""
    missed = _missed(source, entity_id)
    if services.state.get(missed) is not None:
        return None
    if services.state.count(f"saml.mdq.count:{source.id}", 60) > MDQ_PER_MINUTE:
        services.log.warning("mdq_lookups_limited", source=source.id)
        return None
    now = services.clock()
    try:
        found = fetch_mdq(services, source, entity_id, now, MDQ_SECONDS)
    except BadMetadata as error:
        is_missing = isinstance(error, NotThere)
        services.state.put(missed, 1, MDQ_FORGET if is_missing else 30)
        if not is_missing:
            services.log.warning("mdq_lookup_failed", source=source.id, entity=entity_id, reason=error.reason)
        return None
    entity = Entity(entity_id, source.id, "mdq", found.name, found.facts)
    with services.db.transaction() as tx:
        return entity if store.put_entity(tx, entity) else None


def _missed(source: Source, entity_id: str) -> str:
    return f"saml.mdq:{source.id}:{digest(entity_id)}"
