"""What files would do: each table beside the object that it declares. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from idp.admin.configuration import marks
from idp.admin.configuration.changes import Change, Field, Plan, Planning, Step
from idp.admin.configuration.document import BadConfiguration, Entry, Fault, Faults
from idp.admin.configuration.kinds import KINDS
from idp.admin.configuration.marks import Mark
from idp.protocols import Services


def plan(
    services: Services,
    entries: Iterable[Entry],
    managers: Iterable[str],
    *,
    prune: bool = False,
    fetched: Mapping[str, Any] | None = None,
) -> Plan:
    """The steps from what is to what the tables declare. Errors: `BadConfiguration`, with every fault of all of them.

    `managers`: of the files, those too that declare nothing. `prune`: what one of them managed and no file names any
    more is removed. `fetched`: what an earlier plan read off the net.
    """
    planning = Planning(services, tuple(entries), marks.all_of(services.db), dict(fetched or {}))
    steps, problems = [], [*_duplicates(planning.entries)]
    for entry in sorted(planning.entries, key=lambda one: [*KINDS].index(one.table)):
        try:
            steps.append(_step(planning, entry))
        except Faults as several:
            problems += map(str, several.faults)
        except Fault as fault:
            problems.append(str(fault))
    problems += _meant_twice(steps)
    if problems:
        raise BadConfiguration(dict.fromkeys(problems))
    steps = [*map(_taken_over, [planning] * len(steps), steps)]
    left = [*_left(planning, steps, frozenset(managers))]
    if prune:
        steps += [*filter(None, (KINDS[mark.kind].removal(planning, mark.id) for mark in reversed(left)))]
    gone = {(step.change.kind, step.change.id) for step in steps if step.change.action == "remove"}
    kept = tuple(mark for mark in left if (mark.kind, mark.id) not in gone)
    notes = tuple(dict.fromkeys(planning.notes))
    return Plan(tuple(steps), kept, notes, tuple(_adopted(planning, steps)), planning.fetched)


def _step(planning: Planning, entry: Entry) -> Step:
    step = KINDS[entry.table].plan(planning, entry)
    change = step.change
    placed = Change(
        change.action, change.kind, change.id, change.name, change.fields, entry.place(), change.effects
    )  # fmt: skip
    return Step(placed, step.run, step.effects, entry)


def _taken_over(planning: Planning, step: Step) -> Step:
    """Moving an object from one file to another is a change, of which nobody but the files takes notice."""
    change, mark = step.change, planning.marks.get((step.change.kind, step.change.id))
    if step.entry is None or mark is None or mark.manager == step.entry.manager:
        return step
    moved = Field("managed_by", mark.manager, step.entry.manager)
    fields = (*change.fields, moved)
    return Step(
        Change(change.action, change.kind, change.id, change.name, fields, change.place, change.effects),
        step.run, step.effects, step.entry,
    )  # fmt: skip


def _duplicates(entries: Iterable[Entry]) -> Iterator[str]:
    """Two tables with one name."""
    first: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        other = first.setdefault((entry.table, KINDS[entry.table].identity(entry)), entry)
        if other is not entry:
            yield f"{entry.place()}: {entry.title}: stands at {other.place()} already; take one of them out"


def _meant_twice(steps: Iterable[Step]) -> Iterator[str]:
    """Two tables that name one object differently: by its id here, by its name there."""
    first: dict[tuple[str, str], Entry] = {}
    for step in steps:
        key = (step.change.kind, step.change.id)
        if step.entry is None or not step.change.id:
            continue
        other = first.setdefault(key, step.entry)
        if other is not step.entry:
            yield (
                f"{step.entry.place()}: {step.entry.title}: is the one that stands at {other.place()} already; "
                "take one of them out"
            )


def _left(planning: Planning, steps: Iterable[Step], managers: frozenset[str]) -> Iterator[Mark]:
    """What one of these files managed and no table names any more, in the order of the kinds."""
    named = {(step.change.kind, step.change.id) for step in steps}
    for kind in KINDS:
        for mark in planning.marks.values():
            if mark.kind == kind and mark.manager in managers and (kind, mark.id) not in named:
                yield mark


def _adopted(planning: Planning, steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    """What is as declared, and no file's yet."""
    for step in steps:
        change = step.change
        if step.entry is not None and change.is_empty and change.id and (change.kind, change.id) not in planning.marks:
            yield step.entry.manager, step.entry.title
