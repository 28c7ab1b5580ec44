"""The end of a review, at its date or by hand: in small transactions, each person once, whichever process does it."""

from __future__ import annotations

import calendar
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from clients.registry import Registry
from idp import audit
from idp.accounts import reviews
from idp.accounts.person import InvalidPerson
from idp.accounts.reviews import ENDED, ENDING, NOT_DONE, OPEN, PLANNED, STOPPED, Review, Standing
from idp.admin import access, groups
from idp.admin.actor import Actor, NotAllowed, of_name
from idp.admin.permissions import Permission
from idp.admin.reviews import rights, starting, telling
from idp.admin.reviews.candidates import gathered
from idp.admin.reviews.foreseeing import BROKEN, STARTER, End
from idp.admin.reviews.starting import JOB, detail_of
from idp.db import Conflict, Transaction, Unavailable, joined
from idp.ids import new_id
from idp.protocols import Services

EVERY: Final = 60.0  # seconds between two looks for what a lost job has left
PART: Final = 50  # people of a transaction
SLICE: Final = 5.0  # seconds that a job works before others have their turn
SYSTEM: Final = "doorward"  # as the record names what happens by itself
NOTE: Final = 500  # characters of what somebody writes to it


def end_now(services: Services, actor: Actor, review: Review) -> bool:
    """Do not wait for the date: what was decided is done now. False where it was over. Errors: `NotAllowed`."""
    rights.check(services, actor, Permission.REVIEWS_START, review.kind, review.about)
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is None or there.state != OPEN:
            return False
        reviews.put(tx, replace(there, state=ENDING))
        actor.record(services)(tx, "review:end_asked", detail_of(review))
        services.jobs.enqueue(JOB, {}, tx=tx)
    return True


def stop(services: Services, actor: Actor, review: Review) -> bool:
    """Nothing comes of it, and it does not begin again. False where it was over. Errors: `NotAllowed`."""
    rights.check(services, actor, Permission.REVIEWS_START, review.kind, review.about)
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is None or there.state not in (OPEN, PLANNED):
            return False
        reviews.put(tx, replace(there, state=STOPPED, ended_at=services.clock()))
        actor.record(services)(tx, "review:stopped", detail_of(review))
    return True


def settle(services: Services, actor: Actor, review: Review, note: str) -> bool:
    """Somebody has seen to what the end has left; nobody is reminded of it any more. Errors: `NotAllowed`.

    False where somebody had before, and where it has not ended: what it leaves is not known yet.
    """
    rights.check(services, actor, Permission.REVIEWS_START, review.kind, review.about)
    with services.db.transaction() as tx:
        done = reviews.settle(tx, review.id, actor.name, note.strip()[:NOTE], services.clock())
        if done:
            actor.record(services)(
                tx, "review:settled", {"review_id": review.id, "name": review.name, "note": note.strip()[:NOTE]}
            )  # fmt: skip
    return done


def register(services: Services) -> None:
    """What the job queue does of this."""
    services.jobs.register(JOB, lambda _: _slice(services), retries=3, retry_delay=10)


def _slice(services: Services) -> None:
    if not run_due(services, SLICE):
        services.jobs.enqueue(JOB, {})


def run_due(services: Services, seconds: float = 30.0) -> bool:
    """Begin, remind of and end what is due; False where the time was too short. Any number of processes may call it."""
    now = services.clock()
    for review in reviews.in_state(services.db, PLANNED):
        if review.started_at <= now:
            with suppress(Conflict):  # somebody began another one in the same moment: this one waits for its end
                _begin(services, review)
    for review in reviews.in_state(services.db, OPEN):
        if review.due_at <= now:
            _close(services, review)
        else:
            telling.remind(services, review, now)
    until = time.monotonic() + seconds
    for review in reviews.in_state(services.db, ENDING):
        while _step(services, review):
            if time.monotonic() > until:
                return False
    return True


