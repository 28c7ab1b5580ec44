"""What a person keeps on their own pages: pinned applications, when each was last used, what they said of an event
and of a passkey that was offered."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, func, select

from idp.db import sweep, upsert

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

passkey_offers = Table(
    "passkey_offers",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("waits_until", Double, nullable=True),  # null: for ever
)

_l, _u, _v, _o = launcher_pins.c, app_uses.c, event_verdicts.c, passkey_offers.c

PINS = select(_l.client_ids).where(_l.person_id == bindparam("owner_id"))
USES = select(_u.client_id, _u.used_at).where(_u.person_id == bindparam("owner_id"))
LAST_USE = select(func.max(_u.used_at).label("at")).where(_u.client_id == bindparam("of_client"))
SWEEP_USES = sweep(_u.used_at, _u.person_id, _u.client_id)
VERDICTS = select(_v.event_id, _v.verdict).where(
    _v.person_id == bindparam("owner_id"), _v.event_id >= bindparam("first"), _v.event_id <= bindparam("last")
)
OFFER = select(_o.waits_until).where(_o.person_id == bindparam("owner_id"))
SWEEP_VERDICTS = sweep(_v.event_id, _v.event_id)  # an id is of its time

#: A person's order; of two that are sent at once the later one holds.
PIN = upsert(launcher_pins, "person_id", change=("client_ids",))
#: An application was used; an older note never replaces a newer one.
USED = upsert(
    app_uses, "person_id", "client_id", change=("used_at",), only_if=lambda new: new.used_at > _u.used_at
)  # fmt: skip
#: What a person says of an event; they may change their mind.
SAY = upsert(
    event_verdicts, "event_id", change=("verdict", "at"), only_if=lambda new: new.person_id == _v.person_id
)  # fmt: skip
#: What a person says when a passkey is offered; the latest word holds.
ANSWER_OFFER = upsert(passkey_offers, "person_id", change=("waits_until",))

#: Everything of a person, who is removed.
FORGET = tuple(delete(table).where(table.c.person_id == bindparam("person_id"))
               for table in (launcher_pins, app_uses, event_verdicts, passkey_offers))  # fmt: skip
