"""The table of segments, and the events as the chain reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    update,
)

from idp.audit.store import events, metadata
from idp.db import upsert

segments = Table(
    "audit_segments",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first_id", Text, nullable=False),
    Column("last_id", Text, nullable=False),
    Column("count", Integer, nullable=False),  # events that were sealed
    Column("body", Text, nullable=False),  # the digest over them
    Column("chain", Text, nullable=False),  # over this body and the chain before it
    Column("kept", Integer, nullable=False),  # events that retention has left
    Column("kept_body", Text, nullable=False),  # the digest over those
    # Four characters of each MAC, to say where one is missing; behind a full stop what was counted up meanwhile.
    Column("marks", Text, nullable=False),
    Column("since_id", Text),  # of the first segment only: the latest event from before the chain
    Column("since_at", Double),  # and when the chain began
    Column("sealed_at", Double, nullable=False),
    Column("mac", Text, nullable=False),
)
MARKED = ("segment", "chain", "wrong", "mac")
#: One row: how far the chain has come. What removes the end of the other table leaves this one behind.
marks = Table(
    "audit_marks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, nullable=False),  # the newest; -1: none yet
    Column("chain", Text, nullable=False),  # its value there
    Column("wrong", Text, nullable=False),  # JSON: what was found when the next segment was added
    Column("mac", Text, nullable=False),
)
#: Events that were counted up and whose count no segment holds yet.
counts = Table(
    "audit_counts",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("mac", Text, nullable=False),  # of the count
)
_e, _s, _m, _c = events.c, segments.c, marks.c, counts.c

ADD = insert(segments)
ADD_FIRST = upsert(segments, "number")
LAST = select(segments).order_by(_s.number.desc()).limit(1)
#: Whoever seals holds the first row: two who take events in two orders would wait for each other.
TURN = select(_s.number).order_by(_s.number).limit(1).with_for_update()
BY_NUMBER = select(segments).where(_s.number == bindparam("of_number"))
FOR_CHANGE = BY_NUMBER.with_for_update()
ONWARD = select(segments).where(_s.number > bindparam("after")).order_by(_s.number).limit(bindparam("many"))
CHANGE = (
    update(segments)
    .where(_s.number == bindparam("of_number"))
    .values({name: bindparam(f"new_{name}") for name in ("kept", "kept_body", "marks", "since_id", "since_at", "mac")})
)
DROP_BEFORE = delete(segments).where(_s.number < bindparam("of_number"))

MARK = select(*(_m[name] for name in MARKED)).where(_m.id == 1)
MARK_FOR_CHANGE = MARK.with_for_update()
PUT_MARK = upsert(marks, "id", values={"id": 1, **{name: bindparam(f"new_{name}") for name in MARKED}})
MOVE_MARK = update(marks).where(_m.id == 1).values({name: bindparam(f"new_{name}") for name in MARKED})

COUNTED = upsert(counts, "event_id", change=("mac",))
ANY_COUNT = select(_c.event_id).limit(1)
#: The counts that wait, of events that a segment holds, or that are gone.
COUNTS = (
    select(_c.event_id, _c.mac, _e.again, _e.again_mac, _e.segment)
    .select_from(counts.outerjoin(events, _e.id == _c.event_id))
    .where(or_(_e.id.is_(None), _e.segment.is_not(None)))
    .order_by(_c.event_id)
    .limit(bindparam("many"))
)
#: Not one that grew meanwhile.
DROP_COUNT = delete(counts).where(_c.event_id == bindparam("of_event"), _c.mac == bindparam("of_mac"))
OF_COUNT = select(_e.id, _e.at, _e.action, _e.again, _e.again_mac, _e.blanked).where(_e.id == bindparam("event_id"))
#: The oldest event of a release with a chain that stands in no segment.
OLDEST_WAITING = select(func.min(_e.id).label("id")).where(_e.segment.is_(None), _e.mac != "")

LATEST_ID = select(func.max(_e.id).label("id"))
ANY_WAITING = select(_e.id).where(_e.segment.is_(None)).limit(1)
WAITING = (
    select(events)
    .where(_e.segment.is_(None), _e.id > bindparam("after"))
    .order_by(_e.id)
    .limit(bindparam("many"))
)  # fmt: skip
_SOME = select(_e.id).where(_e.segment.is_(None)).order_by(_e.id).limit(bindparam("many"))
#: The condition stands twice: on PostgreSQL the outer one is looked at again once another sealer lets go of the row.
TAKE = (
    update(events)
    .where(_e.id.in_(_SOME), _e.segment.is_(None))
    .values(segment=bindparam("of_number"))
    .returning(_e.id, _e.mac)
)
_IN_SEGMENT = and_(
    _e.id >= bindparam("first"), _e.id <= bindparam("last"), _e.segment == bindparam("of_number")
)  # fmt: skip
ROWS = select(events).where(_IN_SEGMENT).order_by(_e.id)
MACS = select(_e.id, _e.mac).where(_IN_SEGMENT).order_by(_e.id)
BEFORE = select(_e.id, _e.at, _e.action).where(_e.id < bindparam("of_id")).order_by(_e.id.desc()).limit(1)
BEHIND = select(_e.id, _e.at, _e.action).where(_e.id > bindparam("of_id")).order_by(_e.id).limit(1)
#: Events that name a segment which is not there, or in which they do not lie.
STRAY = (
    select(_e.id, _e.at, _e.action, _e.segment)
    .select_from(events.outerjoin(segments, _s.number == _e.segment))
    # One that was proven was never in 0, where those from before the chain stand.
    .where(
        or_(_e.segment != 0, and_(_e.segment == 0, _e.mac != "")),
        or_(_s.number.is_(None), _e.id < _s.first_id, _e.id > _s.last_id),
    )
    .order_by(_e.id)
    .limit(bindparam("many"))
)
#: Events after the beginning of the chain that no release with a chain wrote.
_OUTSIDE = and_(_e.segment == 0, _e.id > bindparam("since"))
OUTSIDE = select(func.count().label("many"), func.min(_e.id).label("first"), func.max(_e.at).label("last_at")).where(
    _OUTSIDE
)
OUTSIDE_LATE = (
    select(_e.id, _e.at, _e.action)
    # What it says of its time is not proven, and its place may be made up as well: both must be of that time.
    .where(_OUTSIDE, or_(_e.id > bindparam("until_id"), _e.at > bindparam("until")))
    .order_by(_e.id)
    .limit(bindparam("many"))
)  # fmt: skip
BEFORE_THE_CHAIN = select(func.count().label("many")).where(_e.segment == 0, _e.id <= bindparam("since"))


# -- retention ---------------------------------------------------------------------------------------------------------


def _of_kinds(kinds: tuple[str, ...], others: bool) -> Any:
    """Events whose action begins with one of these subjects; `others`: with none of them."""
    conditions = [_e.action.like(kind.replace("_", r"\_") + ":%", escape="\\") for kind in kinds]
    return not_(or_(*conditions)) if others and conditions else or_(*conditions) if conditions else _e.id.is_not(None)


@cache
def due(kinds: tuple[str, ...], others: bool) -> Any:
    """The oldest events of the kinds before a moment: where they stand."""
    return (
        select(_e.id, _e.segment)
        .where(_e.id > bindparam("after"), _e.id < bindparam("before"), _of_kinds(kinds, others))
        .order_by(_e.id)
        .limit(bindparam("many"))
    )


@cache
def drop_from_segment(kinds: tuple[str, ...], others: bool) -> Any:
    """Delete those of one segment."""
    return (
        delete(events)
        .where(_IN_SEGMENT, _e.id < bindparam("before"), _of_kinds(kinds, others))
        .returning(_e.id)
    )  # fmt: skip


@cache
def drop_unsealed(kinds: tuple[str, ...], others: bool) -> Any:
    """Delete those that stand in no segment, or in one that is not there."""
    return delete(events).where(
        _e.id > bindparam("after"), _e.id <= bindparam("last"), _e.id < bindparam("before"),
        or_(_e.segment.is_(None), _e.segment == bindparam("of_number")), _of_kinds(kinds, others),
    )  # fmt: skip


# -- people who are gone -----------------------------------------------------------------------------------------------

OF_PERSON = (
    select(events)
    .where(_e.person_id == bindparam("owner_id"), _e.id > bindparam("after"))
    .order_by(_e.id)
    .limit(bindparam("many"))
)  # fmt: skip
MANY_OF_PERSON = select(func.count().label("many")).where(_e.person_id == bindparam("owner_id"))
BLANK = (
    update(events)
    .where(_e.id == bindparam("event_id"))
    .values(
        actor=bindparam("new_actor"), person_id=null(), address="", detail="{}", salt=null(), again=null(),
        again_mac="", blanked=bindparam("new_blanked"),
    )
)  # fmt: skip
