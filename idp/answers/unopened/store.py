"""Which applications nobody used: of the registry's rows, those without an opening, a secret's use or traffic."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, exists, func, literal, literal_column, select

from clients.store import client_secrets, clients
from idp.answers.symptoms.store import traffic_counts
from idp.audit.store import events
from idp.traffic import NO_COOKIE, NO_SESSION, ORIGIN

OPENED: Final = ("session:started", "app:opened")
_c, _e, _t, _s = clients.c, events.c, traffic_counts.c, client_secrets.c
_since: Final[Any] = bindparam("unopened_since")
#: Each looks into one index by the application, and stops at the first that it finds.
_USED = (
    exists().where(
        _e.client_id == _c.id, _e.id > bindparam("unopened_after"), _e.action.in_([literal(one) for one in OPENED])
    ),
    exists().where(_s.client_id == _c.id, _s.last_used_at > _since),
    # What is only said by whoever knows the id is no use of it.
    exists().where(
        _t.client_id == _c.id, _t.last_at > _since,
        _t.kind.not_in([literal(one) for one in (NO_COOKIE, NO_SESSION, ORIGIN)]),
    ),
)  # fmt: skip
#: Nobody opens a program that acts for itself.
_WANTED = (
    _c.enabled == literal_column("1"), _c.deleted_at.is_(None), _c.created_at < _since,
    _c.profile != literal_column("'machine'"), *(~used.correlate(clients) for used in _USED),
)  # fmt: skip
UNOPENED = select(_c.id).where(*_WANTED)
FIRST = (
    select(_c.name, func.count().over().label("n")).where(*_WANTED).order_by(_c.name, _c.id).limit(bindparam("many"))
)
