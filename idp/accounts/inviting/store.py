"""The latest invitation of each person who has set no password yet."""

from __future__ import annotations

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
    delete,
    event,
    null,
    select,
    update,
)

from idp.db import upsert

metadata = MetaData()

invitations = Table(
    "invitations",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("sent_at", Double, nullable=True),  # epoch seconds; null: before this was kept
    Column("sent_by", Text, nullable=False),  # as the record names them
    Column("way", Text, nullable=False),  # mail, link, none: what was to leave did not
    Column("expires_at", Double, nullable=True),
    Column("withdrawn_at", Double, nullable=True),  # null: it stands
    Column("withdrawn_by", Text, nullable=False),
    Column("turn", Integer, nullable=False),  # how often it was withdrawn: links of an earlier turn open nothing
)
Index("invitations_expires_at", invitations.c.expires_at)
# As text, since an `Index` with a condition imports every dialect that it has one for.
_WITHDRAWN = "CREATE INDEX invitations_withdrawn ON invitations (person_id) WHERE withdrawn_at IS NOT NULL"
event.listen(invitations, "after_create", DDL(_WITHDRAWN))  # type: ignore[no-untyped-call]

_i = invitations.c
_OF_PERSON = _i.person_id == bindparam("person_id")

OF = select(invitations).where(_OF_PERSON)


def of_some(many: int) -> object:
    """Of so many people at once."""
    return select(invitations).where(_i.person_id.in_([bindparam(f"person{at}") for at in range(many)]))


SENT = upsert(
    invitations, "person_id", change=("sent_at", "sent_by", "way", "expires_at", "withdrawn_at", "withdrawn_by")
)
WAY = update(invitations).where(_OF_PERSON).values(way=bindparam("new_way"))
WITHDRAW = upsert(
    invitations, "person_id", only_if=lambda new: _i.withdrawn_at.is_(None),
    change=lambda new: {"withdrawn_at": new.withdrawn_at, "withdrawn_by": new.withdrawn_by, "turn": _i.turn + 1},
)  # fmt: skip
LIFT = update(invitations).where(_OF_PERSON, _i.withdrawn_at.is_not(None)).values(withdrawn_at=null(), withdrawn_by="")
FORGET = (delete(invitations).where(_OF_PERSON),)
