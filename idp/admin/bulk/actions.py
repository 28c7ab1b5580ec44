"""What can be done to many at once, and to each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp import mail
from idp.accounts import groups, inviting
from idp.accounts.batches import CHECKING, Batch, Outcome, Row
from idp.accounts.person import InvalidPerson, Person, fold
from idp.admin import invitations, people, turning_off
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import SENSITIVE, Permission
from idp.db import Transaction
from idp.oidc import ending
from idp.protocols import Services

P = Permission
DONE, SAME, FAILED = "done", "same", "failed"
NO_MAIL: Final = "no_mail"
CODES: Final = (DONE, SAME, FAILED)


@dataclass(frozen=True)
class Doing:
    """One person's turn. `tx`: the open transaction, in which the services take part."""

    services: Services
    tx: Transaction
    actor: Actor
    person: Person
    batch: Batch

    @property
    def is_trial(self) -> bool:
        """Whether nothing is to be done, only looked at."""
        return self.batch.state == CHECKING

    @property
    def group(self) -> str:
        """The group that it is about."""
        return str(self.batch.asked["group"])


@dataclass(frozen=True)
class Action:
    """`reason`: why it has nothing to do for somebody, '' where it has; `run`: does it. `undo`: what takes it back."""

    permission: Permission
    reason: Callable[[Doing], str]
    run: Callable[[Doing], object]
    undo: str = ""
    of_group: bool = False

    @property
    def is_sensitive(self) -> bool:
        """Whether it wants a sign-in of the last minutes (C3)."""
        return self.permission in SENSITIVE


def _is_in(one: Doing) -> bool:
    return fold(one.group) in map(fold, one.person.groups)


def _join(one: Doing) -> None:
    people.change_groups(one.services, one.actor, one.person, joins=(one.group,), leaves=())


def _leave(one: Doing) -> None:
    people.change_groups(one.services, one.actor, one.person, joins=(), leaves=(one.group,))


def _no_invitation(one: Doing) -> str:
    if not one.person.enabled or one.person.password_changed_at is not None:
        return "not_waiting"
    return "" if one.person.email and mail.leaves(one.services) else NO_MAIL


def _invite(one: Doing) -> None:
    payload = {
        "person": one.person.id, "note": str(one.batch.asked.get("note", "")), "by": one.actor.name,
        "stamp": inviting.stamp(one.tx, one.person),
    }  # fmt: skip
    one.services.jobs.enqueue("people.invite", payload, tx=one.tx)


def _not_open(one: Doing) -> str:
    if one.person.password_changed_at is not None:
        return "not_waiting"
    return "" if invitations.is_open(one.services, one.person) else "withdrawn"


def _withdraw(one: Doing) -> None:
    invitations.withdraw(one.services, one.actor, one.person)


def _sign_out(one: Doing) -> None:
    ending.end_all(one.services, one.person.id, record=one.actor.record(one.services))


def _not_self(one: Doing) -> None:
    if one.actor.kind == "person" and one.actor.id == one.person.id:
        raise InvalidPerson("self", "you are among them; nobody does this to themselves by a list")


def _off(one: Doing) -> None:
    turning_off.shut_out(one.services, one.actor, one.person)


def _on(one: Doing) -> None:
    turning_off.turn_on(one.services, one.actor, one.person)


def _remove(one: Doing) -> None:
    people.remove(one.services, one.actor, one.person)


ACTIONS: Final[Mapping[str, Action]] = {
    "join": Action(P.PEOPLE_CHANGE, lambda one: "in_it" if _is_in(one) else "", _join, "leave", of_group=True),
    "leave": Action(P.PEOPLE_CHANGE, lambda one: "" if _is_in(one) else "not_in_it", _leave, "join", of_group=True),
    "invite": Action(P.PEOPLE_HELP, _no_invitation, _invite),
    "withdraw": Action(P.PEOPLE_HELP, _not_open, _withdraw),
    "sign_out": Action(P.PEOPLE_HELP, lambda one: "", _sign_out),
    "off": Action(P.PEOPLE_TURN_OFF, lambda one: "" if one.person.enabled else "is_off", _off, "on"),
    "on": Action(P.PEOPLE_TURN_OFF, lambda one: "is_on" if one.person.enabled else "", _on, "off"),
    "remove": Action(P.PEOPLE_REMOVE, lambda one: "", _remove),
}
_NOT_ONESELF: Final = ("off", "remove")


def begin(
    services: Services, actor: Actor, batch: Batch
) -> Callable[[Services, Actor, Transaction, Batch, Row], Outcome]:
    """Ready for its people."""
    name = str(batch.asked["action"])
    action = ACTIONS[name]

    def work(within: Services, actor: Actor, tx: Transaction, now: Batch, row: Row) -> Outcome:
        person = within.directory.find(str(row.source))
        # Nobody learns of a person who left what they may see meanwhile that they are still there.
        if person is None or not actor.may_person(P.PEOPLE_READ, person.groups):
            return Outcome(FAILED, "gone", "", str(row.source))
        try:
            actor.check_person(within, action.permission, person)
            if action.of_group and groups.find(within.db, str(now.asked["group"])) is None:
                return Outcome(FAILED, "no_group", str(now.asked["group"]), person.id)
            one = Doing(within, tx, actor, person, now)
            if why := action.reason(one):
                return Outcome(FAILED if why == NO_MAIL else SAME, why, "", person.id)
            if name in _NOT_ONESELF:
                _not_self(one)
            if not one.is_trial:
                action.run(one)
            return Outcome(DONE, "", person.username, person.id)
        except NotAllowed:
            return Outcome(FAILED, "rank", person.username, person.id)
        except InvalidPerson as error:
            return Outcome(FAILED, "said", error.message, person.id)

    return work


def ended(services: Services, actor: Actor, batch: Batch) -> None:
    """The record has what came of it, in numbers; what each one's change was stands in its own event."""
    if batch.state == "done":
        detail = {"action": batch.asked["action"], "group": batch.asked["group"], "work": batch.id, **batch.counts}
        actor.record(services)(services.db, "people:many_changed", detail)
