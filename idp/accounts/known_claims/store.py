"""The names within everybody's claims, counted by the database."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select

from idp.accounts.store import people


def claim_names(dialect: str) -> Any:
    """Each name that anybody has."""
    return select(_names(dialect, people).c.name).distinct()


def claim_counts(dialect: str) -> Any:
    """How many of the first so many people have each."""
    some = select(people.c.claims).order_by(people.c.id).limit(bindparam("many")).subquery()
    each = _names(dialect, some)
    return select(each.c.name, func.count().label("many")).group_by(each.c.name)


def count_of(dialect: str) -> Any:
    """How many people have one. The text is looked through first: to open it takes ten times as long."""
    text = people.c.claims
    name, key = (bindparam(one, type_=Text) for one in ("of_name", "as_key"))
    counted = select(func.count().label("n")).select_from(people)
    if dialect == "sqlite":
        each = func.json_each(text).table_valued("key")
        return counted.where(func.instr(text, key) > 0, select(1).select_from(each).where(each.c.key == name).exists())
    from sqlalchemy.dialects.postgresql import JSONB

    return counted.where(func.strpos(text, key) > 0, func.jsonb_exists(cast(text, JSONB), name))


def as_key(name: str) -> str:
    """A name as it stands in the text, however deep."""
    return json.dumps(name)


def _names(dialect: str, of: Any) -> Any:
    if dialect == "sqlite":
        each = func.json_each(of.c.claims).table_valued("key")
        return select(each.c.key.label("name")).select_from(of, each).subquery()
    from sqlalchemy.dialects.postgresql import JSONB

    return select(func.jsonb_object_keys(cast(of.c.claims, JSONB)).label("name")).subquery()
