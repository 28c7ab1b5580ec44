"""The rows of an import, made ready: who is named twice, which groups there are; and what is recorded at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from idp.accounts import batches, groups
from idp.accounts.batches import DONE, Batch, Outcome, Row
from idp.accounts.person import fold
from idp.admin.actor import Actor
from idp.admin.importing import columns
from idp.admin.importing.rows import GROUP, Import, keys_of, take
from idp.db import Transaction
from idp.protocols import Services


class Twins:
    """Rows that name somebody of an earlier row, of the file that was looked at last."""

    def __init__(self) -> None:
        self._last: tuple[Any, dict[int, int]] = (None, {})

    def of(self, services: Services, batch: Batch) -> dict[int, int]:
        """By the row's number, that of the earlier one. It reads the whole file, so once for each choice of columns."""
        key = (batch.id, tuple(batch.asked["columns"]))
        if self._last[0] != key:
            self._last = (key, _twins(services, batch))
        return self._last[1]


def _twins(services: Services, batch: Batch) -> dict[int, int]:
    header, chosen = batch.asked["header"], batch.asked["columns"]
    first: dict[str, int] = {}
    found: dict[int, int] = {}
    for row in batches.rows(services.db, batch.id):
        keys = keys_of(columns.said_of(header, chosen, row.source))
        earlier = min((first[key] for key in keys if key in first), default=0)
        if earlier:
            found[row.number] = earlier
        for key in keys:
            first.setdefault(key, row.number)
    return found


def begin(
    services: Services, actor: Actor, batch: Batch
) -> Callable[[Services, Actor, Transaction, Batch, Row], Outcome]:
    """Ready for its rows."""
    write = actor.record(services)

    def record(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        write(tx, action, {**detail, "import": batch.id})

    twins = services.part(Twins).of(services, batch)
    known = {fold(one.name): one.name for one in groups.list_of(services.db)}
    fresh = {fold(name.removeprefix(GROUP)) for name in batch.counts if name.startswith(GROUP)}

    def work(within: Services, actor: Actor, tx: Transaction, now: Batch, row: Row) -> Outcome:
        return take(within, tx, Import(actor, now, twins, known, record, fresh), row)

    return work


def ended(services: Services, actor: Actor, batch: Batch) -> None:
    """The record has what came of it, in numbers."""
    if batch.state == DONE:
        counts = {name: n for name, n in batch.counts.items() if not name.startswith(GROUP)}
        actor.record(services)(services.db, "people:imported", {"import": batch.id, **counts})
