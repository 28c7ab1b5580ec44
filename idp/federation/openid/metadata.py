"""What a provider says of itself (OpenID Connect Discovery 1.0 §4), and its keys: kept a while, read anew."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from idp.errors import Refused
from idp.federation import calling, failures
from idp.federation.provider import Provider
from idp.http import OutboundRefused, parse
from idp.services import Services
from idp.wire import with_parameters
from keys.algorithms import ALGORITHMS, PublicKey
from keys.verifying import read_jwks

FRESH: Final = 3600.0  # seconds that a document is used
STALE: Final = 86400.0  # seconds that it is used while there is no newer one to be had
KEYS_FRESH: Final = 3600.0
KEYS_RETRY: Final = 30.0  # seconds between two looks for a key that is not there: a stranger cannot make us ask more
TENANT: Final = "{tenantid}"
_GUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ENTRA_PATH: Final = re.compile(rf"/(?:{re.escape(TENANT)}|{_GUID})/v2\.0")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The document, as far as it is used. `issuer`: as ID tokens have it, with a place for the tenant at Entra."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    says_iss: bool = False
    algorithms: tuple[str, ...] = ("RS256",)
    auth_methods: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a provider. `issuers`: at Entra, whose tokens each key may sign (by its kid)."""

    keys: tuple[PublicKey, ...]
    issuers: Mapping[str, str] = field(default_factory=dict)


class Kept:
    """What was read, by provider and edition of its issuer; one reader at a time for each."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # held for no request: a slow provider holds up nobody else's people
        self.reading: dict[str, threading.Lock] = {}
        self.documents: dict[str, tuple[float, Metadata]] = {}
        self.keys: dict[str, tuple[float, Keys]] = {}
        self.failed: dict[str, float] = {}  # when a document was last asked for in vain
        self.failures: dict[str, tuple[int, Refused]] = {}  # how often keys were, and what came of it


def read(services: Services, provider: Provider, *, renewed: bool = False) -> Metadata:
    """The document. Errors: `Refused` where it cannot be had, or is somebody else's."""
    kept, now, key = services.part(Kept), services.clock(), _key(provider)
    at, found = kept.documents.get(key, (0.0, None))
    is_tried = now - kept.failed.get(key, 0.0) < KEYS_RETRY
    if found is not None and not renewed and now - at < (STALE if is_tried else FRESH):
        return found
    try:
        fresh = _fetch(services, provider)
    except Refused:
        if found is None or renewed or now - at >= STALE:
            raise
        with kept.lock:  # the next ones use it as well, and do not wait for the same in turn
            kept.failed[key] = now
        return found
    with kept.lock:
        _bound(kept.documents)[key] = (now, fresh)
    return fresh


def read_keys(services: Services, provider: Provider, metadata: Metadata, *, renewed: bool = False) -> Keys:
    """Its keys; `renewed`: a token names one that is not among them. Errors: `Refused`."""
    kept, now, key = services.part(Kept), services.clock(), _key(provider) + " " + metadata.jwks_uri
    at, found = kept.keys.get(key, (0.0, None))
    if found is not None and now - at < (KEYS_RETRY if renewed else KEYS_FRESH):
        return found
    with kept.lock:
        alone = _bound(kept.reading).setdefault(key, threading.Lock())
    failures_before = kept.failures.get(key, (0, None))[0]
    with alone:
        again, newer = kept.keys.get(key, (0.0, None))
        if newer is not None and again > at:  # somebody else has just read them
            return newer
        many, error = kept.failures.get(key, (0, None))
        if error is not None and many > failures_before:  # or has just waited for them in vain
            raise error
        try:
            fresh = _fetch_keys(services, provider, metadata.jwks_uri)
        except Refused as error:
            _bound(kept.failures)[key] = (many + 1, error)
            raise
        with kept.lock:
            _bound(kept.keys)[key] = (now, fresh)
    return fresh


