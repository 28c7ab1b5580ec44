"""Who is signed in, in this browser.

The cookie is `<id>.<secret>`; the row holds the secret's SHA-256. A new proof always makes a new secret (ASVS 7.2.4);
between proofs it is turned (`turning`), and `copied` looks whether two have it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.audit import Event, conversation_of, record
from idp.browser import cookie_name
from idp.db import Transaction, Unavailable
from idp.errors import Stale
from idp.login import store
from idp.login.browser import bound, brought, copied
from idp.login.browser.brought import Brought
from idp.login.browser.ending import end_all as end_all
from idp.login.browser.ending import end_everybody as end_everybody
from idp.login.browser.ending import end_in as end_in
from idp.login.browser.session import Session as Session
from idp.login.services import Services
from idp.wire import Cookie, Request

#: `auth_time` where nobody says when it was proven: an account elsewhere, in silently perhaps; older than any limit.
UNSAID = 0.0


def current(services: Services, request: Request, client_id: str = "") -> Session | None:
    """The session of this request, or None. One read; one write a minute at most.

    Errors: `Stale` when the registry has changed since this process looked.
    """
    found = presented(services, request, client_id)
    if found is not None and not bound.is_here(services, request, found.row):
        found = None  # signing out ends it all the same
    session = _live(services, found.row if found is not None else None, client_id)
    if session is not None and found is not None:
        brought.note_used(services, request, found)
    return session


def find_proven(
    services: Services, session_id: str, client_id: str, is_proven: Callable[[float], bool]
) -> Session | None:  # fmt: skip
    """A live session that something else than its cookie proves, made of when it was proven; `note_seen` is for who
    finds it used. Errors: `Stale`.
    """
    row = services.db.one(store.CURRENT, session_id=session_id, client_id=client_id)
    return _live(services, row if row is not None and is_proven(row.auth_time) else None, client_id)


def note_seen(services: Services, session: Session) -> None:
    """It was used at this moment."""
    services.db.run(store.SEEN, durable=False, session_id=session.id, now=services.clock())


def _live(services: Services, row: Any | None, client_id: str) -> Session | None:
    if row is None:
        return None
    now = services.clock()
    if not is_live(row, now):
        return None
    if client_id and row.clients_version != services.registry.version:
        raise Stale
    services.rules.seen(row.rules_version or 0)
    return of_row(row)


def is_live(row: Any, now: float) -> bool:
    """Whether a session's row stands for somebody who is signed in."""
    return bool(
        row.ended_at is None and row.enabled and now < row.expires_at and now < row.last_seen + row.idle_seconds
    )


def to_end(services: Services, request: Request) -> Session | None:
    """The session that signing out ends: also one that was idle for too long, since its tokens are still alive."""
    found = presented(services, request)
    if found is None or found.row.ended_at is not None or services.clock() >= found.row.expires_at:
        return None
    return of_row(found.row)


def why_ended(services: Services, session_id: str) -> str:
    """Why a session has ended, in words of this house; '' where it has not, or is forgotten."""
    row = services.db.one(store.CURRENT, session_id=session_id, client_id="")
    return (row.ended_why or "") if row is not None else ""


def find_open(services: Services, session_id: str) -> Session | None:
    """A session that has not ended, whoever's browser it is in; None where it has."""
    row = services.db.one(store.CURRENT, session_id=session_id, client_id="")
    return of_row(row) if row is not None and row.ended_at is None and services.clock() < row.expires_at else None


def get_open(services: Services, session_id: str) -> Session:
    """A session that has not ended, whoever's browser it is in. Errors: `Changed` where it has."""
    found = find_open(services, session_id)
    if found is None:
        raise Changed
    return found


def presented(services: Services, request: Request, client_id: str = "") -> Brought | None:
    """What this browser's cookie proves, and is still worth something."""
    found = brought.find(services, request, client_id)
    if found is None:
        return None
    row = found.row
    if is_live(row, services.clock()) and not copied.is_good(services, request, row, found.behind):
        return None
    return found if found.behind <= 1 else None


