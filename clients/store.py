"""The rows of clients, their secrets, origins and entityIDs, and the version that every change raises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from clients import client
from clients.access import EVERYONE, Access
from clients.client import Client
from clients.ports import Statements
from clients.secrets import StoredSecret

metadata = MetaData()

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # oidc, saml
    Column("name", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("metadata", Text, nullable=False),  # JSON, as registered: without defaults
    Column("access", Text, nullable=False),  # JSON
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("deleted_at", Double),
    Column("tokens_after", Double, nullable=False),  # what was issued up to this moment is dead
    Index("clients_name", "name", "id"),
    Index("clients_deleted_at", "deleted_at"),
)
client_secrets = Table(
    "client_secrets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("last_used_at", Double),
    Index("client_secrets_client_id", "client_id"),
    Index("client_secrets_expires_at", "expires_at"),
)
client_origins = Table(
    "client_origins",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Index("client_origins_client_id", "client_id"),
)
client_entities = Table(
    "client_entities",
    metadata,
    Column("entity_id", Text, primary_key=True),  # a removed client keeps its entityID as long as it can be restored
    Column("client_id", Text, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Index("client_entities_client_id", "client_id", unique=True),
)
clients_version = Table(
    "clients_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("n", BigInteger, nullable=False),
    # JSON: client id -> epoch seconds until which a live check of it runs. Here, since every process reads this row.
    Column("watched", Text),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One client as stored. `said`: its metadata without defaults; times are epoch seconds."""

    id: str
    kind: str
    name: str
    profile: str
    enabled: bool
    said: dict[str, Any]
    access: Access
    created_at: float
    changed_at: float
    deleted_at: float | None
    tokens_after: float = 0.0


#: The version as a subquery, for another room's statement to carry along; 0 before the first change, as a snapshot
#: has it: a program may be known by its document alone.
CURRENT_VERSION = func.coalesce(select(clients_version.c.n).where(clients_version.c.id == 1).scalar_subquery(), 0)

