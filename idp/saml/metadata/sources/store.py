"""The tables of metadata sources, and of the entities that an aggregate or an MDQ server vouches for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from idp.db import Executor, upsert

metadata = MetaData()

saml_sources = Table(
    "saml_sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # entity, aggregate, mdq
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON: certificates, defaults of its service providers, and the rest
    Column("client_id", Text),  # of kind entity
    Column("created_at", Double, nullable=False),
    Column("next_at", Double, nullable=False),  # when it is read again
    Column("checked_at", Double),
    Column("changed_at", Double),
    Column("valid_until", Double),
    Column("published_at", Double),  # creationInstant
    Column("failures", Integer, nullable=False),  # in a row
    Column("error", Text),
    Index("saml_sources_next_at", "next_at"),
    Index("saml_sources_client_id", "client_id"),
)
saml_entities = Table(
    "saml_entities",
    metadata,
    Column("entity_id", Text, primary_key=True),  # of the first source that has it
    Column("source_id", Text, ForeignKey("saml_sources.id", ondelete="CASCADE"), nullable=False),
    Column("digest", Text, nullable=False),  # of name and facts; empty: the source has it no longer
    Column("name", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    Column("client_id", Text),  # from its first sign-in on
    Index("saml_entities_source_id", "source_id"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where metadata comes from. Times are epoch seconds.

    `kind`: "entity" (one service provider's own URL), "aggregate" or "mdq". `certificates`: pinned, DER in base64, for
    this source and no other (IIP-MD03). `defaults`: settings of the service providers that it brings, `access` their
    rule (both only of aggregate and mdq). `max_validity`: seconds. `sha1`: MDQ asks by {sha1}hash.
    """

    id: str
    kind: str
    name: str
    url: str
    created_at: float
    next_at: float
    certificates: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    access: Mapping[str, Any] = field(default_factory=dict)
    max_validity: float | None = None
    sha1: bool = False
    client_id: str | None = None
    checked_at: float | None = None
    changed_at: float | None = None
    valid_until: float | None = None
    published_at: float | None = None
    failures: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """A service provider that a source vouches for. No `digest`: it did so once."""

    entity_id: str
    source_id: str
    digest: str
    name: str
    facts: dict[str, Any]
    client_id: str | None = None


_SETTINGS = ("certificates", "defaults", "access", "max_validity", "sha1")
_INSERT = insert(saml_sources)
_UPDATE = (
    update(saml_sources)
    .where(saml_sources.c.id == bindparam("source_id"))
    .values({name: bindparam(name) for name in (
        "next_at", "checked_at", "changed_at", "valid_until", "published_at", "failures", "error",
    )})
)  # fmt: skip
_CHANGE = (
    update(saml_sources)
    .where(saml_sources.c.id == bindparam("source_id"))
    .values(name=bindparam("name"), settings=bindparam("settings"))
)
_CLAIM = (
    update(saml_sources)
    .where(saml_sources.c.id == bindparam("source_id"), saml_sources.c.next_at == bindparam("seen"))
    .values(next_at=bindparam("until"))
)
_DELETE = delete(saml_sources).where(saml_sources.c.id == bindparam("source_id"))
_DELETE_ENTITIES = delete(saml_entities).where(saml_entities.c.source_id == bindparam("of_source"))
_ALL = select(*saml_sources.c).order_by(saml_sources.c.name, saml_sources.c.id)
_DUE = select(*saml_sources.c).where(saml_sources.c.next_at <= bindparam("now")).order_by(saml_sources.c.next_at)
_BY_ID = select(*saml_sources.c).where(saml_sources.c.id == bindparam("source_id"))
_BY_URL = select(*saml_sources.c).where(saml_sources.c.url == bindparam("url"), saml_sources.c.kind != "entity")
_OF_KIND = select(*saml_sources.c).where(saml_sources.c.kind == bindparam("kind")).order_by(saml_sources.c.created_at)

_FIND = select(*saml_entities.c).where(saml_entities.c.entity_id == bindparam("entity_id"))
_DIGESTS = select(saml_entities.c.entity_id, saml_entities.c.digest).where(
    saml_entities.c.source_id == bindparam("source_id")
)
_USED = (
    select(*saml_entities.c)
    .where(saml_entities.c.source_id == bindparam("source_id"), saml_entities.c.client_id.is_not(None))
    .order_by(saml_entities.c.entity_id)
)
_USE = (
    update(saml_entities)
    .where(saml_entities.c.entity_id == bindparam("of_entity"), saml_entities.c.source_id == bindparam("of_source"))
    .values(client_id=bindparam("client_id"))
)
_FORGET = delete(saml_entities).where(
    saml_entities.c.entity_id == bindparam("of_entity"),
    saml_entities.c.source_id == bindparam("of_source"),
    saml_entities.c.client_id.is_(None),
)
_WITHDRAW = (
    update(saml_entities)
    .where(saml_entities.c.entity_id == bindparam("of_entity"), saml_entities.c.source_id == bindparam("of_source"))
    .values(digest="")
)
# An entity belongs to the first source that has it; another one cannot speak for it.
_UPSERT = upsert(
    saml_entities, "entity_id", change=("digest", "name", "facts"),
    only_if=lambda new: saml_entities.c.source_id == new.source_id,
)  # fmt: skip