def at_hand(services: Services, provider: Provider) -> tuple[Metadata, Keys] | None:
    """What was read of both, without asking anybody; None where nothing was, or long ago."""
    kept, now = services.part(Kept), services.clock()
    at, metadata = kept.documents.get(_key(provider), (0.0, None))
    if metadata is None or now - at >= STALE:
        return None
    at, keys = kept.keys.get(_key(provider) + " " + metadata.jwks_uri, (0.0, None))
    return None if keys is None or now - at >= STALE else (metadata, keys)


def _key(provider: Provider) -> str:
    return f"{provider.id} {provider.issuer} {provider.client_id}"


def _bound(kept: dict[str, Any]) -> dict[str, Any]:
    while len(kept) >= 500:
        kept.pop(next(iter(kept)))
    return kept


def document_url(provider: Provider) -> str:
    """Where the document is (Discovery §4.1). Entra shows an application's own keys only to whoever names it."""
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    return with_parameters(url, [("appid", provider.client_id)]) if provider.template == "entra" else url


def _fetch(services: Services, provider: Provider) -> Metadata:
    fetched = calling.get(services, provider, document_url(provider))
    if fetched.status != 200:
        fix = "Compare the issuer of the provider here: its discovery document is read below it."
        raise failures.answer(provider, f"discovery: status {fetched.status}", field="issuer", fix=fix)
    said = calling.read_object(provider, fetched, "discovery")
    named = said.get("issuer")
    # Discovery §4.3: the document is the issuer's own, or anybody's.
    if not isinstance(named, str) or not _is_its_own(provider, named):
        raise failures.issuer(provider, provider.issuer, str(named), "issuer")
    metadata = _read(provider, said, named)
    for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
        check_address(provider, address)
    return metadata


def _is_its_own(provider: Provider, named: str) -> bool:
    if named == provider.issuer:
        return True
    # Entra: a tenant may be typed by its domain, or stand for all; the document has the id, or a place for it.
    ours, theirs = urlsplit(provider.issuer), urlsplit(named)
    is_there = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
    return provider.template == "entra" and is_there and _ENTRA_PATH.fullmatch(theirs.path) is not None


def _read(provider: Provider, said: Mapping[str, Any], issuer: str) -> Metadata:
    def text(name: str) -> str:
        value = said.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = said.get(name)
        return tuple(map(str, value)) if isinstance(value, list) and value else default

    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not text(name):
            raise failures.answer(provider, f"discovery: {name} is missing", field=name)
    supported = texts("id_token_signing_alg_values_supported", ("RS256",))
    return Metadata(
        issuer, text("authorization_endpoint"), text("token_endpoint"), text("jwks_uri"), text("userinfo_endpoint"),
        text("end_session_endpoint"), said.get("authorization_response_iss_parameter_supported") is True,
        tuple(alg for alg in supported if alg in ALGORITHMS),
        texts("token_endpoint_auth_methods_supported", ("client_secret_basic",)),
    )  # fmt: skip


def check_address(provider: Provider, address: str) -> None:
    """An endpoint is asked under TLS, but where the issuer itself is let through without (`outbound.allow`)."""
    try:
        scheme = parse(address).scheme
    except OutboundRefused as error:
        raise failures.answer(provider, f"discovery names {address[:200]}: {error.reason}") from None
    if scheme != "https" and not provider.issuer.startswith("http://"):
        raise failures.answer(provider, f"discovery names {address[:200]}, which is not https")


def _fetch_keys(services: Services, provider: Provider, address: str) -> Keys:
    fetched = calling.get(services, provider, address)
    said = calling.read_object(provider, fetched, "jwks_uri")
    try:
        if fetched.status != 200:
            raise ValueError(f"status {fetched.status}")
        keys = read_jwks(said)
    except ValueError as error:
        raise failures.answer(provider, f"jwks_uri: {error}", field="jwks_uri") from None
    issuers = {
        str(one.get("kid")): one["issuer"] for one in said["keys"] if isinstance(one.get("issuer"), str)
    }  # fmt: skip
    return Keys(keys, issuers)
