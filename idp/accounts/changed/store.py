"""Who follows the directory, and their notes."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, bindparam, delete, exists, insert, select

from idp.accounts.store import metadata
from idp.db import upsert

directory_followers = Table("directory_followers", metadata, Column("id", Text, primary_key=True))
directory_changes = Table(
    "directory_changes",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered, and the follower's own behind it
    Column("follower", Text, nullable=False),
    Column("kind", Text, nullable=False),  # person, group, members
    Column("key", Text, nullable=False),
)
Index("directory_changes_follower", directory_changes.c.follower, directory_changes.c.id)

_f, _c = directory_followers.c, directory_changes.c

FOLLOW = upsert(directory_followers, "id")
LEAVE = delete(directory_followers).where(_f.id == bindparam("of_follower"))
FORGET = delete(directory_changes).where(_c.follower == bindparam("of_follower"))
#: One for each that follows, and none where nobody does: no name is needed, and nothing is read before.
NOTE = insert(directory_changes).from_select(
    ["id", "follower", "kind", "key"],
    select(
        bindparam("mark", type_=Text) + _f.id, _f.id,
        bindparam("new_kind", type_=Text), bindparam("new_key", type_=Text),
    ),
    include_defaults=False,
)  # fmt: skip
_FIRST = (
    select(_c.id).where(_c.follower == bindparam("of_follower")).order_by(_c.id).limit(bindparam("many"))
)  # fmt: skip
TAKE = delete(directory_changes).where(_c.id.in_(_FIRST)).returning(_c.kind, _c.key)
#: By the index of each, not by reading every note there is.
WAITING = select(_f.id.label("follower")).where(
    exists(select(_c.id).where(_c.follower == _f.id))
)  # fmt: skip
ANY = (
    select(_c.id).where(_c.follower == bindparam("of_follower")).order_by(_c.id).limit(1).offset(bindparam("past"))
)  # fmt: skip
