"""Sorts of metadata values: each checks a JSON value, and reads one from a command line."""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from clients import uris

MAX_ITEMS = 100  # values in one list
MAX_KEYS = 20  # keys in one JWK set
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
# RFC 6749 §3.3: what a scope may be made of.
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# Claims that say who speaks to whom about what, when: only this provider sets them.
PROTOCOL_CLAIMS = frozenset((
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr",
    "azp", "at_hash", "c_hash", "s_hash", "sid", "events", "cnf", "act", "may_act",
    "client_id", "scope", "typ", "token_use", "active", "authorization_details",
))  # fmt: skip
#: And what a reader takes for the provider's word about a person: who it is, and what of it was checked.
_RESERVED = PROTOCOL_CLAIMS | {
    "email_verified", "phone_number_verified", "verified_claims", "updated_at", "sub_id", "sub_jwk", "ds_hash", "txn",
    "toe", "_claim_names", "_claim_sources", "subject-id", "pairwise-id",
    "urn:oasis:names:tc:saml:attribute:subject-id", "urn:oasis:names:tc:saml:attribute:pairwise-id", "nameid",
}  # fmt: skip
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519", "X25519")}


@dataclass(frozen=True, slots=True)
class Kind:
    """`check(value, allow_loopback)` answers the value, tidied, or raises ValueError; `parse` reads it from text.

    `default`: what holds where a client says nothing; None: nothing does. `shape`: how a form asks for it; `words`:
    what there is to choose from, where it is one of few.
    """

    check: Callable[[Any, bool], Any]
    parse: Callable[[str], Any] = str
    default: Any = None
    shape: Literal["line", "lines", "flag", "choice", "object", "rows"] = "line"
    words: Callable[[], tuple[str, ...]] | None = None

    def or_else(self, default: Any) -> Kind:
        """The same sort with this default."""
        return replace(self, default=default)


def _text(limit: int) -> Callable[[Any, bool], str]:
    def check(value: Any, _: bool) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            raise ValueError(f"expected a text of 1 to {limit} characters")
        value = value.strip()
        # A name that turns the reading direction, or ends a line, could pass for another one on the consent page.
        if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _BIDI for c in value):
            raise ValueError("has a control character; write plain text")
        return str(value)

    return check


def text(limit: int = 200) -> Kind:
    """A line of text for people, at most `limit` characters."""
    return Kind(_text(limit), _parse_text)


def _parse_text(given: str) -> str:
    """The text; without the quotes where it is a JSON text, as beside lists and objects one writes it."""
    if given[:1] == '"':
        try:
            value = json.loads(given)
        except ValueError:
            return given
        return value if isinstance(value, str) else given
    return given


def _boolean(value: Any, _: bool) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _parse_boolean(given: str) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if given.strip().lower() not in known:
        raise ValueError("expected true or false")
    return known[given.strip().lower()]


BOOLEAN = Kind(_boolean, _parse_boolean, shape="flag")


def _parse_seconds(given: str) -> int:
    found = _DURATION.fullmatch(given.strip().lower())
    if not found:
        raise ValueError("expected a number of seconds such as 600, or 10m, 1h, 14d")
    return int(found[1]) * _UNITS[found[2]]


def seconds(low: int, high: int) -> Kind:
    """A number of seconds from `low` to `high`."""

    def check(value: Any, _: bool) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"expected a number of seconds from {low} to {high}")
        return value

    return Kind(check, _parse_seconds)


def one_of(*allowed: str) -> Kind:
    """One of these words."""
    return one_among(lambda: allowed)


def one_among(words: Callable[[], tuple[str, ...]]) -> Kind:
    """One of the words that there are when it is asked."""

    def check(value: Any, _: bool) -> str:
        allowed = words()
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"expected {'one of ' if len(allowed) > 1 else ''}{', '.join(allowed)}")
        return value

    return Kind(check, str.strip, shape="choice", words=words)


def _parse_json(given: str, shape: str) -> Any:
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise ValueError(f"expected {shape} in JSON") from None


def list_of(kind: Kind, *, spaces: bool = True) -> Kind:
    """Several values, each once. On a command line: separated by commas or spaces, or a JSON array.

    `spaces` False: only commas part them, as the values have spaces themselves (`code id_token`).
    """

    def check(value: Any, allow_loopback: bool) -> list[Any]:
        if not isinstance(value, (list, tuple)) or len(value) > MAX_ITEMS:
            raise ValueError(f"expected a list of at most {MAX_ITEMS} values")
        return list(dict.fromkeys(_item(kind, item, allow_loopback) for item in value))

    def parse(given: str) -> list[Any]:
        if given.lstrip().startswith("["):
            return list(_parse_json(given, "a list"))
        return [kind.parse(part.strip()) for part in re.split(r"[,\s]+" if spaces else ",", given) if part.strip()]

    return Kind(check, parse, shape="lines")


