"""When an account will be turned off, where somebody has said so."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, func, insert, select

from idp.accounts.store import people

metadata = MetaData()

planned_ends = Table(
    "planned_ends",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("off_at", Double, nullable=False),  # epoch seconds
    Column("zone", Text, nullable=False),  # the time zone that it was said in
    Column("planned_at", Double, nullable=False),
    Column("planned_by", Text, nullable=False),  # as the record names them
)
Index("planned_ends_off_at", planned_ends.c.off_at)

_e = planned_ends.c
_OF_PERSON = _e.person_id == bindparam("person_id")

OF = select(planned_ends).where(_OF_PERSON)
LOCKED = OF.with_for_update()
DUE = select(planned_ends).where(_e.off_at <= bindparam("now")).order_by(_e.off_at).limit(bindparam("many"))
SOON = (
    select(func.count().label("n"))
    .select_from(planned_ends.join(people, people.c.id == _e.person_id))
    .where(_e.off_at > bindparam("now"), _e.off_at <= bindparam("until"), people.c.enabled == 1)
)
OWNERS = select(_e.person_id)
ADD = insert(planned_ends)
DROP = delete(planned_ends).where(_OF_PERSON)
FORGET = (DROP,)
