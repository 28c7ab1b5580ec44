"""Which organisations of a federation people may come from: found by entityID, searched by name, kept for a while."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.accounts.person import fold
from idp.federation import crowding
from idp.federation.provider import Provider
from idp.federation.saml.entity import BadMetadata, read
from idp.federation.saml.federations import store
from idp.federation.saml.federations.describing import Member, member, of_json
from idp.federation.saml.metadata import check_addresses, keys_of
from idp.ids import digest
from idp.protocols import Services
from idp.saml.metadata import reading
from idp.saml.metadata.sources import fetching
from idp.saml.metadata.sources.fetching import NotThere

SHOWN: Final = 30  # on one page
MAX_VALIDITY: Final = 60 * 86400.0  # seconds that a validUntil may be away
_FRESH: Final = 3600.0  # seconds that what an MDQ server said is used
_MISSED: Final = 60.0
_PER_MINUTE: Final = 120  # lookups at an MDQ server that strangers can cause
_SECONDS: Final = 4.0  # that a sign-in waits for an MDQ server
_SPARED: Final = 20.0  # seconds in which nobody waits for one that has just failed
_STANDS: Final = 86400.0  # seconds that the last good description stands where the server says nothing new


def find(services: Services, provider: Provider, entity_id: str) -> Member | None:
    """The organisation with this entityID, where people may come from there; None for any other."""
    if not entity_id or len(entity_id) > 500 or not entity_id.isprintable():
        return None
    found = _asked(services, provider, entity_id) if provider.mdq_url else _kept(services, provider, entity_id)
    if found is None or (found.until is not None and found.until <= services.clock()):
        return None
    return found if is_allowed(provider, found) else None


def search(services: Services, provider: Provider, typed: str) -> tuple[Member, ...]:
    """Those whose name, keyword or domain has each word; some of all of them where nothing is typed."""
    words = fold(typed[:200]).split()[:4]
    about: dict[str, Any] = {**_ours(provider), "most": 2 * SHOWN}
    if words:
        patterns = [_like(one) for one in (*words, *[""] * (4 - len(words)))]
        rows = services.db.all(
            _may(store.FOUND, provider), **about, **{f"pattern{n}": one for n, one in enumerate(patterns)}
        )
    else:
        rows = services.db.all(_may(store.FIRST, provider), **about)
    found = (_read(row.facts) for row in rows)
    return tuple(one for one in found if is_allowed(provider, one))[: SHOWN + 1]


def _may(statement: Any, provider: Provider) -> Any:
    """The store leaves out whoever may not come: the first ones by name can all be such."""
    return store.allowed(statement, tuple(provider.members)) if provider.members else statement


def is_allowed(provider: Provider, one: Member) -> bool:
    """Whether people may come from there: by its entityID, its registrar or a category; all where nothing is named."""
    if not provider.members:
        return True
    names = {one.entity_id, f"authority:{one.authority}", *(f"category:{category}" for category in one.categories)}
    return not names.isdisjoint(provider.members)


def speaking(provider: Provider, one: Member) -> Provider:
    """The provider as it is with one organisation chosen: a SAML provider as any other."""
    return replace(provider, name=one.name()[:80], issuer=one.entity_id, metadata=one.document, pinned_keys=())


def listed_at(provider: Provider) -> str:
    """Where all of its organisations are listed (MDQ §3.2.2: without a name, all that the server has)."""
    return provider.federation_url or f"{provider.mdq_url.rstrip('/')}/entities"


def source_of(provider: Provider) -> str:
    """By what its list is believed: another address or key, and all that was believed by the last one is nothing."""
    return digest(f"{listed_at(provider)}\n{provider.metadata_keys}")


def every(services: Services, provider: Provider) -> list[Member]:
    """All that its list has."""
    return [_read(row.facts) for row in services.db.all(store.EVERY, **_ours(provider))]


def put(services: Services, provider: Provider, found: Iterable[Member], now: float) -> int:
    """Keep them; answers how many. A few hundred at a time: a sign-in waits for none of them long."""
    many, batch = 0, list[Member]()
    for one in found:
        batch.append(one)
        if len(batch) == 200:
            many += _put(services, provider, batch, now)
            batch = []
    return many + _put(services, provider, batch, now)


def _put(services: Services, provider: Provider, batch: list[Member], now: float) -> int:
    with services.db.transaction(durable=False) as tx:
        for one in batch:
            words = " ".join((*one.names.values(), *one.words, *one.scopes)) if not one.hidden else ""
            tx.run(
                store.PUT, provider_id=provider.id, entity_id=one.entity_id, name=fold(one.name())[:200],
                words=fold(words)[:2000], seen_at=now, facts=_facts(one.as_json(), provider),
            )  # fmt: skip
    return len(batch)


def _kept(services: Services, provider: Provider, entity_id: str) -> Member | None:
    row = services.db.one(store.ONE, **_ours(provider), entity_id=entity_id)
    return None if row is None else _read(row.facts)


def _ours(provider: Provider) -> dict[str, Any]:
    return {"provider_id": provider.id, "source": _facts({}, provider)[:-1]}


def _facts(one: dict[str, Any], provider: Provider) -> str:
    """As a row has them: the source stands first, so that the store can compare it."""
    return json.dumps({"source": source_of(provider), **one}, separators=(",", ":"))


def _read(facts: str) -> Member:
    kept = json.loads(facts)
    del kept["source"]
    return of_json(kept)


def _asked(services: Services, provider: Provider, entity_id: str) -> Member | None:
    """What the MDQ server says (draft-young-md-query-saml §2), kept as long as it holds.

    Where it says nothing what it said last stands, and nobody waits for it. Errors: `Refused` where many wait already.
    """
    source = f"{provider.id}\n{provider.mdq_url}\n{provider.metadata_keys}"
    key, silent = "upstream:mdq:" + digest(f"{source}\n{entity_id}"), "upstream:mdq.silent:" + digest(source)
    kept: Any = services.state.get(key)
    if kept is not None:
        return of_json(kept) if kept else None
    if services.state.get(silent) is not None:
        return _last(services, key)
    if services.state.count(f"upstream:mdq.count:{provider.id}", 60) > _PER_MINUTE:
        services.log.warning("mdq_lookups_limited", source=provider.id)
        return _last(services, key)
    now = services.clock()
    try:
        with crowding.turn(services, provider):
            found = _fetched(services, provider, entity_id, now)
    except NotThere:
        services.state.put(key, {}, _MISSED)
        services.state.take(key + ":last")
        return None
    except BadMetadata as error:
        if isinstance(error, _Silent):
            services.state.put(silent, 1, _SPARED)
        services.log.warning("mdq_lookup_failed", source=provider.id, entity=entity_id, reason=error.reason)
        return _last(services, key)
    ends = min(_FRESH, found.cache or _FRESH, (found.until or now + _FRESH) - now)
    services.state.put(key, found.as_json(), max(30.0, ends))
    services.state.put(key + ":last", found.as_json(), _STANDS)
    return found


class _Silent(BadMetadata):
    """The server says nothing, of this one or any other."""


def _last(services: Services, key: str) -> Member | None:
    kept: Any = services.state.get(key + ":last")
    return of_json(kept) if kept else None


def _fetched(services: Services, provider: Provider, entity_id: str, now: float) -> Member:
    url = fetching.mdq_url(provider.mdq_url, entity_id, sha1=provider.mdq_sha1)
    try:
        said = fetching.fetch(services, url, seconds=_SECONDS)
    except NotThere:
        raise
    except BadMetadata as error:
        raise _Silent(error.reason) from None
    root = reading.open_document(said, keys_of(provider))
    for node, around in reading.entities(root):
        if node.get("entityID") == entity_id:
            around.within(node).check(now, MAX_VALIDITY)
            found = member(node, around, now)
            if found is not None:
                check_addresses(services, read(found.document.encode(), now))
                return found
    raise NotThere(f"{url[:200]} describes no identity provider of that name")


def certificates_of(provider: Provider) -> tuple[str, ...]:
    """The federation's pinned keys: certificates, DER in base64."""
    loaded = x509.load_pem_x509_certificates(provider.metadata_keys.encode())
    return tuple(b64encode(one.public_bytes(Encoding.DER)).decode() for one in loaded)


def _like(word: str) -> str:
    safe = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{safe}%"
