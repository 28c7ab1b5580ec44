"""What a plan is made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from clients.client import Client
from idp.admin.configuration.document import Entry
from idp.admin.configuration.marks import Mark
from idp.audit import Recorder
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.accounts.provisioning.clients import Made
    from idp.admin.configuration.effects import Impact

Action = Literal["add", "change", "restore", "remove"]


@dataclass(frozen=True, slots=True)
class Field:
    """One value that becomes another; None: not set."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one object. `id` is empty where one is made by whoever adds it; `effects`: what it would break.

    Two are equal where they do the same: how many people it concerns may have changed meanwhile.
    """

    action: Action
    kind: str
    id: str
    name: str
    fields: tuple[Field, ...] = ()
    place: str = field(default="", compare=False)
    effects: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.action == "change" and not self.fields


@dataclass(frozen=True, slots=True)
class Done:
    """What a step has done: the object's id, the client where it is one, and its secret where one was made.

    `writer`: a directory that writes here, with its token, where one was let in.
    `after`: what follows from it once all is committed.
    """

    id: str
    client: Client | None = None
    secret: str | None = field(default=None, repr=False)
    writer: Made | None = None
    after: Callable[[Services], object] | None = None


def _nothing(_: Impact) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True)
class Step:
    """A change, and the verbs that make it in the transaction of the services that they are given."""

    change: Change
    run: Callable[[Services, Recorder], Done]
    effects: Callable[[Impact], Iterator[str]] = _nothing
    entry: Entry | None = None


@dataclass
class Planning:
    """What a plan is made against. `fetched` keeps what was read off the net, so that it is read once."""

    services: Services
    entries: tuple[Entry, ...]
    marks: Mapping[tuple[str, str], Mark]
    fetched: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    names: dict[str, list[str]] | None = None  # of applications: name to ids

    def of(self, table: str) -> Iterator[Entry]:
        """What the files declare of one kind."""
        return (entry for entry in self.entries if entry.table == table)

    def dropped(self, kind: str, object_id: str, entry: Entry) -> frozenset[str]:
        """Keys that this file declared when it was applied last and no longer does: they go back to their defaults."""
        mark = self.marks.get((kind, object_id))
        return mark.fields - entry.values.keys() if mark and mark.manager == entry.manager else frozenset()


@dataclass(frozen=True)
class Plan:
    """What files would do. `steps` has also what is as declared; `left`: what a file managed and no longer names."""

    steps: tuple[Step, ...]
    left: tuple[Mark, ...]
    notes: tuple[str, ...]
    adopts: tuple[tuple[str, str], ...] = ()  # manager and title of what would be marked, and nothing else
    fetched: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What there is to do."""
        return tuple(step.change for step in self.steps if not step.change.is_empty)

    def with_effects(self, impact: Impact) -> Plan:
        """The plan, each change with what it would break."""
        told = (
            step if step.change.is_empty
            else replace(step, change=replace(step.change, effects=(*step.change.effects, *step.effects(impact))))
            for step in self.steps
        )  # fmt: skip
        return replace(self, steps=tuple(told))


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to JSON: `1` is not `true`, the order of keys is nothing."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Field, ...]:
    """Key by key, in the order of the keys."""
    return tuple(
        Field(key, before.get(key), after.get(key))
        for key in dict.fromkeys((*after, *before))
        if not same(before.get(key), after.get(key))
    )