def _begin(services: Services, review: Review) -> None:
    """One that was planned, where who started the first one may still (C2); else somebody has to look."""
    starter, now = of_name(services, review.started_by), services.clock()
    may = starter is not None and rights.may(
        services, starter, Permission.REVIEWS_START, review.kind, review.about
    )  # fmt: skip
    whom = gathered(services, review.kind, review.about)
    record = audit.recorder(services.clock, SYSTEM)
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is None or there.state != PLANNED:
            return
        if reviews.open_about(tx, there.kind, there.about) is not None:
            return  # it waits until that one is over
        if not may or whom is None or not whom.whom:
            why = STARTER if not may else "nobody"
            reviews.put(tx, replace(there, state=STOPPED, ended_at=now, note=why))
            record(tx, "review:stopped", {**detail_of(review), "reason": why})
            return
        opened = starting.begin_again(services, tx, there, whom, now)
        record(tx, "review:started", {**detail_of(opened), "planned_by": review.started_by})
        telling.begun(services, opened, tx)
        services.jobs.enqueue(JOB, {}, delay=opened.due_at - now, tx=tx)


def _close(services: Services, review: Review) -> None:
    """Its date has come: nobody decides any more."""
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is not None and there.state == OPEN:
            reviews.put(tx, replace(there, state=ENDING))


def _step(services: Services, review: Review) -> bool:
    """The next few people; whether there is more to do."""
    try:
        return _part(services, review, PART)
    except Unavailable:
        raise
    except Exception as error:  # one of them cannot be done: they are taken one by one, and it is said of which
        services.log.warning("review_part_not_done", review=review.id, reason=type(error).__name__)
    for _ in range(PART):
        try:
            more = _part(services, review, 1)
        except Unavailable:
            raise
        except Exception:
            more = _give_up(services, review)
        if not more:
            return False
    return True


def _part(services: Services, review: Review, many: int) -> bool:
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is None or there.state != ENDING:
            return False
        within = _within(services, tx)
        whom = reviews.to_end(tx, review.id, many)
        if not whom:
            _finish(within, tx, there)
            return False
        _do(within, tx, there, whom)
    services.registry.refresh()
    return True


def _do(within: Services, tx: Transaction, review: Review, whom: tuple[Standing, ...]) -> None:
    """What becomes of these, by the rights of now: an application's list is changed once for all of them."""
    end = End(within, review)
    leaving = []
    for one in whom:
        outcome, why, leaves = end.of(one)
        if leaves and end.group is not None and not _leaves(within, end, one):
            outcome, why, leaves = NOT_DONE, "rank", False
        if leaves:
            leaving.append(one.person_id)
        reviews.became(tx, review.id, one.person_id, outcome, why)
    if leaving and end.client is not None and end.starter is not None:
        change = access.Change(less_persons=tuple(leaving))
        access.change(within, _by_review(end.starter, review), end.client, change)


def _leaves(within: Services, end: End, one: Standing) -> bool:
    assert end.group is not None
    assert end.starter is not None
    assert one.person is not None
    try:
        groups.change_members(
            within, _by_review(end.starter, end.review), end.group, joins=(), leaves=(one.person,)
        )  # fmt: skip
    except (NotAllowed, InvalidPerson):  # said before anything was changed
        return False
    return True


def _by_review(starter: Actor, review: Review) -> Actor:
    """In the record it is theirs, and by which review."""
    return replace(starter, request_id=f"review-{review.id}")


def _give_up(services: Services, review: Review) -> bool:
    """The next one cannot be done, whatever it is: somebody has to look."""
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        person_id = reviews.next_of(tx, review.id) if there is not None and there.state == ENDING else None
        if person_id is not None:
            reviews.became(tx, review.id, person_id, NOT_DONE, BROKEN)
    return person_id is not None


def _finish(within: Services, tx: Transaction, review: Review) -> None:
    """Everybody is done: it is evidence from now on, and begins again where that was wanted."""
    now = within.clock()
    done = replace(review, state=ENDED, ended_at=now, counts=reviews.outcomes(tx, review.id))
    reviews.put(tx, done)
    audit.recorder(within.clock, SYSTEM)(tx, "review:ended", {**detail_of(done), "counts": dict(done.counts)})
    telling.ended(within, done, tx)
    if done.months:
        again = max(_later(done.started_at, done.months), now)
        reviews.add(tx, replace(
            done, id=new_id(now), state=PLANNED, started_at=again, due_at=again + done.due_at - done.started_at,
            ended_at=None, total=0, counts={}, told=0,
        ))  # fmt: skip


def _later(at: float, months: int) -> float:
    """The same day and time so many months later; the last day of that month where it has no such day."""
    day = datetime.fromtimestamp(at, UTC)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp()


def _within(services: Services, tx: Transaction) -> Services:
    db = joined(tx)
    registry = Registry(db, services.clock, allow_loopback=services.registry.allow_loopback)
    return replace(services, db=db, registry=registry, directory=services.directory.within(db))
