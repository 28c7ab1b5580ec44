"""The texts that applications are found by."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    case,
    delete,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
)

from clients.access import EVERYONE, Access
from clients.ports import Statements, Store
from clients.search import Found, Which, fold, read_cursor, text_of
from clients.store import Row, clients, metadata

client_search = Table(
    "client_search",
    metadata,
    Column("client_id", Text, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", Double, nullable=False),  # of the client when this was written
    Index("client_search_text", "text", "client_id"),
)
_c, _s = clients.c, client_search.c
_BATCH = 1000

_DELETE = delete(client_search).where(_s.client_id == bindparam("of_client"))
_INSERT = insert(client_search)
_TEXT = select(_s.text).where(_s.client_id == bindparam("client_id"))
_STALE = (
    select(_c.id, _c.name, _c.metadata, _c.changed_at)
    .select_from(clients.outerjoin(client_search, _s.client_id == _c.id))
    .where(or_(_s.client_id.is_(None), _s.changed_at != _c.changed_at))
    .limit(bindparam("at_most"))
)
_EVERYONE = json.dumps(EVERYONE.to_json(), separators=(",", ":"))
_NARROWED = {
    "oidc": _c.kind == "oidc",
    "saml": _c.kind == "saml",
    "off": _c.enabled == 0,
    "everyone": _c.access == _EVERYONE,
}


def put(tx: Statements, row: Row) -> None:
    """Write what a client is found by, in the transaction that changed it."""
    _put(tx, row.id, text_of(row.id, row.name, row.said), row.changed_at)


def catch_up(db: Store) -> None:
    """Write the texts of clients that were changed without theirs: by a release that did not know of it."""
    while True:
        with db.transaction() as tx:
            rows = tx.all(_STALE, at_most=_BATCH)
            for row in rows:
                _put(tx, row.id, text_of(row.id, row.name, json.loads(row.metadata)), row.changed_at)
        if len(rows) < _BATCH:
            return


def is_behind(db: Statements) -> bool:
    """Whether there is anything to catch up with."""
    return db.one(_STALE, at_most=1) is not None


def find(db: Statements, query: str, which: Which, after: str, limit: int) -> list[Found]:
    """One page: who is called so first, then whose name begins so, then the others; each by name."""
    wanted, cursor = fold(query), read_cursor(after)
    place = None if cursor is None else db.one(_TEXT, client_id=cursor[1])
    params: dict[str, Any] = {"many": limit}
    if wanted:
        escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        params |= {"anywhere": f"%{escaped}%", "start": f"{escaped}%", "exact": f"{escaped}\n%", "wanted_id": wanted}
    if cursor is not None and place is not None:
        params |= {"after_rank": cursor[0], "after_text": place.text, "after_id": cursor[1]}
    rows = db.all(_statement(bool(wanted), which, "after_id" in params), **params)
    return [
        Found(r.id, r.kind, r.name, r.profile, bool(r.enabled), Access.from_json(json.loads(r.access)),
              r.changed_at, r.deleted_at, int(r.rank))
        for r in rows
    ]  # fmt: skip


@cache
def _statement(searched: bool, which: Which, onward: bool) -> Any:
    """Few, so that each is compiled once. The narrow table is read along its index, the wide one for what matches."""
    rank: Any = literal_column("2")
    wanted: list[Any] = [_c.deleted_at.is_not(None) if which == "removed" else _c.deleted_at.is_(None)]
    if which in _NARROWED:
        wanted.append(_NARROWED[which])
    if searched:
        called = or_(_s.text.like(bindparam("exact"), escape="\\"), _s.client_id == bindparam("wanted_id"))
        rank = case((called, 0), (_s.text.like(bindparam("start"), escape="\\"), 1), else_=2)
        wanted.append(_s.text.like(bindparam("anywhere"), escape="\\"))
    key = (rank, _s.text, _s.client_id) if searched else (_s.text, _s.client_id)
    if onward:
        names = (("after_rank", Integer),) if searched else ()
        place = [bindparam(name, type_=kind) for name, kind in (*names, ("after_text", Text), ("after_id", Text))]
        wanted.append(tuple_(*key) > tuple_(*place))
    return (
        select(_c.id, _c.kind, _c.name, _c.profile, _c.enabled, _c.access, _c.changed_at, _c.deleted_at,
               rank.label("rank"))
        .select_from(client_search.join(clients, _c.id == _s.client_id))
        .where(*wanted).order_by(*key).limit(bindparam("many"))
    )  # fmt: skip


def _put(tx: Statements, client_id: str, text: str, changed_at: float) -> None:
    tx.run(_DELETE, of_client=client_id)
    tx.run(_INSERT, client_id=client_id, text=text, changed_at=changed_at)
