"""Metadata documents from strangers: opened, trusted or not, and the one service provider in them described."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from idp.saml.messages import names
from idp.saml.messages.public_keys import PublicKey
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import verify_metadata
from idp.saml.messages.xml import NO_DTD, NOT_UTF_8, BadXml, Element, parse
from idp.saml.metadata.decoding import WEB_PAGE, to_utf8
from idp.saml.metadata.description import Description, describe, is_service_provider
from idp.saml.metadata.lexical import BadMetadata, parse_time
from idp.saml.metadata.validity import Validity

__all__ = ["MAX_BYTES", "TYPE", "BadMetadata", "Description", "created_at", "open_document", "read"]

MAX_BYTES: Final = 1024 * 1024  # of a document with one service provider, or a few
TYPE: Final = "application/samlmetadata+xml"


def read(
    data: bytes,
    now: float,
    *,
    entity_id: str | None = None,
    keys: Sequence[PublicKey] = (),
    max_validity: float | None = None,
    allow_loopback: bool = False,
    max_bytes: int = MAX_BYTES,
) -> Description:
    """The one service provider of a document, or the one with this entityID. Errors: `BadMetadata`.

    `keys`: the document must be signed by one of them; without any, a signature in it says nothing.
    `max_validity` (seconds): validUntil is needed and may not be further away.
    """
    root = open_document(data, keys, max_bytes=max_bytes)
    found = list(entities(root))
    ids = [entity.get("entityID") for entity, _ in found]
    if len(set(ids)) < len(ids):
        raise BadMetadata("two entities have the same entityID")
    entity, around = _choose(found, entity_id)
    return describe(
        entity, around, now, max_validity=max_validity, created_at=created_at(root), allow_loopback=allow_loopback
    )


def open_document(data: bytes, keys: Sequence[PublicKey], *, max_bytes: int = MAX_BYTES) -> Element:
    """The root of a metadata document, signed by one of the keys if there are any. Errors: `BadMetadata`."""
    if len(data) > max_bytes:
        raise BadMetadata(f"it has more than {max_bytes} bytes")
    data = to_utf8(data)
    try:
        if keys:
            root = verify_metadata(data, keys, max_bytes=max_bytes)
        else:
            root = parse(data, max_bytes=max_bytes, drop_comments=True)
    except BadXml as error:
        raise BadMetadata(f"it is not XML that can be taken: {error.reason}{_HINTS.get(error.reason, '')}") from None
    except BadSignature as error:
        raise BadMetadata(f"it is not signed by the pinned key: {error.reason}") from None
    if root.tag not in (_md("EntityDescriptor"), _md("EntitiesDescriptor")):
        raise BadMetadata(_not_metadata(root))
    return root


_HINTS: Final = {
    NO_DTD: " (<!DOCTYPE or <!ENTITY); take it out, metadata needs none",
    NOT_UTF_8: ", and its XML declaration names no other encoding; save it as UTF-8",
}


def _not_metadata(root: Element) -> str:
    name = str(root.tag).rpartition("}")[2]
    if name.lower() == "html":
        return WEB_PAGE
    return f"it is {name[:60]}, not an EntityDescriptor of SAML 2.0 metadata"


def entities(root: Element) -> Iterator[tuple[Element, Validity]]:
    """Every EntityDescriptor, in nested groups too, and how long what stands around it holds. Errors: `BadMetadata`."""
    groups = [(root, Validity())]
    while groups:
        node, around = groups.pop()
        if node.tag == _md("EntityDescriptor"):
            yield node, around
        elif node.tag == _md("EntitiesDescriptor"):
            within = around.within(node)
            groups += [(inner, within) for inner in reversed(node)]


_Found = Sequence[tuple[Element, Validity]]


def _choose(found: _Found, entity_id: str | None) -> tuple[Element, Validity]:
    providers = [(entity, around) for entity, around in found if is_service_provider(entity)]
    if entity_id is not None:
        for entity, around in providers:
            if entity.get("entityID") == entity_id:
                return entity, around
        there = f"; it has {_shown(providers)}" if providers else ""
        raise BadMetadata(f"it has no service provider with the entityID {entity_id[:200]}{there}")
    if len(providers) > 1:
        raise BadMetadata(f"it has {len(providers)} service providers, say which by its entityID: {_shown(providers)}")
    if not providers:
        other = any(entity.find(_md("IDPSSODescriptor")) is not None for entity, _ in found)
        what = "it describes an identity provider, and the metadata of a service provider is needed"
        raise BadMetadata(what if other else "it describes no service provider (SPSSODescriptor) of SAML 2.0")
    return providers[0]


def _shown(providers: _Found, most: int = 5) -> str:
    ids = [ascii(entity.get("entityID", ""))[1:-1][:200] for entity, _ in providers]
    return ", ".join(ids[:most]) + (" …" if len(ids) > most else "")


def created_at(root: Element) -> float | None:
    """When a document was published, as its publisher says (MDRPI §2.2)."""
    info = root.find(f"{_md('Extensions')}/{{{names.MDRPI}}}PublicationInfo")
    instant = None if info is None else info.get("creationInstant")
    return None if instant is None else parse_time(instant)


def _md(name: str) -> str:
    return f"{{{names.MD}}}{name}"