# -- sources ---------------------------------------------------------------------------------------------------------


def insert_source(tx: Executor, source: Source) -> None:
    """Put a new source."""
    tx.run(
        _INSERT, id=source.id, kind=source.kind, name=source.name, url=source.url, settings=_settings(source),
        client_id=source.client_id, created_at=source.created_at, **_state(source),
    )  # fmt: skip


def _settings(source: Source) -> str:
    settings = {name: getattr(source, name) for name in _SETTINGS}
    return json.dumps({k: v for k, v in settings.items() if v}, separators=(",", ":"))


def change_source(tx: Executor, source: Source) -> None:
    """Put a source's name and settings."""
    tx.run(_CHANGE, source_id=source.id, name=source.name, settings=_settings(source))


def update_source(tx: Executor, source: Source) -> None:
    """Put what became of a source."""
    tx.run(_UPDATE, source_id=source.id, **_state(source))


def _state(source: Source) -> dict[str, Any]:
    return {
        "next_at": source.next_at,
        "checked_at": source.checked_at,
        "changed_at": source.changed_at,
        "valid_until": source.valid_until,
        "published_at": source.published_at,
        "failures": source.failures,
        "error": source.error,
    }


def delete_source(tx: Executor, source_id: str) -> None:
    """Take a source away, with its entities."""
    tx.run(_DELETE_ENTITIES, of_source=source_id)
    tx.run(_DELETE, source_id=source_id)


def claim(db: Executor, source: Source, until: float) -> bool:
    """Of any number of processes one gets a source that is due."""
    return db.run(_CLAIM, source_id=source.id, seen=source.next_at, until=until) == 1


def list_sources(db: Executor) -> list[Source]:
    """Every source, by name."""
    return [_source(row) for row in db.all(_ALL)]


def list_due(db: Executor, now: float) -> list[Source]:
    """The sources that are to be read again."""
    return [_source(row) for row in db.all(_DUE, now=now)]


def list_kind(db: Executor, kind: str) -> list[Source]:
    """The sources of one kind, the oldest first."""
    return [_source(row) for row in db.all(_OF_KIND, kind=kind)]


def find_source(db: Executor, source_id: str) -> Source | None:
    """A source by its id."""
    row = db.one(_BY_ID, source_id=source_id)
    return None if row is None else _source(row)


def find_url(db: Executor, url: str) -> Source | None:
    """The aggregate or MDQ server at an address."""
    row = db.one(_BY_URL, url=url)
    return None if row is None else _source(row)


def _source(row: Any) -> Source:
    values = row._asdict()
    settings = json.loads(values.pop("settings"))
    settings["certificates"] = tuple(settings.get("certificates", ()))
    return Source(**values, **settings)


# -- entities --------------------------------------------------------------------------------------------------------


def find_entity(db: Executor, entity_id: str) -> Entity | None:
    """An entity of any source."""
    row = db.one(_FIND, entity_id=entity_id)
    return None if row is None else _entity(row)


def list_digests(db: Executor, source_id: str) -> dict[str, str]:
    """What a source had when it was last read: entityID to digest."""
    return {row.entity_id: row.digest for row in db.all(_DIGESTS, source_id=source_id)}


def list_used(db: Executor, source_id: str) -> list[Entity]:
    """A source's entities that are registered clients."""
    return [_entity(row) for row in db.all(_USED, source_id=source_id)]


def put_entity(tx: Executor, entity: Entity) -> bool:
    """Keep an entity; False where it is another source's."""
    facts = json.dumps(entity.facts, separators=(",", ":"))
    return bool(
        tx.run(
            _UPSERT, entity_id=entity.entity_id, source_id=entity.source_id, digest=entity.digest, name=entity.name,
            facts=facts, client_id=entity.client_id,
        )
    )  # fmt: skip


def use_entity(tx: Executor, source_id: str, entity_id: str, client_id: str) -> None:
    """Note the client that an entity became."""
    tx.run(_USE, of_source=source_id, of_entity=entity_id, client_id=client_id)


def forget_entity(tx: Executor, source_id: str, entity_id: str) -> bool:
    """Forget what a source said of an entity that is no client; whether there was such a thing."""
    return bool(tx.run(_FORGET, of_source=source_id, of_entity=entity_id))


def drop_entity(tx: Executor, source_id: str, entity_id: str) -> None:
    """A source has an entity no longer; of one that is a client, the row stays and says so."""
    if not forget_entity(tx, source_id, entity_id):
        tx.run(_WITHDRAW, of_source=source_id, of_entity=entity_id)


def _entity(row: Any) -> Entity:
    return Entity(row.entity_id, row.source_id, row.digest, row.name, json.loads(row.facts), row.client_id)
