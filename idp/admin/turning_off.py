"""Turn somebody off: what they have open ends at once, every application is told, and it can be proven (U2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from idp import audit
from idp.accounts import planned_ends
from idp.accounts.person import Person
from idp.admin.actor import Actor
from idp.admin.approving.asking import ask
from idp.admin.permissions import Permission
from idp.audit.searching import Wanted, latest
from idp.db import Transaction
from idp.login import deliveries, signout
from idp.login.browser import sessions
from idp.login.browser.sessions import Ended
from idp.login.deliveries import Try
from idp.oidc import ledger
from idp.protocols import Services

CONFIRMED, WAITING, FAILED, NOT_ABLE = "confirmed", "waiting", "failed", "not_able"
ACTION: Final = "person:disabled"
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Application:
    """One that has to hear of it. `notice`: names the message, '' where it has no way to be told."""

    client_id: str
    name: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What turning somebody off ends, in numbers. `grants`: of tokens, one for each application that holds some."""

    sessions: int
    grants: int
    applications: tuple[Application, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """That somebody was turned off, and what each application said to it, with every try to tell it."""

    at: float
    by: str
    effect: Effect
    answers: Mapping[str, str]  # by `Application.notice`, or its client id where there is none
    event_id: str = ""
    planned_by: str = ""  # who had named the moment, where it was turned off by itself
    tries: Mapping[str, Sequence[Try]] = field(default_factory=dict)  # by `Application.notice`

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come."""
        return WAITING not in self.answers.values()


def effect_of(services: Services, person: Person) -> Effect:
    """What it would end now."""
    open_ones = sessions.open_of(services, person.id)
    found = []
    for one in open_ones:
        ended = Ended(one.id, person.id)
        for notice in (notice for door in services.protocols.values() for notice in door.notices(services, ended)):
            name = signout.name_of(notice, ended) if notice.job else ""
            found.append(Application(notice.client_id, notice.name, name))
    return Effect(len(open_ones), ledger.count_live(services, person.id), tuple(dict.fromkeys(found)))


def turn_off(services: Services, actor: Actor, person: Person) -> Person:
    """Errors: `NotAllowed`; `InvalidPerson` for the last owner; `NoSuchPerson`."""
    actor.check_person(services, Permission.PEOPLE_TURN_OFF, person)
    ask(services, actor, "user:turn_off", "people.turn_off", {"person": person.id})
    person = shut_out(services, actor, person)
    signout.tell_ended(services)  # what is due is queued now, not within a second
    return person


def shut_out(services: Services, actor: Actor, person: Person, **planned: Any) -> Person:
    """The same, within a transaction that stands open, too: applications are told by what runs each second.

    What was planned for them is void with it. `planned`: by whom it was, and when, for the record.

    Errors: `NotAllowed`; `InvalidPerson` for the last owner; `NoSuchPerson`.
    """
    actor.check_person(services, Permission.PEOPLE_TURN_OFF, person)
    effect = effect_of(services, person)
    write = actor.record(services)

    def record(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        told = [[one.client_id, one.name, one.notice] for one in effect.applications]
        planned_ends.drop(tx, person.id)
        write(tx, action, {**detail, **planned, "sessions": effect.sessions, "grants": effect.grants, "told": told})

    return services.directory.disable(person.id, record=record)


def turn_on(services: Services, actor: Actor, person: Person) -> Person:
    """Let somebody in again; what had ended stays ended. Errors: `NotAllowed`, `NoSuchPerson`."""
    actor.check_person(services, Permission.PEOPLE_TURN_OFF, person)
    return services.directory.enable(person.id, record=actor.record(services))


def evidence_of(services: Services, person: Person) -> Evidence | None:
    """The last time that somebody was turned off, with what is known of each application by now."""
    events = latest(services.db, Wanted(person_id=person.id, action=ACTION), 1)
    if not events:
        return None
    event = events[0]
    told = event.detail.get("told")
    apps = tuple(Application(*map(str, row)) for row in told) if isinstance(told, list) else ()
    effect = Effect(_number(event, "sessions"), _number(event, "grants"), apps)
    tries = deliveries.of_notices(services.db, [one.notice for one in apps if one.notice])
    is_late = services.clock() > event.at + signout.KEEP_TRYING + HOUR
    answers = {key(one): _answer(services, one, tries.get(one.notice, ()), is_late) for one in apps}
    return Evidence(event.at, event.actor, effect, answers, event.id, str(event.detail.get("planned_by", "")), tries)


def key(one: Application) -> str:
    """What `Evidence.answers` has an application under."""
    return one.notice or one.client_id


def _answer(services: Services, one: Application, tries: Sequence[Try], is_late: bool) -> str:
    if not one.notice:
        return NOT_ABLE
    # What was confirmed before tries were kept is known to State alone.
    if deliveries.has_confirmed(tries) or signout.has_confirmed(services, one.notice):
        return CONFIRMED
    return FAILED if is_late else WAITING


def _number(event: audit.Event, name: str) -> int:
    value = event.detail.get(name)
    return value if isinstance(value, int) else 0
