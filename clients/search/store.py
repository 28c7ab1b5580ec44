"""The texts that applications are found by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    not_,
    or_,
    select,
    tuple_,
)

from clients.access import Access
from clients.ports import Statements, Store
from clients.search import Among, Found, Which, fold, read_cursor, text_of
from clients.self_registered.store import self_registered
from clients.store import EVERYONE_SAID, Row, clients, metadata

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

_NARROWED = {
    "oidc": _c.kind == "oidc",
    "saml": _c.kind == "saml",
    "off": _c.enabled == 0,
    "everyone": _c.access == EVERYONE_SAID,
    "self_registered": _c.id.in_(select(self_registered.c.client_id)),
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


def find(db: Statements, query: str, which: Which | Among, after: str, limit: int) -> list[Found]:
    """One page: who is called so first, then whose name begins so, then the others; each by name."""
    wanted, cursor = fold(query), read_cursor(after)
    place = None if cursor is None else db.one(_TEXT, client_id=cursor[1])
    texts: dict[str, Any] = {}
    if wanted:
        escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        texts = {"anywhere": f"%{escaped}%", "start": f"{escaped}%", "exact": f"{escaped}\n%", "wanted_id": wanted}
    found: list[Found] = []
    first = cursor[0] if cursor is not None and place is not None and wanted else 0
    for rank in range(first, 3) if wanted else (2,):
        params = {"many": limit - len(found), **{name: texts[name] for name in _PARAMETERS[rank] if wanted}}
        params |= _given(which)
        onward = cursor is not None and place is not None and rank == cursor[0]
        if cursor is not None and place is not None and onward:
            params |= {"after_text": place.text, "after_id": cursor[1]}
        narrow = which.statement if isinstance(which, Among) else which
        rows = db.all(_statement(rank if wanted else None, narrow, onward), **params)
        found += [_found(row, rank) for row in rows]
        if len(found) >= limit:
            break
    return found


def _given(which: Which | Among) -> Mapping[str, Any]:
    return which.values if isinstance(which, Among) else {}


#: What the condition of each rank is given.
_PARAMETERS = (("exact", "wanted_id"), ("exact", "wanted_id", "start"), ("exact", "wanted_id", "start", "anywhere"))


@cache
def _statement(rank: int | None, which: Any, onward: bool) -> Any:
    """One rank at a time, in the order of the narrow table's index, so that nothing is sorted; None: no search."""
    is_removed = isinstance(which, str) and which == "removed"  # a statement has an == of its own
    wanted: list[Any] = [_c.deleted_at.is_not(None) if is_removed else _c.deleted_at.is_(None)]
    if not isinstance(which, str):
        wanted.append(_c.id.in_(which.correlate(None)))
    elif which in _NARROWED:
        wanted.append(_NARROWED[which])
    if rank is not None:
        called = or_(_s.text.like(bindparam("exact"), escape="\\"), _s.client_id == bindparam("wanted_id"))
        starts = _s.text.like(bindparam("start"), escape="\\")
        anywhere = _s.text.like(bindparam("anywhere"), escape="\\")
        wanted += ((called,), (starts, not_(called)), (anywhere, not_(starts), not_(called)))[rank]
    if onward:
        place = tuple_(bindparam("after_text", type_=Text), bindparam("after_id", type_=Text))
        wanted.append(tuple_(_s.text, _s.client_id) > place)
    return (
        select(_c.id, _c.kind, _c.name, _c.profile, _c.enabled, _c.access, _c.changed_at, _c.deleted_at)
        # The outer join keeps the narrow table first: SQLite would begin with all that are not removed, and sort them.
        .select_from(client_search.outerjoin(clients, _c.id == _s.client_id))
        .where(*wanted)
        .order_by(_s.text, _s.client_id)
        .limit(bindparam("many"))
    )


def _found(row: Any, rank: int) -> Found:
    access = Access.from_json(json.loads(row.access))
    return Found(
        row.id, row.kind, row.name, row.profile, bool(row.enabled), access, row.changed_at, row.deleted_at, rank
    )  # fmt: skip


def _put(tx: Statements, client_id: str, text: str, changed_at: float) -> None:
    tx.run(_DELETE, of_client=client_id)
    tx.run(_INSERT, client_id=client_id, text=text, changed_at=changed_at)
