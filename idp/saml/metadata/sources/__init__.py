"""Where metadata comes from: a service provider's own URL, a federation's aggregate, an MDQ server.

Door: `find_service_provider` for the endpoints; `register`, `add`, `refresh`, `remove` for admins; `schedule`.
Rule: what cannot be read or trusted changes nothing: the last good copy stands until its validUntil.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients import saml_fields
from clients.access import EVERYONE, Access
from clients.client import Client
from clients.entities import check_entity_id
from clients.errors import InvalidMetadata
from clients.ports import Record
from clients.registry import Draft, Registered
from idp.ids import digest, new_id
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.metadata.description import Description
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching, refreshing, store
from idp.saml.metadata.sources.fetching import NotThere
from idp.saml.metadata.sources.refreshing import Outcome
from idp.saml.metadata.sources.store import Entity, Source
from idp.saml.metadata.troubles import find_troubles, record_ended

__all__ = [
    "Outcome", "Source", "add", "find_service_provider", "get", "list_all", "refresh", "refresh_client", "refresh_due",
    "register", "remove", "replace_metadata", "schedule",
]  # fmt: skip

ENDED_EVERY = 3600.0  # seconds between two looks for metadata that ran out
MDQ_SECONDS = 4.0  # that a sign-in waits for an MDQ server
MDQ_PER_MINUTE = 60  # lookups that strangers can cause
MDQ_FORGET = 300.0  # seconds that "no such entity" is remembered


# -- for the endpoints -------------------------------------------------------------------------------------------------


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
        return refreshing.take(services, source, entity)
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
        found = refreshing.fetch_mdq(services, source, entity_id, now, MDQ_SECONDS)
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


# -- for admins --------------------------------------------------------------------------------------------------------


def register(
    services: Services,
    found: Description,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    access: Access = EVERYONE,
    url: str = "",
    certificates: tuple[str, ...] = (),
    record: Record | None = None,
) -> Registered:
    """Register a service provider; with a `url`, it is read again from there from now on. Errors: `InvalidMetadata`."""
    now = services.clock()
    metadata: dict[str, Any] = {**(settings or {}), "sp_metadata": found.facts}
    check_sources(services, metadata)
    source = None
    if url:
        # An admin looked at it: it gets what an application of the house's own gets.
        metadata.setdefault("attributes", "default")
        source = Source(
            _new_id(now), "entity", name or found.name, url, now, now + refreshing.SOONEST, certificates,
            checked_at=now, changed_at=now, valid_until=found.valid_until, published_at=found.created_at,
        )  # fmt: skip
        metadata["metadata_source"] = source.id

    def write(tx: Any, action: str, detail: dict[str, Any]) -> None:
        if source is not None:
            store.insert_source(tx, replace(source, client_id=detail["client_id"]))
        if record is not None:
            record(tx, action, detail)

    made = services.registry.register(
        Draft(kind="saml", name=name or found.name, metadata=metadata, access=access), record=write
    )
    return replace(made, warnings=(*find_troubles(services, made.client), *found.warnings, *made.warnings))


def read_url(
    services: Services, url: str, *, entity_id: str | None = None, certificates: tuple[str, ...] = ()
) -> Description:
    """The service provider that a URL describes. Errors: `BadMetadata`."""
    fetching.check_url(url, is_signed=bool(certificates))
    now = services.clock()
    asked = Source("", "entity", "", url, now, now, certificates)
    return refreshing.fetch_entity(services, asked, entity_id, now)


def replace_metadata(services: Services, client: Client, found: Description, actor: str) -> bool:
    """Give a service provider newer metadata by hand; whether it changed. Errors: `BadMetadata`, `InvalidMetadata`."""
    if client.saml is None or found.entity_id != client.saml.entity_id:
        raise BadMetadata(f"it is the metadata of {found.entity_id}, not of this application")
    return refreshing.apply(services, client, found.facts, services.clock(), actor)


def refresh_client(services: Services, client: Client) -> Outcome:
    """Read a service provider's source again now. Errors: `BadMetadata`, `InvalidMetadata`."""
    source = None if client.saml is None or client.saml.source is None else find(services, client.saml.source)
    if source is None:
        raise BadMetadata("its metadata was given by hand; give it anew as a file")
    return refreshing.refresh(services, source)


