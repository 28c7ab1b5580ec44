"""What one kind of object has to offer to be configured by files: one file beside this one, and one row in `kinds`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from idp.admin.configuration.changes import Planning, Step
from idp.admin.configuration.document import Entry
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.protocols import Services


@dataclass(frozen=True)
class Kind:
    """`table`: the word in `[[…]]`, and of marks. `export`: every object, in a stable order.

    `identity`: what two tables of one object have in common. `plan`: what becomes of the object that a table declares;
    it only reads, and raises `Fault` or `Faults`. `removal`: taking the object with this id away; None: it is gone.
    `permissions`: what adding, changing and removing one needs, by the word of the change's action (C1).
    """

    table: str
    export: Callable[[Services], Iterator[Written]]
    identity: Callable[[Entry], str]
    plan: Callable[[Planning, Entry], Step]
    removal: Callable[[Planning, str], Step | None]
    permissions: Mapping[str, Permission]
