"""The metadata of a provider: out of what was given, or read at its address again and again, as long as it holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.errors import Refused
from idp.federation import calling, health
from idp.federation.provider import Provider
from idp.federation.saml import changes, refusals
from idp.federation.saml.entity import MAX_BYTES, BadMetadata, Entity, fingerprint, of_json, read
from idp.http import OutboundRefused, parse
from idp.http.urls import origin_of
from idp.ids import digest
from idp.protocols import Services
from idp.saml.messages.public_keys import PublicKey, public_key

FRESH: Final = 3600.0  # seconds that a document is used, or its cacheDuration where that is less
LEAST: Final = 300.0  # seconds, whatever it says
STALE: Final = 7 * 86400.0  # seconds that one without a validUntil is used while there is no newer one to be had
PAUSE: Final = 60.0  # seconds after a vain look, in which nobody waits for another
RETRY: Final = 30.0  # seconds between two looks for a key that is not there: a stranger cannot make us ask more


class Kept:
    """What was read, by provider and where it was read from."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entities: dict[str, tuple[float, Entity]] = {}
        self.vain: dict[str, float] = {}  # when a look failed
        self.looking: set[str] = set()

    @contextmanager
    def look(self, key: str) -> Iterator[bool]:
        """Whether nobody else in this process looks just now."""
        with self.lock:
            is_first = key not in self.looking
            self.looking.add(key)
        try:
            yield is_first
        finally:
            if is_first:
                self.looking.discard(key)

    def newest(self, services: Services, provider: Provider, key: str, now: float) -> tuple[float, Entity | None]:
        """What this process has read; once that is old, what any other has."""
        own = self.entities.get(key)
        if own is not None and now - own[0] < _fresh_for(provider, own[1], renewed=False):
            return own
        shared = _shared(services, key)
        if shared[1] is not None and (own is None or shared[0] > own[0]):
            self.put(key, shared[0], shared[1])
            return shared
        return own or shared

    def put(self, key: str, at: float, entity: Entity) -> None:
        """It was read at that moment."""
        with self.lock:
            while len(self.entities) >= 500:
                self.entities.pop(next(iter(self.entities)))
            self.entities[key] = (at, entity)

    def note(self, key: str, now: float) -> None:
        """A look failed."""
        with self.lock:
            while len(self.vain) >= 500:
                self.vain.pop(next(iter(self.vain)))
            self.vain[key] = now


def of(services: Services, provider: Provider, *, renewed: bool = False) -> Entity:
    """Who it is, and its keys; `renewed`: a signature is by none of those that are known. Errors: `Refused`."""
    return pinned(provider, published(services, provider, renewed=renewed))


def published(services: Services, provider: Provider, *, renewed: bool = False) -> Entity:
    """The same with every key that it publishes, those that wait for an admin's yes, too. Errors: `Refused`."""
    kept, now, key = services.part(Kept), services.clock(), _key(provider)
    at, found = kept.newest(services, provider, key, now)
    holds = found is not None and now - at < STALE and not _has_ended(found, now)
    if found is not None and holds and _is_recent(kept, key, at, now, _fresh_for(provider, found, renewed)):
        return found
    with kept.look(key) as is_first:
        if found is not None and holds and not is_first:  # one asks, others go on with what is known
            return found
        return _looked(services, provider, key, found if holds else None)


def read_anew(services: Services, provider: Provider) -> Entity:
    """Ask its address, whether or not it is time. Errors: `Refused`, where what is known stands."""
    now, key = services.clock(), _key(provider)
    try:
        return _keep(services, provider, key, _fetched(services, provider, now), now)
    except Refused:
        at, found = _shared(services, key)
        if found is not None and now - at < STALE and not _has_ended(found, now):
            health.answered(services, provider)  # whoever is silent there is not the one who lets people in
        raise


def known(services: Services, provider: Provider) -> tuple[float, Entity | None]:
    """When it was read last, by whichever process, and what; 0 and None where it was not."""
    return _shared(services, _key(provider))


def fresh_for(provider: Provider, found: Entity) -> float:
    """How many seconds it is used before it is read again."""
    return _fresh_for(provider, found, renewed=False)


def pinned(provider: Provider, entity: Entity) -> Entity:
    """With the keys alone that an admin has said yes to, where they pinned any. Errors: `Refused`: none is left."""
    if not provider.pinned_keys:
        return entity
    believed = tuple(one for one in entity.certificates if fingerprint(one) in provider.pinned_keys)
    if not believed:
        raise refusals.metadata(provider, "none of its signing certificates is one of pinned_keys")
    return replace(entity, certificates=believed)


