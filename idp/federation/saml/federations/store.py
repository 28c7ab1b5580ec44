"""The organisations of each federation, as its aggregate described them last."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Double, ForeignKey, Index, Select, Table, Text, bindparam, delete, func, or_, select

from idp.db import upsert
from idp.federation.store import federation_providers, metadata

federation_members = Table(
    "federation_members",
    metadata,
    Column("provider_id", Text, ForeignKey(federation_providers.c.id, ondelete="CASCADE"), primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("name", Text, nullable=False),  # folded, to sort by
    Column("words", Text, nullable=False),  # folded: names, keywords and scopes, to be searched; '' where it is hidden
    Column("facts", Text, nullable=False),  # JSON
    Column("seen_at", Double, nullable=False),  # when the aggregate had it
)
Index("federation_members_name", federation_members.c.provider_id, federation_members.c.name)

_m = federation_members.c
PUT = upsert(federation_members, "provider_id", "entity_id", change=("name", "words", "facts", "seen_at"))
#: Those of one federation that were believed by what is believed now: see `members.source_of`.
_OURS = (
    _m.provider_id == bindparam("provider_id"),
    func.substr(_m.facts, 1, func.length(bindparam("source"))) == bindparam("source"),
)
ONE = select(_m.facts, _m.seen_at).where(*_OURS, _m.entity_id == bindparam("entity_id"))
_SHOWN = select(_m.facts).where(*_OURS, _m.words != "").order_by(_m.name)
FIRST = _SHOWN.limit(bindparam("most"))
#: By up to four words, each of which it has.
FOUND = _SHOWN.where(
    *(_m.words.like(bindparam(f"pattern{n}"), escape="\\") for n in range(4))
).limit(bindparam("most"))  # fmt: skip


@lru_cache(maxsize=256)  # compiled statements are kept: a page view shall not be one more
def allowed(statement: Select[Any], named: tuple[str, ...]) -> Select[Any]:
    """Those of it that can be among the named ones; whether they are, `members.is_allowed` says of what comes.

    `named`: entityIDs, `authority:` and `category:`. Facts are JSON: a name stands in them between quotes, and quotes
    within a document are escaped.
    """
    inside = [json.dumps(one.partition(":")[2]) for one in named if one.startswith(("authority:", "category:"))]
    entities = [one for one in named if not one.startswith(("authority:", "category:"))]
    return statement.where(
        or_(*(_m.entity_id == one for one in entities), *(_m.facts.contains(one, autoescape=True) for one in inside))
    )


EVERY = select(_m.facts).where(*_OURS)
COUNT = select(func.count().label("many")).where(_m.provider_id == bindparam("provider_id"))
DROP_OLDER = delete(federation_members).where(
    _m.provider_id == bindparam("provider_id"), _m.seen_at < bindparam("seen_at")
)
