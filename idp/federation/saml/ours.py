"""What we are to a provider: its service provider, with an entityID, addresses and metadata of its own.

Each provider is told another entityID, so that what one of them says is for no other (mix-up).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from idp.federation import failures, keeping
from idp.federation.provider import FEDERATION, Provider
from idp.protocols import Services
from idp.saml.messages import names
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import SigningKey, sign, signing_key
from idp.saml.messages.xml import Element, child, element, serialize
from idp.wire import Raw, Request, Response

METADATA_PATH: Final = "/upstream/metadata/"
ACS_PATH: Final = "/upstream/saml/"
SLO_PATH: Final = "/upstream/slo/"
DISCOVERY_PATH: Final = "/upstream/discovery/"
CONTENT_TYPE: Final = "application/samlmetadata+xml"
DAY: Final = 86400
_DURATION: Final = "PT6H"  # how soon those who refresh see a new certificate
_METHODS: Final = (names.AES256_GCM, names.AES128_GCM, names.RSA_OAEP_MGF1P, names.RSA_OAEP)


def metadata_url(services: Services, provider_id: str) -> str:
    """Where our metadata for a provider is."""
    return services.url(METADATA_PATH + provider_id)


def entity_id(services: Services, provider: Provider) -> str:
    """What we are called there: an address of ours, or what an admin said."""
    return provider.client_id or metadata_url(services, provider.id)


def acs(services: Services, provider_id: str) -> str:
    """Where a provider posts its Responses: its own address."""
    return services.url(ACS_PATH + provider_id)


def slo(services: Services, provider_id: str) -> str:
    """Where a provider says that somebody signed out there, and answers us: its own address."""
    return services.url(SLO_PATH + provider_id)


def discovery(services: Services, provider_id: str) -> str:
    """Where people choose their organisation of a federation, and come back from a service that asked them."""
    return services.url(DISCOVERY_PATH + provider_id)


def signer(services: Services, provider: Provider) -> SigningKey:
    """Our key, as every service provider of ours knows it; the one that this provider is pinned to where it is."""
    key = services.certificates.signing_for(provider.issuer)
    return signing_key(key.private_key, key.certificate)


def publish(services: Services, request: Request) -> Response:
    """GET /upstream/metadata/…: what a provider needs to know of us."""
    kept = keeping.find(services.db, request.segment)
    if kept is None or not kept.provider.speaks_saml:
        raise failures.off(request.segment[:40])
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + serialize(document(services, kept.provider))
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = (("Cache-Control", "public, max-age=300"), ("ETag", etag))
    return Raw(body=body, content_type=CONTENT_TYPE, headers=headers)


def document(services: Services, provider: Provider) -> Element:
    """Our EntityDescriptor (Metadata §2.4.4)."""
    made_at = services.clock() // DAY * DAY
    until = instant(made_at + services.settings.saml.metadata_days * DAY)
    about = {"entityID": entity_id(services, provider), "validUntil": until, "cacheDuration": _DURATION}
    root = element(names.MD, "EntityDescriptor", about)
    role = child(root, names.MD, "SPSSODescriptor", {
        "AuthnRequestsSigned": "true", "WantAssertionsSigned": "true", "protocolSupportEnumeration": names.SAMLP,
    })  # fmt: skip
    if provider.kind == FEDERATION:  # IdP Discovery §2.5: a discovery service sends people nowhere else
        child(child(role, names.MD, "Extensions"), names.IDPDISC, "DiscoveryResponse", {
            "Binding": names.IDPDISC, "Location": discovery(services, provider.id), "index": "1",
        })  # fmt: skip
    ring = services.certificates
    ring.active("signing")
    ring.active("encryption")  # the first ones are made here
    for use in ("signing", "encryption"):
        for key in ring.published(use):
            _add_key(role, use, key.certificate)
    for binding in (names.HTTP_REDIRECT, names.HTTP_POST):
        about = {"Binding": binding, "Location": slo(services, provider.id)}
        child(role, names.MD, "SingleLogoutService", about)
    if provider.name_id_format:
        child(role, names.MD, "NameIDFormat", None, provider.name_id_format)
    child(role, names.MD, "AssertionConsumerService", {
        "Binding": names.HTTP_POST, "Location": acs(services, provider.id), "index": "0", "isDefault": "true",
    })  # fmt: skip
    return root


def _add_key(role: Element, use: str, certificate: bytes) -> None:
    descriptor = child(role, names.MD, "KeyDescriptor", {"use": use})
    data = child(child(descriptor, names.DS, "KeyInfo"), names.DS, "X509Data")
    child(data, names.DS, "X509Certificate", None, b64encode(certificate).decode())
    for algorithm in _METHODS if use == "encryption" else ():
        child(descriptor, names.MD, "EncryptionMethod", {"Algorithm": algorithm})


__all__ = ["acs", "discovery", "entity_id", "metadata_url", "publish", "sign", "signer"]
