"""The tables of readers: a row for each that fetched a document, and for each address that a client came from."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, func, select

from idp.db import sweep, upsert

metadata = MetaData()

key_fetches = Table(
    "key_fetches",
    metadata,
    Column("document", Text, primary_key=True),  # jwks, metadata
    Column("reader", Text, primary_key=True),  # an address, or client:<id>
    Column("at", Double, nullable=False),
)
Index("key_fetches_at", key_fetches.c.at)

client_addresses = Table(
    "client_addresses",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("at", Double, nullable=False),
)
Index("client_addresses_at", client_addresses.c.at)

#: What an admin said: this client has the key, whoever saw it fetch it or not.
told_keys = Table(
    "told_keys",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("at", Double, nullable=False),
)

_t = told_keys.c
_f, _a = key_fetches.c, client_addresses.c

#: The latest holds, whichever process writes it last.
FETCHED = upsert(key_fetches, "document", "reader", change=("at",), only_if=lambda new: new.at > _f.at)
CAME = upsert(client_addresses, "client_id", "address", change=("at",), only_if=lambda new: new.at > _a.at)

FETCHES = select(_f.document, _f.reader, _f.at)
ADDRESSES = select(_a.client_id, _a.address, _a.at).order_by(_a.client_id, _a.at.desc())

PLACES = select(_a.address).where(_a.client_id == bindparam("of")).order_by(_a.at.desc())

SWEEP_FETCHES = sweep(_f.at, _f.document, _f.reader)
SWEEP_ADDRESSES = sweep(_a.at, _a.client_id, _a.address)

_STRANGERS = _f.reader.not_in(select(_a.address)) & ~_f.reader.startswith("client:")
#: When the last of so many strangers fetched: whoever came before is one too many.
STRANGER_AT = select(_f.at).where(_STRANGERS).order_by(_f.at.desc()).offset(bindparam("many")).limit(1)
FORGET_STRANGERS = delete(key_fetches).where(_STRANGERS, _f.at <= bindparam("before"))
#: Clients that came from more addresses than are kept, and what of theirs is one too many.
CROWDED = select(_a.client_id).group_by(_a.client_id).having(func.count() > bindparam("many")).limit(100)
_OF = _a.client_id == bindparam("of")
SURPLUS_AT = select(_a.at).where(_OF).order_by(_a.at.desc()).offset(bindparam("many")).limit(1)
FORGET_SURPLUS = delete(client_addresses).where(_OF, _a.at <= bindparam("before"))
TOLD = select(_t.client_id, _t.kid, _t.at)
TELL = upsert(told_keys, "client_id", "kid", change=("at",))
UNTELL = delete(told_keys).where(_t.client_id == bindparam("of"), _t.kid == bindparam("key"))
SWEEP_TOLD = sweep(_t.at, _t.client_id, _t.kid)
