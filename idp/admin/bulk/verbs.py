"""Do something to many people: tried out, shown in numbers, done by the job queue, and taken back where it can be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from idp.accounts import batches, groups, listing
from idp.accounts.batches import CHECKED, CHECKING, DONE, RUNNING, Batch, Moved
from idp.accounts.invitations import checked_note
from idp.accounts.listing import Wanted
from idp.accounts.person import InvalidPerson
from idp.admin import looking
from idp.admin.actor import Actor
from idp.admin.approving.asking import refuse_by_the_way
from idp.admin.batches import work_on
from idp.admin.bulk import actions
from idp.admin.bulk.actions import ACTIONS
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

__all__ = ["CHECKED", "CHECKING", "DONE", "RUNNING", "Moved"]

P = Permission
KIND: Final = "bulk"
MOST: Final = 200_000
AT_ONCE: Final = 100  # people who are tried out while somebody waits for the page


def offered(actor: Actor) -> list[str]:
    """What this actor may do to anybody at all."""
    return [name for name, action in ACTIONS.items() if actor.may(action.permission)]


def matching(services: Services, actor: Actor, text: str, filters: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The ids of all whom a search finds among those that this actor may see. Errors: `NotAllowed`."""
    actor.check(P.PEOPLE_READ)
    wanted = Wanted(text, filters, actor.scope(P.PEOPLE_READ))
    found = listing.ids(services.db, wanted, services.clock(), MOST)
    exact = [row.person.id for row in looking.look(services, actor, text, filters=filters, many=1).exact]
    return tuple(dict.fromkeys((*exact, *found)))


def start(
    services: Services, actor: Actor, action: str, ids: Iterable[str], group: str = "", *, queue: bool = True,
    note: str = "",
) -> Batch:  # fmt: skip
    """Keep who was chosen, and try it out: at once where they are few, else by the job queue.

    `note`: an own text in invitations.

    Errors: `NotAllowed`; `InvalidPerson` where nothing, nobody or no group was chosen.
    """
    if action not in ACTIONS:
        raise InvalidPerson("action", "nothing was chosen to be done")
    actor.check(ACTIONS[action].permission)
    _check_alone(services, actor, action)
    chosen = list(dict.fromkeys(ids))[:MOST]
    if not chosen:
        raise InvalidPerson("people", "nobody was chosen")
    if ACTIONS[action].of_group:
        found = groups.find(services.db, group) if group.strip() else None
        if found is None:
            raise InvalidPerson("group", "there is no group of this name")
        group = found.name
    asked = {
        "action": action, "group": group if ACTIONS[action].of_group else "", "ran": False, "undone": False,
        "token": actor.token_id, "note": checked_note(note) if action == "invite" else "",
    }  # fmt: skip
    return _begin(services, actor, asked, chosen, queue)


def _check_alone(services: Services, actor: Actor, action: str) -> None:
    """What wants two owners is not done to many (C3). Errors: `NotAllowed`."""
    named = {"off": "user:turn_off", "remove": "user:remove"}.get(action)
    if named:
        refuse_by_the_way(services, actor, named, "doing it to many")


def _begin(services: Services, actor: Actor, asked: dict[str, Any], chosen: list[str], queue: bool) -> Batch:
    def also(tx: Transaction, batch: Batch) -> None:
        if queue and len(chosen) > AT_ONCE:
            services.jobs.enqueue("people.batch", {"batch": batch.id}, tx=tx)

    batch = batches.begin(
        services.db, KIND, actor.name, asked, chosen, services.clock(), state=CHECKING, also=also
    )  # fmt: skip
    if queue and len(chosen) <= AT_ONCE:
        for after in work_on(services, batch.id):
            batch = after
    return batch


def find(services: Services, actor: Actor, batch_id: str) -> Batch | None:
    """One of one's own, or anybody's for who may see everybody. Errors: `NotAllowed`."""
    actor.check(P.PEOPLE_READ)
    batch = batches.find(services.db, batch_id, KIND)
    if batch is not None and batch.made_by != actor.name and actor.scope(P.PEOPLE_READ) is not None:
        return None
    return batch


def carry_out(services: Services, actor: Actor, batch: Batch, *, queue: bool = True) -> None:
    """Do what was shown, in the name of whoever says so. Errors: `NotAllowed`, `Moved`."""
    actor.check(ACTIONS[str(batch.asked["action"])].permission)
    _check_alone(services, actor, str(batch.asked["action"]))
    if batch.state != CHECKED:
        raise Moved

    def also(tx: Transaction, one: Batch) -> None:
        if queue:
            services.jobs.enqueue("people.batch", {"batch": batch.id}, tx=tx)

    asked = {**batch.asked, "ran": True, "by": actor.name, "token": actor.token_id}
    batches.ask(services.db, batch, asked, RUNNING, services.clock(), also=also)


def stop(services: Services, actor: Actor, batch: Batch) -> bool:
    """Do no more of it; what is done stays done. Errors: `NotAllowed`."""
    actor.check(ACTIONS[str(batch.asked["action"])].permission)
    return batches.stop(services.db, batch, services.clock())


def undo_of(actor: Actor, batch: Batch) -> str:
    """What takes it back; '' where nothing does, or this actor may not."""
    undo = ACTIONS[str(batch.asked["action"])].undo
    is_over = batch.asked["ran"] and not batch.is_at_work and batch.counts.get(actions.DONE, 0) > 0
    return undo if undo and is_over and actor.may(ACTIONS[undo].permission) else ""


def undo(services: Services, actor: Actor, batch: Batch) -> Batch:
    """The other way round, for those to whom it was done, and no others; tried out first, as everything here.

    Errors: `NotAllowed`, `Moved`.
    """
    name = undo_of(actor, batch)
    if not name:
        raise Moved
    done = [row.outcome.person_id for row in batches.rows(services.db, batch.id, (actions.DONE,)) if row.outcome]
    asked = {
        "action": name, "group": batch.asked["group"], "ran": False, "undone": False, "undoes": batch.id,
        "token": actor.token_id,
    }  # fmt: skip
    return _begin(services, actor, asked, done, True)
