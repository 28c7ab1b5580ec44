"""The tables of this room and the statements on them.

Every change to `signing_keys` moves `keys_version` on in the same transaction, and only from the version on which it
was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
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

from .pins import Also, Pin, nothing
from .ports import Statements, Store
from .rotation import SigningKey

metadata = MetaData()

root_secrets = Table(
    "root_secrets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("sealed", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

keys_version = Table(
    "keys_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("n", BigInteger, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # '' once gone
    Column("created_at", Double, nullable=False),
    Column("published_at", Double, nullable=False),
    Column("activate_after", Double, nullable=False),
    Column("activated_at", Double),
    Column("retired_at", Double),
    Column("expires_at", Double),
)

#: Who is still signed for with an older key than the active one.
key_pins = Table(
    "key_pins",
    metadata,
    Column("holder", Text, primary_key=True),  # whom is signed for: a client's id
    Column("slot", Text, primary_key=True),  # an algorithm, or certificate:<kind>
    Column("kid", Text, nullable=False),
    Column("at", Double, nullable=False),
)


def _insert(dialect: str, table: Table) -> Any:
    if dialect == "sqlite":  # the one in use: importing the other takes as long as a command's work
        from sqlalchemy.dialects.sqlite import insert as inserting
    else:
        from sqlalchemy.dialects.postgresql import insert as inserting  # type: ignore[assignment]
    return inserting(table).on_conflict_do_nothing(index_elements=["id"])


def _add_root(dialect: str) -> Any:
    return _insert(dialect, root_secrets)


def add_version(dialect: str) -> Any:
    """A counter of `keys_version`, unless it is there already: one per kind of key."""
    return _insert(dialect, keys_version)


_ROOT = select(root_secrets.c.sealed).where(root_secrets.c.id == 1)
_REPLACE_ROOT = (
    update(root_secrets)
    .where(root_secrets.c.id == 1, root_secrets.c.sealed == bindparam("old"))
    .values(sealed=bindparam("new"))
)
_VERSION = select(keys_version.c.n).where(keys_version.c.id == 1)
_ADVANCE = (
    update(keys_version)
    .where(keys_version.c.id == 1, keys_version.c.n == bindparam("seen"))
    .values(n=keys_version.c.n + 1)
)
_KEYS = select(signing_keys)
_ADD_KEY = insert(signing_keys)
_UPDATE_KEY = (
    update(signing_keys)
    .where(signing_keys.c.kid == bindparam("the_kid"))
    .values({name: bindparam(name) for name in (c.name for c in signing_keys.columns) if name != "kid"})
)
_REMOVE_KEY = delete(signing_keys).where(signing_keys.c.kid == bindparam("the_kid"))

_PINS = select(key_pins)
_UNPIN = delete(key_pins).where(key_pins.c.holder == bindparam("of"), key_pins.c.slot == bindparam("in_slot"))
_UNPIN_ALL = delete(key_pins).where(key_pins.c.kid == bindparam("the_kid"))
_PIN = insert(key_pins)


def find_root(db: Statements) -> str | None:
    """The wrapped root secret, or None."""
    row = db.one(_ROOT)
    return None if row is None else str(row.sealed)


def add_root(db: Statements, sealed: str, now: float) -> None:
    """Keep the root secret, unless there is one already."""
    db.run(_add_root, id=1, sealed=sealed, created_at=now)


def replace_root(db: Statements, old: str, new: str) -> bool:
    """Exchange the wrapped root secret; False where it is no longer `old`."""
    return db.run(_REPLACE_ROOT, old=old, new=new) == 1


def get_version(db: Statements) -> int:
    """How many times the keys have changed."""
    row = db.one(_VERSION)
    return 0 if row is None else int(row.n)


def get_keys(db: Statements) -> tuple[int, tuple[SigningKey, ...]]:
    """The version and the keys, in no order. The keys may be newer than the version, never older."""
    version = get_version(db)  # first, so that a change in between shows as a version not yet seen
    return version, tuple(SigningKey(**row._asdict()) for row in db.all(_KEYS))


def get_pins(db: Statements) -> tuple[Pin, ...]:
    """Every pin, those of certificates too."""
    return tuple(Pin(**row._asdict()) for row in db.all(_PINS))


def unpin(tx: Statements, holder: str, slot: str) -> None:
    """Let this holder be signed for with the active key again."""
    tx.run(_UNPIN, of=holder, in_slot=slot)


def unpin_all(tx: Statements, kid: str) -> None:
    """Nobody is signed for with this key any more."""
    tx.run(_UNPIN_ALL, the_kid=kid)


def pin(tx: Statements, one: Pin) -> None:
    """Let this holder be signed for with this key, in place of what it was pinned to."""
    unpin(tx, one.holder, one.slot)
    tx.run(_PIN, **asdict(one))


def change(
    db: Store,
    seen: int,
    *,
    added: Iterable[SigningKey] = (),
    updated: Iterable[SigningKey] = (),
    removed: Iterable[str] = (),
    also: Also = nothing,
) -> bool:
    """Make a change that was decided on version `seen`; False, and nothing done, where another came first.

    `also`: what is to hold together with it, such as its event.
    """
    with db.transaction() as tx:
        if seen == 0:
            tx.run(add_version, id=1, n=0)
        if tx.run(_ADVANCE, seen=seen) != 1:
            return False
        for key in added:
            tx.run(_ADD_KEY, **asdict(key))
        for key in updated:
            _update(tx, key)
            if key.state == "gone":
                unpin_all(tx, key.kid)
        for kid in removed:
            tx.run(_REMOVE_KEY, the_kid=kid)
            unpin_all(tx, kid)
        also(tx)
    return True


def repin(db: Store, seen: int, work: Callable[[Statements], list[SigningKey]], also: Also = nothing) -> bool:
    """Change pins, and the keys that `work` answers, on version `seen`; False where another change came first."""
    with db.transaction() as tx:
        if tx.run(_ADVANCE, seen=seen) != 1:
            return False
        for key in work(tx):
            _update(tx, key)
        also(tx)
    return True


def _update(tx: Statements, key: SigningKey) -> None:
    values = asdict(key)
    tx.run(_UPDATE_KEY, the_kid=values.pop("kid"), **values)
