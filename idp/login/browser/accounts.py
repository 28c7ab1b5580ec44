"""Several people signed in in one browser, one of them at the front (A9).

Beside the session cookie, a sealed one keeps the others. Somebody joins it only where they asked for another account
in so many words: whoever just signs in as somebody else ends the session that was there. Signing out ends them all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from idp import login_status
from idp.browser import cookie_name, session_value
from idp.ids import split
from idp.login import store
from idp.login.browser import bound, brought, copied, sessions, turning
from idp.login.browser.sessions import Session
from idp.login.services import Services
from idp.wire import Cookie, Request
from keys.sealing import BrokenSeal

_PURPOSE = "accounts"
MAX = 5  # beside the one at the front


@dataclass(frozen=True, slots=True)
class Other:
    """A live session that is not at the front. `value`: what its cookie was; `row`: as it was read, `behind`: how many
    turns ago its secret was the latest.
    """

    session: Session
    value: str
    row: Any
    behind: int


def others(services: Services, request: Request, client_id: str = "") -> tuple[Other, ...]:
    """The live sessions beside the one at the front. No look at the store in most browsers, which have none."""
    now = services.clock()
    return tuple(
        Other(sessions.of_row(row), value, row, behind)
        for row, value, behind in _proven(services, request, client_id)
        if sessions.is_live(row, now)
        and bound.is_here(services, request, row)
        and copied.is_good(services, request, row, behind)  # a copy is noticed beside as it is at the front
    )


def to_end(services: Services, request: Request) -> tuple[Session, ...]:
    """Everybody whom signing out ends, the one at the front first; also who was idle for too long, as there."""
    front, now = sessions.to_end(services, request), services.clock()
    rows = _proven(services, request, "")
    beside = [sessions.of_row(row) for row, _, _ in rows if row.ended_at is None and now < row.expires_at]
    return (*([front] if front is not None else []), *beside)


def _proven(services: Services, request: Request, client_id: str) -> Iterator[tuple[Any, str, int]]:
    """The rows of those beside the one at the front, live or not, what their cookies were, and how many turns ago."""
    front = request.cookies.get(cookie_name(services, "session"), "").partition(".")[0]
    for value in _read(services, request):
        presented = split(value, "")
        if presented is None or presented[0] == front:
            continue
        row = services.db.one(store.CURRENT, session_id=presented[0], client_id=client_id)
        # One turn behind: it was set aside by an answer that was under way when the secret was turned.
        behind = None if row is None else turning.behind(services, row, presented[1])
        if behind in (0, 1):
            yield row, value, behind


def find(
    services: Services, request: Request, *, session_id: str = "", people: Collection[str] = (), client_id: str = ""
) -> Other | None:
    """One of them, by its id or its people."""
    return next(
        (
            other
            for other in others(services, request, client_id)
            if other.session.id == session_id or other.session.person_id in people
        ),
        None,
    )


def is_here(services: Services, request: Request, session_id: str) -> bool:
    """Whether that session is live in this browser, at the front or not."""
    front = sessions.current(services, request)
    if front is not None and front.id == session_id:
        return True
    return find(services, request, session_id=session_id) is not None


def put_first(services: Services, request: Request, other: Other) -> tuple[Cookie, Cookie]:
    """The cookies that bring one to the front, and the one that was there among the others."""
    front = session_value(services, request)
    rest = [value for value in _read(services, request) if value != other.value]
    if other.behind == 0:  # it is used here, and whoever uses it elsewhere is held against that
        brought.note_place(services, request, other.row)
    login_status.learn(request, other.session.id, other.session.auth_time)
    left = other.session.expires_at - services.clock()
    lasting = int(left) if other.session.idle_seconds > services.settings.session.idle_minutes * 60 else None
    return Cookie(cookie_name(services, "session"), other.value, lasting), keep(services, [front, *rest])


def after_start(services: Services, request: Request, session_id: str, *, beside: bool) -> tuple[Cookie, ...]:
    """The cookies that set aside whoever was at the front, after `session_id` has taken its place."""
    front = session_value(services, request)
    kept = _read(services, request)
    if not kept and not (beside and front):
        return ()
    values = [front, *kept] if beside else kept
    return (keep(services, [value for value in values if value.partition(".")[0] != session_id]),)


def without(services: Services, request: Request, gone: Collection[str]) -> tuple[Cookie, ...]:
    """The cookie without the sessions with these ids, where there is one."""
    kept = _read(services, request)
    return (keep(services, [value for value in kept if value.partition(".")[0] not in gone]),) if kept else ()


def keep(services: Services, values: Sequence[str]) -> Cookie:
    """The cookie that keeps these, for as long as the browser is open."""
    values = list(dict.fromkeys(value for value in values if value))[:MAX]
    if not values:
        return Cookie(cookie_name(services, "accounts"), "", 0)
    return Cookie(cookie_name(services, "accounts"), services.sealer.seal(_PURPOSE, json.dumps(values).encode()))


def _read(services: Services, request: Request) -> list[str]:
    sealed = request.cookies.get(cookie_name(services, "accounts"), "")
    if not sealed:
        return []
    try:
        return [str(value) for value in json.loads(services.sealer.open(_PURPOSE, sealed))][:MAX]
    except (BrokenSeal, ValueError):
        return []
