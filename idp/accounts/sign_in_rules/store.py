"""The rules that admins keep, and the version that every change of them raises."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

metadata = MetaData()

sign_in_rules = Table(
    "sign_in_rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("said", Text, nullable=False),  # JSON object, without what nobody said
    Column("enabled", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("deleted_at", Double),  # it can be brought back for 30 days
)
sign_in_rules_version = Table(
    "sign_in_rules_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
)
_r, _v = sign_in_rules.c, sign_in_rules_version.c

#: The version as a subquery, for another room's statement to carry along.
CURRENT_VERSION: Any = select(_v.n).where(_v.id == 1).scalar_subquery()
VERSION = select(_v.n).where(_v.id == 1)
#: One statement, so that the version and what was read under it belong together.
STANDING = (
    select(_v.n, _r.id, _r.said, _r.enabled)
    .select_from(sign_in_rules_version.outerjoin(sign_in_rules, _r.deleted_at.is_(None)))
    .where(_v.id == 1)
    .order_by(_r.position, _r.id)
)
#: Comes first in its transaction: its row lock also queues the changes, one after the other.
RAISE = update(sign_in_rules_version).where(_v.id == 1).values(n=_v.n + 1)

ALL = select(sign_in_rules).where(_r.deleted_at.is_(None)).order_by(_r.position, _r.id)
REMOVED = select(sign_in_rules).where(_r.deleted_at > bindparam("since")).order_by(_r.deleted_at.desc())
ONE = select(sign_in_rules).where(_r.id == bindparam("rule_id"))
LAST = select(func.max(_r.position).label("position")).where(_r.deleted_at.is_(None))
COUNT = select(func.count().label("many")).select_from(sign_in_rules).where(_r.deleted_at.is_(None))
INSERT = insert(sign_in_rules)
PUT = (
    update(sign_in_rules)
    .where(_r.id == bindparam("rule_id"))
    .values({name: bindparam(name) for name in ("said", "enabled", "position", "changed_at", "deleted_at")})
)
PURGE = delete(sign_in_rules).where(_r.deleted_at < bindparam("before"))
