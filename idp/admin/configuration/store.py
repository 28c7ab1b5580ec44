"""What files manage."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, select

from idp.db import upsert

metadata = MetaData()

managed_objects = Table(
    "managed_objects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("object_id", Text, primary_key=True),
    Column("manager", Text, nullable=False),  # the file's name, or what the file calls itself
    Column("fields", Text, nullable=False),  # JSON: the keys that it declared at the last apply
    Column("changed_at", Double, nullable=False),
    Index("managed_objects_manager", "manager"),
)
_m = managed_objects.c

ALL = select(_m.kind, _m.object_id, _m.manager, _m.fields).order_by(_m.kind, _m.object_id)
ONE = select(_m.kind, _m.object_id, _m.manager, _m.fields).where(
    _m.kind == bindparam("of_kind"), _m.object_id == bindparam("of_object")
)
PUT = upsert(managed_objects, "kind", "object_id", change=("manager", "fields", "changed_at"))
DROP = delete(managed_objects).where(_m.kind == bindparam("of_kind"), _m.object_id == bindparam("of_object"))
