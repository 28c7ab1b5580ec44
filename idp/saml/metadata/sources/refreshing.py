"""Read the sources again, in the background or because an admin asks: what is new is taken, what is worse is not."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clients.access import Access
from clients.client import Client
from clients.errors import InvalidMetadata
from clients.registry import RESTORABLE, Draft
from clients.service_provider import ENTITY_CATEGORY
from idp.audit import Event, record
from idp.protocols import Services
from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.metadata import aggregates, reading
from idp.saml.metadata.description import Description, with_validity
from idp.saml.metadata.lexical import DAY, BadMetadata, day_of, least
from idp.saml.metadata.sources import fetching, store
from idp.saml.metadata.sources.fetching import NotThere
from idp.saml.metadata.sources.store import Entity, Source

LEASE: Final = 900.0  # seconds; longer than one refresh ever takes
EVERY: Final = 300.0  # seconds between two looks for sources that are due
USUAL: Final = 4 * 3600.0  # seconds between two refreshes where no cacheDuration is told
SOONEST, LATEST = 300.0, DAY
MAX_VALIDITY: Final = 30 * DAY  # SDP-MD03
REMOVED: Final = "its application was removed"
BATCH: Final = 200  # entities in one transaction: a sign-in waits for none of them long


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh brought."""

    source: Source
    entities: int = 1
    changed: int = 0
    removed: int = 0
    notes: tuple[str, ...] = ()


def keys_of(certificates: tuple[str, ...]) -> tuple[PublicKey, ...]:
    """The pinned keys of a source."""
    return tuple(public_key(b64decode(certificate)) for certificate in certificates)


def refresh(services: Services, source: Source, *, accept_older: bool = False) -> Outcome:
    """Read a source now. What goes wrong is noted with it and raised; the last good copy stands.

    `accept_older`: an admin lets an older publication through. Errors: `BadMetadata`, `InvalidMetadata`.
    """
    now = services.clock()
    try:
        outcome = _KINDS[source.kind](services, source, now, accept_older)
    except (BadMetadata, InvalidMetadata) as error:
        _note_failure(services, source, now, getattr(error, "reason", str(error)))
        raise
    if outcome.source.error == REMOVED and outcome.source.failures > RESTORABLE / DAY + 1:
        store.delete_source(services.db, source.id)
        return outcome
    store.update_source(services.db, outcome.source)
    if source.failures and not outcome.source.failures:
        _tell(services, "source:recovered", source, {})
    return outcome


def _note_failure(services: Services, source: Source, now: float, reason: str) -> None:
    wait = min(SOONEST * 2.0 ** min(source.failures, 6), USUAL)
    failed = replace(source, checked_at=now, next_at=now + wait, failures=source.failures + 1, error=reason[:1000])
    store.update_source(services.db, failed)
    services.log.warning(
        "metadata_refresh_failed", source=source.id, name=source.name, reason=reason, failures=failed.failures,
        valid_until=source.valid_until,
    )  # fmt: skip
    if not source.failures:  # the alarm rings once
        _tell(services, "source:failed", source, {"reason": reason[:1000]})


def _tell(services: Services, action: str, source: Source, detail: Mapping[str, Any]) -> None:
    about = {"source": source.id, "name": source.name, "url": source.url, **detail}
    record(services.db, Event(action, "system", client_id=source.client_id, detail=about), services.clock())


def _succeeded(source: Source, now: float, changed: bool, cache: float | None, **values: Any) -> Source:
    wait = min(max(cache if cache is not None else USUAL, SOONEST), LATEST)
    return replace(
        source, checked_at=now, changed_at=now if changed else source.changed_at, next_at=now + wait, failures=0,
        error=None, **values,
    )  # fmt: skip


def check_newer(source: Source, published_at: float | None, valid_until: float | None, accept_older: bool) -> None:
    """A signed document that was replaced stays valid for weeks: it may not come back. Errors: `BadMetadata`."""
    if accept_older or not source.certificates:
        return
    pairs = ((published_at, source.published_at, "creationInstant"), (valid_until, source.valid_until, "validUntil"))
    for new, old, name in pairs:
        if new is not None and old is not None:
            if new < old:
                raise BadMetadata(f"it is older than what is known: its {name} is {day_of(new)}, before {day_of(old)}")
            return
    if source.published_at is not None or (source.valid_until is not None and valid_until is None):
        raise BadMetadata("it does not say how old it is (creationInstant, validUntil), and its predecessor did")


