"""A federation's aggregate is read again in the background, by one of all the processes; the last good one stands."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idp.federation import keeping
from idp.federation.provider import FEDERATION, Provider
from idp.federation.saml.federations import members, splitting, store
from idp.protocols import Services
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching

EVERY: Final = 300.0  # seconds between two looks at whose time has come
LEASE: Final = 900.0
USUAL: Final = 3600.0 * 4  # seconds between two looks at one, or its cacheDuration where that is less
LEAST: Final = 900.0
KEPT: Final = 60 * 86400.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the last look went. `reason`: why it was vain, '' where it was not; `until`: of the document that stands.

    `published_at`: as its publisher says; `many`: identity providers in it; `left_out`: those that cannot be taken.
    """

    at: float
    many: int = 0
    until: float | None = None
    published_at: float | None = None
    cache: float | None = None
    left_out: int = 0
    reason: str = ""
    failing_since: float = 0.0


def run_due(services: Services) -> int:
    """Read those whose time has come; answers how many were read."""
    due = [kept.provider for kept in keeping.list_of(services.db) if _is_due(services, kept.provider)]
    return sum(not refresh(services, one).reason for one in due)


def standing(services: Services, provider: Provider) -> Standing | None:
    """How it stands; None where it was not read yet."""
    found: Any = services.state.get(_key(provider))
    return Standing(**found) if isinstance(found, dict) else None


def refresh(services: Services, provider: Provider) -> Standing:
    """Read it now; what cannot be taken changes nothing.

    One reads at a time: two would take each other's organisations for such as the list has no more. Who comes beside
    is told how it stands.
    """
    turn = _key(provider) + ":read"
    if not services.state.add(turn, 1, LEASE):
        return standing(services, provider) or Standing(services.clock(), reason="it is being read just now")
    try:
        return _refreshed(services, provider)
    finally:
        services.state.take(turn)


def _refreshed(services: Services, provider: Provider) -> Standing:
    before, now = standing(services, provider), services.clock()
    try:
        after = _read(services, provider, before, now)
    except BadMetadata as error:
        stood = before or Standing(now)
        after = Standing(
            now, stood.many, stood.until, stood.published_at, stood.cache, stood.left_out, error.reason[:500],
            stood.failing_since or now,
        )  # fmt: skip
        if before is None or not before.reason:
            services.log.warning(
                "upstream_metadata_failed", provider=provider.id, name=provider.name, reason=error.reason[:500]
            )
    kept = {name: getattr(after, name) for name in Standing.__slots__}
    services.state.put(_key(provider), kept, KEPT)
    return after


def _read(services: Services, provider: Provider, before: Standing | None, now: float) -> Standing:
    folder = services.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="federation-", dir=folder) as scratch:
        document, lines = Path(scratch) / "aggregate.xml", Path(scratch) / "members.jsonl"
        with document.open("wb") as file:
            fetching.download(services, members.listed_at(provider), file)
        found = splitting.split(
            document, lines, members.certificates_of(provider), now, max_validity=members.MAX_VALIDITY
        )  # fmt: skip
        # What was replaced stays signed: an old copy may not come back.
        if before is not None and (found.published_at or 0.0) < (before.published_at or 0.0):
            raise BadMetadata("it is older than what is known (creationInstant)")
        members.put(services, provider, splitting.read_lines(lines), now)
    with services.db.transaction() as tx:
        tx.run(store.DROP_OLDER, provider_id=provider.id, seen_at=now)
    return Standing(
        now, found.entities, found.valid_until, found.published_at, found.cache_duration, len(found.left_out)
    )


def _is_due(services: Services, provider: Provider) -> bool:
    if provider.kind != FEDERATION or not provider.enabled:
        return False
    stands = standing(services, provider)
    if stands is None:
        return True
    wait = LEAST if stands.reason else max(LEAST, min(stands.cache or USUAL, USUAL))
    return services.clock() - stands.at >= wait


def _key(provider: Provider) -> str:
    """Of another address or key nothing is known: what is read there is neither young nor older than anything."""
    return f"upstream:federation:{provider.id}:{members.source_of(provider)}"