def add(
    services: Services,
    kind: str,
    url: str,
    certificates: tuple[str, ...],
    *,
    name: str = "",
    defaults: Mapping[str, Any] | None = None,
    access: Access = EVERYONE,
    max_validity: float | None = None,
    sha1: bool = False,
    record: Record | None = None,
) -> Source:
    """Add an aggregate or an MDQ server; nothing is read yet. Errors: `BadMetadata`."""
    if kind not in ("aggregate", "mdq"):
        raise BadMetadata("expected an aggregate or an MDQ server")
    if not certificates:
        raise BadMetadata("pin the key that signs it: without it, anybody on the way could add applications (IIP-MD03)")
    for certificate in certificates:
        try:
            public_key(certificate)
        except BadSignature as error:
            raise BadMetadata(f"the pinned certificate cannot be used: {error.reason}") from None
    fetching.check_url(url, is_signed=True)
    check_defaults(defaults or {})
    check_sources(services, defaults or {})
    now = services.clock()
    source = Source(
        _new_id(now), kind, name or url, url, now, now, certificates, dict(defaults or {}), access.to_json(),
        max_validity, sha1,
    )  # fmt: skip
    with services.db.transaction() as tx:
        if (other := store.find_url(tx, url)) is not None:
            raise BadMetadata(f"this address is a source already: {other.name} ({other.id})")
        store.insert_source(tx, source)
        if record is not None:
            record(tx, "source:add", {"source": source.id, "kind": kind, "name": source.name, "url": url})
    return source


def check_defaults(defaults: Mapping[str, Any]) -> None:
    """Settings that all service providers of a source start with. Errors: `InvalidMetadata`."""
    _, problems = saml_fields.check_settings(defaults)
    if problems:
        raise InvalidMetadata(*problems)


def list_all(services: Services) -> list[Source]:
    """Every source, by name."""
    return store.list_sources(services.db)


def count_entities(services: Services, source_id: str) -> int:
    """How many service providers a source vouches for; of an MDQ server, those that were asked for."""
    return sum(1 for digest in store.list_digests(services.db, source_id).values() if digest)


def find(services: Services, source_id: str) -> Source | None:
    """A source by its id."""
    return store.find_source(services.db, source_id)


def get(services: Services, given: str) -> Source:
    """A source by its id, or by its name or address. Errors: `BadMetadata`."""
    found = [source for source in list_all(services) if given in (source.id, source.name, source.url)]
    if len(found) != 1:
        raise BadMetadata(f"{'several sources are' if found else 'no source is'} called “{given}”")
    return found[0]


def refresh(services: Services, source_id: str, *, accept_older: bool = False) -> Outcome:
    """Read a source now. Errors: `BadMetadata`, `InvalidMetadata`."""
    return refreshing.refresh(services, get(services, source_id), accept_older=accept_older)


def remove(services: Services, source_id: str, *, record: Record | None = None) -> int:
    """Forget a source; how many applications were turned off, as nobody vouches for them any more.

    An application with a URL of its own stays as it is, and is no longer refreshed. Errors: `BadMetadata`.
    """
    source = get(services, source_id)
    ended = 0
    for client_id in filter(None, [source.client_id, *(e.client_id for e in store.list_used(services.db, source.id))]):
        client = services.registry.find(client_id)
        if client is None or client.saml is None or client.saml.source != source.id:
            continue
        if source.kind != "entity":
            ended += 1
            services.registry.disable(client_id, record=record)
        services.registry.update(client_id, {"metadata_source": None}, record=record)
    with services.db.transaction() as tx:
        store.delete_source(tx, source.id)
        if record is not None:
            record(tx, "source:remove", {"source": source.id, "name": source.name, "url": source.url})
    return ended


def _new_id(now: float) -> str:
    return "m" + new_id(now)


# -- for the jobs ------------------------------------------------------------------------------------------------------


def schedule(services: Services) -> None:
    """Register the background jobs that refresh the sources."""
    services.jobs.register(_JOB, lambda payload: _run(services, str(payload["source"])), lease=refreshing.LEASE)
    services.jobs.every("saml.sources", refreshing.EVERY, lambda: refresh_due(services))
    services.jobs.every("saml.ended", ENDED_EVERY, lambda: record_ended(services))


_JOB = "saml.source"


def refresh_due(services: Services) -> int:
    """Queue a job for each source whose time has come; how many."""
    now = services.clock()
    claimed = [
        source
        for source in store.list_due(services.db, now)
        if store.claim(services.db, source, now + refreshing.LEASE)
    ]
    for source in claimed:
        services.jobs.enqueue(_JOB, {"source": source.id})
    return len(claimed)


def _run(services: Services, source_id: str) -> None:
    source = find(services, source_id)
    if source is None:
        return
    try:
        refreshing.refresh(services, source)
    except (BadMetadata, InvalidMetadata):
        return  # noted with the source, and tried again at its time
