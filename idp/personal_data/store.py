"""Reads the parts. It names other rooms' tables by their names: the table of `parts` is what decides."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, column, literal, or_, select, table, text

from idp.db import Executor
from idp.personal_data.parts import Part

#: Word for word the condition of the index `events_actor`: neither database concludes it from anything else.
_ON_OTHERS = "actor <> '' AND (person_id IS NULL OR actor <> person_id)"


def rows(db: Executor, part: Part, person_id: str, most: int) -> list[dict[str, Any]]:
    """At most so many rows, each by its columns."""
    statement, names = _statement(part)
    return [dict(zip(names, row, strict=True)) for row in db.all(statement, person_id=person_id, most=most)]


def _statement(part: Part) -> tuple[Select[Any], list[str]]:
    beside = [name for name in (part.latest, part.by, "person_id" if part.key == "actor" else "") if name]
    columns: dict[str, Any] = {name: column(name) for name in (*part.told, part.key, *beside)}
    source = table(part.table, *columns.values())
    wanted: list[Any] = [source.c[name] for name in part.told]
    names = [*part.told]
    if part.by:
        wanted.append(source.c[part.by])
        names.append(part.by)
    if part.named is not None:
        held = table(part.named[1], column("id"), column("name"))
        wanted.append(select(held.c.name).where(held.c.id == source.c[part.named[0]]).scalar_subquery().label("name"))
        names.append("name")
    condition: ColumnElement[bool]
    theirs = bindparam("person_id", type_=Text)
    if part.through:
        owner = table(part.through, column("id"), column("person_id"))
        condition = source.c[part.key].in_(select(owner.c.id).where(owner.c.person_id == theirs))
    elif part.key == "actor":  # as an admin; what they did to themselves is told with what it was about
        about, is_theirs = source.c.person_id, source.c.actor == literal("person:") + theirs
        condition = and_(is_theirs, text(_ON_OTHERS), or_(about.is_(None), about != theirs))
    else:
        condition = source.c[part.key] == theirs
    found = select(*wanted).where(condition).limit(bindparam("most"))
    return (found.order_by(source.c[part.latest].desc()) if part.latest else found), names
