"""Import people: a file is read and tried out; what it would do is shown in numbers; then it is done, or stopped.

The job queue does the work, in small transactions; whichever process goes on after one was killed goes on where that
one stood. A command does it itself, by the same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.accounts import batches
from idp.accounts.batches import CHECKED, CHECKING, DONE, RUNNING, STOPPED, Batch, Moved, Row
from idp.accounts.invitations import checked_note
from idp.accounts.person import InvalidPerson, check_claims
from idp.admin import person_attributes
from idp.admin.actor import Actor
from idp.admin.importing import columns
from idp.admin.importing.reading import Table
from idp.admin.importing.rows import CORRECT, GROUP, SKIP
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

__all__ = ["CHECKED", "CHECKING", "DONE", "RUNNING", "STOPPED", "Moved"]

P = Permission
KIND: Final = "import"


def start(
    services: Services, actor: Actor, table: Table, name: str = "", *, queue: bool = True, **asked: Any
) -> Batch:  # fmt: skip
    """Keep a file that was read, and begin to try it out. `queue`: the job queue does it.

    Errors: `NotAllowed`; `InvalidPerson` for a choice that cannot be.
    """
    actor.check(P.PEOPLE_CREATE)
    first = {
        "file": name[:200], "header": table.header, "encoding": table.encoding, "separator": table.separator,
        "columns": columns.guess(table.header, person_attributes.defined(services)),
        "existing": SKIP, "new_groups": False, "invite": False, "note": "",
        "ran": False, "token": actor.token_id,
    }  # fmt: skip
    wanted = _checked(actor, {**first, **asked, "note": checked_note(str(asked.get("note", "")))})
    also = _queued(services) if queue else lambda *_: None
    return batches.begin(
        services.db, KIND, actor.name, wanted, [list(row) for row in table.rows], services.clock(), state=CHECKING,
        also=also,
    )  # fmt: skip


def find(services: Services, actor: Actor, batch_id: str) -> Batch | None:
    """An import. Errors: `NotAllowed`."""
    actor.check(P.PEOPLE_CREATE)
    return batches.find(services.db, batch_id, KIND)


def latest(services: Services, actor: Actor) -> tuple[Batch, ...]:
    """The last imports. Errors: `NotAllowed`."""
    actor.check(P.PEOPLE_CREATE)
    return batches.latest(services.db, KIND)


def check_again(
    services: Services, actor: Actor, batch: Batch, choices: Mapping[str, Any], *, queue: bool = True
) -> None:
    """Try the file out with other choices. Errors: `NotAllowed`, `InvalidPerson`, `Moved`."""
    actor.check(P.PEOPLE_CREATE)
    if batch.state not in (CHECKED, CHECKING, STOPPED) or batch.asked.get("ran"):
        raise Moved
    whose = {"by": actor.name, "token": actor.token_id, "note": checked_note(str({**batch.asked, **choices}["note"]))}
    _ask(services, batch, _checked(actor, {**batch.asked, **choices, **whose}), CHECKING, queue)


def carry_out(services: Services, actor: Actor, batch: Batch, *, queue: bool = True) -> None:
    """Do what was shown. Whoever says so does it: their rights hold for every row. Errors: `NotAllowed`, `Moved`."""
    actor.check(P.PEOPLE_CREATE)
    if batch.state != CHECKED:
        raise Moved
    asked = _checked(actor, {**batch.asked, "ran": True, "by": actor.name, "token": actor.token_id})
    write = actor.record(services)

    def also(tx: Transaction, one: Batch) -> None:
        write(tx, "people:import_started", {"import": batch.id, "rows": batch.total, "file": batch.asked["file"]})
        if queue:
            _queued(services)(tx, one)

    batches.ask(services.db, batch, asked, RUNNING, services.clock(), also=also)


def stop(services: Services, actor: Actor, batch: Batch) -> bool:
    """Take no more of its rows; what is done stays done. Errors: `NotAllowed`."""
    actor.check(P.PEOPLE_CREATE)
    return batches.stop(services.db, batch, services.clock())


def new_groups(batch: Batch) -> list[tuple[str, int]]:
    """Groups that there are not yet, with how many rows name each."""
    found = ((name.removeprefix(GROUP), n) for name, n in batch.counts.items() if name.startswith(GROUP))
    return sorted(found)


def examples(services: Services, batch: Batch, many: int = 3) -> list[Row]:
    """The first rows."""
    found = []
    for row in batches.rows(services.db, batch.id):
        found.append(row)
        if len(found) >= many:
            break
    return found


def _checked(actor: Actor, asked: dict[str, Any]) -> dict[str, Any]:
    header, chosen = asked["header"], list(asked["columns"])
    if len(chosen) != len(header) or not set(chosen) <= set(columns.TARGETS):
        raise InvalidPerson("columns", "each column means one of the fields")
    check_claims({name: "" for name, one in zip(header, chosen, strict=True) if one == columns.OWN})
    named = [one for one in chosen if one not in (columns.IGNORED, columns.OWN)]
    if len(set(named)) != len(named):
        raise InvalidPerson("columns", "two columns mean the same")
    if asked["existing"] not in (SKIP, CORRECT):
        raise InvalidPerson("existing", "people who are there are skipped or corrected")
    if asked["new_groups"]:
        actor.check(P.GROUPS_CHANGE)
    return {**asked, "columns": chosen, "note": str(asked["note"])}


def _ask(services: Services, batch: Batch, asked: dict[str, Any], state: str, queue: bool) -> None:
    also: Callable[[Transaction, Batch], object] = _queued(services) if queue else lambda *_: None
    batches.ask(services.db, batch, asked, state, services.clock(), also=also)


def _queued(services: Services) -> Callable[[Transaction, Batch], object]:
    return lambda tx, batch: services.jobs.enqueue("people.batch", {"batch": batch.id}, tx=tx)
