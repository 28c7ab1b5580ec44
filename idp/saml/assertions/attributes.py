"""Which attributes a service provider gets, under which names (Core §2.7.3).

What the admin decided comes first, then what the metadata asks for, then a set that suits most.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from clients.service_provider import AttributeRule, RequestedAttribute, ServiceProvider
from idp.saml.assertions.attribute_catalogue import (
    BUNDLES,
    CODE_OF_CONDUCT,
    GROUPS,
    KEY_OF_SOURCE,
    KNOWN,
    PRESETS,
    SOURCE_OF_NAME,
    Attribute,
    of_keys,
)
from idp.saml.messages import names
from idp.saml.messages.xml import clean_text

#: One value: text, or None for xsi:nil.
Value = str | None


@dataclass(frozen=True, slots=True)
class Released:
    """One attribute with its values; none at all is an Attribute without AttributeValue."""

    attribute: Attribute
    values: tuple[Value, ...]


#: Before the name of an attribute that rows make, as its source: no attribute of a person has a space.
RULED = "claim_rules "


_chosen_for: WeakKeyDictionary[ServiceProvider, dict[int | None, tuple[Attribute, ...]]] = WeakKeyDictionary()


def to_release(provider: ServiceProvider, service_index: int | None = None) -> tuple[Attribute, ...]:
    """The attributes for a service provider, in order; `service_index`: the AttributeConsumingService asked for."""
    known = _chosen_for.setdefault(provider, {})
    if service_index not in known:
        if provider.find_attribute_service(service_index) is None:
            service_index = None  # all that do not exist are one
        known[service_index] = _to_release(provider, service_index)
    return known[service_index]


def _to_release(provider: ServiceProvider, service_index: int | None) -> tuple[Attribute, ...]:
    rules = provider.claim_rules
    ruled = (replace(_of_rule(AttributeRule(name, RULED + name)), made_of=rules.reads_of(name)) for name in rules.names)
    more = (*map(_of_rule, provider.more_attributes), *ruled, *_subject_identifiers(provider))
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
        if provider.source is not None and not provider.entity_categories & CODE_OF_CONDUCT:
            requested = tuple(one for one in requested if one.source in usual)
        return requested
    return bundle or (*PRESETS["default"], *((GROUPS,) if provider.is_own else ()))


def _bundle(provider: ServiceProvider) -> tuple[Attribute, ...]:
    keys = [key for category, bundle in BUNDLES.items() if category in provider.entity_categories for key in bundle]
    return of_keys(*dict.fromkeys(keys))


def _subject_identifiers(provider: ServiceProvider) -> tuple[Attribute, ...]:
    # SDP-IDP17: who takes any of the two gets the one that cannot be compared with others'.
    return {
        "subject-id": of_keys("subject-id"), "pairwise-id": of_keys("pairwise-id"), "any": of_keys("pairwise-id"),
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
    source = SOURCE_OF_NAME.get(asked.name) or SOURCE_OF_NAME.get(asked.friendly_name or "")
    if source is None:
        return None
    name_format = asked.name_format or names.ATTRNAME_UNSPECIFIED
    return Attribute(
        KEY_OF_SOURCE.get(source, source), asked.name, source, name_format, asked.friendly_name, only=asked.values
    )


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
