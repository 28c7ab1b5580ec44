"""The metadata of a service provider that another product kept as a few settings (SAML V2.0 Metadata §2.4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

_MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is known of it. `acs`: by POST, the first is the default; certificates: base64 of DER."""

    entity_id: str
    acs: tuple[str, ...]
    slo_post: str = ""
    slo_redirect: str = ""
    signing: str = ""
    encryption: str = ""
    signs_requests: bool = False


def document(about: Described) -> bytes:
    """An EntityDescriptor."""
    root = etree.Element(f"{{{_MD}}}EntityDescriptor", {"entityID": about.entity_id}, nsmap={"md": _MD, "ds": _DS})
    signed = {"AuthnRequestsSigned": "true"} if about.signs_requests and about.signing else {}
    role = etree.SubElement(root, f"{{{_MD}}}SPSSODescriptor", {"protocolSupportEnumeration": _PROTOCOL, **signed})
    for use, certificate in (("signing", about.signing), ("encryption", about.encryption)):
        if certificate:
            _add_key(role, use, certificate)
    for binding, location in ((_POST, about.slo_post), (_REDIRECT, about.slo_redirect)):
        if location:
            _add(role, "SingleLogoutService", binding, location)
    for index, location in enumerate(about.acs):
        more = {"index": str(index), **({"isDefault": "true"} if index == 0 else {})}
        _add(role, "AssertionConsumerService", _POST, location, more)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(role: etree._Element, name: str, binding: str, location: str, more: dict[str, str] | None = None) -> None:
    etree.SubElement(role, f"{{{_MD}}}{name}", {"Binding": binding, "Location": location, **(more or {})})


def _add_key(role: etree._Element, use: str, certificate: str) -> None:
    key = etree.SubElement(role, f"{{{_MD}}}KeyDescriptor", {"use": use})
    data = etree.SubElement(etree.SubElement(key, f"{{{_DS}}}KeyInfo"), f"{{{_DS}}}X509Data")
    etree.SubElement(data, f"{{{_DS}}}X509Certificate").text = "".join(certificate.split())
