"""The table of events."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    event,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)

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
    # What proves the row; see `chain`. A release that knows nothing of them leaves the defaults.
    Column("salt", Text),  # of the personal part's commitment; none once that was blanked
    Column("mac", Text, nullable=False, server_default=""),
    Column("blanked", Text),  # the commitment of a personal part that is gone
    Column("again", Text),  # the detail as it was counted up later
    Column("again_mac", Text, nullable=False, server_default=""),
    Column("segment", Integer, server_default="0"),  # NULL until it is sealed; 0: from before the chain
)
Index("events_error_id", events.c.error_id)
Index("events_person_id", events.c.person_id, events.c.id)
#: With the application, so that counting sign-ins by it reads no event.
Index("events_action_client", events.c.action, events.c.id, events.c.client_id)
#: Who acted on somebody else, or on nobody; what people do themselves is found by `person_id`.
ON_OTHERS = "actor <> '' AND (person_id IS NULL OR actor <> person_id)"
#: As text, since an `Index` with a condition imports every dialect that it has one for.
PARTIAL = (
    # With the action, so that SQLite looks for a rare one without reading the others.
    "CREATE INDEX events_client_action ON events (client_id, id, action) WHERE client_id IS NOT NULL",
    "CREATE INDEX events_session_id ON events (session_id, id) WHERE session_id IS NOT NULL",
    "CREATE INDEX events_request_id ON events (request_id) WHERE request_id <> ''",
    "CREATE INDEX events_address ON events (address, id) WHERE address <> ''",
    f"CREATE INDEX events_actor ON events (actor, id) WHERE {ON_OTHERS}",
    "CREATE INDEX events_waiting ON events (id) WHERE segment IS NULL",
)
for _index in PARTIAL:
    event.listen(events, "after_create", DDL(_index))  # type: ignore[no-untyped-call]

#: An event as it is read: what was counted up later in the place of what was written first.
SHOWN = (
    *(events.c[name] for name in ("id", "at", "action", "actor", "person_id", "client_id", "session_id", "address")),
    *(events.c[name] for name in ("request_id", "error_id")),
    func.coalesce(events.c.again, events.c.detail).label("detail"),
)
_WRITTEN = ("id", "at", "action", "actor", "person_id", "client_id", "session_id", "address", "request_id", "error_id",
            "detail", "salt", "mac")  # fmt: skip
INSERT = insert(events).values(segment=null(), **{name: bindparam(name) for name in _WRITTEN})
AFTER = select(*SHOWN).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("many"))
LATEST = select(*SHOWN).order_by(events.c.id.desc()).limit(bindparam("many"))
BY_ID = select(*SHOWN).where(events.c.id == bindparam("event_id"))
#: Of an event that is counted up, and of nothing else: see `events.repeat`.
AMEND = (
    update(events)
    .where(events.c.id == bindparam("event_id"), events.c.blanked.is_(None))
    .values(again=bindparam("new_detail"), again_mac=bindparam("new_mac"))
)
FOR_COUNT = (
    select(events.c.again)
    .where(events.c.id == bindparam("event_id"), events.c.blanked.is_(None))
    .with_for_update()
)  # fmt: skip
OF_ACTION = (
    select(*SHOWN)
    .where(events.c.id > bindparam("after"), events.c.action == bindparam("wanted_action"))
    .order_by(events.c.id)
    .limit(bindparam("many"))
)
BY_ERROR = select(*SHOWN).where(events.c.error_id == bindparam("wanted"))


@cache
def of_person(actions: tuple[str, ...]) -> Any:
    """A person's events of these actions, the latest first, a page at a time; one statement for each set of actions."""
    return (
        select(*SHOWN)
        .where(
            events.c.person_id == bindparam("owner_id"),
            events.c.id > bindparam("after"),
            events.c.id < bindparam("before"),
            events.c.action.in_([literal(action) for action in actions]),
        )
        .order_by(events.c.id.desc())
        .limit(bindparam("many"))
    )


OF_PERSON_BY_ID = select(*SHOWN).where(
    events.c.person_id == bindparam("owner_id"), events.c.id == bindparam("event_id")
)