# -- one service provider's own URL ------------------------------------------------------------------------------------


def fetch_entity(services: Services, source: Source, entity_id: str | None, now: float) -> Description:
    """What a service provider's own URL says. Errors: `BadMetadata`."""
    found = reading.read(
        fetching.fetch(services, source.url), now, entity_id=entity_id, keys=keys_of(source.certificates),
        max_validity=source.max_validity, allow_loopback=services.registry.allow_loopback,
    )  # fmt: skip
    return found if source.certificates else _without_categories(found)


def _without_categories(found: Description) -> Description:
    """Entity categories are a registrar's word, and stand for attributes: nobody gives them to themselves."""
    said = dict(found.facts.get("entity_attributes", {}))
    if said.pop(ENTITY_CATEGORY, None) is None:
        return found
    facts = {key: fact for key, fact in found.facts.items() if key != "entity_attributes"}
    word = "its entity categories are left out: only metadata signed by a pinned key can vouch for them"
    return replace(
        found, facts={**facts, **({"entity_attributes": said} if said else {})}, warnings=(*found.warnings, word)
    )


def _refresh_entity(services: Services, source: Source, now: float, accept_older: bool) -> Outcome:
    client = services.registry.find(source.client_id or "")
    if client is None or client.saml is None:
        return Outcome(_resting(source, now), 0)
    found = fetch_entity(services, source, client.saml.entity_id, now)
    check_newer(source, found.created_at, found.valid_until, accept_older)
    changed = apply(services, client, found.facts, now)
    after = _succeeded(
        source, now, changed, found.cache_duration, valid_until=found.valid_until, published_at=found.created_at
    )
    return Outcome(after, changed=int(changed), notes=found.warnings)


def _resting(source: Source, now: float) -> Source:
    """Its application was removed: nobody is asked, until it is brought back or cannot be any more."""
    return replace(source, next_at=now + DAY, failures=source.failures + 1, error=REMOVED)


def apply(services: Services, client: Client, facts: Mapping[str, Any], now: float, actor: str = "system") -> bool:
    """Give a client new facts of its metadata; whether anything changed. The admin's settings stay as they are.

    Where only validUntil moves on, it is written when half of the time is over, and no event is. Errors:
    `InvalidMetadata`.
    """
    old = dict(client.metadata["sp_metadata"])
    new = dict(facts)
    until, next_until = old.pop("valid_until", None), new.pop("valid_until", None)
    only_validity = old == new
    if only_validity and _may_wait(until, next_until, now):
        return False

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        if not only_validity:
            record(tx, Event(action, actor, client_id=client.id, detail=detail), services.clock())

    services.registry.update(client.id, {"sp_metadata": dict(facts)}, record=write)
    return not only_validity


def _may_wait(until: float | None, next_until: float | None, now: float) -> bool:
    if until is None or next_until is None:
        return until == next_until
    return until == next_until or (until < next_until and (until - now) * 2 > next_until - now)


# -- aggregates --------------------------------------------------------------------------------------------------------


def _refresh_aggregate(services: Services, source: Source, now: float, accept_older: bool) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="metadata-", dir=_scratch(services)) as folder:
        document, lines = Path(folder) / "aggregate.xml", Path(folder) / "entities.jsonl"
        with document.open("wb") as file:
            fetching.download(services, source.url, file)
        summary = aggregates.split(
            document, lines, source.certificates, now, max_validity=source.max_validity or MAX_VALIDITY,
            allow_loopback=services.registry.allow_loopback,
        )  # fmt: skip
        check_newer(source, summary.published_at, summary.valid_until, accept_older)
        changed, removed, taken = _load(services, source, lines)
    after = _succeeded(
        source, now, bool(changed or removed), summary.cache_duration, valid_until=summary.valid_until,
        published_at=summary.published_at,
    )  # fmt: skip
    notes = [*summary.left_out, *_update_clients(services, after, now)]
    notes += [f"{entity_id!a}: is another source's already" for entity_id in taken]
    return Outcome(after, summary.entities, changed, removed, tuple(notes))


