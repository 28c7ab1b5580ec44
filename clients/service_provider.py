"""A SAML service provider as everybody else sees it: what its metadata says, and what the admin decided about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
HTTP_ARTIFACT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
SOAP = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
PAOS = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
#: How a Response may travel (Prof §4.1.2: never by Redirect), and how a logout may.
ACS_BINDINGS = frozenset((HTTP_POST, HTTP_ARTIFACT, PAOS))
SLO_BINDINGS = frozenset((HTTP_POST, HTTP_REDIRECT, HTTP_ARTIFACT, SOAP))

ENTITY_CATEGORY = "http://macedir.org/entity-category"
SUBJECT_ID_REQ = "urn:oasis:names:tc:SAML:profiles:subject-id:req"

#: What holds where the admin decided nothing.
DEFAULTS: Mapping[str, Any] = {
    "sign": "both",
    "encrypt": "auto",
    "attributes": "default",
    "signature_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
    "allow_sha1": False,
    "allow_cbc": False,
    "allow_idp_initiated": True,
    "consent": "implicit",
    "scoping": "honour",
}


@dataclass(frozen=True, slots=True)
class AssertionConsumerService:
    """Where Responses go. `is_default` None: the metadata does not say."""

    index: int
    binding: str
    location: str
    is_default: bool | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages go; responses to `response_location` where it has one (Metadata §2.2.2)."""

    binding: str
    location: str
    response_location: str | None = None

    @property
    def for_responses(self) -> str:
        """Where a response to this endpoint's messages is sent."""
        return self.response_location or self.location


@dataclass(frozen=True, slots=True)
class ArtifactResolutionService:
    """Where the service provider resolves artifacts of its own, by SOAP."""

    index: int
    location: str
    is_default: bool | None = None


