"""Work on many people: what was asked, and its rows in parts, so that a step reads and writes one of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    literal,
    select,
    update,
)

metadata = MetaData()

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("kind", Text, nullable=False),
    Column("made_by", Text, nullable=False),  # as the record names them
    Column("state", Text, nullable=False),
    Column("asked", Text, nullable=False),  # JSON object
    Column("counts", Text, nullable=False),  # JSON object: outcome to number
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
)
Index("batches_kind", batches.c.kind, batches.c.id)
Index("batches_changed_at", batches.c.changed_at)

batch_parts = Table(
    "batch_parts",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),  # of its first row
    Column("source", Text, nullable=False),  # JSON array of rows
    Column("outcomes", Text, nullable=False),  # JSON array, as long as its rows are done
)

_b, _p = batches.c, batch_parts.c
_OF_ID = _b.id == bindparam("of_id")
_PART = (_p.batch_id == bindparam("of_id"), _p.number == bindparam("at"))

ADD = insert(batches)
ADD_PART = insert(batch_parts)
BY_ID = select(batches).where(_OF_ID)
LOCKED = BY_ID.with_for_update()
LATEST = select(batches).where(_b.kind == bindparam("of_kind")).order_by(_b.id.desc()).limit(bindparam("many"))
_NEW: dict[str, Any] = {f"{name}": bindparam(f"new_{name}") for name in ("state", "counts", "done", "changed_at")}
SET = update(batches).where(_OF_ID).values(_NEW)
ASK = update(batches).where(_OF_ID).values(**_NEW, asked=bindparam("new_asked"))
PART = select(batch_parts).where(*_PART)
SET_PART = update(batch_parts).where(*_PART).values(outcomes=bindparam("new_outcomes"))
CLEAR = update(batch_parts).where(_p.batch_id == bindparam("of_id")).values(outcomes="[]")
PARTS = (
    select(batch_parts)
    .where(_p.batch_id == bindparam("of_id"), _p.number >= bindparam("since"))
    .order_by(_p.number)
    .limit(bindparam("many"))
)
OLD = select(_b.id).where(_b.changed_at < bindparam("before")).limit(bindparam("many"))
STALLED = (
    select(_b.id).where(_b.state.in_([literal("checking"), literal("running")]), _b.changed_at < bindparam("before"))
    .limit(bindparam("many"))
)  # fmt: skip
DROP_PARTS = delete(batch_parts).where(_p.batch_id == bindparam("of_id"))
DROP = delete(batches).where(_OF_ID)
