"""Hosts whose documents are let in, kept out, or waited for. They have no version: each is read when asked."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Column, Double, Index, Table, Text, bindparam, delete, func, select

from clients.self_registered.store import self_registered
from clients.store import clients, metadata

client_hosts = Table(
    "client_hosts",
    metadata,
    Column("host", Text, primary_key=True),  # with a port that is not https's own
    Column("state", Text, nullable=False),  # allowed, refused, waiting
    Column("policy", Text, nullable=False),  # JSON: what its clients may have
    Column("client_id", Text, nullable=False),  # the document that somebody asked with; '' where nobody did
    Column("asked_by", Text, nullable=False),  # a person's id; '' where nobody did
    Column("asked_at", Double, nullable=False),
    Column("decided_by", Text, nullable=False),  # an admin, as the record has it; '' while it waits
    Column("decided_at", Double, nullable=False),
    Index("client_hosts_state", "state", "asked_at"),
)

_c = client_hosts.c


def _put(dialect: str, change: tuple[str, ...]) -> Any:
    if dialect == "sqlite":  # the one in use: importing the other takes as long as a command's work
        from sqlalchemy.dialects.sqlite import insert as inserting
    else:
        from sqlalchemy.dialects.postgresql import insert as inserting  # type: ignore[assignment]
    new = inserting(client_hosts).values({column.name: bindparam(column.name) for column in client_hosts.columns})
    if not change:
        return new.on_conflict_do_nothing(index_elements=["host"])
    return new.on_conflict_do_update(
        index_elements=["host"], set_={name: new.excluded[name] for name in change}
    )  # fmt: skip


FIND = select(client_hosts).where(_c.host == bindparam("of_host"))
LIST = select(client_hosts).order_by(_c.host).limit(bindparam("many"))
#: An admin's word, in place of what stands; and a person's question, which changes nothing that stands.
DECIDE = partial(_put, change=("state", "policy", "decided_by", "decided_at"))
ASK = partial(_put, change=())
REMOVE = delete(client_hosts).where(_c.host == bindparam("of_host"))
SWEEP = delete(client_hosts).where(_c.state == "waiting", _c.asked_at <= bindparam("before"))
WAITING = select(client_hosts).where(_c.state == "waiting").order_by(_c.asked_at).limit(bindparam("many"))
#: The clients of documents whose id begins so; removed ones are none.
CLIENTS = (
    select(clients.c.id, clients.c.name, clients.c.enabled, clients.c.created_at, self_registered.c.seen_at)
    .select_from(self_registered.join(clients, clients.c.id == self_registered.c.client_id))
    .where(
        clients.c.deleted_at.is_(None),
        func.substr(clients.c.id, 1, bindparam("length")) == bindparam("start"),
        clients.c.id > bindparam("after"),
    )
    .order_by(clients.c.id)
    .limit(bindparam("many"))
)
