"""An identity provider of a federation, as its metadata describes it: what people see, and what it may speak for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from idp.federation.saml.entity import describe, role_of, short
from idp.saml.messages import names
from idp.saml.messages.xml import Element
from idp.saml.metadata.lexical import BadMetadata, plain
from idp.saml.metadata.validity import Validity

#: REFEDS: not shown to people who choose; whoever is led there by another way is taken.
HIDDEN: Final = "http://refeds.org/category/hide-from-discovery"
CATEGORY: Final = "http://macedir.org/entity-category"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Member:
    """One organisation. `names`, `words`: by language; `document`: its EntityDescriptor, with what is read of it alone.

    `scopes`: domains that it speaks for (shibmd); `categories`: entity categories and those that it supports;
    `authority`: who has registered it; `until`: epoch seconds, None where the document around it says when it ends.
    """

    entity_id: str
    names: Mapping[str, str]
    words: tuple[str, ...]
    document: str
    scopes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authority: str = ""
    hidden: bool = False
    error_url: str = ""
    until: float | None = None
    cache: float | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    def name(self, languages: tuple[str, ...] = ("en",)) -> str:
        """What it is called in the first of these languages that it has a name in."""
        wanted = (*languages, "en", "", *self.names)
        return next((self.names[one] for one in wanted if self.names.get(one)), self.entity_id[:200])


def of_json(kept: Mapping[str, Any]) -> Member:
    """What was kept."""
    lists = {name: tuple(kept[name]) for name in ("words", "scopes", "categories")}
    return Member(**{**kept, **lists})


def member(node: Element, around: Validity, now: float) -> Member | None:
    """One EntityDescriptor; None for whoever is no identity provider. Errors: `BadMetadata`."""
    role = role_of(node)
    if role is None:
        return None
    entity = describe(node, around, role, now)
    info = role.find(f"{{{names.MD}}}Extensions/{{{names.MDUI}}}UIInfo")
    shown = {} if info is None else _texts(info.findall(f"{{{names.MDUI}}}DisplayName"))
    organisation = _texts(node.findall(f"{{{names.MD}}}Organization/{{{names.MD}}}OrganizationDisplayName"))
    keywords = {} if info is None else _texts(info.findall(f"{{{names.MDUI}}}Keywords"))
    categories = _categories(node)
    return Member(
        entity.entity_id, {**organisation, **shown}, (*organisation.values(), *keywords.values()), short(entity),
        _scopes(node, role), categories, _authority(node), HIDDEN in categories, _address(role.get("errorURL")),
        entity.until, entity.cache,
    )  # fmt: skip


def _texts(nodes: list[Element]) -> dict[str, str]:
    found = {(node.get(_LANG) or "")[:20]: plain(node.text, 200).replace("+", " ") for node in nodes[:50]}
    return {language: text for language, text in found.items() if text}


def _scopes(node: Element, role: Element) -> tuple[str, ...]:
    """Those that are said as they are: an expression of a stranger's is not run."""
    path = f"{{{names.MD}}}Extensions/{{{names.SHIBMD}}}Scope"
    found = [one for part in (role, node) for one in part.findall(path) if one.get("regexp") not in ("true", "1")]
    return tuple(dict.fromkeys(text.lower() for one in found[:200] if (text := plain(one.text, 253))))


def _categories(node: Element) -> tuple[str, ...]:
    path = f"{{{names.MD}}}Extensions/{{{names.MDATTR}}}EntityAttributes/{{{names.SAML}}}Attribute"
    wanted = (CATEGORY, CATEGORY + "-support")
    values = [
        plain(value.text, 300)
        for one in node.findall(path)[:50] if one.get("Name") in wanted
        for value in one.findall(f"{{{names.SAML}}}AttributeValue")[:100]
    ]  # fmt: skip
    return tuple(dict.fromkeys(filter(None, values)))


def _authority(node: Element) -> str:
    info = node.find(f"{{{names.MD}}}Extensions/{{{names.MDRPI}}}RegistrationInfo")
    return "" if info is None else plain(info.get("registrationAuthority"), 300)


def _address(given: str | None) -> str:
    found = (given or "").strip()
    return found if found.startswith("https://") and len(found) <= 500 and found.isprintable() else ""


__all__ = ["CATEGORY", "HIDDEN", "BadMetadata", "Member", "member", "of_json"]
