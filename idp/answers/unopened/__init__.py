"""Applications that nobody opened for 90 days, by the uses that are kept (B3).

Door: `among` for a list, `first` for a sentence. Rule: one statement each, however many applications there are.
"""

from __future__ import annotations

from clients.search import Among
from idp.answers.unopened import store
from idp.ids import first_id
from idp.protocols import Services

_DAY = 86400.0
_DAYS = 90


def among(services: Services) -> Among | None:
    """What a list of applications is narrowed to; None where uses are not kept for so long, so that nobody knows."""
    kept = services.settings.audit
    if min(map(kept.days_of, store.OPENED)) < _DAYS:
        return None
    since = services.clock() - _DAYS * _DAY
    return Among(store.UNOPENED, {"unopened_since": since, "unopened_after": first_id(since)})


def first(services: Services, many: int) -> tuple[int, list[str]]:
    """How many there are, and the names of the first."""
    asked = among(services)
    rows = services.db.all(store.FIRST, **asked.values, many=many) if asked is not None else []
    return (int(rows[0].n) if rows else 0), [row.name for row in rows]


def ids(services: Services) -> frozenset[str]:
    """All of them."""
    asked = among(services)
    return frozenset(row.id for row in services.db.all(asked.statement, **asked.values)) if asked else frozenset()
