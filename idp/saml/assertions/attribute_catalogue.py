"""The attributes that are known here by name, the sets of them that go by a name, and what stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from idp.saml.messages import names

CONSENT: Final = "attr:"  # before an attribute's key, as a scope of the consent


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute to release. `source`: the person's attribute; `key` names it in consents; `values`: fixed ones."""

    key: str
    name: str
    source: str = ""
    name_format: str = names.ATTRNAME_URI
    friendly_name: str | None = None
    values: tuple[str, ...] = ()
    only: tuple[str, ...] = ()  # of the person's values, just these
    made_of: frozenset[str] = frozenset()  # by rows: of which attributes of the person
    #: How a consent names it: a word without spaces.
    scope: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", CONSENT + quote(self.key, safe=":/.-_@"))


def _oid(key: str, oid: str, source: str) -> Attribute:
    return Attribute(key, f"urn:oid:{oid}", source, names.ATTRNAME_URI, key)


_EDUPERSON = "1.3.6.1.4.1.5923.1.1.1"
#: What is known by an OID (SDP-IDP18), and of which attribute of the person it is made.
KNOWN: Final[Mapping[str, Attribute]] = {
    one.key: one
    for one in (
        _oid("mail", "0.9.2342.19200300.100.1.3", "email"),
        _oid("displayName", "2.16.840.1.113730.3.1.241", "name"),
        _oid("givenName", "2.5.4.42", "given_name"),
        _oid("sn", "2.5.4.4", "family_name"),
        _oid("cn", "2.5.4.3", "name"),
        _oid("uid", "0.9.2342.19200300.100.1.1", "username"),
        _oid("eduPersonPrincipalName", f"{_EDUPERSON}.6", "scoped_username"),
        _oid("eduPersonAffiliation", f"{_EDUPERSON}.1", "affiliation"),
        _oid("eduPersonScopedAffiliation", f"{_EDUPERSON}.9", "scoped_affiliation"),
        _oid("eduPersonEntitlement", f"{_EDUPERSON}.7", "entitlement"),
        _oid("eduPersonAssurance", f"{_EDUPERSON}.11", "assurance"),
        _oid("eduPersonUniqueId", f"{_EDUPERSON}.13", "subject_id"),
        _oid("eduPersonOrcid", f"{_EDUPERSON}.16", "orcid"),
        _oid("schacHomeOrganization", "1.3.6.1.4.1.25178.1.2.9", "scope"),
        _oid("isMemberOf", "1.3.6.1.4.1.5923.1.5.1.1", "groups"),
        _oid("employeeNumber", "2.16.840.1.113730.3.1.3", "employee_number"),
        _oid("preferredLanguage", "2.16.840.1.113730.3.1.39", "locale"),
        _oid("telephoneNumber", "2.5.4.20", "phone_number"),
        _oid("title", "2.5.4.12", "title"),
        _oid("ou", "2.5.4.11", "department"),
        _oid("o", "2.5.4.10", "organization"),
        Attribute("subject-id", names.SUBJECT_ID, "subject_id", friendly_name="subject-id"),
        Attribute("pairwise-id", names.PAIRWISE_ID, "pairwise_id", friendly_name="pairwise-id"),
    )
}
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
_AWS = "https://aws.amazon.com/SAML/Attributes/"


def _uris(prefix: str, **sources: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(source, prefix + name, source) for name, source in sources.items())


def _basic(*pairs: tuple[str, str]) -> tuple[Attribute, ...]:
    return tuple(Attribute(source, name, source, names.ATTRNAME_BASIC) for name, source in pairs)


def of_keys(*keys: str) -> tuple[Attribute, ...]:
    """The attributes that are known by these names."""
    return tuple(KNOWN[key] for key in keys)


_DEFAULT = ("mail", "displayName", "givenName", "sn", "uid", "eduPersonPrincipalName")
#: Under the name that applications look for by themselves; eduPerson's has isMemberOf.
GROUPS: Final = Attribute("groups", "groups", "groups", names.ATTRNAME_BASIC)
_RESEARCH = ("mail", "displayName", "givenName", "sn", "eduPersonPrincipalName", "eduPersonScopedAffiliation")
#: The sets that go by a name (`clients.saml_values.PRESETS`).
PRESETS: Final[Mapping[str, tuple[Attribute, ...]]] = {
    "default": of_keys(*_DEFAULT),
    "none": (),
    "eduperson": of_keys(
        *_DEFAULT, "cn", "eduPersonAffiliation", "eduPersonScopedAffiliation", "eduPersonEntitlement",
        "schacHomeOrganization",
    ),
    "microsoft": (
        *_uris(_CLAIMS, emailaddress="email", givenname="given_name", surname="family_name"),
        *_uris(_CLAIMS, name="name", upn="scoped_username", nameidentifier="username"),
        *_uris(_MS, groups="groups", role="roles"),
    ),
    "google": _basic(("email", "email"), ("firstName", "given_name"), ("lastName", "family_name")),
    "aws": _uris(_AWS, RoleSessionName="email", Role="aws_roles", SessionDuration="aws_session_duration"),
    "salesforce": _basic(
        ("User.Username", "email"), ("User.Email", "email"), ("User.FirstName", "given_name"),
        ("User.LastName", "family_name"), ("User.FederationIdentifier", "username"),
    ),
}  # fmt: skip

_REFEDS = "https://refeds.org/category/"
#: What an entity category stands for (REFEDS): of federations' service providers, those get this much.
BUNDLES: Final[Mapping[str, tuple[str, ...]]] = {
    "http://refeds.org/category/research-and-scholarship": _RESEARCH,
    f"{_REFEDS}personalized": (*_RESEARCH, "subject-id", "eduPersonAssurance", "schacHomeOrganization"),
    f"{_REFEDS}pseudonymous": (
        "pairwise-id", "eduPersonAssurance", "eduPersonScopedAffiliation", "schacHomeOrganization",
    ),
    f"{_REFEDS}anonymous": ("eduPersonScopedAffiliation", "schacHomeOrganization"),
}  # fmt: skip
#: Categories whose members get what they request.
CODE_OF_CONDUCT: Final = frozenset(
    (f"{_REFEDS}code-of-conduct/v2", "http://www.geant.net/uri/dataprotection-code-of-conduct/v1")
)

#: Of which attribute of the person one is made, by every name that a service provider may ask for.
SOURCE_OF_NAME: Final[Mapping[str, str]] = {
    **{one.name: one.source for preset in PRESETS.values() for one in preset},
    **{source: source for source in ("email", "name", "username", "groups", "roles", "employee_number")},
    **{key: one.source for key, one in KNOWN.items()},
    **{one.name: one.source for one in KNOWN.values()},
}
#: How an attribute of the person is named in consents.
KEY_OF_SOURCE: Final[Mapping[str, str]] = {one.source: key for key, one in reversed(list(KNOWN.items()))}
