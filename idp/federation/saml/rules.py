"""What a provider that speaks SAML may say: see `ports.Rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.errors import Refused
from idp.federation.ports import Wrong
from idp.federation.provider import SAML, Provider
from idp.federation.saml import metadata
from idp.federation.saml.entity import BadMetadata, Entity, read, short
from idp.federation.saml.identity import NAME_ID, USUAL
from idp.http import OutboundRefused, parse
from idp.protocols import Services

#: A name or an address is given to somebody else one day, and some let people type it themselves (nOAuth).
_NO_KEYS: Final = frozenset(
    (*USUAL, *(name for names in USUAL.values() for name in names), "upn", "eduPersonPrincipalName",
     "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
     "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name")
)  # fmt: skip


_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def problems(one: Provider) -> Iterator[Wrong]:
    """What cannot be kept, and why."""
    if not one.issuer:
        yield Wrong("issuer", "is missing: the provider's entityID, as its metadata has it")
    if bool(one.metadata) == bool(one.metadata_url):
        yield Wrong("metadata", "give the provider's metadata, or metadata_url to read it at; one of both")
    if one.metadata_url:
        try:
            parse(one.metadata_url)
        except OutboundRefused as error:
            yield Wrong("metadata_url", f"{error.reason}; expected such as https://login.example.com/saml/metadata")
    if any(_FINGERPRINT.fullmatch(pin) is None for pin in one.pinned_keys):
        yield Wrong("pinned_keys", "expected the SHA-256 of a certificate: 64 hexadecimal digits")
    if one.metadata_keys:
        yield from _metadata_keys(one)
    if one.metadata:
        try:
            read(one.metadata.encode(), 0.0, one.issuer)
        except BadMetadata as error:
            yield Wrong("metadata", error.reason)
    if not one.subject or (NAME_ID in one.subject and one.subject != (NAME_ID,)):
        yield Wrong("subject", "NameID alone, or the attributes that make the key of an account")
    if one.subject == ("sub",) or _NO_KEYS.intersection(one.subject):
        yield Wrong("subject", "an address or a name is no key: use NameID, or an attribute that stays the same")
    if one.vouches and not one.domains:
        yield Wrong("vouches", "name the domains for whose addresses the provider speaks")
    if one.join and not one.vouches:
        yield Wrong("join", "SAML states no address as verified: say vouches, too, if those of its domains are its own")


def _metadata_keys(one: Provider) -> Iterator[Wrong]:
    if not one.metadata_url:
        yield Wrong("metadata_keys", "are for metadata at an address: whoever brings a file vouches for it")
    try:
        metadata.keys_of(one)
    except BadMetadata:
        yield Wrong("metadata_keys", "expected certificates in PEM form")


def secret_problems(issuer: str, one: Provider, secret: str) -> Iterator[Wrong]:
    """Our own key stands in place of one."""
    yield from ()


def _completed(services: Services, said: Mapping[str, Any]) -> dict[str, Any]:
    """With what its metadata says, which is reduced to what is read of it. Errors: `BadMetadata`, `Refused`."""
    found = {"subject": [NAME_ID], **said}
    entity = _entity(services, found)
    if entity is None:
        return found
    metadata.check_addresses(services, entity)
    if found.get("metadata"):
        found["metadata"] = short(entity)
    return {**found, "issuer": found.get("issuer") or entity.entity_id}


def completed(services: Services, said: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Wrong, ...]]:
    """With what the metadata says of it; and what hinders that."""
    try:
        return _completed(services, said), ()
    except BadMetadata as error:
        return dict(said), (Wrong("metadata", error.reason),)
    except Refused as error:
        return dict(said), (Wrong("metadata_url", error.explanation.got or error.detail or error.explanation.fix),)


def _entity(services: Services, said: Mapping[str, Any]) -> Entity | None:
    issuer, text, url = (said.get(name) for name in ("issuer", "metadata", "metadata_url"))
    if not all(isinstance(one, str) for one in (issuer or "", text or "", url or "")) or bool(text) == bool(url):
        return None  # `problems` has the word for it
    if text:
        return read(str(text).encode("utf-8", "replace"), services.clock(), str(issuer or ""))
    if issuer:
        return None  # it is read when somebody signs in: an address that is down hinders no change
    signed = str(said.get("metadata_keys") or "")
    nobody = replace(Provider(name="", kind=SAML), metadata_url=str(url), metadata_keys=signed, id="new")
    return read(metadata.fetch(services, nobody), services.clock(), keys=metadata.keys_of(nobody))