def recognise(services: Services, request: Request) -> None:
    """Learn whose browser this is, for the language and the time zone of a page that asked for no session (A6)."""
    with contextlib.suppress(Unavailable):
        brought.find(services, request)


def get(services: Services, session_id: str, client_id: str = "") -> Session:
    """A session that has just been started or looked at, with the consent for `client_id`."""
    return of_row(services.db.one(store.CURRENT, session_id=session_id, client_id=client_id))


def of_row(row: Any) -> Session:
    return Session(
        id=row.id,
        person_id=row.person_id,
        username=row.username,
        name=row.name,
        groups=tuple(json.loads(row.groups)),
        roles=tuple(json.loads(row.roles)),
        methods=tuple(row.methods.split()),
        created_at=row.created_at,
        auth_time=row.auth_time,
        expires_at=row.expires_at,
        idle_seconds=row.idle_seconds,
        consent_scopes=frozenset((row.scopes or "").split()),
        consent_at=row.granted_at or 0.0,
    )


class Changed(Exception):
    """The account was disabled, or its password changed, while the proof was being looked at."""


def end(
    services: Services, request: Request, session: Session, why: str,
    told: Callable[[Transaction], object] | None = None, detail: Mapping[str, Any] | None = None,
) -> Cookie:  # fmt: skip
    """End a session; its tokens die with it, but for offline ones. Answers the cookie's removal.

    `told`: queues the notices to the applications, in the same transaction; else `signout.tell_ended` does. `detail`:
    what else is recorded of it.
    """
    now = services.clock()
    with services.db.transaction() as tx:
        if end_in(tx, session.person_id, session.id, now, why, told):
            record(
                tx, event("session:ended", request, session.person_id, session.id, {"why": why, **(detail or {})}), now
            )
    return Cookie(cookie_name(services, "session"), "", 0)


@dataclass(frozen=True, slots=True)
class Open:
    """One of a person's sessions, as they look at it: since when, from where, on what; where and on what it was used
    last, as of a minute or so. Times are epoch seconds.
    """

    id: str
    created_at: float
    auth_time: float
    last_seen: float
    address: str
    browser: str
    expires_at: float
    seen_address: str
    seen_browser: str


def open_of(services: Services, person_id: str) -> tuple[Open, ...]:
    """Every session of a person that has not ended, the latest first; idle ones too: their tokens are still alive."""
    return tuple(Open(*row) for row in services.db.all(store.LIST, owner_id=person_id, now=services.clock()))


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that ended without a sign-out, whose applications are still to be told."""

    id: str
    person_id: str


def take_untold(services: Services, seconds: float) -> Ended | None:
    """One that nobody is at; it is this caller's for so long. None where there is none: one read and no write."""
    now = services.clock()
    while (found := services.db.one(store.ANY_UNTOLD, now=now)) is not None:
        row = services.db.one(
            store.TAKE_UNTOLD, durable=False, taken_id=found.session_id, now=now, until=now + seconds
        )  # fmt: skip
        if row is not None:
            return Ended(row.session_id, row.person_id)
    return None


def forget_untold(tx: Transaction, ended: Ended) -> None:
    """All of its notices are queued, in this transaction."""
    tx.run(store.FORGET_UNTOLD, taken_id=ended.id)


def sweep(services: Services, many: int = 1000) -> int:
    """Delete at most `many` sessions that ran out a day ago or longer; answers how many."""
    return services.db.run(store.SWEEP, before=services.clock() - 86400, many=many)


def event(action: str, request: Request, person_id: str, session_id: str, detail: dict[str, Any]) -> Event:
    """What is recorded of a session."""
    return Event(
        action=action,
        actor=person_id,
        person_id=person_id,
        client_id=request.visitor.for_client or None,
        session_id=session_id,
        address=request.remote_address,
        request_id=request.id,
        detail={**detail, "browser": request.user_agent, **conversation_of(request)},
    )
