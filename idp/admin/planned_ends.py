"""Turn somebody off at a moment, or on until one (U2): done once, with the same evidence as by hand.

Rule: it is done in the name of whoever planned it, and decided anew at its moment, by what they may do then (C2).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from idp import audit, mail
from idp.accounts import planned_ends
from idp.accounts.lookup import is_in_charge
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.planned_ends import PlannedEnd
from idp.admin import turning_off
from idp.admin.actor import Actor, NotAllowed, of_name
from idp.admin.approving.asking import ask
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.db import Transaction, joined
from idp.login import signout
from idp.protocols import Services
from idp.texts import N_

P = Permission
JOB: Final = "people.planned_end"
EVERY: Final = 60.0  # seconds between two looks for what a lost job has left
SOON: Final = 86400.0  # seconds before the moment from when on Overview says so
FAILED: Final = "person:off_failed"
_TOLD_FOR: Final = 30 * 86400.0  # seconds that the person's page says so
_FURTHEST: Final = 10 * 366 * 86400.0
GONE, NO_RIGHT, RANK, LAST_OWNER = "gone", "no_right", "rank", "last_owner"
#: Why it was not done.
WHY: Final = {
    GONE: N_("Whoever planned it is turned off or gone."),
    NO_RIGHT: N_("Whoever planned it may not turn people off any more."),
    RANK: N_("This person may do more by now than whoever planned it."),
    LAST_OWNER: N_("They would be the last owner who can sign in."),
}


class BadMoment(Exception):
    """No such moment; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def moment(day: str, time: str, zone: str) -> float:
    """Epoch seconds of a day and a time in a zone, such as 2026-12-04, 18:00, Europe/Berlin. Errors: `BadMoment`."""
    if zone != "UTC" and zone not in available_timezones():
        raise BadMoment(N_("“%(zone)s” is no time zone; write one such as Europe/Berlin.", zone=zone[:40]))
    try:
        naive = datetime.strptime(f"{day} {time}", "%Y-%m-%d %H:%M")  # noqa: DTZ007  its zone comes below
    except ValueError:
        raise BadMoment(N_("Write the day like 2026-12-31 and the time like 18:00.")) from None
    told = naive.replace(tzinfo=ZoneInfo(zone))
    # On the night when clocks go forward, an hour of the clock does not exist.
    if told.astimezone(UTC).astimezone(told.tzinfo).replace(tzinfo=None) != naive:
        raise BadMoment(N_("The clocks skip that time on that day. Choose another one."))
    return told.timestamp()


def plan(services: Services, actor: Actor, person: Person, at: float, zone: str) -> PlannedEnd:
    """Turn somebody off then; somebody who is off is turned on until then.

    Errors: `NotAllowed`; `BadMoment`; `InvalidPerson` where nobody would be left in charge; `NoSuchPerson`.
    """
    actor.check_person(services, P.PEOPLE_TURN_OFF, person)
    now = services.clock()
    if at <= now:
        raise BadMoment(N_("That moment is over. Choose one that is still to come."))
    if at > now + _FURTHEST:
        raise BadMoment(N_("That is more than ten years away. Choose an earlier day."))
    ask(services, actor, "user:turn_off", "people.turn_off", {"person": person.id, "at": at, "zone": zone})
    record = actor.record(services)
    end = PlannedEnd(person.id, at, zone, now, actor.name)
    with services.db.transaction() as tx:
        within = _within(services, tx)
        person = within.directory.get(person.id)
        _check_an_owner_stays(within, person)
        if not person.enabled:
            within.directory.enable(person.id, record=record)
        planned_ends.plan(tx, end)
        record(tx, "person:end_planned", {"person_id": person.id, "until": at, "zone": zone})
        services.jobs.enqueue(JOB, {}, delay=at - now, tx=tx)
    return end


def withdraw(services: Services, actor: Actor, person: Person) -> bool:
    """They stay on. Whether anything was planned. Errors: `NotAllowed`."""
    actor.check_person(services, P.PEOPLE_TURN_OFF, person)
    with services.db.transaction() as tx:
        was = planned_ends.drop(tx, person.id)
        if was:
            actor.record(services)(tx, "person:end_withdrawn", {"person_id": person.id})
    return was


def register(services: Services) -> None:
    """What the job queue does of this."""
    services.jobs.register(JOB, lambda _: run_due(services), retries=3, retry_delay=10)


def run_due(services: Services) -> int:
    """Turn off whose moment has come; answers how many. Any number of processes may call it."""
    done = 0
    for end in planned_ends.due(services.db, services.clock()):
        try:
            done += _run(services, end)
        except InvalidPerson:
            with services.db.transaction() as tx:
                if planned_ends.take(tx, end.person_id, services.clock()) is not None:
                    _refuse(_within(services, tx), tx, end, LAST_OWNER)
    if done:
        signout.tell_ended(services)
    return done


def failed(services: Services, person: Person) -> Event | None:
    """That what was last planned for somebody was not done, as long as nobody has planned or done anything since."""
    actions = (FAILED, "person:end_planned", "person:disabled", "person:enabled")
    after = services.clock() - _TOLD_FOR
    found = audit.of_person(services.db, person.id, actions, after=after, many=1)
    return found[0] if found and found[0].action == FAILED and person.enabled else None


def _run(services: Services, end: PlannedEnd) -> bool:
    with services.db.transaction() as tx:
        taken = planned_ends.take(tx, end.person_id, services.clock())
        if taken is None:
            return False
        within = _within(services, tx)
        person = within.directory.find(taken.person_id)
        if person is None or not person.enabled:
            return False
        actor = of_name(within, taken.by)
        if actor is None or not actor.may(P.PEOPLE_TURN_OFF):
            _refuse(within, tx, taken, GONE if actor is None else NO_RIGHT)
            return False
        try:
            turning_off.shut_out(within, actor, person, planned_by=taken.by, planned_at=taken.planned_at)
        except NotAllowed:  # it asks before it writes anything
            _refuse(within, tx, taken, RANK)
            return False
    return True


def _refuse(services: Services, tx: Transaction, end: PlannedEnd, why: str) -> None:
    """It is not done: somebody has to look. Whoever planned it and every owner is told, once."""
    detail = {"person_id": end.person_id, "reason": str(WHY[why]), "why": why, "planned_by": end.by,
              "planned_at": end.planned_at}  # fmt: skip
    audit.recorder(services.clock, end.by)(tx, FAILED, detail)
    person = services.directory.get(end.person_id)
    kind, _, id = end.by.partition(":")
    planner = services.directory.find(id) if kind == "person" else None
    told = {one.id: one for one in (planner, *services.directory.owners()) if one is not None and one.enabled}
    for one in told.values():
        about = {"username": person.username, "why": WHY[why], "link": services.url(f"/admin/people/{person.id}")}
        mail.tell(services, one, "off_failed", about, tx=tx)


def _within(services: Services, tx: Transaction) -> Services:
    db = joined(tx)
    return replace(services, db=db, directory=services.directory.within(db))


def _check_an_owner_stays(services: Services, person: Person) -> None:
    if not is_in_charge(person):
        return
    leaving = {*planned_ends.all_of(services.db), person.id}
    if not any(is_in_charge(one) and one.id not in leaving for one in services.directory.owners()):
        raise InvalidPerson("enabled", f"“{person.username}” would be the last owner who can sign in; "
                                       "make somebody else an owner first")  # fmt: skip
