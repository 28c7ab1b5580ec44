"""Who has shown an address to be theirs and waits for an admin's word."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, func, insert, select

from idp.db import sweep

metadata = MetaData()

registrations = Table(
    "registrations",
    metadata,
    Column("id", Text, primary_key=True),  # R- and what can be read out
    Column("email", Text, nullable=False),  # proven
    Column("email_key", Text, nullable=False),  # `person.fold`ed: one address waits once
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("claims", Text, nullable=False),  # JSON
    Column("reason", Text, nullable=False),  # their words, '' for none
    Column("client_id", Text, nullable=False),  # the application that they came from, '' for none
    Column("locale", Text, nullable=False),
    Column("address", Text, nullable=False),  # of the network
    Column("asked_at", Double, nullable=False),
)
Index("registrations_email_key", registrations.c.email_key, unique=True)
Index("registrations_asked_at", registrations.c.asked_at, registrations.c.id)

_r = registrations.c

ADD = insert(registrations)
OF_ADDRESS = select(registrations).where(_r.email_key == bindparam("email_key"))
BY_ID = select(registrations).where(_r.id == bindparam("id"))
LIST = select(registrations).order_by(_r.asked_at, _r.id).limit(bindparam("many"))
COUNT = select(func.count().label("n")).select_from(registrations)
DROP = delete(registrations).where(_r.id == bindparam("id"))
SWEEP = sweep(_r.asked_at, _r.id)
