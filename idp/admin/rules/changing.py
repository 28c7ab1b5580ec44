"""List, add, change, move, turn off and on, remove and bring back sign-in rules (B2, C1, R7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.keeping import Kept, UnknownRule
from idp.accounts.sign_in_rules.rule import DENY, Rule, is_about
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.approving.asking import ask
from idp.admin.permissions import Permission
from idp.admin.rules import checking, effects, protecting
from idp.admin.rules.effects import Effects
from idp.login import requirements
from idp.login.requirements import Circumstances
from idp.protocols import Services


class ShutsOut(Exception):
    """A rule that would leave no way in: `owners` to every owner, `you` to whoever makes it, from where they are,
    `all` to everybody whom it concerns, since nothing that they have or could set up here would do.
    """

    def __init__(self, whom: Literal["owners", "you", "all"]) -> None:
        super().__init__(whom)
        self.whom = whom


class IsFixed(Exception):
    """A rule of the settings file: it is changed there, and read when the server starts."""


@dataclass(frozen=True, slots=True)
class Every:
    """All rules. `fixed`: those of the settings file, which come first; `removed`: those that can be brought back."""

    fixed: tuple[Rule, ...]
    kept: tuple[Kept, ...]
    removed: tuple[Kept, ...]


def every(services: Services, actor: Actor) -> Every:
    """All rules, those that are off too. Errors: `NotAllowed`."""
    actor.check(Permission.RULES_READ)
    db = services.db
    return Every(services.rules.fixed, keeping.list_of(db), keeping.removed(db, services.clock()))


def get(services: Services, actor: Actor, rule_id: str) -> Kept:
    """One that admins keep. Errors: `NotAllowed`, `IsFixed`, `UnknownRule`."""
    actor.check(Permission.RULES_READ)
    if any(one.id == rule_id for one in services.rules.fixed):
        raise IsFixed(rule_id)
    found = keeping.find(services.db, rule_id)
    if found is None or found.deleted_at is not None:
        raise UnknownRule(rule_id)
    return found


def add(services: Services, actor: Actor, said: Mapping[str, Any], *, enabled: bool = True) -> Kept:
    """One more, at the end. Errors: `NotAllowed`, `InvalidRule`, `ShutsOut`, `TooMany`."""
    rule = checking.checked(services, said, enabled=enabled)
    look(services, actor, None, rule)
    _ask(services, actor, how="add", said=dict(said), enabled=enabled)
    made = keeping.add(services.db, rule.said(), services.clock(), enabled=enabled, record=actor.record(services))
    return _seen(services, made)


def change(services: Services, actor: Actor, rule_id: str, said: Mapping[str, Any], *, seen: str = "") -> Kept:
    """What a rule says from now on, all of it.

    Errors: `NotAllowed`, `ManagedByFile`, `IsFixed`, `UnknownRule`, `InvalidRule`, `ShutsOut`, `ChangedMeanwhile`.
    """
    before = _own(services, actor, rule_id)
    rule = checking.checked(services, said, rule_id, enabled=before.rule.enabled)
    look(services, actor, before.rule, rule)
    _ask(services, actor, how="change", rule=rule_id, said=dict(said), seen=seen)
    record = actor.record(services)
    done = keeping.change(services.db, rule_id, rule.said(), services.clock(), record=record, seen=seen)
    return _seen(services, done)


def turn(services: Services, actor: Actor, rule_id: str, *, on: bool) -> Kept:
    """Off, or on again. Errors: as `change`."""
    before = _own(services, actor, rule_id)
    if on:
        look(services, actor, None, before.rule, turns_on=True)
    else:
        protecting.check_change(services, actor, before.rule, None)
    _ask(services, actor, how="turn", rule=rule_id, on=on)
    return _seen(services, keeping.turn(services.db, rule_id, on, services.clock(), record=actor.record(services)))


def move(services: Services, actor: Actor, rule_id: str, by: int) -> None:
    """So many places down, or up where `by` is negative. Errors: `NotAllowed`, `IsFixed`, `UnknownRule`."""
    _own(services, actor, rule_id)
    order = [one.rule.id for one in keeping.list_of(services.db)]
    at = order.index(rule_id)
    order.insert(max(0, min(len(order) - 1, at + by)), order.pop(at))
    put_in_order(services, actor, order)


def put_in_order(services: Services, actor: Actor, order: list[str]) -> None:
    """The rules in this order. Errors: `NotAllowed`."""
    actor.check(Permission.RULES_CHANGE)
    keeping.move(services.db, order, services.clock(), record=actor.record(services))
    services.rules.refresh()


def remove(services: Services, actor: Actor, rule_id: str) -> Kept:
    """Take it away; it can be brought back for 30 days.

    Errors: `NotAllowed`, `ManagedByFile`, `IsFixed`, `UnknownRule`.
    """
    before = _own(services, actor, rule_id)
    protecting.check_change(services, actor, before.rule, None)
    _ask(services, actor, how="remove", rule=rule_id)
    return _seen(services, keeping.remove(services.db, rule_id, services.clock(), record=actor.record(services)))


def restore(services: Services, actor: Actor, rule_id: str) -> Kept:
    """As it was. Errors: `NotAllowed`, `UnknownRule`, `ShutsOut`, `TooMany`, `InvalidRule`."""
    actor.check(Permission.RULES_CHANGE)
    found = keeping.find(services.db, rule_id)
    if found is None or found.deleted_at is None:
        raise UnknownRule(rule_id)
    checking.checked(services, found.rule.said(), rule_id)
    look(services, actor, None, found.rule)
    _ask(services, actor, how="restore", rule=rule_id)
    return _seen(services, keeping.restore(services.db, rule_id, services.clock(), record=actor.record(services)))


def _ask(services: Services, actor: Actor, **args: Any) -> None:
    """Errors: `approving.asking.Waits` where another owner has to approve it first (C3)."""
    ask(services, actor, "rule:change", "rules.change", args)


def look(
    services: Services, actor: Actor, before: Rule | None, after: Rule | None, *, turns_on: bool = False
) -> Effects:
    """What a change would do, in numbers; the change itself asks first.

    Errors: `NotAllowed`, also for what asks less of who may do more (`protecting.AsksLess`), `ShutsOut`.
    """
    actor.check(Permission.RULES_CHANGE)
    if after is not None and turns_on:
        after = replace(after, enabled=True)
    protecting.check_change(services, actor, before, after)
    found = effects.of_change(services, before, after)
    if after is None or not after.enabled:
        return found
    if after.need == DENY:
        _check_rank(services, actor, after)
    if found.concerned and found.stuck == found.concerned:
        raise ShutsOut("all")
    if found.owners_now and not found.owners:
        raise ShutsOut("owners")
    if _denies(services, actor, after):
        raise ShutsOut("you")
    return found


def _check_rank(services: Services, actor: Actor, rule: Rule) -> None:
    """Nobody shuts out somebody who may do more than they (C2)."""
    for owner in services.directory.owners():
        if is_about(rule, owner.groups, owner.roles) and owner.id != actor.id:
            actor.check_person(services, Permission.RULES_CHANGE, owner)


def _denies(services: Services, actor: Actor, rule: Rule) -> bool:
    """Whether whoever makes the rule would not get back to this page from where they are."""
    person = services.directory.find(actor.id) if actor.kind == "person" else None
    if person is None or rule.need != DENY:
        return False
    at = max(services.clock(), requirements.starts_at(rule))
    here = Circumstances(person.groups, "", actor.address, lambda: False, at, person.roles)
    return not requirements.why_not(rule, here)


def _own(services: Services, actor: Actor, rule_id: str) -> Kept:
    """One that this actor may change now."""
    actor.check(Permission.RULES_CHANGE)
    found = get(services, actor, rule_id)
    managed.guard(services, "rule", rule_id)
    return found


def _seen(services: Services, kept: Kept) -> Kept:
    """This process decides by it from now on; the others do at their next look."""
    services.rules.refresh()
    return kept
