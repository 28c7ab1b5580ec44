"""Changes that wait for a second owner."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, insert, or_, select, update

metadata = MetaData()

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("action", Text, nullable=False),  # as the settings name it
    Column("verb", Text, nullable=False),
    Column("args", Text, nullable=False),  # JSON object: what the verb is called with; no secret is among it
    Column("asked_by", Text, nullable=False),  # as the record names them
    Column("token_id", Text, nullable=False),  # of the personal token that they asked by
    Column("asked_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("state", Text, nullable=False),  # waits, running, done, refused, withdrawn, failed
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Double),
    Column("note", Text, nullable=False),
)
Index("approvals_state", approvals.c.state, approvals.c.id)

_a = approvals.c
_OF = _a.id == bindparam("of_id")
BY_ID = select(approvals).where(_OF)
_NEWEST = select(approvals).where(_a.id < bindparam("before")).order_by(_a.id.desc()).limit(bindparam("many"))
LATEST = _NEWEST
LATEST_OF = _NEWEST.where(_a.asked_by == bindparam("of_whom"))
WAITING = (
    select(approvals).where(_a.state == "waits", _a.until > bindparam("now")).order_by(_a.id).limit(bindparam("many"))
)
WAITING_OF = WAITING.where(_a.asked_by == bindparam("of_whom"))
ADD = insert(approvals)
#: Of any number who decide, one does.
MOVE = (
    update(approvals)
    .where(_OF, _a.state == bindparam("old_state"), or_(_a.until > bindparam("now"), _a.state != "waits"))
    .values(state=bindparam("new_state"), decided_by=bindparam("whom"), decided_at=bindparam("now"),
            note=bindparam("new_note"))
)  # fmt: skip
SWEEP = delete(approvals).where(
    _a.id.in_(select(_a.id).where(_a.until < bindparam("before")).order_by(_a.id).limit(bindparam("many")))
)
