"""The rows of types of authorization details. Each change of one raises the registry's version, as a client's does."""

from __future__ import annotations

from sqlalchemy import Column, Double, Table, Text, bindparam, delete, insert, select, update

from clients.store import metadata

details_types = Table(
    "details_types",
    metadata,
    Column("name", Text, primary_key=True),
    Column("schema", Text, nullable=False),  # JSON
    Column("sentences", Text, nullable=False),  # JSON: language to template
    Column("resources", Text, nullable=False),  # JSON array
    Column("changed_at", Double, nullable=False),
)
_t = details_types.c

EVERY = select(*_t).order_by(_t.name)
INSERT = insert(details_types)
UPDATE = (
    update(details_types)
    .where(_t.name == bindparam("of_type"))
    .values({name: bindparam(f"new_{name}") for name in ("schema", "sentences", "resources", "changed_at")})
)
DELETE = delete(details_types).where(_t.name == bindparam("of_type"))
