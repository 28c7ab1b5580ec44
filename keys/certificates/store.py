"""The table of certificates and the statements on it; a change moves the version on in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Double, Table, Text, bindparam, delete, insert, select, update

from ..pins import Also, nothing
from ..ports import Statements, Store
from ..store import add_version, keys_version, metadata, unpin_all

if TYPE_CHECKING:
    from .certificate import Certificate

certificates = Table(
    "certificates",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("use", Text, nullable=False),  # signing, encryption
    Column("kind", Text, nullable=False),  # rsa, ec
    Column("state", Text, nullable=False),
    Column("der", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("activated_at", Double),
    Column("retired_at", Double),
)
ROW = 2  # of keys_version: 1 counts the signing keys' changes

_ALL = select(certificates)
_VERSION = select(keys_version.c.n).where(keys_version.c.id == ROW)
_ADVANCE = (
    update(keys_version)
    .where(keys_version.c.id == ROW, keys_version.c.n == bindparam("seen"))
    .values(n=keys_version.c.n + 1)
)
_BUMP = update(keys_version).where(keys_version.c.id == ROW).values(n=keys_version.c.n + 1)
_ADD = insert(certificates)
_UPDATE = (
    update(certificates)
    .where(certificates.c.kid == bindparam("the_kid"))
    .values(state=bindparam("state"), activated_at=bindparam("activated_at"), retired_at=bindparam("retired_at"))
)
_REMOVE = delete(certificates).where(certificates.c.kid == bindparam("the_kid"))


def get_version(db: Statements) -> int:
    """How many times the certificates have changed; 0 before the first."""
    row = db.one(_VERSION)
    return 0 if row is None else int(row.n)


def get_all(db: Statements) -> tuple[int, tuple[Certificate, ...]]:
    """The version and the certificates; they may be newer than the version, never older."""
    from .certificate import Certificate

    version = get_version(db)
    return version, tuple(Certificate(**row._asdict()) for row in db.all(_ALL))


def change(db: Store, seen: int, changed: Iterable[Certificate], also: Also = nothing) -> bool:
    """Write what was decided on version `seen`; False, and nothing done, where another change came first.

    `also`: what is to hold together with it.
    """
    with db.transaction() as tx:
        if seen == 0:
            tx.run(add_version, id=ROW, n=0)
        if tx.run(_ADVANCE, seen=seen) != 1:
            return False
        known = {row.kid for row in tx.all(_ALL)}
        for certificate in changed:
            if certificate.kid in known:
                values: dict[str, Any] = {k: getattr(certificate, k) for k in ("state", "activated_at", "retired_at")}
                tx.run(_UPDATE, the_kid=certificate.kid, **values)
            else:
                tx.run(_ADD, **asdict(certificate))
        also(tx)
    return True


def remove(db: Store, kid: str) -> None:
    """Forget a certificate and its key."""
    with db.transaction() as tx:
        tx.run(_BUMP)
        tx.run(_REMOVE, the_kid=kid)
        unpin_all(tx, kid)
