"""The times in which applications stood in one way."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from clients.store import clients, metadata

#: No key to `clients`: what could be opened is known when the application is long gone.
client_past = Table(
    "client_past",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double),  # NULL: it stands
    Column("name", Text, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("access", Text, nullable=False),  # JSON, as the client's row has it
    Column("since_seen", Integer, nullable=False),
    Column("until_seen", Integer, nullable=False),
    Index("client_past_client_id", "client_id", "since"),
    Index("client_past_until", "until"),
)
_p, _c = client_past.c, clients.c

ADD = insert(client_past)
END = (
    update(client_past)
    .where(_p.client_id == bindparam("of_client"), _p.until.is_(None))
    .values(until=bindparam("end"), until_seen=bindparam("end_seen"))
)
OF_CLIENT = (
    select(client_past)
    .where(
        _p.client_id == bindparam("of_client"), _p.since < bindparam("window_until"),
        or_(_p.until.is_(None), and_(_p.until > bindparam("window_since"), _p.until > _p.since)),
    )
    .order_by(_p.since, _p.id)
)  # fmt: skip
LATEST = select(_p.name).where(_p.client_id == bindparam("of_client")).order_by(_p.since.desc()).limit(1)
HOW_IT_IS = select(_c.id, _c.name, _c.enabled, _c.access, _c.deleted_at).where(_c.id == bindparam("of_client"))
_STANDS = and_(_p.client_id == _c.id, _p.until.is_(None))
#: Applications that stand otherwise than is kept, and those that are kept and do not stand any more.
STALE = (
    select(_c.id.label("id"))
    .select_from(clients.outerjoin(client_past, _STANDS))
    .where(
        or_(
            and_(
                _c.deleted_at.is_(None),
                or_(_p.id.is_(None), _p.name != _c.name, _p.enabled != _c.enabled, _p.access != _c.access),
            ),
            and_(_c.deleted_at.is_not(None), _p.id.is_not(None)),
        )
    )
    .union(
        select(_p.client_id.label("id"))
        .select_from(client_past.outerjoin(clients, _c.id == _p.client_id))
        .where(_p.until.is_(None), _c.id.is_(None))
    )
    .limit(1000)
)
SWEEP = delete(client_past).where(
    _p.id.in_(select(_p.id).where(_p.until < bindparam("before")).order_by(_p.until).limit(bindparam("many")))
)
