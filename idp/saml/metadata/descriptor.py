"""An SPSSODescriptor taken apart: endpoints, keys, algorithms, requested attributes, and what people see of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from clients.entities import MAX_ENDPOINTS, MAX_INDEX, check_location
from clients.service_provider import ACS_BINDINGS, SLO_BINDINGS
from clients.values import ADDRESS
from idp.saml.messages import names
from idp.saml.messages.xml import Element
from idp.saml.metadata.key_descriptors import read_keys
from idp.saml.metadata.lexical import BadMetadata, flag, plain, uri

_MAX_SERVICES: Final = 50


@dataclass
class DescriptorReader:
    """Takes one SPSSODescriptor apart; `warnings` grows on the way."""

    entity: Element
    role: Element
    allow_loopback: bool
    warnings: list[str] = field(default_factory=list)

    def facts(self, entity_id: str, valid_until: float | None) -> Iterator[tuple[str, Any]]:
        """Each fact that there is, by its key in `sp_metadata`."""
        yield "entity_id", entity_id
        yield "valid_until", valid_until
        yield "acs", self._acs()
        yield (
            "slo",
            [
                {**made, "response_location": answer} if answer else made
                for node in self.role.findall(md("SingleLogoutService"))
                if (made := self._endpoint(node, SLO_BINDINGS)) is not None
                for answer in [self._location(node, "ResponseLocation")]
            ][:100],
        )
        yield "artifact_resolution", self._artifact_resolution()
        signing, encryption = read_keys(self.role, self._warn)
        yield "signing_certificates", signing
        yield "encryption_keys", encryption
        yield "digest_methods", [str(m.get("Algorithm")) for m in self._algorithms("DigestMethod")]
        yield "signing_methods", [_signing_method(m) for m in self._algorithms("SigningMethod")]
        yield (
            "name_id_formats",
            [text for node in self.role.findall(md("NameIDFormat")) if (text := uri(node.text))][:50],
        )
        yield "attribute_services", list(self._attribute_services())
        yield "authn_requests_signed", flag(self.role.get("AuthnRequestsSigned"))
        yield "want_assertions_signed", flag(self.role.get("WantAssertionsSigned"))
        yield "entity_attributes", self._entity_attributes()
        yield from self._ui()
        yield "contacts", [_contact(node) for node in self.entity.findall(md("ContactPerson"))][:50]

    # -- endpoints ---------------------------------------------------------------------------------------------------

    def _acs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        taken: set[int] = set()
        for node in self.role.findall(md("AssertionConsumerService")):
            made = self._endpoint(node, ACS_BINDINGS)
            if made is not None and len(found) < MAX_ENDPOINTS:
                made["index"] = self._index(node, taken)
                found.append({**made, **_default(node)})
        if not any(a["binding"] in (names.HTTP_POST, names.HTTP_ARTIFACT) for a in found):
            raise BadMetadata("no AssertionConsumerService takes a Response by HTTP-POST" + self._why_no_acs())
        return found

    def _why_no_acs(self) -> str:
        listed = {str(node.get("Binding")).strip() for node in self.role.findall(md("AssertionConsumerService"))}
        found = list(self.warnings)
        if names.HTTP_REDIRECT in listed:
            found.append("it has HTTP-Redirect, by which none may travel (SAML Profiles §4.1.2)")
        others = sorted(plain(one, 80) for one in listed - {*ACS_BINDINGS, names.HTTP_REDIRECT})
        found += [f"it has {', '.join(others[:5])}"] if others else []
        if not listed:
            found.append("it has none at all")
        hint = "; let the application offer one by HTTP-POST, and give its new metadata"
        return f" ({'; '.join(found)}){hint}" if found else hint

    def _artifact_resolution(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        taken: set[int] = set()
        for node in self.role.findall(md("ArtifactResolutionService")):
            made = self._endpoint(node, frozenset((names.SOAP_BINDING,)))
            if made is not None and len(found) < 100:
                found.append({"index": self._index(node, taken), "location": made["location"], **_default(node)})
        return found

    def _endpoint(self, node: Element, bindings: frozenset[str]) -> dict[str, Any] | None:
        binding = str(node.get("Binding")).strip()
        # Others (SAML 1.1, SimpleSign) are somebody else's, not a mistake.
        if binding not in bindings:
            return None
        location = self._location(node, "Location")
        return None if location is None else {"binding": binding, "location": location}

    def _location(self, node: Element, attribute: str) -> str | None:
        given = node.get(attribute)
        if given is None:
            return None
        try:
            return check_location(given.strip(), self.allow_loopback)
        except ValueError as error:
            self._warn(f"{_local(node)} {ascii(given[:200])[1:-1]} is left out: {error}")
            return None

    def _index(self, node: Element, taken: set[int]) -> int:
        given = str(node.get("index")).strip()
        index = int(given) if re.fullmatch(r"[0-9]{1,5}", given) else -1
        if not 0 <= index <= MAX_INDEX or index in taken:
            index = next(free for free in range(MAX_INDEX + 1) if free not in taken)
            self._warn(f"{_local(node)} has no index of its own; it is taken as {index}")
        taken.add(index)
        return index

    # -- algorithms, what it asks for, what people see of it ---------------------------------------------------------

    def _algorithms(self, name: str) -> list[Element]:
        """Algorithm support §2: what the role says goes before what the entity says."""
        for node in (self.role, self.entity):
            found = node.findall(f"{md('Extensions')}/{{{names.ALG}}}{name}")
            if found:
                return [m for m in found if uri(m.get("Algorithm"))][:50]
        return []

    def _attribute_services(self) -> Iterator[dict[str, Any]]:
        taken: set[int] = set()
        for node in self.role.findall(md("AttributeConsumingService"))[:_MAX_SERVICES]:
            requested = [r for r in map(_requested, node.findall(md("RequestedAttribute"))) if r["name"]]
            yield {
                "index": self._index(node, taken),
                **_default(node),
                "names": _texts(node.findall(md("ServiceName"))),
                "requested": requested[:500],
            }

    def _entity_attributes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        path = f"{md('Extensions')}/{{{names.MDATTR}}}EntityAttributes/{{{names.SAML}}}Attribute"
        for node in self.entity.findall(path)[:100]:
            if name := plain(node.get("Name")):
                found.setdefault(name, []).extend(_values(node))
        return {name: values[:200] for name, values in found.items()}

    def _ui(self) -> Iterator[tuple[str, Any]]:
        info = self.role.find(f"{md('Extensions')}/{{{names.MDUI}}}UIInfo")
        for key, name in _UI.items():
            nodes = [] if info is None else info.findall(f"{{{names.MDUI}}}{name}")
            yield key, _texts(nodes, self._address if key.endswith("_urls") else plain)
        yield "logo_uri", None if info is None else self._logo(info)
        yield "organization", _texts(self.entity.findall(f"{md('Organization')}/{md('OrganizationDisplayName')}"))

    def _logo(self, info: Element) -> str | None:
        """Of the logos by https the biggest that is not a banner. Pages of ours show nothing of a `data:` URI."""
        sizes = [
            (int(str(node.get("height"))), address)
            for node in info.findall(f"{{{names.MDUI}}}Logo")
            if re.fullmatch(r"[0-9]{1,4}", str(node.get("height"))) and (address := self._address(node.text))
        ]
        fitting = [(height, address) for height, address in sizes if height <= 256]
        return max(fitting, default=(0, None))[1] or min(sizes, default=(0, None))[1]

    def _address(self, given: str | None) -> str:
        try:
            return str(ADDRESS.check((given or "").strip(), self.allow_loopback))
        except ValueError:
            return ""

    def _warn(self, text: str) -> None:
        if text not in self.warnings and len(self.warnings) < 20:
            self.warnings.append(text)


_UI: Final = {
    "display_names": "DisplayName",
    "descriptions": "Description",
    "privacy_statement_urls": "PrivacyStatementURL",
    "information_urls": "InformationURL",
}


def _default(node: Element) -> dict[str, bool]:
    given = node.get("isDefault")
    return {} if given is None else {"is_default": flag(given)}


def _signing_method(node: Element) -> dict[str, Any]:
    sizes = {"min_key_size": node.get("MinKeySize"), "max_key_size": node.get("MaxKeySize")}
    bits = {key: int(size) for key, size in sizes.items() if re.fullmatch(r"[1-9][0-9]{0,5}", str(size)) and size}
    return {"algorithm": uri(node.get("Algorithm")), **bits}


def _requested(node: Element) -> dict[str, Any]:
    found = {
        "name": plain(node.get("Name")),
        "name_format": uri(node.get("NameFormat")),
        "friendly_name": plain(node.get("FriendlyName")),
        "required": flag(node.get("isRequired")) or None,
        "values": _values(node)[:100],
    }
    return {key: value for key, value in found.items() if value or key == "name"}


def _values(node: Element) -> list[str]:
    return [text for value in node.findall(f"{{{names.SAML}}}AttributeValue") if (text := plain(value.text))]


def _contact(node: Element) -> dict[str, Any]:
    parts = [plain(node.findtext(md(part))) for part in ("GivenName", "SurName")]
    emails = [plain(e.text).removeprefix("mailto:") for e in node.findall(md("EmailAddress"))]
    return {
        "kind": plain(node.get("contactType")) or "other",
        "name": " ".join(filter(None, parts)),
        "emails": [email for email in emails if email][:20],
    }


def _texts(nodes: Iterable[Element], tidy: Callable[[str | None], str] | None = None) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        language = str(node.get(f"{{{names.XML}}}lang") or "")
        text = (tidy or plain)(node.text)
        if text and re.fullmatch(r"[A-Za-z0-9-]{0,40}", language) and len(found) < 100:
            found.setdefault(language, text)
    return found


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def md(name: str) -> str:
    """A tag of SAML metadata."""
    return f"{{{names.MD}}}{name}"
