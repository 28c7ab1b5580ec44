"""What the end would do, in numbers, before it is done; and what the end does with one person: the same rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from clients.client import Client
from idp.accounts import groups, reviews
from idp.accounts.groups import Group
from idp.accounts.person import fold
from idp.accounts.reviews import APP, GONE, KEEP, KEPT, NOT_DONE, REPORTED, STAYS, TAKEN, WITHDRAW, Review, Standing
from idp.admin import managed
from idp.admin.actor import Actor, of_name
from idp.admin.permissions import Permission
from idp.admin.reviews import rights
from idp.admin.reviews.candidates import BOTH, EVERYONE, PERSON, way_of
from idp.admin.reviews.deciding import RANK, why_not
from idp.protocols import Services

STARTER, REVIEWER, FILE, BROKEN = "starter", "reviewer", "file", "broken"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """In numbers: what would become of people, by outcome; and why, of those of whom somebody has to see to it."""

    counts: dict[str, int]
    why: dict[tuple[str, str], int]


def foreseen(services: Services, actor: Actor, review: Review) -> Foreseen:
    """What ending it now would do. Errors: `NotAllowed`."""
    rights.check(services, actor, Permission.REVIEWS_READ, review.kind, review.about)
    end = End(services, review)
    counts: Counter[str] = Counter()
    why: Counter[tuple[str, str]] = Counter()
    for one in reviews.standing(services.db, review.id):
        outcome, reason, _ = end.of(one)
        counts[outcome] += 1
        why[outcome, reason] += 1
    return Foreseen(dict(counts), dict(why))


class End:
    """What becomes of each, with the rights and the rules of this moment. Names of deciders are looked up once."""

    def __init__(self, services: Services, review: Review) -> None:
        self.services, self.review = services, review
        self.starter = of_name(services, review.started_by)
        self.client: Client | None = None
        self.group: Group | None = None
        if review.kind == APP:
            self.client = services.registry.find(review.about)
        else:
            self.group = groups.find_by_id(services.db, review.about)
        self._hinders = self._hinder()
        self._decider = cache(self._decider_of)

    def of(self, one: Standing) -> tuple[str, str, bool]:
        """The outcome, why, and whether their name comes off the list, or they leave the group."""
        person = one.person
        has = person is not None and self._has(one)
        if not has:
            return GONE, "", False
        if one.verdict == KEEP:
            return KEPT, "", False
        if one.verdict != WITHDRAW and self.review.unconfirmed != WITHDRAW:
            return REPORTED, "", False
        assert person is not None
        if self._hinders:
            return NOT_DONE, self._hinders, False
        if one.verdict == WITHDRAW:
            decider = self._decider(one.decided_by)
            if decider is None:
                return NOT_DONE, REVIEWER, False
            if why_not(self.services, decider, person):
                return NOT_DONE, RANK, False
        assert self.starter is not None
        if why_not(self.services, self.starter, person) == RANK:
            return NOT_DONE, RANK, False
        return self._taken(one)

    def _has(self, one: Standing) -> bool:
        assert one.person is not None
        if self.group is not None:
            return fold(self.group.name) in map(fold, one.person.groups)
        return self.client is not None and bool(way_of(self.client.access, one.person)[0])

    def _taken(self, one: Standing) -> tuple[str, str, bool]:
        assert one.person is not None
        if self.client is None:
            return TAKEN, "", True
        via, through = way_of(self.client.access, one.person)
        if via == EVERYONE:
            return STAYS, EVERYONE, False
        if via == PERSON:
            return TAKEN, "", True
        return STAYS, ", ".join(through), via == BOTH

    def _hinder(self) -> str:
        """What keeps the end from taking anything away."""
        permission = Permission.APPS_CHANGE if self.client is not None else Permission.GROUPS_CHANGE
        if self.starter is None or not rights.may(
            self.services, self.starter, Permission.REVIEWS_START, self.review.kind, self.review.about
        ) or not self.starter.may(permission):  # fmt: skip
            return STARTER
        if self.client is not None:
            try:
                managed.guard(self.services, "application", self.client.id)
            except managed.ManagedByFile:
                return FILE
        return ""

    def _decider_of(self, name: str) -> Actor | None:
        actor = of_name(self.services, name)
        return actor if actor is not None and rights.may_decide(self.services, actor, self.review) else None