_VERSION = select(clients_version.c.n, clients_version.c.watched).where(clients_version.c.id == 1)
_WATCH = update(clients_version).where(clients_version.c.id == 1).values(watched=bindparam("told"))
_SECRET = [
    client_secrets.c.id.label("secret_id"),
    client_secrets.c.hash,
    client_secrets.c.created_at.label("secret_created_at"),
    client_secrets.c.expires_at,
    client_secrets.c.last_used_at,
]
# One statement, so that the version and what was read under it belong together.
_FIND = (
    select(clients_version.c.n, *clients.c, *_SECRET)
    .select_from(
        clients_version.outerjoin(
            clients, and_(clients.c.id == bindparam("client_id"), clients.c.deleted_at.is_(None))
        ).outerjoin(client_secrets, client_secrets.c.client_id == clients.c.id)
    )
    .where(clients_version.c.id == 1)
    .order_by(client_secrets.c.created_at)
)
_FIND_ORIGIN = (
    select(clients_version.c.n, clients.c.id)
    .select_from(
        clients_version.outerjoin(client_origins, client_origins.c.origin == bindparam("origin")).outerjoin(
            clients,
            and_(clients.c.id == client_origins.c.client_id, clients.c.deleted_at.is_(None), clients.c.enabled == 1),
        )
    )
    .where(clients_version.c.id == 1)
)
_FIND_ENTITY = (
    select(clients_version.c.n, *clients.c, *_SECRET)
    .select_from(
        clients_version.outerjoin(client_entities, client_entities.c.entity_id == bindparam("entity_id"))
        .outerjoin(clients, and_(clients.c.id == client_entities.c.client_id, clients.c.deleted_at.is_(None)))
        .outerjoin(client_secrets, client_secrets.c.client_id == clients.c.id)
    )
    .where(clients_version.c.id == 1)
)
_ENTITY_OWNER = (
    select(clients.c.id, clients.c.name, clients.c.deleted_at)
    .select_from(client_entities.join(clients, clients.c.id == client_entities.c.client_id))
    .where(client_entities.c.entity_id == bindparam("entity_id"))
)
_INSERT_ENTITY = insert(client_entities)
_GET = select(*clients.c).where(clients.c.id == bindparam("client_id"))
_PAGE = (
    select(*clients.c)
    .where(
        tuple_(clients.c.name, clients.c.id) > tuple_(bindparam("name", type_=Text), bindparam("client_id", type_=Text))
    )
    .order_by(clients.c.name, clients.c.id)
    .limit(bindparam("at_most"))
)
_PAGE_LIVE = _PAGE.where(clients.c.deleted_at.is_(None))
#: A quote within a value is escaped, so that no value looks like this.
_PAGE_VOUCHED = _PAGE_LIVE.where(clients.c.metadata.not_like('%"self_registered":true%'))
_PAGE_REMOVED = _PAGE.where(clients.c.deleted_at.is_not(None))
#: As the rule of one that everyone may open is stored.
EVERYONE_SAID = json.dumps(EVERYONE.to_json(), separators=(",", ":"))
RULED = (
    select(clients.c.id)
    .where(clients.c.deleted_at.is_(None), clients.c.metadata.contains('"claim_rules"', autoescape=True))
    .order_by(clients.c.id)
)
LIMITED = (
    select(clients.c.id, clients.c.name, clients.c.access)
    .where(clients.c.deleted_at.is_(None), clients.c.access != EVERYONE_SAID)
    .order_by(clients.c.name, clients.c.id)
)
_NAMING_TYPES = select(clients.c.metadata).where(
    clients.c.kind == "oidc",
    clients.c.enabled == 1,
    clients.c.deleted_at.is_(None),
    clients.c.metadata.like('%"response_types":%'),
)
_INSERT = insert(clients)
_UPDATE = (
    update(clients)
    .where(clients.c.id == bindparam("client_id"))
    .values(
        name=bindparam("name"),
        profile=bindparam("profile"),
        enabled=bindparam("enabled"),
        metadata=bindparam("metadata"),
        access=bindparam("access"),
        changed_at=bindparam("changed_at"),
        deleted_at=bindparam("deleted_at"),
        tokens_after=bindparam("tokens_after"),
    )
)
_END_TOKENS = update(clients).values(tokens_after=bindparam("now"))
_INSERT_ORIGIN = insert(client_origins)
_DELETE_ORIGINS = delete(client_origins).where(client_origins.c.client_id == bindparam("of_client"))
_PURGE = delete(clients).where(clients.c.deleted_at < bindparam("before"))
_PURGE_SECRETS = delete(client_secrets).where(client_secrets.c.expires_at < bindparam("before"))


def _bump(dialect: str) -> Any:
    if dialect == "sqlite":  # the one in use: importing the other takes as long as a command's work
        from sqlalchemy.dialects.sqlite import insert as inserting
    else:
        from sqlalchemy.dialects.postgresql import insert as inserting  # type: ignore[assignment]
    new = inserting(clients_version).values(id=1, n=1)
    return new.on_conflict_do_update(
        index_elements=[clients_version.c.id], set_={"n": clients_version.c.n + 1}
    ).returning(clients_version.c.n)


