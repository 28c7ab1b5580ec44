"""Who changed which rule, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from typing import Final

from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile, UnknownRule
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.histories import changes
from idp.admin.histories.changes import Change
from idp.admin.permissions import Permission
from idp.admin.rules import changing
from idp.audit import Event
from idp.protocols import Services

_UNDONE: Final = frozenset(f"rule:{what}" for what in ("add", "restore", "remove", "on", "off", "move"))


def of(services: Services, actor: Actor, rule_id: str = "", *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes, the latest first, of all rules or one. Errors: `NotAllowed`."""
    actor.check(Permission.RULES_READ)
    names, found = Names(services), []
    for event in changes.events_of(services, "rule:*", before):
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
    event = changes.undoable(services, event_id, _can_undo)
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
        says = changing.get(services, actor, rule_id).rule.said()
        said = changes.put_back(says, event.detail["changed"], ChangedMeanwhile)
        changing.change(services, actor, rule_id, {key: value for key, value in said.items() if value is not None})


def _can_undo(event: Event) -> bool:
    if event.action == "rule:change":
        return bool(event.detail.get("changed"))
    return event.action in _UNDONE


def _change(event: Event, names: Names) -> Change:
    return changes.entry(event, names, of=str(event.detail.get("rule_id") or ""), can_undo=_can_undo(event))
