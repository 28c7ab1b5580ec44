"""The sources that admins add, read now, and remove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients import saml_fields
from clients.access import EVERYONE, Access
from clients.client import Client
from clients.errors import InvalidMetadata
from clients.ports import Record
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import with_sources_checked
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching, refreshing, store
from idp.saml.metadata.sources.refresh_result import RefreshResult
from idp.saml.metadata.sources.registering import new_source_id
from idp.saml.metadata.sources.store import Source


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """A federation's metadata that is to be trusted.

    `kind`: "aggregate" or "mdq". `certificates`: pinned, DER in base64. `defaults`: settings of the service providers
    that it brings, `access` their rule. `max_validity`: seconds. `sha1`: an MDQ server is asked by {sha1}hash.
    """

    kind: str
    url: str
    certificates: tuple[str, ...]
    name: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    access: Access = EVERYONE
    max_validity: float | None = None
    sha1: bool = False


def add(services: Services, draft: SourceDraft, *, record: Record | None = None) -> Source:
    """Add an aggregate or an MDQ server; nothing is read yet. Errors: `BadMetadata`, `InvalidMetadata`."""
    check(services, draft)
    now = services.clock()
    source = Source(
        new_source_id(now), draft.kind, draft.name or draft.url, draft.url, now, now, draft.certificates,
        dict(draft.defaults), draft.access.to_json(), draft.max_validity, draft.sha1,
    )  # fmt: skip
    with services.db.transaction() as tx:
        if (other := store.find_url(tx, source.url)) is not None:
            raise BadMetadata(f"this address is a source already: {other.name} ({other.id})")
        store.insert_source(tx, source)
        if record is not None:
            detail = {"source": source.id, "kind": source.kind, "name": source.name, "url": source.url}
            record(tx, "source:add", detail)
    return source


def add_and_read(services: Services, draft: SourceDraft, *, record: Record | None = None) -> RefreshResult:
    """Add a source and read it; one that cannot be read is not kept. Errors: `BadMetadata`, `InvalidMetadata`."""
    source = add(services, draft, record=record)
    try:
        return refresh(services, source.id)
    except BadMetadata:
        remove(services, source.id, record=record)
        raise


def _check_pinned(certificates: tuple[str, ...]) -> None:
    if not certificates:
        raise BadMetadata("pin the key that signs it: without it, anybody on the way could add applications (IIP-MD03)")
    for certificate in certificates:
        try:
            public_key(certificate)
        except BadSignature as error:
            raise BadMetadata(f"the pinned certificate cannot be used: {error.reason}") from None


def check(services: Services, source: SourceDraft | Source) -> None:
    """Whether a federation can be a source. Errors: `BadMetadata`, `InvalidMetadata`."""
    if source.kind not in ("aggregate", "mdq"):
        raise BadMetadata("expected an aggregate or an MDQ server")
    _check_pinned(source.certificates)
    fetching.check_url(source.url, is_signed=True)
    check_defaults(with_sources_checked(services, source.defaults))


def change(services: Services, source: Source, *, record: Record | None = None) -> None:
    """Give an aggregate or MDQ server another name, keys, limits, defaults or rule for what it brings from now on.

    Applications that it has brought keep what they have. Errors: `BadMetadata`, `InvalidMetadata`.
    """
    check(services, source)
    with services.db.transaction() as tx:
        before = store.find_source(tx, source.id)
        if before is None:
            raise BadMetadata("there is no such source")
        store.change_source(tx, source)
        if record is not None:
            names = ("name", "certificates", "defaults", "access", "max_validity", "sha1")
            pairs = {name: [getattr(before, name), getattr(source, name)] for name in names}
            changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
            record(tx, "source:change", {"source": source.id, "name": source.name, "changed": changed})


def brought(services: Services, source: Source) -> int:
    """How many applications that are on hang on a source: nobody else vouches for them."""
    clients = (services.registry.find(used.client_id or "") for used in store.list_used(services.db, source.id))
    return sum(1 for c in clients if c is not None and c.enabled and c.saml is not None and c.saml.source == source.id)


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
        is_typed = client.saml is not None and client.saml.is_typed
        why = "it was registered without metadata" if is_typed else "its metadata was given by hand"
        raise BadMetadata(
            f"{why}, so there is none to read again: give it as a file or an address (--metadata FILE_OR_URL), "
            f"or say where its answers go: doorward client set {client.id} acs+=URL"
        )
    return refreshing.refresh(services, source)
