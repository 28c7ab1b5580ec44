"""What can be set for a SAML service provider, and what must hold between the values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from clients import values
from clients.entities import SP_METADATA
from clients.errors import InvalidMetadata, Problem
from clients.metadata import check_values
from clients.service_provider import build
from clients.values import ADDRESS, BOOLEAN, EMAIL, Kind, list_of, one_of, seconds, text

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


SAML_FIELDS: Mapping[str, Kind] = {
    "client_name": text(),
    # what the metadata says, and which source keeps it up to date
    "sp_metadata": SP_METADATA,
    "metadata_source": text(60),
    # what the admin decides; a refresh of the metadata leaves it alone
    "sign": one_of("assertion", "response", "both"),
    "encrypt": one_of("auto", "never", "required"),
    "name_id_format": Kind(_name_id_format, str.strip),
    "attributes": Kind(_attributes, _parse_attributes),
    "require_signed_requests": BOOLEAN,
    "signature_algorithm": _named(SIGNATURE_ALGORITHMS),
    "digest_algorithm": _named(DIGEST_ALGORITHMS),
    "allow_sha1": BOOLEAN,
    "allow_cbc": BOOLEAN,
    "default_relay_state": Kind(_relay_state),
    "allow_idp_initiated": BOOLEAN,
    "skew_seconds": seconds(0, 600),
    "session_lifetime": seconds(60, 31_536_000),
    "consent": one_of("implicit", "explicit"),
    "scoping": one_of("honour", "ignore"),
    # what people see of it
    "contacts": list_of(EMAIL),
    "logo_uri": ADDRESS,
    "client_uri": ADDRESS,
    "policy_uri": ADDRESS,
    "tos_uri": ADDRESS,
    "launch_url": ADDRESS,
    "description": text(),
}
#: What `--set` takes: the rest is read from metadata.
SETTINGS: Mapping[str, Kind] = {
    key: kind for key, kind in SAML_FIELDS.items() if key not in ("client_name", "sp_metadata", "metadata_source")
}


def validate(said: Mapping[str, Any], *, allow_loopback: bool = False) -> dict[str, Any]:
    """What was said, tidied, when all of it may be registered. Errors: `InvalidMetadata` with every problem found."""
    valid, problems = check_values(dict(said), SAML_FIELDS, allow_loopback=allow_loopback)
    wrong = {problem.field for problem in problems}
    if "client_name" not in valid and "client_name" not in wrong:
        problems.append(Problem("client_name", "expected a text of 1 to 200 characters"))
    if "sp_metadata" not in valid and "sp_metadata" not in wrong:
        problems.append(Problem("sp_metadata", "is needed: the service provider's metadata, or its entityID and ACS"))
    if "sp_metadata" in valid:
        problems += [p for p in _rules(valid, wrong) if p.field not in wrong]
    if problems:
        raise InvalidMetadata(*problems)
    return valid


def check_settings(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The admin's settings alone, without metadata: what is valid, and what is wrong."""
    return check_values(dict(settings), SETTINGS, allow_loopback=False)


def _rules(said: Mapping[str, Any], wrong: Set[str]) -> Iterator[Problem]:
    provider = build(said)
    sha1 = [key for key in ("signature_algorithm", "digest_algorithm") if said.get(key, "").endswith("sha1")]
    for key in () if provider.allow_sha1 or "allow_sha1" in wrong else sha1:
        yield Problem(key, "SHA-1 can be forged; set allow_sha1=true as well if the application takes nothing else")
    if provider.encrypt == "required" and not provider.encryption_keys:
        yield Problem("encrypt", "required needs an encryption key, and the metadata has none")
    unsigned = "require_signed_requests" in wrong  # as far as is known
    if provider.requires_signed_requests and not provider.signing_certificates and not unsigned:
        key = "sp_metadata" if provider.require_signed_requests is None else "require_signed_requests"
        hint = "; set require_signed_requests=false to take unsigned ones" if key == "sp_metadata" else ""
        yield Problem(key, f"requests are to be signed, and the metadata has no key to check them with{hint}")


def find_warnings(said: Mapping[str, Any]) -> list[str]:
    """What is allowed and still worth a second look, a sentence each."""
    provider = build(said)
    found = []
    if provider.allow_sha1:
        found.append("allow_sha1 is on: signatures with SHA-1 can be forged; switch it off when the application can")
    if provider.allow_cbc:
        found.append("allow_cbc is on: what is encrypted with CBC can be changed on the way; prefer GCM")
    if provider.encrypt == "auto" and not provider.encryption_keys:
        found.append("assertions are signed and not encrypted: the metadata has no encryption key")
    if not provider.slo:
        found.append("it has no logout endpoint: signing out elsewhere does not sign people out of it")
    elif not provider.signing_certificates:
        found.append("it has no signing key: logout requests from it cannot be trusted and are refused")
    found += [
        f"{a.location} is for development only: it leads to the person's own machine"
        for a in provider.acs
        if a.location.startswith("http:")
    ]
    return found
