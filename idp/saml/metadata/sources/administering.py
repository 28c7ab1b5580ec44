"""The sources that admins add, read now, and remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients import saml_fields
from clients.access import EVERYONE, Access
from clients.client import Client
from clients.errors import InvalidMetadata
from clients.ports import Record
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching, refreshing, store
from idp.saml.metadata.sources.refresh_result import RefreshResult
from idp.saml.metadata.sources.registering import new_source_id
from idp.saml.metadata.sources.store import Source


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
        new_source_id(now), kind, name or url, url, now, now, certificates, dict(defaults or {}), access.to_json(),
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


def refresh(services: Services, source_id: str, *, accept_older: bool = False) -> RefreshResult:
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


def refresh_client(services: Services, client: Client) -> RefreshResult:
    """Read a service provider's source again now. Errors: `BadMetadata`, `InvalidMetadata`."""
    source = None if client.saml is None or client.saml.source is None else find(services, client.saml.source)
    if source is None:
        raise BadMetadata("its metadata was given by hand; give it anew as a file")
    return refreshing.refresh(services, source)
