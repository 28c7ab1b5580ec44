"""Whoever uses a break-glass account, or tries to, is noticed (U5).

Looked for in the record, every few seconds and off the path of the sign-in: so the time that a wrong password takes
tells nobody that there is such an account, and no way of signing in can be forgotten here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from idp import audit
from idp.accounts import break_glass
from idp.accounts.break_glass import BreakGlass, keeping, telling
from idp.accounts.break_glass.telling import OPENED
from idp.audit import Event
from idp.db import Database, Transaction
from idp.ids import first_id
from idp.protocols import Services

EVERY: Final = 10.0  # seconds
#: What is looked at again, seconds: an event may be written a while after the moment in its id.
_AGAIN: Final = 600.0
_QUIET: Final = 3600.0  # seconds between two mails about tries that failed
STARTED: Final = "session:started"
TOKEN: Final = "token:create"  # what stays open when the session has ended
_USES: Final = (STARTED, OPENED, TOKEN)
_FAILURES: Final = ("session:failed", "factor:failed")


def watch(services: Services) -> int:
    """Look at the record; answers of how many accounts something new was found. Any number of processes may call it."""
    return sum(_look(services, one) for one in break_glass.every(services.db))


def _look(services: Services, one: BreakGlass) -> bool:
    now = services.clock()
    if not _new(services.db, one) and now - one.looked_at < _AGAIN / 2:
        return False
    with services.db.transaction() as tx:
        if not keeping.lock(tx, one.person_id):
            return False
        locked = break_glass.find(tx, one.person_id)
        if locked is None:
            return False
        new = _new(tx, locked)
        seen = [id for id in (*locked.seen, *(event.id for event in new)) if id > first_id(now - _AGAIN - 60)]
        after = replace(locked, looked_at=now, seen=tuple(seen))
        keeping.note(tx, _alarmed(services, tx, after, new, now) if new else after)
    return bool(new)


def _new(db: Database | Transaction, one: BreakGlass) -> list[Event]:
    """What is not counted yet, the latest first; uses are never crowded out by failures."""
    after = one.looked_at - _AGAIN
    found = [
        *audit.of_person(db, one.person_id, _USES, after=after, many=200),
        *audit.of_person(db, one.person_id, _FAILURES, after=after, many=500),
    ]
    return [event for event in found if event.id not in one.seen and event.at >= one.made_at]


def _alarmed(services: Services, tx: Transaction, one: BreakGlass, new: Sequence[Event], now: float) -> BreakGlass:
    uses, tokens = (sum(event.action == action for event in new) for action in (STARTED, TOKEN))
    opened = [event for event in new if event.action == OPENED]
    half = max(0, len(opened) - uses)
    untold = half and not any(event.detail.get("told") for event in opened)  # mailed with the event itself
    failed = sum(event.action in _FAILURES for event in new)
    failures = failed + half
    is_due = failed and (one.told_at is None or now - one.told_at > _QUIET)
    latest = max(new, key=lambda event: event.id)
    person = services.directory.get(one.person_id)
    detail = {
        "person_id": one.person_id, "username": one.username, "uses": uses, "failures": failures, "half": half,
        "tokens": tokens,
        "addresses": sorted({event.address for event in new if event.address})[:20], "event": latest.id,
    }  # fmt: skip
    what = "used" if uses else "token" if tokens else "half" if untold else "tried" if is_due else ""
    if what:
        detail["mails"] = telling.owners(
            services, tx, person, what, n=max(1, failures), time=latest.at, place=latest.address
        )
    audit.recorder(services.clock, "doorward")(tx, "break_glass:alarm", detail)
    services.log.warning("break_glass_alarm", username=one.username, uses=uses, failures=failures)
    used = [event.at for event in new if event.action == STARTED]
    return replace(
        one, used_at=max(used, default=one.used_at), alarm_at=one.alarm_at or min(event.at for event in new),
        alarm_latest=latest.at, alarm_uses=one.alarm_uses + uses + tokens, alarm_failures=one.alarm_failures + failures,
        told_at=now if what or half else one.told_at,
    )  # fmt: skip
