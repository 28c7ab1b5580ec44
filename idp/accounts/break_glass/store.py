"""Which accounts are for the day when nothing else lets anybody in, and what was seen of their use."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    literal_column,
    null,
    select,
    update,
)

from idp.accounts.store import people

metadata = MetaData()

break_glass = Table(
    "break_glass",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("secret", Text, nullable=False),  # SHA-256 of the password that we made, which has 150 random bits
    Column("made_at", Double, nullable=False),
    Column("made_by", Text, nullable=False),  # as the record names them
    Column("secrets_at", Double, nullable=False),  # when its password and codes were made
    Column("used_at", Double),  # when it was last signed in to, wholly
    Column("looked_at", Double, nullable=False),  # up to when its use was looked for
    Column("seen", Text, nullable=False),  # JSON array: ids of events of the last minutes that are counted
    Column("alarm_at", Double),  # when what nobody has acknowledged began; NULL: nothing
    Column("alarm_latest", Double),
    Column("alarm_uses", Integer, nullable=False),
    Column("alarm_failures", Integer, nullable=False),
    Column("told_at", Double),  # when owners were last mailed about tries that failed
)

_b = break_glass.c
_OF = _b.person_id == bindparam("of_person")
_NAMED = select(break_glass, people.c.username).join_from(break_glass, people, people.c.id == _b.person_id)
EVERY = _NAMED.order_by(_b.made_at, _b.person_id)
ALARMED = EVERY.where(_b.alarm_at.is_not(None))
ONE = _NAMED.where(_OF)
OF = select(_b.secret).where(_OF)
LOCKED = select(break_glass).where(_OF).with_for_update()
ADD = insert(break_glass)
RENEW = update(break_glass).where(_OF).values(secret=bindparam("new_secret"), secrets_at=bindparam("now"))
SEEN = (
    update(break_glass)
    .where(_OF)
    .values({name: bindparam(f"new_{name}") for name in (
        "used_at", "looked_at", "seen", "alarm_at", "alarm_latest", "alarm_uses", "alarm_failures", "told_at"
    )})
)  # fmt: skip
ACKNOWLEDGE = (
    update(break_glass)
    .where(_OF, _b.alarm_at.is_not(None))
    .values(alarm_at=null(), alarm_latest=null(), alarm_uses=literal_column("0"), alarm_failures=literal_column("0"))
)
DROP = delete(break_glass).where(_OF)
FORGET = (delete(break_glass).where(_b.person_id == bindparam("person_id")),)
