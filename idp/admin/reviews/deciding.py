"""A reviewer says of somebody that they stay, or that their access goes; until the end it can be said otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.accounts import reviews, roles
from idp.accounts.person import Person
from idp.accounts.reviews import KEEP, OPEN, WITHDRAW, Review
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.admin.reviews import rights
from idp.protocols import Services

SELF, RANK = "self", "rank"


class NotOpen(Exception):
    """It has ended, or was stopped: nothing is decided any more."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What became of what was said: about how many it holds; usernames of whom it does not, by why."""

    done: int = 0
    refused: dict[str, list[str]] = field(default_factory=dict)


def decide(services: Services, actor: Actor, review: Review, people: Iterable[str], verdict: str) -> Refusals:
    """`verdict`: keep, withdraw, or '' to take back what was said. Who is not in the review is passed over.

    Nobody decides about themselves, nor about somebody who may do more (C2). Errors: `NotAllowed`, `NotOpen`.
    """
    if not rights.may_decide(services, actor, review):
        raise NotAllowed(Permission.REVIEWS_DECIDE, "you are not asked to decide in this review")
    assert verdict in (KEEP, WITHDRAW, "")
    refused: dict[str, list[str]] = {}
    decided = []
    with services.db.transaction() as tx:
        there = reviews.locked(tx, review.id)
        if there is None or there.state != OPEN or services.clock() >= there.due_at:
            raise NotOpen
        for person_id in dict.fromkeys(people):
            row = reviews.row_of(tx, review.id, person_id)
            if row is None:
                continue
            why = why_not(services, actor, services.directory.find(person_id))
            if why:
                refused.setdefault(why, []).append(row.username)
                continue
            reviews.decide(tx, review.id, person_id, verdict, actor.name, services.clock())
            decided.append(person_id)
        if decided:
            about = {"person_id": decided[0]} if len(decided) == 1 else {"people": decided}
            said = {"review_id": review.id, "name": review.name, "verdict": verdict or "open"}
            actor.record(services)(tx, "review:decided", {**said, **about})
    return Refusals(len(decided), refused)


def why_not(services: Services, actor: Actor, person: Person | None) -> str:
    """What keeps an actor from deciding about somebody; '' where nothing does."""
    if person is None:
        return ""
    if person.id == actor.id and actor.kind == "person":
        return SELF
    grants = roles.grants_of(services.db, person.id, person.roles, services.clock())
    return "" if actor.outranks(grants) else RANK