#: What went wrong or was refused, by the second half of its name; `error:…` beside them.
FAILURES = ("failed", "refused", "denied", "alarm", "suspicious", "undelivered")


#: What is found by being equal.
EQUAL = ("person_id", "client_id", "session_id", "request_id", "error_id", "address", "actor")
NEXT_ACTION = select(events.c.action).where(events.c.action > bindparam("after")).order_by(events.c.action).limit(1)


@cache
def search(equal: tuple[str, ...], *, failed: bool, like: bool, exact: bool, others: bool, onward: bool) -> Any:
    """Events between two ids by what is asked: the latest first, or `onward` the oldest first; one statement each.

    `equal`: columns; `like`, `exact`: an action; `others`: that somebody did to others, as its index has it.
    """
    e = events.c
    wanted: list[Any] = [e.id > bindparam("after"), e.id < bindparam("before")]
    wanted += [e[name] == bindparam(f"of_{name}") for name in equal]
    # The conditions of the partial indexes; that an equal column is not empty, neither database concludes by itself.
    wanted += [e[name] != literal_column("''") for name in ("request_id", "address") if name in equal]
    wanted += [text(ON_OTHERS)] if others else []
    wanted += [e.action.like(bindparam("of_action"), escape="\\")] if like else []
    wanted += [e.action == bindparam("of_action")] if exact else []
    if failed:
        wanted.append(or_(e.action.like("error:%"), *(e.action.like(f"%:{word}") for word in FAILURES)))
    return select(*SHOWN).where(*wanted).order_by(e.id if onward else e.id.desc()).limit(bindparam("many"))


#: In `many_in`, of a step: what went well, and what did not.
GOOD, BAD = ("session:started",), ("session:failed", "factor:failed")


@cache
def many_in(steps: int) -> Any:
    """One row: how many went well and how many did not in each step, from `from_0` to `from_1` and so on, by ids.

    Each count walks one part of the index by action, and no event: a busy week costs milliseconds.
    """
    return select(*(_between(actions, step).label(f"{name}_{step}")
                    for step in range(steps) for name, actions in (("good", GOOD), ("bad", BAD))))  # fmt: skip


def _between(actions: tuple[str, ...], step: int) -> Any:
    e = events.alias(f"step_{step}").c
    counts = (
        select(func.count())
        .where(e.action == literal(action), e.id >= bindparam(f"from_{step}"), e.id < bindparam(f"from_{step + 1}"))
        .scalar_subquery()
        for action in actions
    )
    return sum(counts, literal(0))


MANY_OF = select(func.count().label("n")).where(
    events.c.action == bindparam("of_action"), events.c.id > bindparam("after")
)


_N = func.count().label("n")
BY_CLIENT = (
    select(events.c.client_id, _N)
    .where(
        events.c.id >= bindparam("after"), events.c.id < bindparam("before"), events.c.client_id.is_not(None),
        events.c.action.in_([literal("session:started"), literal("app:opened")]),
    )
    .group_by(events.c.client_id)
)  # fmt: skip
MANY_OWNERS = 400
_OWNERS = tuple(f"owner_{number}" for number in range(MANY_OWNERS))
OPENINGS = (
    select(
        events.c.person_id, _N, func.min(events.c.at).label("first_at"), func.max(events.c.at).label("last_at"),
    )
    .where(
        events.c.person_id.in_([bindparam(slot) for slot in _OWNERS]), events.c.client_id == bindparam("of_client"),
        events.c.id >= bindparam("after"), events.c.id < bindparam("before"),
        events.c.action.in_([literal("session:started"), literal("app:opened")]),
    )
    .group_by(events.c.person_id)
)  # fmt: skip


def owners(person_ids: Collection[str]) -> dict[str, str]:
    """The values of `OPENINGS` for so many people: one statement, whatever their number."""
    found = sorted(set(person_ids))
    if len(found) > MANY_OWNERS:
        raise ValueError(f"at most {MANY_OWNERS} people at once")
    return {slot: found[n] if n < len(found) else "" for n, slot in enumerate(_OWNERS)}
