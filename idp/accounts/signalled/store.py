"""Who listens, and what has changed for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, Text, bindparam, delete, exists, insert, literal, select

from idp.accounts.store import metadata
from idp.db import upsert

signal_listeners = Table("signal_listeners", metadata, Column("id", Text, primary_key=True))
signal_notes = Table(
    "signal_notes",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("kind", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),  # "": of the person as a whole
    Column("detail", Text, nullable=False),  # JSON object
)

_n = signal_notes.c
_COLUMNS = ["id", "kind", "person_id", "session_id", "detail"]
_LISTENED = exists(select(signal_listeners.c.id))

LISTEN = upsert(signal_listeners, "id")
LEAVE = delete(signal_listeners).where(signal_listeners.c.id == bindparam("of_listener"))
#: One row, and none where nobody listens: nothing is read before.
NOTE = insert(signal_notes).from_select(
    _COLUMNS,
    select(
        bindparam("mark", type_=Text), bindparam("new_kind", type_=Text), bindparam("new_person", type_=Text),
        bindparam("new_session", type_=Text), bindparam("new_detail", type_=Text),
    ).where(_LISTENED),
    include_defaults=False,
)  # fmt: skip
_FIRST = select(_n.id).order_by(_n.id).limit(bindparam("many"))
TAKE = delete(signal_notes).where(_n.id.in_(_FIRST)).returning(
    _n.id, _n.kind, _n.person_id, _n.session_id, _n.detail
)  # fmt: skip
ANY = select(_n.id).limit(1)


def note_sessions(session_id: Any, person_id: Any, *which: Any) -> Any:
    """A note for each session that a room's own rows name, by one statement with the parameter `mark`."""
    return insert(signal_notes).from_select(
        _COLUMNS,
        select(
            bindparam("mark", type_=Text) + session_id, literal("session", type_=Text), person_id, session_id,
            literal("{}", type_=Text),
        ).where(*which, _LISTENED),
        include_defaults=False,
    )  # fmt: skip
