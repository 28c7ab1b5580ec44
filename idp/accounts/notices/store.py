"""What admins tell everybody."""

from __future__ import annotations

from sqlalchemy import Column, Double, MetaData, Table, Text, bindparam, delete, insert, or_, select

from idp.db import sweep

metadata = MetaData()

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("text", Text, nullable=False),
    Column("starts_at", Double),
    Column("ends_at", Double),
    Column("client_id", Text),  # none: for everybody, whatever application they come from
    Column("place", Text, nullable=False),  # login, launcher, both, status
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
)

_n = notices.c

INSERT = insert(notices)
ALL = select(notices).order_by(_n.id)
STANDING = (
    select(notices)
    .where(or_(_n.ends_at.is_(None), _n.ends_at > bindparam("now")))
    .order_by(_n.id.desc())
    .limit(bindparam("many"))
)
DELETE = delete(notices).where(_n.id == bindparam("notice_id"))
SWEEP = sweep(_n.ends_at, _n.id)
