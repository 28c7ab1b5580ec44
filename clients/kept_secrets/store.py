"""Clients' secrets in the database: hashes, with their ends and their last use."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, or_, select, update

from clients.ports import Statements
from clients.secrets import StoredSecret
from clients.store import client_secrets

_SECRETS = select(*client_secrets.c).where(client_secrets.c.client_id == bindparam("client_id")).order_by("created_at")
_HAS_SECRET = select(client_secrets.c.id).where(client_secrets.c.hash == bindparam("digest")).limit(1)
_INSERT_SECRET = insert(client_secrets)
_END_SECRETS = (
    update(client_secrets)
    .where(client_secrets.c.client_id == bindparam("of_client"))
    .where(or_(client_secrets.c.expires_at.is_(None), client_secrets.c.expires_at > bindparam("end")))
    .values(expires_at=bindparam("end"))
)
_END_SECRET = (
    update(client_secrets)
    .where(client_secrets.c.id == bindparam("secret_id"), client_secrets.c.client_id == bindparam("of_client"))
    .values(expires_at=bindparam("end"))
)
TOUCH = (
    update(client_secrets)
    .where(client_secrets.c.id == bindparam("secret_id"))
    .where(or_(client_secrets.c.last_used_at.is_(None), client_secrets.c.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("now"))
)


def listed(db: Statements, client_id: str) -> list[StoredSecret]:
    """A client's secrets, ended ones too, the oldest first."""
    rows = db.all(_SECRETS, client_id=client_id)
    return [StoredSecret(r.id, r.hash, r.created_at, r.expires_at, r.last_used_at) for r in rows]


def has(db: Statements, digest: str) -> bool:
    """Whether any client has a secret with this hash, valid or not. It reads all secrets."""
    return db.one(_HAS_SECRET, digest=digest) is not None


def insert_one(tx: Statements, client_id: str, secret: StoredSecret) -> None:
    """Put a new secret."""
    tx.run(
        _INSERT_SECRET,
        id=secret.id,
        client_id=client_id,
        hash=secret.hash,
        created_at=secret.created_at,
        expires_at=secret.expires_at,
        last_used_at=secret.last_used_at,
    )


def end_all(tx: Statements, client_id: str, end: float) -> None:
    """Let a client's secrets end no later than `end`."""
    tx.run(_END_SECRETS, of_client=client_id, end=end)


def end(tx: Statements, client_id: str, secret_id: str, end: float) -> None:
    """Let one of a client's secrets end."""
    tx.run(_END_SECRET, secret_id=secret_id, of_client=client_id, end=end)


def touch(db: Statements, secret_id: str, now: float, before: float) -> None:
    """Note a use, unless one since `before` is noted."""
    db.run(TOUCH, durable=False, secret_id=secret_id, now=now, before=before)
