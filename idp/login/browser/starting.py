"""A session begins for somebody who is proven, or goes on under a new secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp import login_status
from idp.accounts.person import Person
from idp.accounts.standing import signed_in
from idp.audit import record
from idp.browser import cookie_name, session_secret
from idp.db import Transaction
from idp.ids import digest, new_id, new_secret
from idp.login import store
from idp.login.browser import bound
from idp.login.browser.ending import end_in
from idp.login.browser.sessions import Changed, Session, event, presented
from idp.login.services import Services
from idp.meters.notes import Meters
from idp.wire import Cookie, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a session begins.

    `stay`: the browser keeps it when it is closed. `beside`: what this browser had, of somebody else, goes on.
    `again`: a session of the same person in this browser that was not at the front. `grows`: the session that has shown
    the first of the methods; it goes on under a new secret, and is as old as what it showed first (P7). `told`: queues
    the mail about it, in the same transaction. `proven_at`: when it was proven, where that was earlier, elsewhere.
    `began`: keeps by what the session of this id began, in the same transaction.
    """

    stay: bool
    beside: bool = False
    again: Session | None = None
    grows: Session | None = None
    told: Callable[[Transaction], object] | None = None
    proven_at: float | None = None
    began: Callable[[Transaction, str], object] | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one start works with. `before`: the row that this browser proves; `columns`: what its row has anew."""

    person_id: str
    how: Start
    now: float
    before: Any | None
    columns: dict[str, Any]
    hash_for: Callable[[str], str]

    @property
    def is_same(self) -> bool:
        """Whether the session that this browser had is the same person's, idle or not."""
        before = self.before
        return before is not None and before.person_id == self.person_id and self.now < before.expires_at

    @property
    def proven_at(self) -> float:
        """When it was proven, which is never later than now."""
        return self.now if self.how.proven_at is None else min(self.how.proven_at, self.now)


def start(
    services: Services, request: Request, person: Person, methods: tuple[str, ...], how: Start
) -> tuple[str, Cookie]:  # fmt: skip
    """Begin a session for a proven person; answers its id and the cookie.

    The session that this browser had, idle or not, goes on under a new secret when it is the same person's, so that
    applications stay signed in and one sign-out ends all; anybody else's ends, but where this one begins `beside` it.
    Errors: `Changed` where the proof is not worth anything any more.
    """
    now, secret = services.clock(), new_secret()
    found = presented(services, request)
    request.learn(person_claims=json.dumps(dict(person.claims)))
    columns = {
        "methods": " ".join(methods), **_lasting(services, now, stay=how.stay), "address": request.remote_address,
        "browser": request.user_agent,
    }  # fmt: skip
    turn = _Turn(
        person.id, how, now, found.row if found is not None else None, columns,
        lambda session_id: digest(session_secret(services, secret, session_id)),
    )  # fmt: skip
    with services.db.transaction(durable=False) as tx:
        _check_standing(tx, person)
        session_id, auth_time = _renewed(tx, turn) or _begun(tx, turn)
        record(tx, event("session:started", request, person.id, session_id, {"methods": list(methods)}), now)
        signed_in(tx, person.id, now)
        if how.told is not None:
            how.told(tx)
        if how.began is not None:
            how.began(tx, session_id)
    services.part(Meters).count("sign_ins", request.visitor.for_client, "+".join(methods), "started")
    bound.offer(services, request, session_id)
    login_status.learn(request, session_id, auth_time)
    value = f"{session_id}.{session_secret(services, secret, session_id)}"
    lasts = _seconds(services, stay=True) if how.stay else None
    return session_id, Cookie(cookie_name(services, "session"), value, lasts)


def _renewed(tx: Transaction, turn: _Turn) -> tuple[str, float] | None:
    """Id and `auth_time` of the session that goes on; None where there is none that could. Errors: `Changed`."""
    how, proven_at = turn.how, turn.proven_at
    if how.grows is not None:
        session_id, auth_time = how.grows.id, how.grows.auth_time
    elif turn.before is not None and turn.is_same:
        session_id, auth_time = turn.before.id, proven_at
    else:
        session_id, auth_time = how.again.id if how.again is not None else "", proven_at
    if session_id and tx.run(
        store.RENEW, session_id=session_id, now=turn.now, auth_time=auth_time, secret_hash=turn.hash_for(session_id),
        beside="", **turn.columns,
    ):  # fmt: skip
        return session_id, auth_time
    if how.grows is not None:  # it was ended meanwhile
        raise Changed
    return None


def _begun(tx: Transaction, turn: _Turn) -> tuple[str, float]:
    """Id and `auth_time` of a new session; what this browser had before ends."""
    now, before = turn.now, turn.before
    if before is not None and (turn.is_same or not turn.how.beside):
        end_in(tx, before.person_id, before.id, now, "signed in anew")
    session_id = new_id(now)
    tx.run(
        store.INSERT, id=session_id, secret_hash=turn.hash_for(session_id), person_id=turn.person_id, created_at=now,
        auth_time=turn.proven_at, last_seen=now, ended_at=None,
        ended_why=None, used_at=now, seen_address=turn.columns["address"], seen_browser=turn.columns["browser"],
        doubted_at=None, seen_beside="", doubted_address="", doubted_browser="", bound_key=None, bound_at=None,
        **turn.columns,
    )  # fmt: skip
    return session_id, turn.proven_at


def _seconds(services: Services, *, stay: bool) -> int:
    setting = services.settings.session
    return setting.stay_days * 86400 if stay else setting.absolute_hours * 3600


def _lasting(services: Services, now: float, *, stay: bool) -> dict[str, float]:
    """How long a session lasts that begins now, and how long it may stand unused."""
    seconds = _seconds(services, stay=stay)
    idle = seconds if stay else services.settings.session.idle_minutes * 60
    return {"idle_seconds": idle, "expires_at": now + seconds}


def _check_standing(tx: Transaction, person: Person) -> None:
    """Errors: `Changed` where the person is not as they proved to be."""
    standing = tx.one(store.STANDING, person_id=person.id)
    if standing is None or not standing.enabled or standing.password_changed_at != person.password_changed_at:
        raise Changed
    if standing.password_changed_at is not None and not standing.has_hash:  # it was taken away (A3): by no way at all
        raise Changed