def _item(kind: Kind, item: Any, allow_loopback: bool) -> Any:
    try:
        return kind.check(item, allow_loopback)
    except ValueError as error:
        raise ValueError(f"{ascii(item)[:80]}: {error}") from None


def _is_text(value: Any, _: bool) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a URI such as https://app.example/callback")
    return value


#: A redirect URI: what it may be is the profile's to say.
REDIRECT = Kind(_is_text, str.strip)


def _address(value: Any, allow_loopback: bool) -> str:
    parts = uris.read(_is_text(value, allow_loopback))
    if parts.scheme == "https" or (parts.scheme == "http" and allow_loopback and parts.host in uris.LOOPBACK):
        return str(value)
    raise ValueError("expected an https address")


#: An address that is opened or fetched: https, or plain http on this machine while developing.
ADDRESS = Kind(_address, str.strip)

#: base64url of 256 bits.
_HASH = re.compile(r"[A-Za-z0-9_-]{43}")


def _reference(value: Any, allow_loopback: bool) -> str:
    address, mark, fragment = _is_text(value, allow_loopback).partition("#")
    if mark and not _HASH.fullmatch(fragment):
        raise ValueError("has a fragment that is no hash; expected the base64url SHA-256 of what stands there, or none")
    return _address(address, allow_loopback) + mark + fragment


#: An address with the hash of what stands there as its fragment, or without (Registration 1.0 §2, request_uris).
REFERENCE = Kind(_reference, str.strip)


def _resource(value: Any, _: bool) -> str:
    # RFC 8707 §2: an absolute URI without a fragment.
    uris.read(_is_text(value, _))
    return str(value)


RESOURCE = Kind(_resource, str.strip)


#: The name of a type of authorization details (RFC 9396 §2.1): a word or a URI, without blanks and commas.
_DETAILS_TYPE = re.compile(r"[A-Za-z0-9._~:/?#@!$&*+;=%-]{1,150}")


def _details_type(value: Any, _: bool) -> str:
    if not isinstance(value, str) or not _DETAILS_TYPE.fullmatch(value):
        raise ValueError("expected a type of authorization details, such as payment_initiation")
    return value


DETAILS_TYPE = Kind(_details_type, str.strip)


def _origin(value: Any, allow_loopback: bool) -> str:
    parts = uris.read(_address(value, allow_loopback).rstrip("/"))
    if parts.path or parts.query is not None:
        raise ValueError("expected an origin, without a path: https://app.example")
    return parts.origin


ORIGIN = Kind(_origin, str.strip)


def _scope(value: Any, _: bool) -> str:
    if not isinstance(value, str) or len(value) > 2000:
        raise ValueError("expected scopes separated by spaces, such as openid profile email")
    tokens = list(dict.fromkeys(value.split()))
    for token in tokens:
        if not _SCOPE_TOKEN.fullmatch(token):
            raise ValueError(f"{token[:40]!r} is not a scope: printable ASCII without quotes and backslash")
    return " ".join(tokens)


SCOPE = Kind(_scope, lambda given: " ".join(given.replace(",", " ").split()))


def _email(value: Any, _: bool) -> str:
    checked = _text(320)(value, _)
    if "@" not in checked.strip("@") or " " in checked:
        raise ValueError(f"{checked!r} is not an e-mail address")
    return checked


EMAIL = Kind(_email, str.strip)


def is_reserved(claim: str) -> bool:
    """Whether only the provider sets a claim or attribute of this name; many readers of JSON see no case."""
    plain = claim.partition("#")[0].lower()
    return plain in _RESERVED or plain.startswith("urn:openid:params:jwt:claim:")


def _claims_map(value: Any, _: bool) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise ValueError('expected claims and the person\'s attributes: {"employee_id": "employee_number"}')
    for claim, attribute in value.items():
        if isinstance(claim, str) and is_reserved(claim):
            raise ValueError(f"the claim {claim} is set by the provider itself")
        for name in (claim, attribute):
            if not isinstance(name, str) or not re.fullmatch(r"[!-~]{1,200}", name):
                raise ValueError(f"{str(name)[:40]!r} is not a name: printable ASCII without spaces")
    return dict(value)


CLAIMS_MAP = Kind(_claims_map, lambda given: _parse_json(given, "an object"), shape="object")


def _jwks(value: Any, _: bool) -> dict[str, Any]:
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise ValueError(f'expected a JWK set of 1 to {MAX_KEYS} keys: {{"keys": [...]}}')
    for place, key in enumerate(keys, 1):
        if problem := _jwk_problem(key):
            raise ValueError(f"key {place} {problem}")
    ids = [key["kid"] for key in keys if "kid" in key]
    if len(set(ids)) < len(ids):
        raise ValueError("two keys have the same kid")
    return {"keys": keys}


