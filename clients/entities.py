"""The facts of a service provider's metadata, checked: what may be stored as `sp_metadata`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote_plus

from clients import uris
from clients.redirects import DANGEROUS
from clients.service_provider import ACS_BINDINGS, SLO_BINDINGS
from clients.values import ADDRESS, Kind, text

MAX_ENTITY_ID = 1024  # characters; Core §8.3.6
MAX_ENDPOINTS = 1000  # of one sort
MAX_KEYS = 20
MAX_INDEX = 65535  # Metadata §2.2.3: xs:unsignedShort
_ALGORITHM = re.compile(r"[!-~]{1,200}")
# An ACS address that had one of these would take a message of its own making for ours (CVE-2025-27773).
_PARAMETERS = frozenset(("samlrequest", "samlresponse", "samlart", "relaystate", "sigalg", "signature", "samlencoding"))
_NAME = text(1000)


def check_entity_id(value: Any) -> str:
    """An entityID: compared character by character, never resolved. Errors: ValueError, a sentence to show."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ENTITY_ID:
        raise ValueError(f"expected an entityID of 1 to {MAX_ENTITY_ID} characters")
    if not value.isprintable() or " " in value or len(value.encode("utf-8", "surrogatepass")) > 2 * MAX_ENTITY_ID:
        raise ValueError("expected an entityID without spaces and control characters")
    return value


def check_location(value: Any, allow_loopback: bool) -> str:
    """An endpoint's address, kept byte for byte. Errors: ValueError, a sentence to show."""
    if not isinstance(value, str):
        raise ValueError("expected an address such as https://app.example/saml/acs")
    scheme, _, rest = value.partition(":")
    if scheme.lower() in DANGEROUS:
        raise ValueError(f"the scheme {scheme.lower()}: is refused, it runs or reads something in the browser")
    # Upper case in the host is in the hands of others; browsers and resolvers do not mind.
    authority = re.match(r"//[^/?#]*", rest)
    lowered = f"{scheme.lower()}:{authority[0].lower()}{rest[authority.end() :]}" if authority else value
    parts = uris.read(lowered)
    on_this_machine = parts.scheme == "http" and parts.host in uris.LOOPBACK and allow_loopback
    if parts.scheme != "https" and not on_this_machine:
        raise ValueError("expected an https address, so that nobody on the way can read what is sent")
    for pair in (parts.query or "").replace(";", "&").split("&"):
        if (name := unquote_plus(pair.partition("=")[0]).strip().lower()) in _PARAMETERS:
            raise ValueError(f"has the parameter {name} in its query, which is for the message; take it out")
    return value


def _check_certificate(value: Any) -> str:
    try:
        der = base64.b64decode(value.encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error, ValueError):
        der = b""
    if not 100 <= len(der) <= 16_000 or der[0] != 0x30:
        raise ValueError("expected certificates as DER in base64, without line breaks")
    return str(value)


def _wrong(what: str) -> NoReturn:
    raise ValueError(f"{what} is not of the expected shape")


