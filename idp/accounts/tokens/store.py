"""Personal tokens. Of a token only the SHA-256 of its secret is kept."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from idp.accounts.store import joined_person, people
from idp.db import sweep

metadata = MetaData()

personal_tokens = Table(
    "personal_tokens",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered; stands in the token itself
    Column("person_id", Text, nullable=False),
    Column("name", Text, nullable=False),  # what it is for, as its person wrote it
    Column("hash", Text, nullable=False),
    Column("roles", Text),  # JSON array: of the person's roles only these; NULL: all that they have
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("last_used_at", Double),
)
Index("personal_tokens_person_id", personal_tokens.c.person_id, personal_tokens.c.id)
Index("personal_tokens_expires_at", personal_tokens.c.expires_at)

_t, _p = personal_tokens.c, joined_person
#: The token with what its person may and whether they are let in, in one read.
FIND = (
    select(*_t, _p.username, _p.enabled, _p.roles.label("person_roles"))
    .select_from(personal_tokens.join(people, _p.id == _t.person_id))
    .where(_t.id == bindparam("token_id"))
)
LIST = select(*_t).where(_t.person_id == bindparam("owner_id"), _t.expires_at > bindparam("now")).order_by(_t.id.desc())
COUNT = (
    select(func.count().label("n"))
    .select_from(personal_tokens)
    .where(_t.person_id == bindparam("owner_id"), _t.expires_at > bindparam("now"))
)
INSERT = insert(personal_tokens)
TOUCH = (
    update(personal_tokens)
    .where(_t.id == bindparam("token_id"), or_(_t.last_used_at.is_(None), _t.last_used_at < bindparam("before")))
    .values(last_used_at=bindparam("now"))
)
WITHDRAW = delete(personal_tokens).where(_t.id == bindparam("token_id"), _t.person_id == bindparam("owner_id"))
END_ALL = delete(personal_tokens).where(_t.person_id == bindparam("owner_id"))
END_EVERY = delete(personal_tokens)
SWEEP = sweep(_t.expires_at, _t.id)
