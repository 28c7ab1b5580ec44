"""The brake: nothing more is sent before very many people would be ended there, until an admin lets it (Y2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from idp.login.services import Services
from idp.provisioning import store
from idp.provisioning.objects import WHOM, Kind, Object
from idp.provisioning.target import Said, Target

DAY: Final = 86_400.0  # seconds over which endings are counted together
HOUR: Final = 3600.0  # seconds of one count: a day is 24 of them, and the one that has begun
Ending = Literal["turn off", "delete", "empty"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """How many would end now, how many did within a day, of how many there, and how many may without a question."""

    many: int
    before: int
    there: int
    most: int

    @property
    def is_too_many(self) -> bool:
        """Whether somebody has to look first."""
        return self.many + self.before > self.most


def ending(said: Said, one: Object) -> Ending | None:
    """What would become there of one that is let in no more; None: nothing is sent for it."""
    if not one.remote_id or one.state == "gone" or said.off == "nothing":
        return None
    if one.kind == "group":
        return "delete" if one.made else None if one.state == "left" else "empty"
    if said.off == "delete":
        return "delete"
    return None if one.state == "off" else "turn off"


def weigh(services: Services, target: Target, kind: Kind) -> Weighed:
    """Everybody who is marked to end, against what may end in a day."""
    of: dict[str, Any] = {"of_client": target.client_id, "of_kind": kind}
    many = int(services.db.one(store.ENDING, all_off=int(target.said.off == "delete"), **of).many)
    now = services.clock()
    before = ended(target, kind, now)
    there = int(services.db.one(store.THERE, **of).many) + before
    return Weighed(max(1, many), before, there, max(target.said.brake, there * target.said.brake_share // 100))


def ended(target: Target, kind: Kind, now: float) -> int:
    """How many have ended there within the last day whom no admin had let: in however many runs, to an hour."""
    of_before = target.ended if kind == "user" and now - DAY < target.ended_since <= now else 0
    first = int((now - DAY) // HOUR)
    return of_before + sum(many for hour, many in target.endings.get(kind, {}).items() if int(hour) >= first)


def counted(target: Target, kind: Kind, now: float) -> dict[str, dict[str, int]]:
    """The count with one more; hours that are past the day are forgotten."""
    first, this = int((now - DAY) // HOUR), str(int(now // HOUR))
    found = {of: {hour: many for hour, many in hours.items() if int(hour) >= first}
             for of, hours in target.endings.items()}  # fmt: skip
    hours = found.setdefault(kind, {})
    hours[this] = hours.get(this, 0) + 1
    return found


def problem(services: Services, target: Target, one: Object) -> tuple[int, str] | None:
    """How many would end, and the sentence of it, where that is too many."""
    what = ending(target.said, one)
    found = weigh(services, target, one.kind)
    if what is None or not found.is_too_many:
        return None
    already = f" after {found.before} within a day" if found.before else ""
    told = f"would {what} {found.many} of {found.there} {WHOM[one.kind]} there{already}, and {found.most} is the most"
    return found.many, told