def _dumps(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def find_response_types(db: Statements) -> frozenset[str]:
    """The response types that enabled clients name in their registrations. Reads those clients alone."""
    return frozenset(
        name for row in db.all(_NAMING_TYPES) for name in json.loads(row.metadata).get("response_types", ())
    )


def read_version(db: Statements) -> int:
    """The number of the last change; 0 before the first."""
    return read_standing(db)[0]


def read_standing(db: Statements) -> tuple[int, dict[str, float]]:
    """The number of the last change, and until when which clients are watched: one statement."""
    row = db.one(_VERSION)
    return (0, {}) if row is None else (int(row.n), json.loads(row.watched or "{}"))


def write_watched(tx: Statements, watched: Mapping[str, float]) -> None:
    """In a transaction that has raised the version, whose lock keeps two of them apart."""
    tx.run(_WATCH, told=_dumps(watched) if watched else None)


def raise_version(tx: Statements) -> int:
    """Count a change. Comes first in its transaction: its row lock also queues the changes, one after the other."""
    return int(tx.all(_bump)[0].n)


def find_client(db: Statements, client_id: str) -> tuple[int, Client | None]:
    """A client that was not removed, and the version it was read under."""
    return _found(db.all(_FIND, client_id=client_id))


def find_entity(db: Statements, entity_id: str) -> tuple[int, Client | None]:
    """The service provider with an entityID, unless it was removed, and the version it was read under."""
    return _found(db.all(_FIND_ENTITY, entity_id=entity_id))


def _found(rows: list[Any]) -> tuple[int, Client | None]:
    if not rows:
        return 0, None
    stored = tuple(
        StoredSecret(r.secret_id, r.hash, r.secret_created_at, r.expires_at, r.last_used_at)
        for r in rows
        if r.secret_id
    )
    return int(rows[0].n), None if rows[0].id is None else to_client(_row(rows[0]), stored)


def find_origin(db: Statements, origin: str) -> tuple[int, frozenset[str]]:
    """The ids of enabled clients that run on an origin, and the version they were read under."""
    rows = db.all(_FIND_ORIGIN, origin=origin)
    return (int(rows[0].n) if rows else 0), frozenset(row.id for row in rows if row.id is not None)


def find_row(db: Statements, client_id: str) -> Row | None:
    """A client as stored, a removed one too."""
    row = db.one(_GET, client_id=client_id)
    return None if row is None else _row(row)


def list_rows(
    db: Statements, after: tuple[str, str], limit: int, *, removed: bool = False, vouched: bool = False
) -> list[Row]:
    """Clients by name, those past the key (name, id)."""
    name, client_id = after
    page = _PAGE_REMOVED if removed else _PAGE_VOUCHED if vouched else _PAGE_LIVE
    return [_row(row) for row in db.all(page, name=name, client_id=client_id, at_most=limit)]


def insert_client(tx: Statements, row: Row) -> None:
    """Put a new client."""
    tx.run(_INSERT, **as_columns(row))


def update_client(tx: Statements, row: Row) -> None:
    """Put a client's new values."""
    tx.run(_UPDATE, client_id=row.id, **_changing(row))


def replace_origins(tx: Statements, client_id: str, origins: Iterable[str]) -> None:
    """Put a client's origins in place of the former ones."""
    tx.run(_DELETE_ORIGINS, of_client=client_id)
    for origin in origins:
        tx.run(_INSERT_ORIGIN, origin=origin, client_id=client_id)


def find_owner(tx: Statements, entity_id: str) -> tuple[str, str, bool] | None:
    """Whose an entityID is: the id and name of a client, and whether it was removed."""
    row = tx.one(_ENTITY_OWNER, entity_id=entity_id)
    return None if row is None else (row.id, row.name, row.deleted_at is not None)


def insert_entity(tx: Statements, entity_id: str, client_id: str) -> None:
    """Note that a client has an entityID, which nobody else may have."""
    tx.run(_INSERT_ENTITY, entity_id=entity_id, client_id=client_id)


def end_every_token(tx: Statements, now: float) -> None:
    """What was issued to any client up to a moment is dead, tokens that stand in no table too. First in its tx."""
    raise_version(tx)
    tx.run(_END_TOKENS, now=now)


def purge(tx: Statements, before: float) -> int:
    """Forget clients removed, and secrets ended, before a time; how many rows went."""
    return tx.run(_PURGE, before=before) + tx.run(_PURGE_SECRETS, before=before)


def to_client(row: Row, stored: tuple[StoredSecret, ...] = ()) -> Client:
    """The snapshot of a row."""
    return client.build(row, stored)


def _row(row: Any) -> Row:
    return Row(
        row.id,
        row.kind,
        row.name,
        row.profile,
        bool(row.enabled),
        json.loads(row.metadata),
        Access.from_json(json.loads(row.access)),
        row.created_at,
        row.changed_at,
        row.deleted_at,
        row.tokens_after,
    )


def as_columns(row: Row) -> dict[str, Any]:
    """A client as its table has it."""
    return {"id": row.id, "kind": row.kind, "created_at": row.created_at, **_changing(row)}


def _changing(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "profile": row.profile,
        "enabled": int(row.enabled),
        "metadata": _dumps(row.said),
        "access": _dumps(row.access.to_json()),
        "changed_at": row.changed_at,
        "deleted_at": row.deleted_at,
        "tokens_after": row.tokens_after,
    }
