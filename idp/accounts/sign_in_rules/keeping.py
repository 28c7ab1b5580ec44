"""The rules that admins keep: read, added, changed, moved, removed, brought back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.accounts.person import fold
from idp.accounts.sign_in_rules import store
from idp.accounts.sign_in_rules.rule import Rule, of_said
from idp.audit import Recorder
from idp.db import Database, Executor, Transaction
from idp.ids import digest, new_id

RESTORABLE: Final = 30 * 86400.0  # seconds after removal in which a rule can be brought back
MAX_RULES: Final = 200


class UnknownRule(LookupError):
    """There is no such rule, or it was removed more than 30 days ago."""


class TooMany(Exception):
    """There are as many as there may be: every sign-in looks at each of them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule as it is kept. Times are epoch seconds."""

    rule: Rule
    position: int
    created_at: float
    changed_at: float
    deleted_at: float | None = None


def list_of(db: Executor) -> tuple[Kept, ...]:
    """Every rule that was not removed, those that are off too, in their order."""
    return tuple(map(_kept, db.all(store.ALL)))


def removed(db: Executor, now: float) -> tuple[Kept, ...]:
    """Those that can be brought back, the last removed first."""
    return tuple(map(_kept, db.all(store.REMOVED, since=now - RESTORABLE)))


def find(db: Executor, rule_id: str) -> Kept | None:
    """One by its id, one that was removed too."""
    row = db.one(store.ONE, rule_id=rule_id)
    return None if row is None else _kept(row)


def add(db: Database, said: Mapping[str, Any], now: float, *, enabled: bool = True, record: Recorder) -> Kept:
    """One more, at the end. What it says has been looked at. Errors: `TooMany`."""
    with db.transaction() as tx:
        tx.run(store.RAISE)
        if tx.one(store.COUNT).many >= MAX_RULES:
            raise TooMany
        rule = of_said(f"r{new_id(now)}", said, enabled=enabled)
        made = Kept(rule, (tx.one(store.LAST).position or 0) + 1, now, now)
        tx.run(
            store.INSERT, id=rule.id, position=made.position, said=_json(rule), enabled=int(enabled), created_at=now,
            changed_at=now, deleted_at=None,
        )  # fmt: skip
        record(tx, "rule:add", {**_about(made), "said": rule.said(), "enabled": enabled})
    return made


class ChangedMeanwhile(Exception):
    """Somebody else changed the rule since it was looked at."""


def edition(rule: Rule) -> str:
    """What stands for all that a rule says: another one, another text."""
    return digest(_json(rule))[:16]


def change(
    db: Database, rule_id: str, said: Mapping[str, Any], now: float, *, record: Recorder, seen: str = ""
) -> Kept:
    """What a rule says from now on. `seen`: the edition that was looked at.

    Errors: `UnknownRule`, `ChangedMeanwhile`.
    """
    with db.transaction() as tx:
        before = _standing(tx, rule_id)
        if seen and seen != edition(before.rule):
            raise ChangedMeanwhile
        after = replace(before, rule=of_said(rule_id, said, enabled=before.rule.enabled))
        return _put(tx, "rule:change", before, after, now, record)


def naming(db: Executor, group: str) -> tuple[Kept, ...]:
    """The rules that name a group."""
    return tuple(kept for kept in list_of(db) if fold(group) in map(fold, kept.rule.groups))


def name_group(db: Database, group: str, names: Sequence[str], now: float, *, record: Recorder) -> None:
    """In place of a group's name, these: on the way to its new one a rule has both, so that it holds meanwhile."""
    for kept in naming(db, group):
        others = [one for one in kept.rule.groups if fold(one) not in {fold(group), *map(fold, names)}]
        change(db, kept.rule.id, {**kept.rule.said(), "groups": [*others, *names]}, now, record=record)


