"""When people last signed in, and which accounts must wait after wrong passwords and codes."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, select

from idp.db import sweep, upsert

metadata = MetaData()

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("last_at", Double, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("key", Text, primary_key=True),  # of `throttle.Account`, or of the second step
    Column("person_id", Text),  # NULL: a name that nobody has
    Column("until", Double, nullable=False),
)
Index("pauses_person_id", pauses.c.person_id)
Index("pauses_until", pauses.c.until)

SIGNED_IN = upsert(sign_ins, "person_id", change=("last_at",))
PAUSED = upsert(pauses, "key", change=("until",), only_if=lambda new: new.until > pauses.c.until)
IS_PAUSED = select(pauses.c.until).where(pauses.c.key == bindparam("of_key"))
LIFTED = delete(pauses).where(pauses.c.key == bindparam("of_key"))
SWEEP = sweep(pauses.c.until, pauses.c.key)
#: Everything of a person, who is removed.
FORGET = tuple(delete(table).where(table.c.person_id == bindparam("person_id")) for table in (sign_ins, pauses))
