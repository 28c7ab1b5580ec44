"""Streams, the people that a receiver has named, and the events that wait."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from idp.db import upsert
from idp.signals.stream import PUSH

metadata = MetaData()

signal_streams = Table(
    "signal_streams",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # the header that its receiver wants to see
    Column("requested", Text),  # JSON array; null: all
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("due", Double),
    Column("claimed_until", Double),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Double),
    Column("problem", Text, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("delivered_at", Double),
    Column("asked_at", Double),
)
Index("signal_streams_client_id", signal_streams.c.client_id)


def _of_stream(*, key: bool) -> Column[str]:
    return Column(
        "stream_id", Text, ForeignKey("signal_streams.id", ondelete="CASCADE"), primary_key=key, nullable=False
    )  # fmt: skip


#: Whom a receiver has added or removed (SSF §8.1.3); of everybody else: whoever has opened the application.
signal_subjects = Table(
    "signal_subjects",
    metadata,
    _of_stream(key=True),
    Column("person_id", Text, primary_key=True),
    Column("wanted", Integer, nullable=False),
)
Index("signal_subjects_person_id", signal_subjects.c.person_id)

signal_events = Table(
    "signal_events",
    metadata,
    Column("id", Text, primary_key=True),  # the jti; time-ordered
    _of_stream(key=False),
    Column("person_id", Text, nullable=False),  # "": of the stream itself
    Column("claims", Text, nullable=False),  # JSON object
    Column("is_control", Integer, nullable=False),  # it says how the stream stands, so it goes out in any state
    Column("at", Double, nullable=False),
)
Index("signal_events_stream_id", signal_events.c.stream_id, signal_events.c.id)
Index("signal_events_person_id", signal_events.c.person_id)

_s, _p, _e = signal_streams.c, signal_subjects.c, signal_events.c
_stream = _s.id == bindparam("of_stream")
_of = _e.stream_id == bindparam("of_stream")

# -- streams ---------------------------------------------------------------------------------------------------------

STREAMS = select(signal_streams).order_by(_s.created_at, _s.id)
OF_CLIENT = STREAMS.where(_s.client_id == bindparam("of_client"))
STREAM = select(signal_streams).where(_stream)
ADD = insert(signal_streams)
DROP = delete(signal_streams).where(_stream)
DROP_REST = tuple(delete(t).where(t.c.stream_id == bindparam("of_stream")) for t in (signal_events, signal_subjects))


def set_stream(*names: str) -> Any:
    """UPDATE of these columns of a stream, each by a parameter `new_<name>`."""
    return update(signal_streams).where(_stream).values({name: bindparam(f"new_{name}") for name in names})


SAY = set_stream("method", "endpoint", "sealed", "requested", "description", "changed_at")
TURN = set_stream("status", "status_by", "reason", "changed_at")
ASK = set_stream("asked_at")
#: There is something to push. One that fails waits for its next turn. The row is written, and by that locked, however
#: it stands: whoever delivers lets go of it before, or sees what was put into it (PostgreSQL: an UPDATE without a
#: match waits for nobody).
WAKE = (
    update(signal_streams).where(_stream)
    .values(due=case(
        (_s.method != PUSH, _s.due),
        (or_(_s.failing_since.is_(None), _s.due.is_(None)), bindparam("now")),
        else_=_s.due,
    ))
)  # fmt: skip
#: What was tried is tried at once, by whoever comes.
FRESH = (
    update(signal_streams).where(_stream)
    .values(due=bindparam("now"), claimed_until=null(), failures=0, failing_since=null(), problem="")
)  # fmt: skip
#: Its own row is locked first, so that changes queue up.
LOCK = update(signal_streams).where(_stream).values(changed_at=_s.changed_at)
_free = or_(_s.claimed_until.is_(None), _s.claimed_until <= bindparam("now"))
DUE = select(_s.id).where(_s.due <= bindparam("now"), _free).order_by(_s.due).limit(bindparam("many"))
#: Of any number of processes one delivers to it; after the lease another, where that one was killed.
CLAIM = (
    update(signal_streams).where(_stream, _s.due <= bindparam("now"), _free).values(claimed_until=bindparam("until"))
)  # fmt: skip
RENEW = (
    update(signal_streams).where(_stream, _s.claimed_until == bindparam("claim"))
    .values(claimed_until=bindparam("until"))
)  # fmt: skip
DELIVERED = (
    update(signal_streams).where(_stream, _s.claimed_until == bindparam("claim"))
    .values(
        delivered=_s.delivered + 1, delivered_at=bindparam("now"), failures=0, failing_since=null(),
        problem=bindparam("new_problem"),
    )
)  # fmt: skip
FAILED = (
    update(signal_streams).where(_stream, _s.claimed_until == bindparam("claim"))
    .values(
        failures=_s.failures + 1, failing_since=func.coalesce(_s.failing_since, bindparam("now")),
        problem=bindparam("new_problem"), due=bindparam("later"), claimed_until=null(),
    )
)  # fmt: skip
RELEASE = (
    update(signal_streams).where(_stream, _s.claimed_until == bindparam("claim"))
    .values(due=bindparam("later"), claimed_until=null())
)  # fmt: skip
FETCHED = (
    update(signal_streams).where(_stream)
    .values(delivered=_s.delivered + bindparam("more"), delivered_at=bindparam("now"), problem=bindparam("new_problem"))
)  # fmt: skip

# -- events ----------------------------------------------------------------------------------------------------------

PUT = insert(signal_events)
COUNT = select(func.count().label("many"), func.min(_e.at).label("first")).where(_of)
_waiting = select(signal_events).where(_of).order_by(_e.id)
#: Of a stream that is enabled; of any other what says so.
FIRST = _waiting.limit(bindparam("many"))
FIRST_CONTROL = _waiting.where(_e.is_control == 1).limit(bindparam("many"))
DONE = delete(signal_events).where(_of, _e.id == bindparam("of_event"))
FORGET_WAITING = delete(signal_events).where(_of)
OLD = select(_e.stream_id).where(_e.at < bindparam("before")).distinct()
FORGET_OLD = delete(signal_events).where(_of, _e.at < bindparam("before"))

# -- people ----------------------------------------------------------------------------------------------------------

NAMED = select(_p.wanted).where(_p.stream_id == bindparam("of_stream"), _p.person_id == bindparam("of_person"))
NAMING = select(_p.stream_id, _p.wanted).where(_p.person_id == bindparam("of_person"))
NAME = upsert(signal_subjects, "stream_id", "person_id", change=("wanted",))
NAMED_MANY = select(func.count().label("many")).where(_p.stream_id == bindparam("of_stream"))
FORGET_PERSON = delete(signal_subjects).where(_p.person_id == bindparam("of_person"))

COLUMNS: Final = tuple(column.key for column in signal_streams.columns)
