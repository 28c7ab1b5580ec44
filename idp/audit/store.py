"""The table of events."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    bindparam,
    event,
    insert,
    literal,
    or_,
    select,
    update,
)

from idp.db import sweep

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("at", Double, nullable=False),
    Column("action", Text, nullable=False),  # subject:action
    Column("actor", Text, nullable=False, server_default=""),
    Column("person_id", Text),
    Column("client_id", Text),
    Column("session_id", Text),
    Column("address", Text, nullable=False, server_default=""),
    Column("request_id", Text, nullable=False, server_default=""),
    Column("error_id", Text),
    Column("detail", Text, nullable=False, server_default="{}"),
)
Index("events_error_id", events.c.error_id)
Index("events_person_id", events.c.person_id, events.c.id)
# As text, since an `Index` with a condition imports every dialect that it has one for.
_INDEX = "CREATE INDEX events_client_id ON events (client_id, id) WHERE client_id IS NOT NULL"
event.listen(events, "after_create", DDL(_INDEX))  # type: ignore[no-untyped-call]

INSERT = insert(events)
AFTER = select(events).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("many"))
LATEST = select(events).order_by(events.c.id.desc()).limit(bindparam("many"))
BY_ID = select(events).where(events.c.id == bindparam("event_id"))
#: Of an event that is counted up, and of nothing else: see `events.repeat`.
AMEND = update(events).where(events.c.id == bindparam("event_id")).values(detail=bindparam("detail"))
OF_ACTION = (
    select(events)
    .where(events.c.id > bindparam("after"), events.c.action == bindparam("wanted_action"))
    .order_by(events.c.id)
    .limit(bindparam("many"))
)
BY_ERROR = select(events).where(events.c.error_id == bindparam("wanted"))


@cache
def of_person(actions: tuple[str, ...]) -> Any:
    """A person's events of these actions, the latest first, a page at a time; one statement for each set of actions."""
    return (
        select(events)
        .where(
            events.c.person_id == bindparam("owner_id"),
            events.c.id > bindparam("after"),
            events.c.id < bindparam("before"),
            events.c.action.in_([literal(action) for action in actions]),
        )
        .order_by(events.c.id.desc())
        .limit(bindparam("many"))
    )


OF_PERSON_BY_ID = select(events).where(
    events.c.person_id == bindparam("owner_id"), events.c.id == bindparam("event_id")
)
SWEEP = sweep(events.c.id, events.c.id)  # an id is of its time


#: What went wrong or was refused, by the second half of its name; `error:…` beside them.
FAILURES = ("failed", "refused", "denied", "alarm", "suspicious", "undelivered")


@cache
def search(*, person: bool, client: bool, failed: bool, action: bool, onward: bool) -> Any:
    """Events between two ids by what is asked: the latest first, or `onward` the oldest first; one statement each."""
    e = events.c
    wanted = [e.id > bindparam("after"), e.id < bindparam("before")]
    wanted += [e.person_id == bindparam("of_person")] if person else []
    wanted += [e.client_id == bindparam("of_client")] if client else []
    wanted += [e.action.like(bindparam("of_action"), escape="\\")] if action else []
    if failed:
        wanted.append(or_(e.action.like("error:%"), *(e.action.like(f"%:{word}") for word in FAILURES)))
    return select(events).where(*wanted).order_by(e.id if onward else e.id.desc()).limit(bindparam("many"))
