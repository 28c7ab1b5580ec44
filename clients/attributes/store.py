"""The rows of definitions. Each change of one raises the registry's version, as a client's does."""

from __future__ import annotations

from sqlalchemy import Column, Double, Table, Text, bindparam, delete, insert, select, update

from clients.store import metadata

attribute_definitions = Table(
    "attribute_definitions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("said", Text, nullable=False),  # JSON object, without what nobody said
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
)
_a = attribute_definitions.c

EVERY = select(*_a).order_by(_a.name)
INSERT = insert(attribute_definitions)
UPDATE = (
    update(attribute_definitions)
    .where(_a.name == bindparam("of_name"))
    .values(said=bindparam("new_said"), changed_at=bindparam("new_changed_at"))
)
DELETE = delete(attribute_definitions).where(_a.name == bindparam("of_name"))
