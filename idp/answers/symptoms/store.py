"""The table of what applications do: a row for an application, a kind and an hour, and one for all of a kind's time."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    select,
    tuple_,
)

from idp.db import sweep, upsert

metadata = MetaData()

#: `slot`: hours since 1970; 0: the row of all time, which has `about`, what was seen last, as JSON.
traffic_counts = Table(
    "traffic_counts",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("many", BigInteger, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("about", Text, nullable=False),
)
Index("traffic_counts_last_at", traffic_counts.c.last_at)

_t = traffic_counts.c

#: What several processes counted is summed up.
ADD = upsert(
    traffic_counts, "client_id", "kind", "slot",
    change=lambda new: {
        "many": _t.many + new.many,
        "first_at": case((new.first_at < _t.first_at, new.first_at), else_=_t.first_at),
        "last_at": case((new.last_at > _t.last_at, new.last_at), else_=_t.last_at),
        "about": case((new.about != "", new.about), else_=_t.about),
    },
)  # fmt: skip
OF_CLIENT = select(_t.kind, _t.slot, _t.many, _t.first_at, _t.last_at, _t.about).where(_t.client_id == bindparam("of"))
#: Whose traffic there was lately, after the last one of the page before.
ACTIVE = (
    select(_t.client_id)
    .where(_t.last_at > bindparam("since"), _t.slot == 0, _t.client_id > bindparam("after"))
    .distinct()
    .order_by(_t.client_id)
    .limit(bindparam("many"))
)
SWEEP = sweep(_t.last_at, _t.client_id, _t.kind, _t.slot)
_OLD = select(_t.client_id, _t.kind, _t.slot).where(_t.slot > 0, _t.last_at < bindparam("before"))
SWEEP_HOURS = delete(traffic_counts).where(
    tuple_(_t.client_id, _t.kind, _t.slot).in_(_OLD.order_by(_t.last_at).limit(bindparam("many")))
)
