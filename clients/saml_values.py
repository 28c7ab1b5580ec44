"""Sorts of values that can be set for a SAML service provider: algorithms, NameID formats, which attributes it gets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from clients import values
from clients.values import Kind, list_of, text

#: Sets of attributes that go by a name; the tables behind them are the SAML room's.
PRESETS = ("default", "none", "eduperson", "microsoft", "google", "aws", "salesforce")

NAME_ID_FORMATS: Mapping[str, str] = {
    "unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "email": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "x509": "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
    "windows": "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
    "kerberos": "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
    "none": "none",  # nobody is named: the attributes say who it is
}
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF1 = "http://www.w3.org/2007/05/xmldsig-more#"
SIGNATURE_ALGORITHMS: Mapping[str, str] = {
    "rsa-sha256": f"{_MORE}rsa-sha256",
    "rsa-sha384": f"{_MORE}rsa-sha384",
    "rsa-sha512": f"{_MORE}rsa-sha512",
    "rsa-pss-sha256": f"{_MGF1}sha256-rsa-MGF1",
    "rsa-pss-sha384": f"{_MGF1}sha384-rsa-MGF1",
    "rsa-pss-sha512": f"{_MGF1}sha512-rsa-MGF1",
    "ecdsa-sha256": f"{_MORE}ecdsa-sha256",
    "ecdsa-sha384": f"{_MORE}ecdsa-sha384",
    "ecdsa-sha512": f"{_MORE}ecdsa-sha512",
    "rsa-sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
}
DIGEST_ALGORITHMS: Mapping[str, str] = {
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": f"{_MORE}sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
}


def _named(names: Mapping[str, str]) -> Kind:
    """One of these URIs, or the short name of one."""

    def check(value: Any, _: bool) -> str:
        uri = names.get(value, value) if isinstance(value, str) else None
        if uri not in names.values():
            raise ValueError(f"expected one of {', '.join(names)}, or its URI")
        return str(uri)

    return Kind(check, str.strip)


_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]{1,200}")


def _name_id_format(value: Any, _: bool) -> str:
    if not isinstance(value, str) or not (value in NAME_ID_FORMATS or _URI.fullmatch(value)):
        raise ValueError(f"expected one of {', '.join(NAME_ID_FORMATS)}, or the URI of a format")
    return NAME_ID_FORMATS.get(value, value)


_NAME_FORMATS = {
    "uri": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
    "basic": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
    "unspecified": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
}
_SHAPE = (
    f'expected one of {", ".join(PRESETS)}, a table: {{"mail": "email", "Role": {{"values": ["admin"]}}}}, or one to '
    'add to a preset: +{"team": "groups"}, eduperson+{"team": "groups"}'
)
_NAME = text(500)


def _attributes(value: Any, _: bool) -> Any:
    """A preset's name, or SAML attribute name -> the person's attribute, or an object with more about it.

    The name "*" stands for a preset that the others are added to.
    """
    if isinstance(value, str) and value in PRESETS:
        return value
    if not isinstance(value, dict) or len(value) > values.MAX_ITEMS:
        raise ValueError(_SHAPE)
    made = {str(_NAME.check(name, False)): _rule(name, rule) for name, rule in value.items() if name != "*"}
    if "*" not in value:
        return made
    if value["*"] not in PRESETS:
        raise ValueError(_SHAPE)
    return {"*": value["*"], **made}


def _rule(name: str, rule: Any) -> Any:
    if isinstance(rule, str):
        return _source(rule)
    if not isinstance(rule, dict) or not set(rule) <= {"source", "values", "name_format", "friendly_name"}:
        raise ValueError(f"{name[:60]}: expected an attribute, or source or values, name_format, friendly_name")
    if ("source" in rule) is ("values" in rule):
        raise ValueError(f"{name[:60]}: expected either source (an attribute of the person) or values (fixed ones)")
    made = dict(rule)
    if "source" in rule:
        made["source"] = _source(rule["source"])
    else:
        made["values"] = list_of(text(2000)).check(rule["values"], False)
    if "name_format" in rule:
        made["name_format"] = _NAME_FORMATS.get(str(rule["name_format"]), _NAME.check(rule["name_format"], False))
    if "friendly_name" in rule:
        made["friendly_name"] = _NAME.check(rule["friendly_name"], False)
    return made


def _source(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[!-~]{1,200}", name):
        raise ValueError(f"{str(name)[:40]!r} is not an attribute of a person: printable ASCII without spaces")
    return name


def _parse_attributes(given: str) -> Any:
    preset, brace, table = given.strip().partition("{")
    if not brace:
        return given.strip()
    try:
        found = json.loads(brace + table)
    except (ValueError, RecursionError):
        raise ValueError(_SHAPE) from None
    if not preset:
        return found
    if not preset.endswith("+"):
        raise ValueError(_SHAPE)
    return {"*": preset.rstrip("+ ") or "default", **found}


def _relay_state(value: Any, _: bool) -> str:
    if not isinstance(value, str) or not value or len(value.encode("utf-8", "surrogatepass")) > 1024:
        raise ValueError("expected a text of 1 to 1024 bytes")
    if not value.isprintable():
        raise ValueError("has a control character; write plain text")
    return value


NAME_ID_FORMAT = Kind(_name_id_format, str.strip)
ATTRIBUTES = Kind(_attributes, _parse_attributes, shape="object")
RELAY_STATE = Kind(_relay_state)
SIGNATURE_ALGORITHM = _named(SIGNATURE_ALGORITHMS)
DIGEST_ALGORITHM = _named(DIGEST_ALGORITHMS)