def _looked(services: Services, provider: Provider, key: str, found: Entity | None) -> Entity:
    """Read anew; `found`: what holds as yet. Errors: `Refused`."""
    kept, now = services.part(Kept), services.clock()
    try:
        fresh = _given(services, provider, now) if provider.metadata else _fetched(services, provider, now)
    except Refused:
        # Metadata that holds is used on while its address does not answer (Metadata §4.3).
        if found is None:
            raise
        kept.note(key, now)
        health.answered(services, provider)  # whoever is silent there is not the one who lets people in
        return found
    return _keep(services, provider, key, fresh, now)


def _keep(services: Services, provider: Provider, key: str, fresh: Entity, now: float) -> Entity:
    services.part(Kept).put(key, now, fresh)
    if not provider.metadata:
        changes.tell(services, provider, _shared(services, key)[1], fresh)
        services.state.put(_state_key(key), {"at": now, "entity": fresh.as_json()}, STALE)
    return fresh


def fetch(services: Services, provider: Provider) -> bytes:
    """The document at its address. Errors: `Refused`."""
    fetched = calling.get(services, provider, provider.metadata_url, max_bytes=MAX_BYTES, redirects=3)
    if fetched.status != 200:
        raise refusals.metadata(provider, f"{provider.metadata_url}: status {fetched.status}")
    return fetched.body


def check_addresses(services: Services, entity: Entity) -> None:
    """People are sent there under TLS, but where the settings let its origin through without. Errors: `BadMetadata`."""
    let_through = frozenset(map(origin_of, services.settings.outbound.allow))
    for location in (*entity.sso.values(), *entity.slo.values(), *entity.slo_answers.values()):
        try:
            target = parse(location)
        except OutboundRefused as error:
            raise BadMetadata(f"{location[:200]}: {error.reason}") from None
        if target.scheme != "https" and target.origin not in let_through:
            raise BadMetadata(f"{location[:200]} is not https")


def _fetched(services: Services, provider: Provider, now: float) -> Entity:
    data = fetch(services, provider)
    try:
        found = read(data, now, provider.issuer, keys_of(provider))
        check_addresses(services, found)
    except BadMetadata as error:
        raise refusals.metadata(provider, f"{provider.metadata_url}: {error.reason}") from None
    return found


def keys_of(provider: Provider) -> tuple[PublicKey, ...]:
    """The keys by which its metadata is signed. Errors: `BadMetadata`."""
    try:
        found = x509.load_pem_x509_certificates(provider.metadata_keys.encode()) if provider.metadata_keys else ()
        return tuple(public_key(one.public_bytes(Encoding.DER)) for one in found)
    except ValueError:
        raise BadMetadata("metadata_keys are no certificates in PEM form") from None


def _given(services: Services, provider: Provider, now: float) -> Entity:
    try:
        found = read(provider.metadata.encode(), now, provider.issuer)
        check_addresses(services, found)  # what a file of configuration brings was read without the settings
        return found
    except BadMetadata as error:
        raise refusals.metadata(provider, error.reason) from None


def _fresh_for(provider: Provider, found: Entity, renewed: bool) -> float:
    if provider.metadata:
        return float("inf")
    return RETRY if renewed else max(LEAST, min(FRESH, found.cache if found.cache is not None else FRESH))


def _is_recent(kept: Kept, key: str, at: float, now: float, fresh: float) -> bool:
    return now - at < fresh or now - kept.vain.get(key, float("-inf")) < PAUSE


def _has_ended(entity: Entity, now: float) -> bool:
    return entity.until is not None and entity.until <= now


def _shared(services: Services, key: str) -> tuple[float, Entity | None]:
    """What another process has read, or this one before it was started anew."""
    kept: Any = services.state.get(_state_key(key))
    return (float(kept["at"]), of_json(kept["entity"])) if isinstance(kept, dict) else (0.0, None)


def _key(provider: Provider) -> str:
    signed = f"\n{provider.metadata_keys}" if provider.metadata_keys else ""
    return digest(f"{provider.id}\n{provider.issuer}\n{provider.metadata_url}\n{provider.metadata}{signed}")


def _state_key(key: str) -> str:
    return "upstream:metadata:" + key
