"""A SAML service provider as everybody else sees it: what its metadata says, and what the admin decided about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.claim_rules import CLAIM_RULES, Rules, compiled
from clients.rows import fact, frozen, kept, row, rows_of
from clients.saml_values import (
    ATTRIBUTES,
    DIGEST_ALGORITHM,
    DIGEST_ALGORITHMS,
    NAME_ID_FORMAT,
    RELAY_STATE,
    SIGNATURE_ALGORITHM,
    SIGNATURE_ALGORITHMS,
)
from clients.values import BOOLEAN, Kind, one_of, seconds, text

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


def _requested(given: Mapping[str, Any]) -> RequestedAttribute:
    return RequestedAttribute(**{**given, "values": tuple(given.get("values", ()))})


def _encryption_keys(given: Any) -> tuple[EncryptionKey, ...]:
    methods = _all_of(EncryptionMethod)
    return tuple(EncryptionKey(one["certificate"], methods(one.get("methods", ()))) for one in given)


def _release(given: str | Mapping[str, Any]) -> tuple[str | tuple[AttributeRule, ...], tuple[AttributeRule, ...]]:
    """{"mail": "email"} or {"mail": {"source": …, "values": […], …}}; {"*": "default", "team": "groups"} adds some."""
    if isinstance(given, str):
        return given, ()
    rules = tuple(_rule(name, rule) for name, rule in given.items() if name != "*")
    return (given["*"], rules) if "*" in given else (rules, ())


def _rule(name: str, given: Any) -> AttributeRule:
    rule = {"source": given} if isinstance(given, str) else given
    return AttributeRule(name, **{**rule, "values": tuple(rule.get("values", ()))})


def _all_of(make: Callable[..., Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda given: tuple(make(**one) for one in given)


def _by_index(given: Any) -> tuple[AssertionConsumerService, ...]:
    return tuple(sorted((AssertionConsumerService(**one) for one in given), key=lambda one: one.index))


def _attribute_services(given: Any) -> tuple[AttributeConsumingService, ...]:
    made = (
        AttributeConsumingService(
            one["index"], one.get("is_default"), frozen(one.get("names", ())),
            tuple(map(_requested, one.get("requested", ()))),
        )
        for one in given
    )  # fmt: skip
    return tuple(sorted(made, key=lambda one: one.index))


def _contacts(given: Any) -> tuple[Contact, ...]:
    return tuple(Contact(one["kind"], one.get("name", ""), tuple(one.get("emails", ()))) for one in given)


def _tuples(given: Any) -> Mapping[str, tuple[str, ...]]:
    return frozen((key, tuple(several)) for key, several in dict(given).items())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class ServiceProvider:
    """Equal only to itself, so what is derived from it (keys that were parsed) can be kept by it.

    Texts by language: {"en": "Wiki"}, "" where no language is told. Certificates: DER in base64, bare keys (IIP-MD12).
    """

    # -- its metadata ------------------------------------------------------------------------------------------------
    entity_id: str = fact()
    acs: tuple[AssertionConsumerService, ...] = fact(_by_index)
    slo: tuple[Endpoint, ...] = fact(_all_of(Endpoint))
    artifact_resolution: tuple[ArtifactResolutionService, ...] = fact(_all_of(ArtifactResolutionService))
    signing_certificates: tuple[str, ...] = fact(tuple)
    encryption_keys: tuple[EncryptionKey, ...] = fact(_encryption_keys)
    digest_methods: tuple[str, ...] = fact(tuple)
    signing_methods: tuple[SigningMethod, ...] = fact(_all_of(SigningMethod))
    name_id_formats: tuple[str, ...] = fact(tuple)
    attribute_services: tuple[AttributeConsumingService, ...] = fact(_attribute_services)  # by index
    authn_requests_signed: bool = fact(bool)
    want_assertions_signed: bool = fact(bool)
    valid_until: float | None = fact()
    entity_attributes: Mapping[str, tuple[str, ...]] = fact(_tuples)
    display_names: Mapping[str, str] = fact(frozen)
    descriptions: Mapping[str, str] = fact(frozen)
    privacy_statement_urls: Mapping[str, str] = fact(frozen)
    information_urls: Mapping[str, str] = fact(frozen)
    logo_uri: str | None = fact()
    organization: Mapping[str, str] = fact(frozen)
    contacts: tuple[Contact, ...] = fact(_contacts)

    # -- the admin's decisions; they survive a refresh of the metadata -------------------------------------------------
    sign: str = row(one_of("assertion", "response", "both").or_else("both"))
    encrypt: str = row(one_of("auto", "never", "required").or_else("auto"))  # auto: where it has a key
    name_id_format: str | None = row(NAME_ID_FORMAT)
    # The name of a preset, or a table; `more_attributes`: beside a preset.
    attributes: str | tuple[AttributeRule, ...] = row(ATTRIBUTES.or_else("default"), lambda given: _release(given)[0])
    more_attributes: tuple[AttributeRule, ...]
    claim_rules: Rules = row(CLAIM_RULES, compiled)  # noqa: RUF009
    is_own: bool  # an admin registered it, or chose what it gets: it is none that a federation brought
    require_signed_requests: bool | None = row(BOOLEAN)
    signature_algorithm: str = row(SIGNATURE_ALGORITHM.or_else(SIGNATURE_ALGORITHMS["rsa-sha256"]))
    digest_algorithm: str = row(DIGEST_ALGORITHM.or_else(DIGEST_ALGORITHMS["sha256"]))
    has_own_algorithms: bool  # the admin named them; else the metadata's alg:* may choose
    allow_sha1: bool = row(BOOLEAN.or_else(False))
    allow_cbc: bool = row(BOOLEAN.or_else(False))
    default_relay_state: str | None = row(RELAY_STATE)
    allow_idp_initiated: bool = row(BOOLEAN.or_else(True))
    skew_seconds: int | None = row(seconds(0, 600))  # None: the deployment's
    session_lifetime: int | None = row(seconds(60, 31_536_000))  # for SessionNotOnOrAfter; None: none is told
    consent: str = row(one_of("implicit", "explicit").or_else("implicit"))
    scoping: str = row(one_of("honour", "ignore").or_else("honour"))  # what becomes of samlp:Scoping
    # The id of the metadata source that keeps this up to date; None: given by hand.
    source: str | None = row(text(60), key="metadata_source")

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
    def is_typed(self) -> bool:
        """Whether its entity ID and its addresses stand for metadata: there never was any, and none is read again."""
        return self.source is None and set(self.facts) <= {"entity_id", "acs", "slo"}

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


_FACTS = rows_of(ServiceProvider, "fact")
_DECISIONS = rows_of(ServiceProvider)
#: What the admin decides, by the names of the settings.
DECISIONS: Mapping[str, Kind] = {key: one.kind for _, key, one in _DECISIONS if one.kind is not None}
#: What holds where the admin decided nothing.
DEFAULTS: Mapping[str, Any] = {key: kind.default for key, kind in DECISIONS.items() if kind.default is not None}


def build(said: Mapping[str, Any]) -> ServiceProvider:
    """The snapshot of what is stored: `sp_metadata` and the admin's settings, both valid."""
    decided = {**DEFAULTS, **said}
    facts: Mapping[str, Any] = said["sp_metadata"]
    found = kept(_FACTS, facts)
    return ServiceProvider(
        **found,
        **kept(_DECISIONS, decided),
        acs_locations=frozenset(one.location for one in found["acs"]),
        more_attributes=_release(decided["attributes"])[1],
        is_own="metadata_source" not in said or "attributes" in said,
        has_own_algorithms="signature_algorithm" in said or "digest_algorithm" in said,
        facts=frozen(facts),
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
