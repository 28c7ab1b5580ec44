"""Which attributes a service provider gets, under which names (Core §2.7.3).

What the admin decided comes first, then what the metadata asks for, then a set that suits most.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, unquote
from weakref import WeakKeyDictionary

from clients.service_provider import AttributeRule, RequestedAttribute, ServiceProvider
from idp.saml.messages import names
from idp.saml.messages.xml import clean_text
from idp.texts import N_

#: One value: text, or None for xsi:nil.
Value = str | None
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
    #: How a consent names it: a word without spaces.
    scope: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", CONSENT + quote(self.key, safe=":/.-_@"))


@dataclass(frozen=True, slots=True)
class Released:
    """One attribute with its values; none at all is an Attribute without AttributeValue."""

    attribute: Attribute
    values: tuple[Value, ...]


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


def _known(*keys: str) -> tuple[Attribute, ...]:
    return tuple(KNOWN[key] for key in keys)


_DEFAULT = ("mail", "displayName", "givenName", "sn", "uid", "eduPersonPrincipalName")
#: Under the name that applications look for by themselves; eduPerson's has isMemberOf.
_GROUPS: Final = Attribute("groups", "groups", "groups", names.ATTRNAME_BASIC)
_RESEARCH = ("mail", "displayName", "givenName", "sn", "eduPersonPrincipalName", "eduPersonScopedAffiliation")
#: The sets that go by a name (`clients.saml_fields.PRESETS`).
PRESETS: Final[Mapping[str, tuple[Attribute, ...]]] = {
    "default": _known(*_DEFAULT),
    "none": (),
    "eduperson": _known(
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
_BUNDLES: Final[Mapping[str, tuple[str, ...]]] = {
    "http://refeds.org/category/research-and-scholarship": _RESEARCH,
    f"{_REFEDS}personalized": (*_RESEARCH, "subject-id", "eduPersonAssurance", "schacHomeOrganization"),
    f"{_REFEDS}pseudonymous": (
        "pairwise-id", "eduPersonAssurance", "eduPersonScopedAffiliation", "schacHomeOrganization",
    ),
    f"{_REFEDS}anonymous": ("eduPersonScopedAffiliation", "schacHomeOrganization"),
}  # fmt: skip
_CODE_OF_CONDUCT: Final = frozenset(
    (f"{_REFEDS}code-of-conduct/v2", "http://www.geant.net/uri/dataprotection-code-of-conduct/v1")
)

_BY_NAME: Final[Mapping[str, str]] = {
    **{one.name: one.source for preset in PRESETS.values() for one in preset},
    **{source: source for source in ("email", "name", "username", "groups", "roles", "employee_number")},
    **{key: one.source for key, one in KNOWN.items()},
    **{one.name: one.source for one in KNOWN.values()},
}
_KEYS: Final[Mapping[str, str]] = {one.source: key for key, one in reversed(list(KNOWN.items()))}


_kept: WeakKeyDictionary[ServiceProvider, dict[int | None, tuple[Attribute, ...]]] = WeakKeyDictionary()


def to_release(provider: ServiceProvider, service_index: int | None = None) -> tuple[Attribute, ...]:
    """The attributes for a service provider, in order; `service_index`: the AttributeConsumingService asked for."""
    known = _kept.setdefault(provider, {})
    if service_index not in known:
        if provider.find_attribute_service(service_index) is None:
            service_index = None  # all that do not exist are one
        known[service_index] = _to_release(provider, service_index)
    return known[service_index]


def _to_release(provider: ServiceProvider, service_index: int | None) -> tuple[Attribute, ...]:
    more = (*map(_of_rule, provider.more_attributes), *_subject_identifiers(provider))
    # A line of the admin's takes the place of one of that name.
    return tuple({one.name: one for one in (*_chosen(provider, service_index), *more)}.values())


def _chosen(provider: ServiceProvider, service_index: int | None) -> tuple[Attribute, ...]:
    if not isinstance(provider.attributes, str):
        return tuple(map(_of_rule, provider.attributes))
    if provider.attributes != "default":
        return PRESETS[provider.attributes]
    service = provider.find_attribute_service(service_index)
    requested = tuple(filter(None, map(_of_request, service.requested))) if service is not None else ()
    bundle = _bundle(provider)
    if service is not None and service.requested:
        # A federation's metadata may ask for anything; what nobody here looked at gets no more than is usual.
        usual = {one.source for one in (*PRESETS["default"], *bundle)}
        if provider.source is not None and not provider.entity_categories & _CODE_OF_CONDUCT:
            requested = tuple(one for one in requested if one.source in usual)
        return requested
    return bundle or (*PRESETS["default"], *((_GROUPS,) if provider.is_own else ()))


def _bundle(provider: ServiceProvider) -> tuple[Attribute, ...]:
    keys = [key for category, bundle in _BUNDLES.items() if category in provider.entity_categories for key in bundle]
    return _known(*dict.fromkeys(keys))


def _subject_identifiers(provider: ServiceProvider) -> tuple[Attribute, ...]:
    # SDP-IDP17: who takes any of the two gets the one that cannot be compared with others'.
    return {
        "subject-id": _known("subject-id"), "pairwise-id": _known("pairwise-id"), "any": _known("pairwise-id"),
    }.get(provider.subject_id_req or "", ())  # fmt: skip


def _of_rule(rule: AttributeRule) -> Attribute:
    """One line of the admin's table. Without a NameFormat: uri for what looks like one, else basic."""
    known = KNOWN.get(rule.name)
    if known is not None and rule.name_format is None:
        return replace(
            known, source=rule.source or "", values=rule.values, friendly_name=rule.friendly_name or known.key
        )
    usual = names.ATTRNAME_URI if ":" in rule.name else names.ATTRNAME_BASIC
    return Attribute(
        rule.name, rule.name, rule.source or "", rule.name_format or usual, rule.friendly_name, rule.values
    )


