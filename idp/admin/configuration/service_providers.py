"""Applications that speak SAML: the admin's settings, and where the service provider's metadata comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clients.access import Access
from clients.client import Client
from clients.metadata import FIELDS
from clients.registry import Draft, Registered
from clients.saml_fields import SETTINGS
from idp.admin.configuration import certificates, relying_parties
from idp.admin.configuration.changes import Planning, same
from idp.admin.configuration.document import Entry, Fault, text_of, texts_of
from idp.audit import Recorder
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.metadata import reading, sources
from idp.saml.metadata.description import Description, from_acs
from idp.saml.metadata.lexical import BadMetadata

#: Where the metadata is from: one of these.
ORIGINS = ("acs", "sp_metadata", "metadata_file", "metadata_url")
OWN = (*relying_parties.OWN, "entity_id", "metadata_certificates", *ORIGINS)
#: What only a service provider has.
MARKS = frozenset((*OWN, *SETTINGS)) - frozenset(relying_parties.OWN) - frozenset(FIELDS)


@dataclass(frozen=True)
class Drafted:
    """A service provider that is not there yet. `client`: as it will be."""

    client: Client
    found: Description
    draft: Draft
    origin: sources.Origin | None

    def register(self, services: Services, record: Recorder) -> Registered:
        """Add it; with a URL, it is read again from there from now on."""
        return sources.register(services, self.found, self.draft, origin=self.origin, record=record)


def check_keys(entry: Entry) -> None:
    """Errors: `Faults` for keys that an application of this kind does not have."""
    relying_parties.check_metadata_keys(entry, [*OWN, *SETTINGS], SETTINGS)
    given = [key for key in ORIGINS if key in entry.values]
    if len(given) > 1:
        raise entry.fault(given[1], f"the metadata is given by {given[0]} already; give it once")


def written(services: Services, client: Client, said: Mapping[str, Any]) -> dict[str, Any] | None:
    """Its settings, and its metadata or where that is read from; None where a federation brings it."""
    assert client.saml is not None
    settings = {key: said[key] for key in SETTINGS if key in said}
    source = None if client.saml.source is None else sources.find(services, client.saml.source)
    head = {"entity_id": client.saml.entity_id}
    if source is None:
        facts = {key: fact for key, fact in said["sp_metadata"].items() if key != "entity_id"}
        return {**head, **settings, "sp_metadata": facts}
    if source.kind != "entity":
        return None
    pinned = {"metadata_certificates": list(source.certificates)} if source.certificates else {}
    return {**head, "metadata_url": source.url, **pinned, **settings}


def changes(
    planning: Planning, entry: Entry, there: Client, said: Mapping[str, Any], dropped: frozenset[str]
) -> dict[str, Any]:
    """By key what is to be different; None takes one back to its default."""
    assert there.saml is not None
    _check_profile(entry)
    settings = relying_parties.declared(entry, SETTINGS, OWN)
    found = relying_parties.different(settings, said, dropped & SETTINGS.keys())
    check_sources(planning.services, found)
    if entry.values.get("entity_id", there.saml.entity_id) != there.saml.entity_id:
        raise entry.fault("entity_id", f"is {there.saml.entity_id} and cannot change: register that one anew")
    source = None if there.saml.source is None else sources.find(planning.services, there.saml.source)
    if "metadata_url" in entry.values or "metadata_certificates" in entry.values:
        _check_source(entry, source)
        return found
    facts = _facts(planning, entry, there.saml.entity_id)
    if facts is None or same(facts, said["sp_metadata"]):
        return found
    if source is not None:
        key = next(key for key in ORIGINS if key in entry.values)
        raise entry.fault(key, f"its metadata is read from {source.url}, time and again; take this out")
    return {**found, "sp_metadata": facts}


def _check_source(entry: Entry, source: sources.Source | None) -> None:
    """Where metadata is read from is said once, when it is registered."""
    if source is None or source.kind != "entity" or source.url != entry.values.get("metadata_url"):
        now = f"is read from {source.url}" if source else "was given by hand"
        raise entry.fault("metadata_url", f"its metadata {now}; another address is for a new registration")
    if _pinned(entry) != source.certificates:
        raise entry.fault("metadata_certificates", "others are pinned; other ones are for a new registration")


def _check_profile(entry: Entry) -> None:
    if entry.values.get("profile", "saml") != "saml":
        raise entry.fault("profile", "expected saml, as it is a SAML service provider")


def _pinned(entry: Entry) -> tuple[str, ...]:
    return certificates.read(entry, "metadata_certificates")


def _facts(planning: Planning, entry: Entry, entity_id: str) -> dict[str, Any] | None:
    """What a table says that the metadata is; None where it says nothing."""
    values = entry.values
    if "acs" in values:
        return from_acs(entity_id, texts_of(entry, "acs", "the addresses that take Responses")).facts
    if "sp_metadata" in values:
        if not isinstance(values["sp_metadata"], dict):
            raise entry.fault("sp_metadata", "expected a table with what its metadata says")
        return {"entity_id": entity_id, **values["sp_metadata"]}
    return _of_file(planning, entry, entity_id).facts if "metadata_file" in values else None


def _of_file(planning: Planning, entry: Entry, entity_id: str | None) -> Description:
    name = text_of(entry, "metadata_file", "a path, from the folder of this file on")
    services = planning.services
    try:
        with (Path(entry.folder) / name).open("rb") as file:
            content = file.read(reading.MAX_BYTES + 1)
        return reading.read(
            content, services.clock(), entity_id=entity_id, keys=(), allow_loopback=services.registry.allow_loopback
        )
    except (OSError, ValueError) as error:
        raise entry.fault("metadata_file", f"{name} cannot be read: {getattr(error, 'strerror', error)}") from None
    except BadMetadata as error:
        raise entry.fault("metadata_file", f"{name}: {error.reason}") from None


def drafted(planning: Planning, entry: Entry, access: Access) -> Drafted:
    """A new one. Errors: `InvalidMetadata`, `Fault`."""
    _check_profile(entry)
    settings = relying_parties.declared(entry, SETTINGS, OWN)
    check_sources(planning.services, settings)
    found = _described(planning, entry)
    wanted = entry.values.get("entity_id", found.entity_id)
    if wanted != found.entity_id:
        raise entry.fault("entity_id", f"the metadata is of {found.entity_id}")
    draft = Draft(
        kind="saml", name=entry.values.get("name") or found.name, metadata=settings, access=access,
        id=entry.values.get("id", ""),
    )  # fmt: skip
    whole = replace(draft, metadata={**settings, "sp_metadata": found.facts})
    url = entry.values.get("metadata_url")
    origin = sources.Origin(url, _pinned(entry)) if url else None
    return Drafted(planning.services.registry.preview_new(whole), found, draft, origin)


def _described(planning: Planning, entry: Entry) -> Description:
    entity_id = text_of(entry, "entity_id", "the entityID") or None
    if "metadata_url" in entry.values:
        return _fetched(planning, entry, entity_id)
    if "metadata_certificates" in entry.values:
        raise entry.fault("metadata_certificates", "are for metadata_url: they say whose signature it must have")
    if "metadata_file" in entry.values:
        return _of_file(planning, entry, entity_id)
    if entity_id is None:
        raise _missing(entry)
    facts = _facts(planning, entry, entity_id)
    if facts is None:
        raise _missing(entry)
    return Description(entity_id, entity_id[:200], facts)


def _missing(entry: Entry) -> Fault:
    return entry.fault("", "expected metadata_url, metadata_file, or entity_id with acs (or sp_metadata)")


def _fetched(planning: Planning, entry: Entry, entity_id: str | None) -> Description:
    """What the address says; read once for a plan and its apply."""
    url = text_of(entry, "metadata_url", "an https address")
    key = repr((url, entity_id, _pinned(entry)))
    if key not in planning.fetched:
        try:
            planning.fetched[key] = sources.read_url(
                planning.services, url, entity_id=entity_id, certificates=_pinned(entry)
            )
        except BadMetadata as error:
            raise entry.fault("metadata_url", error.reason) from None
    found: Description = planning.fetched[key]
    return found