def _scratch(services: Services) -> Path:
    folder = services.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _load(services: Services, source: Source, lines: Path) -> tuple[int, int, list[str]]:
    """Keep what is new, drop what is gone: how many of each, and which entityIDs are another source's."""
    known = store.list_digests(services.db, source.id)
    gone = {entity_id for entity_id, digest in known.items() if digest}
    fresh: list[Entity] = []
    taken: list[str] = []
    changed = 0
    for line in aggregates.read_lines(lines):
        gone.discard(line.entity_id)
        if known.get(line.entity_id) == line.digest:
            continue
        changed += 1
        fresh.append(Entity(line.entity_id, source.id, line.digest, line.name, line.facts))
        if len(fresh) == BATCH:
            taken += _put(services, fresh)
            fresh = []
    taken += _put(services, fresh)
    for start in range(0, len(gone), BATCH):
        with services.db.transaction(durable=False) as tx:
            for entity_id in sorted(gone)[start : start + BATCH]:
                store.drop_entity(tx, source.id, entity_id)
    return changed - len(taken), len(gone), taken


def _put(services: Services, entities: list[Entity]) -> list[str]:
    if not entities:
        return []
    with services.db.transaction(durable=False) as tx:
        return [entity.entity_id for entity in entities if not store.put_entity(tx, entity)]


def _update_clients(services: Services, source: Source, now: float) -> list[str]:
    """Hand what a source says to the clients that it brought; what it says no more has ended."""
    notes = []
    for entity in store.list_used(services.db, source.id):
        client = services.registry.find(entity.client_id or "")
        if client is None or client.saml is None or client.saml.source != source.id:
            continue
        facts = with_validity(entity.facts, source.valid_until if entity.digest else now)
        try:
            apply(services, client, facts, now)
        except InvalidMetadata as error:
            notes.append(f"{entity.entity_id!a}: {error}")
    return notes


# -- MDQ ---------------------------------------------------------------------------------------------------------------


def fetch_mdq(services: Services, source: Source, entity_id: str, now: float, seconds: float) -> Description:
    """What an MDQ server says about an entity. Errors: `BadMetadata`, `NotThere`."""
    url = fetching.mdq_url(source.url, entity_id, sha1=source.sha1)
    return reading.read(
        fetching.fetch(services, url, seconds=seconds), now, entity_id=entity_id, keys=keys_of(source.certificates),
        max_validity=source.max_validity or MAX_VALIDITY, allow_loopback=services.registry.allow_loopback,
    )  # fmt: skip


def _refresh_mdq(services: Services, source: Source, now: float, accept_older: bool) -> Outcome:
    """Ask again for each service provider that it brought."""
    used = store.list_used(services.db, source.id)
    cache: float | None = None
    changed = removed = failed = 0
    notes: list[str] = []
    for entity in used:
        client = services.registry.find(entity.client_id or "")
        if client is None or client.saml is None or client.saml.source != source.id:
            continue
        try:
            found = fetch_mdq(services, source, entity.entity_id, now, fetching.SECONDS)
            known = replace(source, valid_until=client.saml.valid_until, published_at=None)
            if entity.digest:
                check_newer(known, None, found.valid_until, accept_older)
            cache = least(cache, found.cache_duration)
            changed += apply(services, client, found.facts, now)
            with services.db.transaction(durable=False) as tx:
                store.put_entity(tx, replace(entity, digest="mdq"))
        except NotThere:
            removed += 1
            apply(services, client, {**entity.facts, **client.metadata["sp_metadata"], "valid_until": now}, now)
            with services.db.transaction(durable=False) as tx:
                store.drop_entity(tx, source.id, entity.entity_id)
        except (BadMetadata, InvalidMetadata) as error:
            failed += 1
            notes.append(f"{entity.entity_id!a}: {getattr(error, 'reason', error)}")
    if failed and failed == len(used):
        raise BadMetadata(notes[0])
    return Outcome(_succeeded(source, now, bool(changed), cache), len(used), changed, removed, tuple(notes))


_KINDS = {"entity": _refresh_entity, "aggregate": _refresh_aggregate, "mdq": _refresh_mdq}


# -- a service provider's first sign-in --------------------------------------------------------------------------------


def take(services: Services, source: Source, entity: Entity) -> Client:
    """Register an entity of a source as a client. Errors: `InvalidMetadata`, also where somebody else has it."""

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        store.use_entity(tx, source.id, entity.entity_id, detail["client_id"])
        event = Event(action, f"source:{source.id}", client_id=detail["client_id"], detail=detail)
        record(tx, event, services.clock())

    facts = with_validity(entity.facts, source.valid_until)
    draft = Draft(
        kind="saml",
        name=entity.name,
        metadata={**source.defaults, "sp_metadata": facts, "metadata_source": source.id},
        access=Access.from_json(source.access) if source.access else Access(),
    )
    return services.registry.register(draft, record=write).client
