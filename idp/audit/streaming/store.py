"""How far each receiver has come."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, Table, Text, bindparam, func, null, select, update

from idp.audit.chain.store import segments
from idp.audit.store import SHOWN, events, metadata
from idp.db import upsert

streams = Table(
    "audit_streams",
    metadata,
    Column("name", Text, primary_key=True),  # syslog:…, webhook:…
    Column("segment", Integer, nullable=False),  # the last that was sent
    Column("failed_at", Double),
    Column("error", Text, nullable=False, server_default=""),
)
_c = streams.c

BY_NAME = select(streams).where(_c.name == bindparam("of_name"))
BEGIN = upsert(streams, "name", values={"name": bindparam("new_name"), "segment": bindparam("new_segment")})
ADVANCE = (
    update(streams)
    .where(_c.name == bindparam("of_name"), _c.segment == bindparam("was"))
    .values(segment=bindparam("new_segment"), failed_at=null(), error="")
)
FAILED = (
    update(streams)
    .where(_c.name == bindparam("of_name"))
    .values(failed_at=bindparam("now"), error=bindparam("what"))
)  # fmt: skip
NEXT = (
    select(segments.c.number, segments.c.first_id, segments.c.last_id, segments.c.chain)
    .where(segments.c.number > bindparam("after"))
    .order_by(segments.c.number)
    .limit(bindparam("many"))
)
WAITING = select(func.sum(segments.c.kept).label("events")).where(segments.c.number > bindparam("after"))
EVENTS = (
    select(*SHOWN)
    .where(events.c.id >= bindparam("first"), events.c.id <= bindparam("last"), events.c.segment == bindparam("number"))
    .order_by(events.c.id)
)