def _jwk_problem(key: Any) -> str | None:
    kind = key.get("kty") if isinstance(key, dict) else None
    if not isinstance(kind, str) or kind not in _PUBLIC:
        return "has the wrong kty; expected RSA, EC or OKP"
    if not isinstance(key.get("kid", ""), str):
        return "has a kid that is not a text"
    if "x5c" in key and not _is_chain(key["x5c"]):
        return "has an x5c that is no list of certificates in base64: without PEM's lines (RFC 7517 §4.7)"
    if _PRIVATE.intersection(key):
        return "has private parts; send the public key only, and replace this one: it has been shown"
    sizes = {name: _size(key.get(name)) for name in _PUBLIC[kind] if name != "crv"}
    if missing := [name for name, bits in sizes.items() if not bits]:
        return f"has no valid {', '.join(missing)} (base64url)"
    if kind in _CURVES and key.get("crv") not in _CURVES[kind]:
        return f"has the wrong crv; expected {', '.join(_CURVES[kind])}"
    if kind == "RSA" and not 2048 <= sizes["n"] <= 8192:
        return f"is an RSA key of {sizes['n']} bits; expected 2048 to 8192"
    return None


def _is_chain(value: Any) -> bool:
    try:
        return isinstance(value, list) and 0 < len(value) <= MAX_KEYS and all(
            base64.b64decode(one, validate=True)[:1] == b"\x30" for one in value
        )  # fmt: skip
    except (TypeError, ValueError):
        return False


def _size(value: Any) -> int:
    """Bits of a base64url number; 0 where it is none."""
    if not isinstance(value, str) or len(value) > 2000 or not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)), "big").bit_length()
    except (binascii.Error, ValueError):
        return 0


def _issuers(value: Any, allow_loopback: bool) -> dict[str, Any]:
    shape = 'expected {"https://issuer.example": {"jwks_uri": "https://issuer.example/jwks", "subject": "username"}}'
    if not isinstance(value, dict) or len(value) > MAX_KEYS:
        raise ValueError(shape)
    return {_issuer(name): _trusted(name, about, shape, allow_loopback) for name, about in value.items()}


def _issuer(name: Any) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[!-~]{1,500}", name):
        raise ValueError(f"{str(name)[:60]!r} is no issuer: printable ASCII without spaces")
    return name


def _trusted(name: str, about: Any, shape: str, allow_loopback: bool) -> dict[str, Any]:
    if not isinstance(about, dict) or set(about) not in ({"jwks", "subject"}, {"jwks_uri", "subject"}):
        raise ValueError(f"{name}: {shape}; with jwks in the place of jwks_uri, if you have the keys")
    if about["subject"] not in SUBJECTS:
        raise ValueError(f"{name}: subject is one of {', '.join(SUBJECTS)}: what its sub is here")
    if "jwks" in about:
        return {"jwks": _jwks(about["jwks"], allow_loopback), "subject": about["subject"]}
    return {"jwks_uri": _address(about["jwks_uri"], allow_loopback), "subject": about["subject"]}


def _audiences(value: Any, _: bool) -> dict[str, Any]:
    shape = 'expected {"https://as.example": {"client_id": "its id there", "scope": "files.read"}}'
    if not isinstance(value, dict) or len(value) > MAX_KEYS:
        raise ValueError(shape)
    for name, about in value.items():
        _issuer(name)
        if not isinstance(about, dict) or not {"client_id"} <= set(about) <= {"client_id", "scope", "resources"}:
            raise ValueError(f"{name}: {shape}, and resources if you like")
        if not isinstance(about["client_id"], str) or not re.fullmatch(r"[ -~]{1,500}", about["client_id"]):
            raise ValueError(f"{name}: client_id is what the application is called there")
        _scope(about.get("scope", ""), _)
        if not isinstance(about.get("resources", []), list):
            raise ValueError(f"{name}: resources is a list of URIs")
        for uri in about.get("resources", []):
            _resource(uri, _)
    return value


#: Other authorization servers that an application may bring an ID-JAG of ours to, and the most that it may say.
AUDIENCES = Kind(_audiences, lambda given: _parse_json(given, "an object"), shape="object").or_else({})
#: What the `sub` of another issuer is here.
SUBJECTS = ("id", "username", "email")
#: Issuers whose assertions an application may bring, with their keys and what their `sub` is (RFC 7523 §3).
ISSUERS = Kind(_issuers, lambda given: _parse_json(given, "an object"), shape="object").or_else({})
JWKS = Kind(_jwks, lambda given: _parse_json(given, "an object"), shape="object")
