"""What a person keeps on their own pages: pinned applications, when each was last used, what they said of an event."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData()

launcher_pins = Table(
    "launcher_pins",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("client_ids", Text, nullable=False),  # JSON array, in order: one row, so that one write is the whole order
)

app_uses = Table(
    "app_uses",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("used_at", Double, nullable=False),
)
Index("app_uses_used_at", app_uses.c.used_at)

event_verdicts = Table(
    "event_verdicts",
    metadata,
    Column("event_id", Text, primary_key=True),  # time-ordered, as the event's
    Column("person_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # me, not_me
    Column("at", Double, nullable=False),
)
Index("event_verdicts_person_id", event_verdicts.c.person_id, event_verdicts.c.event_id)

_l, _u, _v = launcher_pins.c, app_uses.c, event_verdicts.c

PINS = select(_l.client_ids).where(_l.person_id == bindparam("owner_id"))
USES = select(_u.client_id, _u.used_at).where(_u.person_id == bindparam("owner_id"))
SWEEP_USES = delete(app_uses).where(
    tuple_(_u.person_id, _u.client_id).in_(
        select(_u.person_id, _u.client_id)
        .where(_u.used_at < bindparam("before"))
        .order_by(_u.used_at)
        .limit(bindparam("many"))
    )
)
VERDICTS = select(_v.event_id, _v.verdict).where(
    _v.person_id == bindparam("owner_id"), _v.event_id >= bindparam("first"), _v.event_id <= bindparam("last")
)
SWEEP_VERDICTS = delete(event_verdicts).where(
    _v.event_id.in_(
        select(_v.event_id).where(_v.event_id < bindparam("before")).order_by(_v.event_id).limit(bindparam("many"))
    )
)


def PIN(dialect: str) -> Any:  # noqa: N802  a statement like its neighbours
    """A person's order; of two that are sent at once the later one holds."""
    inserting: Any = (sqlite if dialect == "sqlite" else postgresql).insert(launcher_pins)
    return inserting.on_conflict_do_update(
        index_elements=["person_id"], set_={"client_ids": inserting.excluded.client_ids}
    )


def USED(dialect: str) -> Any:  # noqa: N802
    """An application was used; an older note never replaces a newer one."""
    inserting: Any = (sqlite if dialect == "sqlite" else postgresql).insert(app_uses)
    return inserting.on_conflict_do_update(
        index_elements=["person_id", "client_id"],
        set_={"used_at": inserting.excluded.used_at},
        where=inserting.excluded.used_at > _u.used_at,
    )


def SAY(dialect: str) -> Any:  # noqa: N802
    """What a person says of an event; they may change their mind."""
    inserting: Any = (sqlite if dialect == "sqlite" else postgresql).insert(event_verdicts)
    return inserting.on_conflict_do_update(
        index_elements=["event_id"],
        set_={"verdict": inserting.excluded.verdict, "at": inserting.excluded.at},
        where=inserting.excluded.person_id == _v.person_id,
    )


#: Everything of a person, who is removed.
FORGET = tuple(delete(table).where(table.c.person_id == bindparam("person_id"))
               for table in (launcher_pins, app_uses, event_verdicts))  # fmt: skip
