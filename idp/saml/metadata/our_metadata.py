"""Our metadata (Metadata §2, IIP-MD): what service providers need to know of us, and nothing that does not exist."""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from idp.protocols import Services
from idp.readers import METADATA, Readers
from idp.saml import provider_keys
from idp.saml.assertions import name_ids
from idp.saml.messages import names
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import ECDSA, RSA, sign
from idp.saml.messages.xml import Element, child, element, qualified, serialize
from idp.saml.protocol import ARTIFACT_INDEX, ARTIFACT_PATH, ECP_PATH, SLO_PATH, SSO_PATH
from idp.traffic import METADATA as FETCHED
from idp.traffic import Traffic
from idp.wire import Raw, Request, Response

DAY: Final = 86400
CONTENT_TYPE: Final = "application/samlmetadata+xml"
_DURATION: Final = "PT6H"  # how soon those who refresh see a new certificate
_LANGUAGE: Final = {f"{{{names.XML}}}lang": "en"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of ours; `index` only where there may be several (ArtifactResolutionService)."""

    name: str
    binding: str
    path: str
    index: int | None = None
    channel_bindings: bool = False


#: What is announced, in the order of the schema: logout and artifact resolution before the name formats, then these.
SESSION_ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("ArtifactResolutionService", names.SOAP_BINDING, ARTIFACT_PATH, ARTIFACT_INDEX),
    Endpoint("SingleLogoutService", names.HTTP_REDIRECT, SLO_PATH),
    Endpoint("SingleLogoutService", names.HTTP_POST, SLO_PATH),
    Endpoint("SingleLogoutService", names.SOAP_BINDING, SLO_PATH),
)
SIGN_ON_ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("SingleSignOnService", names.HTTP_REDIRECT, SSO_PATH),
    Endpoint("SingleSignOnService", names.HTTP_POST, SSO_PATH),
    # ECP 2.0: a client sends its envelope there.
    Endpoint("SingleSignOnService", names.SOAP_BINDING, ECP_PATH, channel_bindings=True),
)


def publish(services: Services, request: Request) -> Response:
    """GET /saml/metadata; `?signed=1`: with our signature over it. Who fetches it is noted."""
    body, etag = services.part(_Made).get(services, signed=request.query.get("signed") in ("1", "true"))
    if not request.header("Sec-Fetch-Mode"):  # a person who looks at it in a browser is no service provider
        services.part(Readers).fetched(METADATA, request.remote_address, services.certificates.known_at)
        services.part(Traffic).fetched(FETCHED, request.remote_address)
    headers = (("Cache-Control", "public, max-age=300"), ("ETag", etag))
    if etag in (part.strip() for part in request.header("If-None-Match").split(",")):
        return Raw(status=304, headers=headers)
    return Raw(body=body, content_type=CONTENT_TYPE, headers=headers)


class _Made:
    """The bytes, made once for each day and state of the certificates."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[bool, tuple[Any, bytes, str]] = {}

    def get(self, services: Services, *, signed: bool) -> tuple[bytes, str]:
        day = int(services.clock() // DAY)
        state = (services.settings, _kids(services), day)
        with self._lock:
            made = self._made.get(signed)
            if made is None or made[0] != state:
                body = serialize(document(services, day * DAY, signed=signed))
                body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + body
                made = self._made[signed] = (state, body, f'"{sha256(body).hexdigest()[:32]}"')
        return made[1], made[2]


def _kids(services: Services) -> tuple[str, ...]:
    """Which certificates are to be shown; the first ones are made here."""
    ring = services.certificates
    ring.active("signing")
    ring.active("encryption")
    return tuple(key.kid for key in (*ring.published("signing"), *ring.published("encryption")))


def document(services: Services, made_at: float, *, signed: bool = False) -> Element:
    """The EntityDescriptor; its validUntil counts from `made_at` (epoch seconds)."""
    settings = services.settings
    entity_id = settings.saml_entity_id
    about = {
        "entityID": entity_id,
        "validUntil": instant(made_at + settings.saml.metadata_days * DAY),
        "cacheDuration": _DURATION,
    }
    # Core §1.3.4: the ID must be there for the signature, and the same for the same document.
    about["ID"] = "_" + sha256(" ".join((entity_id, str(made_at), *_kids(services))).encode()).hexdigest()[:40]
    root = element(names.MD, "EntityDescriptor", about)
    _add_entity_attributes(root, services)
    _add_role(child(root, names.MD, "IDPSSODescriptor", _role_attributes(services)), services)
    _add_organization(root, services)
    if signed:
        sign(root, provider_keys.signer(services))
    return root


def _add_entity_attributes(root: Element, services: Services) -> None:
    """Metadata Extension for Entity Attributes §2; mdrpi is the federation's to add."""
    setting = services.settings.saml
    named = {
        "urn:oasis:names:tc:SAML:attribute:assurance-certification": setting.assurance,
        "http://macedir.org/entity-category": setting.entity_categories,
        "http://macedir.org/entity-category-support": setting.supported_categories,
    }
    if not any(named.values()):
        return
    attributes = child(child(root, names.MD, "Extensions"), names.MDATTR, "EntityAttributes")
    for name, values in named.items():
        if values:
            attribute = child(attributes, names.SAML, "Attribute", {"Name": name, "NameFormat": names.ATTRNAME_URI})
            for value in values:
                child(attribute, names.SAML, "AttributeValue", None, value)


def _role_attributes(services: Services) -> dict[str, str]:
    settings = services.settings
    about = {
        "protocolSupportEnumeration": names.SAMLP,
        "errorURL": settings.saml.error_url or services.url("/help"),
    }
    if settings.saml.want_requests_signed:
        about["WantAuthnRequestsSigned"] = "true"
    return about


def _add_role(role: Element, services: Services) -> None:
    _add_extensions(child(role, names.MD, "Extensions"), services)
    for use in ("signing", "encryption"):
        for key in services.certificates.published(use):
            _add_key(role, use, key.certificate)
    _add_endpoints(role, services, SESSION_ENDPOINTS)
    for name_id_format in name_ids.ADVERTISED:
        child(role, names.MD, "NameIDFormat", None, name_id_format)
    _add_endpoints(role, services, SIGN_ON_ENDPOINTS)


def _add_extensions(extensions: Element, services: Services) -> None:
    settings = services.settings
    # SDP-IDP14: without it Shibboleth drops scoped attributes.
    child(extensions, names.SHIBMD, "Scope", {"regexp": "false"}, settings.saml_scope)
    about = child(extensions, names.MDUI, "UIInfo")
    child(about, names.MDUI, "DisplayName", _LANGUAGE, settings.brand.company)
    if settings.brand.logo and settings.is_https:
        size = {"height": "64", "width": "64"}
        child(about, names.MDUI, "Logo", size, services.url("/brand/logo"))
    blocked = provider_keys.blocked(services)
    for digest in (names.SHA256, names.SHA384, names.SHA512):
        if digest not in blocked:
            child(extensions, names.ALG, "DigestMethod", {"Algorithm": digest})
    for algorithm in (*RSA, *ECDSA):
        if algorithm not in blocked:
            child(extensions, names.ALG, "SigningMethod", {"Algorithm": algorithm})


def _add_key(role: Element, use: str, certificate: bytes) -> None:
    descriptor = child(role, names.MD, "KeyDescriptor", {"use": use})
    data = child(child(descriptor, names.DS, "KeyInfo"), names.DS, "X509Data")
    child(data, names.DS, "X509Certificate", None, b64encode(certificate).decode())
    if use == "encryption":
        for algorithm in (names.AES256_GCM, names.AES128_GCM, names.RSA_OAEP_MGF1P, names.RSA_OAEP):
            child(descriptor, names.MD, "EncryptionMethod", {"Algorithm": algorithm})


def _add_endpoints(role: Element, services: Services, endpoints: tuple[Endpoint, ...]) -> None:
    for endpoint in endpoints:
        about = {"Binding": endpoint.binding, "Location": services.url(endpoint.path)}
        if endpoint.index is not None:
            about["index"] = str(endpoint.index)
        if endpoint.channel_bindings:  # ECP 2.0 §2.3.10
            about[qualified(names.CB, "supportsChannelBindings")] = "true"
        role.append(element(names.MD, endpoint.name, about, declare=("cb",) if endpoint.channel_bindings else ()))


def _add_organization(root: Element, services: Services) -> None:
    settings = services.settings
    organization = child(root, names.MD, "Organization")
    child(organization, names.MD, "OrganizationName", _LANGUAGE, settings.brand.company)
    child(organization, names.MD, "OrganizationDisplayName", _LANGUAGE, settings.brand.company)
    child(organization, names.MD, "OrganizationURL", _LANGUAGE, services.issuer)
    if settings.saml.technical_contact:
        _add_contact(root, "technical", settings.brand.company, settings.saml.technical_contact)
    if "@" in settings.brand.support and " " not in settings.brand.support:
        _add_contact(root, "support", settings.brand.company, settings.brand.support)


def _add_contact(root: Element, kind: str, name: str, address: str) -> None:
    contact = child(root, names.MD, "ContactPerson", {"contactType": kind})
    child(contact, names.MD, "GivenName", None, name)
    child(contact, names.MD, "EmailAddress", None, f"mailto:{address}")
