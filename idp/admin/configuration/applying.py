"""What files declare is made so: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from clients.registry import Registry
from idp.accounts.provisioning.clients import Made
from idp.accounts.sign_in_rules import Rules
from idp.admin import programs
from idp.admin.actor import Actor, NotAllowed
from idp.admin.applications import ensure_keys
from idp.admin.approving.asking import refuse_by_the_way
from idp.admin.configuration import marks
from idp.admin.configuration.changes import Change, Done, Plan, Step
from idp.admin.configuration.document import Entry
from idp.admin.configuration.kinds import KINDS
from idp.admin.configuration.planning import plan
from idp.admin.permissions import Permission
from idp.admin.rules import protecting
from idp.audit import Recorder
from idp.db import Transaction, joined
from idp.protocols import Services


class ChangedMeanwhile(Exception):
    """Somebody changed what the plan was made against."""


@dataclass(frozen=True)
class Applied:
    """What was done. `secrets`: of applications that got one, `writers`: directories with theirs, shown this once."""

    changes: tuple[Change, ...]
    secrets: tuple[tuple[Client, str], ...]
    marked: int
    let_go: int
    writers: tuple[Made, ...] = ()


def apply(
    services: Services,
    actor: Actor,
    entries: Iterable[Entry],
    managers: Iterable[str],
    shown: Plan,
    *,
    prune: bool = False,
    keep: bool = False,
) -> Applied:
    """Do what a plan said. `keep`: what a file managed and no longer names is no file's any more.

    The plan is made again under the lock. Errors: `NotAllowed`, also for one step that the actor may not take;
    `ChangedMeanwhile` where another plan comes out; those of the verbs. Nothing is changed then.
    """
    entries, managers = tuple(entries), tuple(managers)
    _check(actor, entries, shown)
    if any(one.kind == "rule" for one in shown.changes):
        refuse_by_the_way(services, actor, "rule:change", "a file that changes sign-in rules")
    if any(one.kind == "provider" for one in shown.changes):
        refuse_by_the_way(services, actor, "provider:change", "a file that changes providers")
    record = actor.record(services)
    with services.db.transaction() as tx:
        within = taking_part(services, tx)
        # Every change of the registry begins so, and every apply: from here on they queue behind this one.
        within.registry.hold()
        again = plan(within, entries, managers, prune=prune, fetched=shown.fetched)
        if again.changes != shown.changes or again.left != shown.left:
            raise ChangedMeanwhile
        standing = protecting.standing(within, actor)
        for change in again.changes:
            _check_programs(within, actor, change)
        done = [_run(within, tx, step, record) for step in again.steps]
        protecting.check_all(within, actor, standing)
        marked = sum(_marked(tx, step, one, services.clock()) for step, one in zip(again.steps, done, strict=True))
        for mark in again.left if keep else ():
            marks.drop(tx, mark.kind, mark.id)
    services.registry.refresh()
    services.rules.refresh()
    for one in done:
        if one.client is not None:
            ensure_keys(services, one.client)
        if one.after is not None:
            one.after(services)
    secrets = tuple((one.client, one.secret) for one in done if one.client is not None and one.secret is not None)
    writers = tuple(one.writer for one in done if one.writer is not None)
    return Applied(again.changes, secrets, marked, len(again.left) if keep else 0, writers)


def _check(actor: Actor, entries: Iterable[Entry], shown: Plan) -> None:
    """A file is for those who may change everything of its kinds. Errors: `NotAllowed`."""
    wanted = {KINDS[one.kind].permissions[one.action] for one in shown.changes}
    # Whose an object is changes also where nothing else does.
    wanted |= {
        KINDS[kind].permissions["change"]
        for kind in (*(one.table for one in entries), *(one.kind for one in shown.left))
    }
    for permission in wanted:
        actor.check(permission)
        if actor.scope(permission) is not None:
            raise NotAllowed(permission, "files are for those who look after all there is of their kinds")


def _check_programs(within: Services, actor: Actor, change: Change) -> None:
    """What a file says of a program with a role is held to the same as by hand. Errors: `NotAllowed`."""
    if change.kind == "application" and change.id and change.action != "remove":
        keys = [one.name for one in change.fields] if change.action == "change" else None
        programs.check_rank(within, actor, change.id, Permission.APPS_SECRETS, keys)


def taking_part(services: Services, tx: Transaction) -> Services:
    """The services whose verbs take part in an open transaction, for as long as it is open."""
    db = joined(tx)
    registry = Registry(db, services.clock, allow_loopback=services.registry.allow_loopback)
    rules = Rules(db, services.settings.factors.rules, services.clock)
    return replace(
        services, db=db, registry=registry, rules=rules, directory=services.directory.within(db)
    )  # fmt: skip


def _run(within: Services, tx: Transaction, step: Step, record: Recorder) -> Done:
    if step.change.is_empty:
        return Done(step.change.id)
    by = step.entry.manager if step.entry is not None else ""

    def recorded(_: Any, action: str, detail: Mapping[str, Any]) -> None:
        record(tx, action, {**detail, "managed_by": by} if by else detail)

    return step.run(within, recorded)


def _marked(tx: Transaction, step: Step, done: Done, now: float) -> bool:
    """Note whose the object is from now on; whether that is new."""
    kind = step.change.kind
    if step.entry is None:
        marks.drop(tx, kind, done.id)
        return False
    if not done.id:
        return False
    before = marks.find(tx, kind, done.id)
    manager, fields = step.entry.manager, frozenset(step.entry.values)
    if before is not None and (before.manager, before.fields) == (manager, fields):
        return False
    marks.put(tx, kind, done.id, manager, fields, now)
    return before is None or before.manager != manager
