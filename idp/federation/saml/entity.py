"""An identity provider as its metadata describes it (Metadata §2.4.3): read, and written as a short document."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final

from idp.saml.messages import names
from idp.saml.messages.public_keys import PublicKey
from idp.saml.messages.schema_types import instant
from idp.saml.messages.xml import Element, child, element, serialize
from idp.saml.metadata.key_descriptors import read_keys
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.reading import entities, open_document
from idp.saml.metadata.validity import Validity

BINDINGS: Final = (names.HTTP_REDIRECT, names.HTTP_POST)
MAX_BYTES: Final = 1024 * 1024  # of a document that one provider is read out of
MAX_LOCATION: Final = 2000
_ROLE: Final = f"{{{names.MD}}}IDPSSODescriptor"


@dataclass(frozen=True, slots=True)
class Entity:
    """One of them. `certificates`: what it signs with, DER in base64; `sso`, `slo`: binding to address.

    `slo_answers`: where LogoutResponses go, if elsewhere. `until`: epoch seconds, None where it does not end; `cache`:
    seconds.
    """

    entity_id: str
    certificates: tuple[str, ...]
    sso: Mapping[str, str]
    slo: Mapping[str, str]
    slo_answers: Mapping[str, str]
    until: float | None = None
    cache: float | None = None

    def as_json(self) -> dict[str, Any]:
        """As State keeps it."""
        return {**asdict(self), "certificates": list(self.certificates)}


def fingerprint(certificate: str) -> str:
    """SHA-256 of a certificate, in hexadecimal. `certificate`: DER in base64."""
    return sha256(b64decode(certificate)).hexdigest()


def of_json(kept: Mapping[str, Any]) -> Entity:
    """What State kept."""
    return Entity(**{**kept, "certificates": tuple(kept["certificates"])})


def read(data: bytes, now: float, entity_id: str = "", keys: Sequence[PublicKey] = ()) -> Entity:
    """The one identity provider of a document, or the one with this entityID. Errors: `BadMetadata`.

    `keys`: it must be signed by one of them; without any, a signature in it says nothing.
    """
    root = open_document(data, keys, max_bytes=MAX_BYTES)
    found = [(node, around, role) for node, around in entities(root) if (role := role_of(node)) is not None]
    if entity_id:
        there = [str(node.get("entityID"))[:200] for node, _, _ in found]
        found = [one for one in found if one[0].get("entityID") == entity_id]
        if there and not found:
            raise BadMetadata(f"it describes {', '.join(there[:3])}, and the provider here is {entity_id}")
    if len(found) != 1:
        raise BadMetadata(f"it describes {len(found) or 'no'} identity providers (IDPSSODescriptor), and one is needed")
    node, around, role = found[0]
    return describe(node, around, role, now)


def describe(node: Element, around: Validity, role: Element, now: float) -> Entity:
    """The identity provider of an EntityDescriptor; `around`: of what it stands in. Errors: `BadMetadata`."""
    validity = around.within(node).within(role)
    validity.check(now, None)
    certificates, _ = read_keys(role, lambda _: None)
    name = (node.get("entityID") or "").strip()
    if not name or len(name) > 500 or not name.isprintable():
        raise BadMetadata("its entityID is missing, or longer than 500 characters")
    sso = _endpoints(role, "SingleSignOnService", "Location")
    if not sso:
        raise BadMetadata("it has no SingleSignOnService by HTTP-Redirect or HTTP-POST")
    if not certificates:
        raise BadMetadata("it has no certificate for signing that can be read, and nothing unsigned is believed")
    slo = _endpoints(role, "SingleLogoutService", "Location")
    answers = _endpoints(role, "SingleLogoutService", "ResponseLocation")
    return Entity(name, tuple(certificates), sso, slo, answers, validity.until, validity.cache)


def short(entity: Entity) -> str:
    """The document with nothing but what is read of it, in one line."""
    about = {"entityID": entity.entity_id}
    if entity.until is not None:
        about["validUntil"] = instant(entity.until)
    root = element(names.MD, "EntityDescriptor", about)
    role = child(root, names.MD, "IDPSSODescriptor", {"protocolSupportEnumeration": names.SAMLP})
    for certificate in entity.certificates:
        info = child(child(role, names.MD, "KeyDescriptor", {"use": "signing"}), names.DS, "KeyInfo")
        child(child(info, names.DS, "X509Data"), names.DS, "X509Certificate", None, certificate)
    for binding, location in entity.slo.items():
        other = entity.slo_answers.get(binding)
        more = {"ResponseLocation": other} if other else {}
        child(role, names.MD, "SingleLogoutService", {"Binding": binding, "Location": location, **more})
    for binding, location in entity.sso.items():
        child(role, names.MD, "SingleSignOnService", {"Binding": binding, "Location": location})
    return serialize(root).decode()


def role_of(node: Element) -> Element | None:
    """Its IDPSSODescriptor for SAML 2.0."""
    for role in node.findall(_ROLE):
        if names.SAMLP in str(role.get("protocolSupportEnumeration")).split():
            return role
    return None


def _endpoints(role: Element, name: str, attribute: str) -> dict[str, str]:
    """The first of each binding that a browser can be sent by."""
    found: dict[str, str] = {}
    for node in role.findall(f"{{{names.MD}}}{name}"):
        binding, location = str(node.get("Binding")), (node.get(attribute) or "").strip()
        if binding in BINDINGS and location and binding not in found:
            if not location.startswith(("https://", "http://")) or len(location) > MAX_LOCATION:
                raise BadMetadata(f"{name}: {location[:100]!a} is no web address")
            found[binding] = location
    return found


__all__ = ["BadMetadata", "Entity", "describe", "fingerprint", "of_json", "read", "role_of", "short"]