def _of_request(asked: RequestedAttribute) -> Attribute | None:
    """What a RequestedAttribute means here, under the name it was asked for; None where it means nothing."""
    source = _BY_NAME.get(asked.name) or _BY_NAME.get(asked.friendly_name or "")
    if source is None:
        return None
    name_format = asked.name_format or names.ATTRNAME_UNSPECIFIED
    return Attribute(_KEYS.get(source, source), asked.name, source, name_format, asked.friendly_name, only=asked.values)


def is_known(asked: RequestedAttribute) -> bool:
    """Whether what a service provider asks for means anything here."""
    return _of_request(asked) is not None


# -- values ----------------------------------------------------------------------------------------------------------


def scoped(known: Mapping[str, Any], person_id: str, scope: str, pairwise: str) -> dict[str, Any]:
    """The person's attributes with those that are made of them and our scope."""
    more: dict[str, Any] = {"scope": scope, "id": person_id, "subject_id": f"{person_id}@{scope}"}
    if pairwise:
        more["pairwise_id"] = f"{pairwise}@{scope}"
    username = str(known.get("username", ""))
    if username.lower().endswith(f"@{scope}"):
        more["scoped_username"] = username
    elif username and "@" not in username:  # eduPerson: one @, and behind it a scope of ours
        more["scoped_username"] = f"{username}@{scope}"
    affiliation = known.get("affiliation")
    if affiliation:
        listed = affiliation if isinstance(affiliation, list) else [affiliation]
        more["scoped_affiliation"] = [f"{one}@{scope}" for one in listed]
    return {**known, **more}


def release(attributes: Iterable[Attribute], known: Mapping[str, Any]) -> tuple[Released, ...]:
    """The attributes that the person has, with their values."""
    found = []
    for attribute in attributes:
        if attribute.source:
            if attribute.source not in known:
                continue
            values = _values(known[attribute.source])
            if attribute.only:
                values = tuple(value for value in values if value in attribute.only)
                if not values:
                    continue
        else:
            values = tuple(clean_text(value) for value in attribute.values)
        found.append(Released(attribute, values))
    return tuple(found)


def _values(value: Any) -> tuple[Value, ...]:
    if isinstance(value, list):
        return tuple(_text(one) for one in value)
    return (_text(value),)


def _text(value: Any) -> Value:
    if value is None:
        return None
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean_text(json.dumps(value, ensure_ascii=False))


# -- what people are shown -------------------------------------------------------------------------------------------

TITLES: Final[Mapping[str, str]] = {
    "email": N_("E-mail address"),
    "name": N_("Name"),
    "given_name": N_("First name"),
    "family_name": N_("Last name"),
    "username": N_("Username"),
    "scoped_username": N_("Username with organisation"),
    "affiliation": N_("Role in the organisation"),
    "scoped_affiliation": N_("Role in the organisation"),
    "employee_number": N_("Employee number"),
    "groups": N_("Groups"),
    "roles": N_("Roles"),
    "scope": N_("Organisation"),
    "subject_id": N_("Account identifier"),
    "pairwise_id": N_("Identifier for this application only"),
    "phone_number": N_("Phone number"),
    "locale": N_("Language"),
}


def title(attribute: Attribute) -> str:
    """What people call it."""
    return TITLES.get(attribute.source) or attribute.friendly_name or attribute.key


@lru_cache(maxsize=256)
def title_of_scope(scope: str) -> str:
    """The same for a consent that was given."""
    key = unquote(scope.removeprefix(CONSENT))
    known = KNOWN.get(key)
    return title(known) if known is not None else TITLES.get(key, key)


def shown_values(released: Released) -> str:
    """The values as one line."""
    return ", ".join(value or "(empty)" for value in released.values) or "(empty)"