def _list(what: str, given: Any, limit: int, item: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        _wrong(what)
    if len(given) > limit:
        raise ValueError(f"{what}: more than {limit} values")
    checked = []
    for value in given:
        try:
            checked.append(item(value))
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
        except (KeyError, TypeError, AttributeError):
            _wrong(what)
    return checked


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INDEX:
        raise ValueError(f"expected an index from 0 to {MAX_INDEX}")
    return value


def _flag(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _algorithm(value: Any) -> str:
    if not isinstance(value, str) or not _ALGORITHM.fullmatch(value):
        raise ValueError("expected the URI of an algorithm")
    return value


def _said(**values: Any) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in values.items() if value not in (None, (), [], {}, "")}


def _plain(value: Any) -> str:
    return str(_NAME.check(value, False))


def _optional(value: Any) -> str | None:
    return None if value is None else _plain(value)


def _texts(value: Any, check: Callable[[Any], str] = _plain) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > 200:
        _wrong("texts by language")
    if not all(re.fullmatch(r"[A-Za-z0-9-]{0,40}", language) for language in value):
        _wrong("a language")
    return {language: check(said) for language, said in value.items()}


class _Facts:
    """The checks of one document's facts, one method per key."""

    def __init__(self, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    def _location(self, value: Any) -> str:
        try:
            return check_location(value, self._allow_loopback)
        except ValueError as error:
            raise ValueError(f"{ascii(str(value)[:200])[1:-1]} {error}") from None

    def _address(self, value: Any) -> str:
        return str(ADDRESS.check(value, self._allow_loopback))

    def acs(self, given: Any) -> list[dict[str, Any]]:
        def one(a: Any) -> dict[str, Any]:
            if a["binding"] not in ACS_BINDINGS:
                raise ValueError(f"{str(a['binding'])[:100]} carries no Response; expected HTTP-POST or -Artifact")
            made = {"index": _index(a["index"]), "binding": a["binding"], "location": self._location(a["location"])}
            return {**made, **({"is_default": flag} if (flag := _flag(a.get("is_default"))) is not None else {})}

        found = _list("acs", given, MAX_ENDPOINTS, one)
        if not found:
            raise ValueError("acs: at least one is needed: where people come back to after signing in")
        # Metadata §2.2.3: the index is what an AuthnRequest picks one by.
        if len({a["index"] for a in found}) < len(found):
            raise ValueError("acs: two have the same index")
        return found

    def slo(self, given: Any) -> list[dict[str, Any]]:
        def one(e: Any) -> dict[str, Any]:
            if e["binding"] not in SLO_BINDINGS:
                raise ValueError(f"{str(e['binding'])[:100]} carries no logout")
            answer = e.get("response_location")
            made = {"binding": e["binding"], "location": self._location(e["location"])}
            return {**made, **({"response_location": self._location(answer)} if answer is not None else {})}

        return _list("slo", given, 100, one)

    def artifact_resolution(self, given: Any) -> list[dict[str, Any]]:
        def one(e: Any) -> dict[str, Any]:
            made = {"index": _index(e["index"]), "location": self._location(e["location"])}
            return {**made, **({"is_default": flag} if (flag := _flag(e.get("is_default"))) is not None else {})}

        return _list("artifact_resolution", given, 100, one)

    def signing_certificates(self, given: Any) -> list[str]:
        return list(dict.fromkeys(_list("signing_certificates", given, MAX_KEYS, _check_certificate)))

    def encryption_keys(self, given: Any) -> list[dict[str, Any]]:
        def method(m: Any) -> dict[str, Any]:
            return _said(**{key: m.get(key) and _algorithm(m[key]) for key in ("algorithm", "digest", "mgf")})

        def one(key: Any) -> dict[str, Any]:
            methods = _list("methods", key.get("methods", []), 50, method)
            if not all("algorithm" in m for m in methods):
                _wrong("an encryption method")
            return {"certificate": _check_certificate(key["certificate"]), **_said(methods=methods)}

        return _list("encryption_keys", given, MAX_KEYS, one)

    def digest_methods(self, given: Any) -> list[str]:
        return _list("digest_methods", given, 50, _algorithm)

    def signing_methods(self, given: Any) -> list[dict[str, Any]]:
        def one(m: Any) -> dict[str, Any]:
            sizes = {key: m.get(key) for key in ("min_key_size", "max_key_size")}
            if not all(size is None or (isinstance(size, int) and 0 < size < 1_000_000) for size in sizes.values()):
                raise ValueError("expected key sizes in bits")
            return {"algorithm": _algorithm(m["algorithm"]), **_said(**sizes)}

        return _list("signing_methods", given, 50, one)

    def name_id_formats(self, given: Any) -> list[str]:
        return list(dict.fromkeys(_list("name_id_formats", given, 50, _algorithm)))

    def attribute_services(self, given: Any) -> list[dict[str, Any]]:
        def requested(r: Any) -> dict[str, Any]:
            return {
                "name": _plain(r["name"]),
                **_said(
                    name_format=_optional(r.get("name_format")),
                    friendly_name=_optional(r.get("friendly_name")),
                    required=_flag(r.get("required")) or None,
                    values=_list("values", r.get("values", []), 100, _plain),
                ),
            }

        def one(s: Any) -> dict[str, Any]:
            default = {"is_default": flag} if (flag := _flag(s.get("is_default"))) is not None else {}
            wanted = _list("requested", s.get("requested", []), 500, requested)
            return {"index": _index(s["index"]), **default, **_said(names=_texts(s.get("names", {})), requested=wanted)}

        return _list("attribute_services", given, 50, one)

    def authn_requests_signed(self, given: Any) -> bool:
        return bool(_flag(given))

    def want_assertions_signed(self, given: Any) -> bool:
        return bool(_flag(given))

    def valid_until(self, given: Any) -> float:
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1e12:
            raise ValueError("valid_until: expected seconds since 1970")
        return float(given)

    def entity_attributes(self, given: Any) -> dict[str, list[str]]:
        if not isinstance(given, dict) or len(given) > 100:
            _wrong("entity_attributes")
        return {_plain(name): _list("entity_attributes", values, 200, _plain) for name, values in given.items()}

    def display_names(self, given: Any) -> dict[str, str]:
        return _texts(given)

    def descriptions(self, given: Any) -> dict[str, str]:
        return _texts(given)

    def privacy_statement_urls(self, given: Any) -> dict[str, str]:
        return _texts(given, self._address)

    def information_urls(self, given: Any) -> dict[str, str]:
        return _texts(given, self._address)

    def logo_uri(self, given: Any) -> str:
        return self._address(given)

    def organization(self, given: Any) -> dict[str, str]:
        return _texts(given)

    def contacts(self, given: Any) -> list[dict[str, Any]]:
        def one(c: Any) -> dict[str, Any]:
            emails = _list("emails", c.get("emails", []), 20, _plain)
            return {"kind": _plain(c["kind"]), **_said(name=c.get("name") and _plain(c["name"]), emails=emails)}

        return _list("contacts", given, 50, one)

    def entity_id(self, given: Any) -> str:
        return check_entity_id(given)


def _check(value: Any, allow_loopback: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("expected what reading a service provider's metadata gives")
    checks = _Facts(allow_loopback)
    for key in ("entity_id", "acs"):
        if key not in value:
            raise ValueError(f"{key} is missing")
    facts = {}
    for key, given in value.items():
        check = getattr(checks, key, None) if isinstance(key, str) and not key.startswith("_") else None
        if check is None:
            raise ValueError(f"{str(key)[:60]} is not known")
        facts[key] = check(given)
    return {key: fact for key, fact in facts.items() if fact not in (None, [], {}, "", False)}


SP_METADATA = Kind(_check)