@dataclass(frozen=True, slots=True)
class EncryptionMethod:
    """One md:EncryptionMethod. `digest` and `mgf` (URIs) only with RSA-OAEP, None where the metadata is silent."""

    algorithm: str
    digest: str | None = None
    mgf: str | None = None


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A key to encrypt for. `certificate`: DER in base64. No methods: the metadata asks for none."""

    certificate: str
    methods: tuple[EncryptionMethod, ...] = ()


@dataclass(frozen=True, slots=True)
class SigningMethod:
    """One alg:SigningMethod that the service provider can check; key sizes in bits."""

    algorithm: str
    min_key_size: int | None = None
    max_key_size: int | None = None


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """One md:RequestedAttribute; `values`: only these are wanted, empty: any."""

    name: str
    name_format: str | None = None
    friendly_name: str | None = None
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttributeConsumingService:
    """A named set of attributes that the service provider asks for; an AuthnRequest picks one by its index."""

    index: int
    is_default: bool | None
    names: Mapping[str, str]
    requested: tuple[RequestedAttribute, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """One md:ContactPerson. `kind`: technical, support, administrative, billing or other."""

    kind: str
    name: str
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One attribute to release, from the admin's table: the person's `source` attribute, or fixed `values`."""

    name: str
    source: str | None = None
    values: tuple[str, ...] = ()
    name_format: str | None = None
    friendly_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class ServiceProvider:
    """Equal only to itself, so what is derived from it (keys that were parsed) can be kept by it.

    Texts by language: {"en": "Wiki"}, "" where no language is told. Certificates: DER in base64, bare keys (IIP-MD12).
    """

    entity_id: str

    # -- its metadata ------------------------------------------------------------------------------------------------
    acs: tuple[AssertionConsumerService, ...]  # by index
    slo: tuple[Endpoint, ...]
    artifact_resolution: tuple[ArtifactResolutionService, ...]
    signing_certificates: tuple[str, ...]
    encryption_keys: tuple[EncryptionKey, ...]
    digest_methods: tuple[str, ...]
    signing_methods: tuple[SigningMethod, ...]
    name_id_formats: tuple[str, ...]
    attribute_services: tuple[AttributeConsumingService, ...]  # by index
    authn_requests_signed: bool
    want_assertions_signed: bool
    valid_until: float | None
    entity_attributes: Mapping[str, tuple[str, ...]]
    display_names: Mapping[str, str]
    descriptions: Mapping[str, str]
    privacy_statement_urls: Mapping[str, str]
    information_urls: Mapping[str, str]
    logo_uri: str | None
    organization: Mapping[str, str]
    contacts: tuple[Contact, ...]

    # -- the admin's decisions; they survive a refresh of the metadata -------------------------------------------------
    sign: str  # assertion, response, both
    encrypt: str  # auto (where it has a key), never, required
    name_id_format: str | None
    attributes: str | tuple[AttributeRule, ...]  # the name of a preset, or a table
    more_attributes: tuple[AttributeRule, ...]  # beside a preset
    is_own: bool  # an admin registered it, or chose what it gets: it is none that a federation brought
    require_signed_requests: bool | None
    signature_algorithm: str
    digest_algorithm: str
    has_own_algorithms: bool  # the admin named them; else the metadata's alg:* may choose
    allow_sha1: bool
    allow_cbc: bool
    default_relay_state: str | None
    allow_idp_initiated: bool
    skew_seconds: int | None  # None: the deployment's
    session_lifetime: int | None  # seconds for SessionNotOnOrAfter; None: none is told
    consent: str  # implicit, explicit
    scoping: str  # honour, ignore: what becomes of samlp:Scoping
    source: str | None  # the id of the metadata source that keeps this up to date; None: given by hand

    facts: Mapping[str, Any] = field(repr=False)  # the metadata as it was registered: `sp_metadata`

    acs_locations: frozenset[str] = field(repr=False)

    @property
    def requires_signed_requests(self) -> bool:
        """SDP-IDP04: unsigned requests are taken unless the metadata, or the admin, says otherwise."""
        return self.authn_requests_signed if self.require_signed_requests is None else self.require_signed_requests

    @property
    def wants_encryption(self) -> bool:
        """Whether assertions are encrypted; `required` without a key means that none can be sent."""
        return self.encrypt == "required" or (self.encrypt == "auto" and bool(self.encryption_keys))

    @property
    def entity_categories(self) -> frozenset[str]:
        """R&S, CoCo, anonymous, pseudonymous, personalized …: URIs."""
        return frozenset(self.entity_attributes.get(ENTITY_CATEGORY, ()))

    @property
    def subject_id_req(self) -> str | None:
        """subject-id, pairwise-id, any or none; None: the service provider says nothing."""
        return next(iter(self.entity_attributes.get(SUBJECT_ID_REQ, ())), None)

    def is_current(self, now: float) -> bool:
        """IIP-MD04: metadata from a source ends with its validUntil; what was given by hand, with the admin."""
        return self.source is None or self.valid_until is None or now < self.valid_until

    def find_acs(self, location: str, binding: str | None = None) -> AssertionConsumerService | None:
        """The one with exactly this location (SDP-IDP06), and this binding where one is told."""
        return next((a for a in self.acs if a.location == location and binding in (None, a.binding)), None)

    def find_acs_by_index(self, index: int) -> AssertionConsumerService | None:
        """The one with this index."""
        return next((a for a in self.acs if a.index == index), None)

    def default_acs(self, bindings: Iterable[str] = (HTTP_POST,)) -> AssertionConsumerService | None:
        """Among those with these bindings: isDefault, else the first that is not marked as none (Metadata §2.2.3)."""
        wanted = frozenset(bindings)
        choices = [a for a in self.acs if a.binding in wanted]
        return min(choices, key=lambda a: (_rank(a.is_default), a.index), default=None)

    def find_attribute_service(self, index: int | None = None) -> AttributeConsumingService | None:
        """The one an AuthnRequest names, or the default one."""
        if index is not None:
            return next((s for s in self.attribute_services if s.index == index), None)
        return min(self.attribute_services, key=lambda s: (_rank(s.is_default), s.index), default=None)

    def find_slo(self, *bindings: str) -> Endpoint | None:
        """Its logout endpoint by the first of these bindings that it has."""
        return next((e for b in bindings for e in self.slo if e.binding == b), None)


def _rank(is_default: bool | None) -> int:
    return {True: 0, None: 1, False: 2}[is_default]


