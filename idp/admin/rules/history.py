"""Who changed which rule, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile, UnknownRule
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.rules import changing
from idp.audit import Event, find
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

_LOOKED_AT: Final = 2000  # events of rules that are read for the history of one


class NoSuchChange(LookupError):
    """There is no such change that could be undone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, before and after; None: nothing was said."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry. `who`: as people call them; `name`: of the rule, as it was called then."""

    id: str
    at: float
    action: str
    rule_id: str
    name: str
    who: str
    address: str
    differences: tuple[Difference, ...]
    can_undo: bool


def of(services: Services, actor: Actor, rule_id: str = "", *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes, the latest first, of all rules or one. Errors: `NotAllowed`."""
    actor.check(Permission.RULES_READ)
    names, found = Names(services), []
    for event in _events(services, before):
        if not rule_id or event.detail.get("rule_id") == rule_id:
            found.append(_change(event, names))
        if len(found) == many:
            break
    return tuple(found)


def undo(services: Services, actor: Actor, event_id: str) -> None:
    """Put back what one change replaced, by the verb that does the opposite.

    Errors: `NotAllowed`, `NoSuchChange`, `ChangedMeanwhile` where it was changed again, and those of the verbs.
    """
    actor.check(Permission.RULES_CHANGE)
    event = find(services.db, event_id)
    if event is None or not _can_undo(event):
        raise NoSuchChange(event_id)
    rule_id = str(event.detail.get("rule_id") or "")
    try:
        _opposite(services, actor, event, rule_id)
    except UnknownRule:
        raise ChangedMeanwhile from None


def _opposite(services: Services, actor: Actor, event: Event, rule_id: str) -> None:
    if event.action in ("rule:add", "rule:restore"):
        changing.remove(services, actor, rule_id)
    elif event.action == "rule:remove":
        changing.restore(services, actor, rule_id)
    elif event.action in ("rule:on", "rule:off"):
        changing.turn(services, actor, rule_id, on=event.action == "rule:off")
    elif event.action == "rule:move":
        before, after = event.detail["order"]
        now = [one.rule.id for one in keeping.list_of(services.db)]
        if [one for one in now if one in after] != [one for one in after if one in now]:
            raise ChangedMeanwhile
        changing.put_in_order(services, actor, before)
    else:
        said = changing.get(services, actor, rule_id).rule.said()
        for key, (old, new) in event.detail["changed"].items():
            if said.get(key) != new:
                raise ChangedMeanwhile
            said[key] = old
        changing.change(services, actor, rule_id, {key: value for key, value in said.items() if value is not None})


def _events(services: Services, before: str) -> Iterator[Event]:
    """Those about rules, the latest first."""
    for _ in range(_LOOKED_AT // 200):
        page = latest(services.db, Wanted(action="rule:*"), 200, before)
        yield from reversed(page)
        if len(page) < 200:
            return
        before = page[0].id


def _can_undo(event: Event) -> bool:
    if event.action == "rule:change":
        return bool(event.detail.get("changed"))
    return event.action in ("rule:add", "rule:restore", "rule:remove", "rule:on", "rule:off", "rule:move")


def _change(event: Event, names: Names) -> Change:
    kind, _, id = event.actor.partition(":")
    who = names.person(id) if kind == "person" else names.client(id) if kind == "client" else None
    changed = {key: [None, value] for key, value in event.detail.get("said", {}).items()}
    changed |= event.detail.get("changed", {})
    return Change(
        id=event.id, at=event.at, action=event.action, rule_id=str(event.detail.get("rule_id") or ""),
        name=str(event.detail.get("name") or ""), who=who or event.actor, address=event.address,
        differences=tuple(Difference(key, *pair) for key, pair in changed.items()), can_undo=_can_undo(event),
    )  # fmt: skip
