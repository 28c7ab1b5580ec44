"""The table of jobs, in the database that has what causes them, so that both can be written together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)  # fmt: skip

from idp.db import sweep, upsert

metadata = MetaData()

PERIODIC = "every."  # how the id of a periodic job begins

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered; `every.<name>` for what runs in periods
    Column("name", Text, nullable=False),
    Column("payload", Text, nullable=False, server_default="{}"),  # JSON
    Column("lease", Double, nullable=False),  # seconds that a run is waited for
    Column("due", Double),  # null: its tries are used up
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("claimed_until", Double),
    Column("failed_at", Double),
)
Index("jobs_due", jobs.c.due)
Index("jobs_failed_at", jobs.c.failed_at)

_j = jobs.c
_MOST_BESIDES = 8  # names that one look leaves alone
_BESIDES = tuple(_j.name != bindparam(f"besides_{number}") for number in range(_MOST_BESIDES))
_FREE = and_(
    _j.due <= bindparam("now"), or_(_j.claimed_until.is_(None), _j.claimed_until <= bindparam("now")),
    *_BESIDES,
)  # fmt: skip
_IS_MINE = and_(_j.id == bindparam("job_id"), _j.claimed_until == bindparam("claim"))


def besides(names: Iterable[str] = ()) -> dict[str, Any]:
    """The parameters that leave jobs of these names to others."""
    filled = [*sorted(names), *[""] * _MOST_BESIDES]
    return {f"besides_{number}": filled[number] for number in range(_MOST_BESIDES)}


_NEW: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("id", "name", "payload", "lease", "due")}
ADD = insert(jobs).values(_NEW)
#: A periodic job's row, and again where a process that did not know it gave it up.
ADD_ONCE = upsert(
    jobs, "id", values=_NEW,
    change=lambda new: {"due": new.due, "failed_at": null()}, only_if=lambda new: _j.due.is_(None),
)  # fmt: skip
ANY_DUE = select(_j.id).where(_FREE).order_by(_j.due).limit(1)
#: Of any number of workers one gets it; after its lease another one, where that one was killed meanwhile.
CLAIM = (
    update(jobs)
    .where(_j.id == ANY_DUE.with_for_update(skip_locked=True).scalar_subquery(), _FREE)
    .values(claimed_until=bindparam("now") + _j.lease)
    .returning(_j.id, _j.name, _j.payload, _j.due, _j.tries, _j.claimed_until)
)
NEXT_DUE = select(_j.due).where(_j.due.is_not(None), _j.claimed_until.is_(None), *_BESIDES).order_by(_j.due).limit(1)
DONE = delete(jobs).where(_j.id == bindparam("job_id"))
PUT_OFF = (
    update(jobs)
    .where(_IS_MINE)
    .values(due=bindparam("later"), tries=bindparam("tried"), error=bindparam("what"), claimed_until=null())
)
FAILED = (
    update(jobs)
    .where(_IS_MINE)
    .values(
        due=null(), tries=bindparam("tried"), error=bindparam("what"), claimed_until=null(), failed_at=bindparam("now")
    )
)
LIST = select(_j.id, _j.name, _j.payload, _j.due, _j.tries, _j.error, _j.claimed_until, _j.failed_at).order_by(
    _j.due, _j.id
)
STANDING = (
    select(_j.name, _j.failed_at.is_not(None).label("failed"), (_j.claimed_until > bindparam("now")).label("running"),
           func.count().label("many"), func.min(_j.due).label("due"))
    .where(or_(_j.failed_at.is_not(None), _j.due <= bindparam("now"), _j.id.not_like("every.%")))
    .group_by(_j.name, "failed", "running")
)  # fmt: skip
#: What waits, or is claimed, for longer than a moment: the furthest first, which a clock that was ahead has left.
LATER = (
    select(_j.id, _j.name, _j.due, _j.claimed_until, _j.lease)
    .where(_j.due > bindparam("ahead"))
    .order_by(_j.due.desc())
    .limit(bindparam("many"))
)
CLAIMED_LATER = (
    select(_j.id, _j.name, _j.due, _j.claimed_until, _j.lease)
    .where(_j.claimed_until > bindparam("ahead") + _j.lease)
    .limit(bindparam("many"))
)
COME_FORWARD = (
    update(jobs)
    .where(_j.id == bindparam("job_id"), _j.due == bindparam("was"))
    .values(due=bindparam("earlier"), claimed_until=null())
)
SWEEP = sweep(_j.failed_at, _j.id)