def build(said: Mapping[str, Any]) -> ServiceProvider:
    """The snapshot of what is stored: `sp_metadata` and the admin's settings, both valid."""
    given = {**DEFAULTS, **said}
    released, more = _release(given["attributes"])
    facts: Mapping[str, Any] = said["sp_metadata"]
    get = facts.get
    acs = tuple(sorted((AssertionConsumerService(**a) for a in facts["acs"]), key=lambda a: a.index))
    services = (
        AttributeConsumingService(
            s["index"], s.get("is_default"), MappingProxyType(s.get("names", {})),
            tuple(_requested(r) for r in s.get("requested", ())),
        )
        for s in get("attribute_services", ())
    )  # fmt: skip
    return ServiceProvider(
        entity_id=facts["entity_id"],
        acs=acs,
        acs_locations=frozenset(a.location for a in acs),
        slo=tuple(Endpoint(**e) for e in get("slo", ())),
        artifact_resolution=tuple(ArtifactResolutionService(**e) for e in get("artifact_resolution", ())),
        signing_certificates=tuple(get("signing_certificates", ())),
        encryption_keys=tuple(_encryption_key(k) for k in get("encryption_keys", ())),
        digest_methods=tuple(get("digest_methods", ())),
        signing_methods=tuple(SigningMethod(**m) for m in get("signing_methods", ())),
        name_id_formats=tuple(get("name_id_formats", ())),
        attribute_services=tuple(sorted(services, key=lambda s: s.index)),
        authn_requests_signed=get("authn_requests_signed", False),
        want_assertions_signed=get("want_assertions_signed", False),
        valid_until=get("valid_until"),
        entity_attributes=MappingProxyType({k: tuple(v) for k, v in get("entity_attributes", {}).items()}),
        display_names=MappingProxyType(get("display_names", {})),
        descriptions=MappingProxyType(get("descriptions", {})),
        privacy_statement_urls=MappingProxyType(get("privacy_statement_urls", {})),
        information_urls=MappingProxyType(get("information_urls", {})),
        logo_uri=get("logo_uri"),
        organization=MappingProxyType(get("organization", {})),
        contacts=tuple(Contact(c["kind"], c.get("name", ""), tuple(c.get("emails", ()))) for c in get("contacts", ())),
        sign=given["sign"],
        encrypt=given["encrypt"],
        name_id_format=given.get("name_id_format"),
        attributes=released,
        more_attributes=more,
        is_own="metadata_source" not in said or "attributes" in said,
        require_signed_requests=given.get("require_signed_requests"),
        signature_algorithm=given["signature_algorithm"],
        digest_algorithm=given["digest_algorithm"],
        has_own_algorithms="signature_algorithm" in said or "digest_algorithm" in said,
        allow_sha1=given["allow_sha1"],
        allow_cbc=given["allow_cbc"],
        default_relay_state=given.get("default_relay_state"),
        allow_idp_initiated=given["allow_idp_initiated"],
        skew_seconds=given.get("skew_seconds"),
        session_lifetime=given.get("session_lifetime"),
        consent=given["consent"],
        scoping=given["scoping"],
        source=given.get("metadata_source"),
        facts=MappingProxyType(facts),
    )


def complete(provider: ServiceProvider, said: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is shown of a client: what was said, the defaults, and for the pages what the metadata has."""
    shown: dict[str, Any] = {**DEFAULTS, **_about(provider, name, said), **said, "client_name": name}
    return shown


def _about(provider: ServiceProvider, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Texts of the metadata under the names that pages ask for (`client_name#de`)."""
    names = provider.display_names
    # What the admin chose holds in every language.
    texts = {"client_name": names if name in names.values() else {}}
    texts |= {"policy_uri": provider.privacy_statement_urls, "client_uri": provider.information_urls}
    texts = {key: of for key, of in texts.items() if key not in said}
    found = {f"{key}#{language}": text for key, of in texts.items() for language, text in of.items() if language}
    for key, of in texts.items():
        if of:
            found[key] = of.get("en") or of.get("") or next(iter(of.values()))
    return {**found, **({"logo_uri": provider.logo_uri} if provider.logo_uri else {})}


def _requested(given: Mapping[str, Any]) -> RequestedAttribute:
    return RequestedAttribute(**{**given, "values": tuple(given.get("values", ()))})


def _encryption_key(given: Mapping[str, Any]) -> EncryptionKey:
    return EncryptionKey(given["certificate"], tuple(EncryptionMethod(**m) for m in given.get("methods", ())))


def _release(given: str | Mapping[str, Any]) -> tuple[str | tuple[AttributeRule, ...], tuple[AttributeRule, ...]]:
    """{"mail": "email"} or {"mail": {"source": …, "values": […], …}}; {"*": "default", "team": "groups"} adds some."""
    if isinstance(given, str):
        return given, ()
    rules = tuple(_rule(name, rule) for name, rule in given.items() if name != "*")
    return (given["*"], rules) if "*" in given else (rules, ())


def _rule(name: str, given: Any) -> AttributeRule:
    rule = {"source": given} if isinstance(given, str) else given
    return AttributeRule(name, **{**rule, "values": tuple(rule.get("values", ()))})