def turn(db: Database, rule_id: str, on: bool, now: float, *, record: Recorder) -> Kept:
    """Off, or on again. Errors: `UnknownRule`."""
    with db.transaction() as tx:
        before = _standing(tx, rule_id)
        after = replace(before, rule=replace(before.rule, enabled=on))
        return _put(tx, "rule:on" if on else "rule:off", before, after, now, record)


def move(db: Database, order: Sequence[str], now: float, *, record: Recorder) -> None:
    """The rules in this order; one that is not named stays behind those that are."""
    with db.transaction() as tx:
        tx.run(store.RAISE)
        before = list_of(tx)
        place = {rule_id: n for n, rule_id in enumerate(order)}
        after = sorted(before, key=lambda one: place.get(one.rule.id, len(place)))
        if [one.rule.id for one in after] == [one.rule.id for one in before]:
            return
        for n, one in enumerate(after, 1):
            _write(tx, replace(one, position=n))
        ids = [[one.rule.id for one in side] for side in (before, after)]
        names = [[_name(one) for one in side] for side in (before, after)]
        record(tx, "rule:move", {"changed": {"order": names}, "order": ids})


def remove(db: Database, rule_id: str, now: float, *, record: Recorder) -> Kept:
    """Take it away; `restore` brings it back for 30 days. Errors: `UnknownRule`."""
    with db.transaction() as tx:
        before = _standing(tx, rule_id)
        return _put(tx, "rule:remove", before, replace(before, deleted_at=now), now, record)


def restore(db: Database, rule_id: str, now: float, *, record: Recorder) -> Kept:
    """Bring it back as it was. Errors: `UnknownRule`, `TooMany`."""
    with db.transaction() as tx:
        tx.run(store.RAISE)
        before = find(tx, rule_id)
        if before is None or before.deleted_at is None or now - before.deleted_at >= RESTORABLE:
            raise UnknownRule(rule_id)
        if tx.one(store.COUNT).many >= MAX_RULES:
            raise TooMany
        return _put(tx, "rule:restore", before, replace(before, deleted_at=None), now, record)


def sweep(db: Database, now: float) -> int:
    """Forget what was removed more than 30 days ago; how many rules went."""
    return db.run(store.PURGE, before=now - RESTORABLE)


# -- below -----------------------------------------------------------------------------------------------------------


def _standing(tx: Transaction, rule_id: str) -> Kept:
    tx.run(store.RAISE)
    found = find(tx, rule_id)
    if found is None or found.deleted_at is not None:
        raise UnknownRule(rule_id)
    return found


def _put(tx: Transaction, action: str, before: Kept, after: Kept, now: float, record: Recorder) -> Kept:
    """Write it, where it is another one, and its event."""
    if after == before:
        return before
    after = replace(after, changed_at=now)
    _write(tx, after)
    old, new = before.rule.said(), after.rule.said()
    changed = {key: [old.get(key), new.get(key)] for key in (*new, *old) if old.get(key) != new.get(key)}
    record(tx, action, {**_about(after), **({"changed": changed} if changed else {})})
    return after


def _write(tx: Transaction, kept: Kept) -> None:
    tx.run(
        store.PUT, rule_id=kept.rule.id, said=_json(kept.rule), enabled=int(kept.rule.enabled), position=kept.position,
        changed_at=kept.changed_at, deleted_at=kept.deleted_at,
    )  # fmt: skip


def _about(kept: Kept) -> dict[str, Any]:
    return {"rule_id": kept.rule.id, "name": kept.rule.name}


def _name(kept: Kept) -> str:
    return kept.rule.name or kept.rule.id


def _json(rule: Rule) -> str:
    return json.dumps(rule.said(), ensure_ascii=False, separators=(",", ":"))


def _kept(row: Any) -> Kept:
    rule = of_said(row.id, json.loads(row.said), enabled=bool(row.enabled))
    return Kept(rule, row.position, row.created_at, row.changed_at, row.deleted_at)
