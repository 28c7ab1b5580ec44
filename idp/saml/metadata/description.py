"""One service provider out of its EntityDescriptor: the facts for the registry.

Certificates are bare keys (IIP-MD12); what is broken or unknown is left out with a warning, unless nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from clients.entities import check_entity_id
from idp.saml.messages import names
from idp.saml.messages.xml import Element
from idp.saml.metadata.descriptor import DescriptorReader, md
from idp.saml.metadata.lexical import BadMetadata, least
from idp.saml.metadata.validity import Validity


@dataclass(frozen=True, slots=True)
class Description:
    """One service provider. `facts`: the value of `sp_metadata` for the registry; `warnings`: what was left out.

    `valid_until` in epoch seconds, of the document and all that the entity stands in; `cache_duration` in seconds.
    """

    entity_id: str
    name: str
    facts: dict[str, Any]
    valid_until: float | None = None
    cache_duration: float | None = None
    created_at: float | None = None
    warnings: tuple[str, ...] = ()


def _role(entity: Element) -> Element | None:
    """The SPSSODescriptor for SAML 2.0."""
    for role in entity.findall(md("SPSSODescriptor")):
        if names.SAMLP in str(role.get("protocolSupportEnumeration")).split():
            return role
    return None


def is_service_provider(entity: Element) -> bool:
    """Whether an EntityDescriptor has the role that we serve."""
    return _role(entity) is not None


def describe(
    entity: Element,
    around: Validity,
    now: float,
    *,
    max_validity: float | None = None,
    created_at: float | None = None,
    allow_loopback: bool = False,
) -> Description:
    """The facts of an EntityDescriptor from `xml.parse`; `around`: of what it stands in. Errors: `BadMetadata`."""
    try:
        entity_id = check_entity_id(entity.get("entityID"))
    except ValueError as error:
        raise BadMetadata(f"entityID: {error}") from None
    role = _role(entity)
    if role is None:
        raise BadMetadata(f"{entity_id}: has no SPSSODescriptor for SAML 2.0")
    validity = around.within(entity).within(role)
    validity.check(now, max_validity)
    reader = DescriptorReader(entity, role, allow_loopback)
    facts = {
        key: fact for key, fact in reader.facts(entity_id, validity.until) if fact not in (None, [], {}, "", False)
    }
    return Description(
        entity_id, _name(facts, entity_id), facts, validity.until, validity.cache, created_at, tuple(reader.warnings)
    )


def from_acs(entity_id: str, locations: Iterable[str], slo: Iterable[tuple[str, str]] = ()) -> Description:
    """A service provider without metadata: its entityID, where Responses go by HTTP-POST, and where logouts do.

    `slo`: pairs of binding (its URI) and location.
    """
    acs = [
        {"index": index, "binding": names.HTTP_POST, "location": location} for index, location in enumerate(locations)
    ]
    facts: dict[str, Any] = {"entity_id": entity_id, "acs": acs}
    if logout := [{"binding": binding, "location": location} for binding, location in slo]:
        facts["slo"] = logout
    return Description(entity_id, _name(facts, entity_id), facts)


def with_validity(facts: dict[str, Any], until: float | None) -> dict[str, Any]:
    """The facts under an outer validUntil."""
    earliest = least(facts.get("valid_until"), until)
    return facts if earliest is None else {**facts, "valid_until": earliest}


def _name(facts: dict[str, Any], entity_id: str) -> str:
    titles = [facts.get("display_names", {}), *(s.get("names", {}) for s in facts.get("attribute_services", ()))]
    for texts in (*titles, facts.get("organization", {})):
        if texts:
            return str(texts.get("en") or texts.get("") or next(iter(texts.values())))[:200]
    try:
        return urlsplit(entity_id).hostname or entity_id[:200]
    except ValueError:
        return entity_id[:200]
