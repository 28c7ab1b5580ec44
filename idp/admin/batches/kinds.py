"""The kinds of work on many people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp.accounts.batches import Batch, Outcome, Row
from idp.admin.actor import Actor
from idp.admin.bulk import actions as bulk
from idp.admin.importing import work as importing
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

#: Does one row: the services take part in the transaction, the actor has the rights that they have in it, and the work
#: is as it stands at this step.
Begun = Callable[[Services, Actor, Transaction, Batch, Row], Outcome]


@dataclass(frozen=True)
class Kind:
    """One kind. `needs`: what whoever asked for it must be able to do, at each step; each row may ask for more.

    `begin`: made ready once a run; `ended`: called when the last row is done. `stopped`: what the record calls it.
    """

    needs: Callable[[Batch], frozenset[Permission]]
    stopped: str
    begin: Callable[[Services, Actor, Batch], Begun]
    ended: Callable[[Services, Actor, Batch], object]


def _of_import(batch: Batch) -> frozenset[Permission]:
    more = {Permission.GROUPS_CHANGE} if batch.asked.get("new_groups") else set()
    return frozenset((Permission.PEOPLE_CREATE, *more))


def _of_bulk(batch: Batch) -> frozenset[Permission]:
    return frozenset((Permission.PEOPLE_READ, bulk.ACTIONS[str(batch.asked["action"])].permission))


KINDS: Final[Mapping[str, Kind]] = {
    "import": Kind(_of_import, "people:import_stopped", importing.begin, importing.ended),
    "bulk": Kind(_of_bulk, "people:many_stopped", bulk.begin, bulk.ended),
}
