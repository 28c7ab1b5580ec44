"""Initial access tokens and the clients that came by them. Of every token only the SHA-256 of its secret is kept."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from clients.store import clients, metadata

registration_tokens = Table(
    "registration_tokens",
    metadata,
    Column("id", Text, primary_key=True),  # stands in the token itself
    Column("name", Text, nullable=False),  # what it is for, as an admin wrote it
    Column("hash", Text, nullable=False),
    Column("policy", Text, nullable=False),  # JSON
    Column("most", Integer, nullable=False),  # clients that it may register
    Column("used", Integer, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("registration_tokens_expires_at", "expires_at"),
)
self_registered = Table(
    "self_registered",
    metadata,
    Column("client_id", Text, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Column("token_id", Text, nullable=False),  # '' of one that came without
    Column("token_name", Text, nullable=False),  # outlives the token
    Column("policy", Text, nullable=False),  # JSON: what holds for its changes too
    Column("hash", Text, nullable=False),  # of its registration access token
    Column("said", Text, nullable=False),  # JSON: profile and metadata as it left them, so that an admin's word is seen
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),  # when the sweep last saw that it is used
    Index("self_registered_seen_at", "seen_at"),
)
_t, _s = registration_tokens.c, self_registered.c

INSERT_TOKEN = insert(registration_tokens)
FIND_TOKEN = select(*_t).where(_t.id == bindparam("token_id"))
TOKENS = select(*_t).order_by(_t.id.desc())
#: Of any number that race for the last place one gets it.
SPEND = (
    update(registration_tokens)
    .where(_t.id == bindparam("token_id"), _t.used < _t.most, _t.expires_at > bindparam("now"))
    .values(used=_t.used + 1)
)
WITHDRAW_EVERY = delete(registration_tokens)
WITHDRAW = delete(registration_tokens).where(_t.id == bindparam("token_id"))
SWEEP_TOKENS = delete(registration_tokens).where(_t.expires_at < bindparam("before"))

INSERT = insert(self_registered)
FIND = select(*_s).where(_s.client_id == bindparam("of_client"))
LIST = (
    select(*_s, clients.c.name, clients.c.enabled)
    .select_from(self_registered.join(clients, clients.c.id == _s.client_id))
    .where(clients.c.deleted_at.is_(None))
    .order_by(_s.created_at.desc(), _s.client_id)
    .limit(bindparam("many"))
)
#: The ids of all of them, a page at a time.
IDS = (
    select(_s.client_id)
    .select_from(self_registered.join(clients, clients.c.id == _s.client_id))
    .where(clients.c.deleted_at.is_(None), _s.client_id > bindparam("after"))
    .order_by(_s.client_id)
    .limit(bindparam("many"))
)
#: A new registration access token in the place of the one that was shown: of two that race one wins.
ROTATE = (
    update(self_registered)
    .where(_s.client_id == bindparam("of_client"), _s.hash == bindparam("shown"))
    .values(hash=bindparam("new_hash"), said=bindparam("new_said"))
)
#: What its document says now, and what it may have. Of two that race one wins.
RENEW = (
    update(self_registered)
    .where(_s.client_id == bindparam("of_client"), _s.said == bindparam("was_said"))
    .values(said=bindparam("new_said"), policy=bindparam("new_policy"))
)
#: No value has an empty hash.
VOID_EVERY = update(self_registered).where(_s.hash != "").values(hash="")
#: No token opens it any more.
VOID = update(self_registered).where(_s.client_id == bindparam("of_client")).values(hash="")
SEEN = update(self_registered).where(_s.client_id == bindparam("of_client")).values(seen_at=bindparam("at"))
_LIVE = select(*_s).select_from(self_registered.join(clients, clients.c.id == _s.client_id)).where(
    clients.c.deleted_at.is_(None)
)  # fmt: skip
QUIET = _LIVE.where(_s.seen_at < bindparam("before")).order_by(_s.seen_at).limit(bindparam("many"))
#: Nobody let them in, and nobody has ever used them.
QUIET_OPEN = (
    _LIVE.where(_s.token_id == "", _s.seen_at == _s.created_at, _s.seen_at < bindparam("before"))
    .order_by(_s.seen_at)
    .limit(bindparam("many"))
)
