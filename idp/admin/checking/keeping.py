"""The steps of a check, each in a place of a lane, so that no stranger takes the place of the application (R3, S18).

Anybody who knows a client id can send requests in its name. Steps of whoever is near (the admin who watches, and
whoever proved to be the application or signed somebody in) have a lane of their own; all others have some places in
each part of the check's time, and one address only some of these. What nobody said that they sent stands apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.admin.checking.check import KEPT_FOR, Check
from idp.admin.checking.step import Step
from idp.ids import digest
from idp.protocols import Services
from idp.readers.seen import place_of

PARTS: Final = 15  # of the time of a check, in each of which strangers have places


@dataclass(frozen=True, slots=True)
class Lane:
    """So many places, and of these at most so many for one address."""

    places: int
    of_one: int


NEAR: Final = Lane(90, 30)
FAR: Final = Lane(16, 5)  # in each part of the time
GUESSED: Final = Lane(4, 2)
MOST: Final = NEAR.places + PARTS * (FAR.places + GUESSED.places)


def come_near(services: Services, check: Check, address: str) -> None:
    """What comes from this address is taken for the application's, or its tester's, from now on."""
    if address:
        services.state.add(_near(check, address), True, _ttl(services, check))


def keep(services: Services, check: Check, step: Step, address: str = "") -> None:
    """One more step, from this address ('': ours); what came before in just this way is counted."""
    state, ttl = services.state, _ttl(services, check)
    is_near = not address or bool(state.get(_near(check, address)))
    name, lane = _lane(services, check, step, is_near)
    same = f"check-same:{check.id}:{digest(_alike(step, is_near))}"
    key = state.get(same)
    if key is None:
        key = _place(services, check, name, lane, address)
        if key is not None and state.add(same, key, ttl):  # else another process was faster with the same one
            order = state.count(f"check-order:{check.id}", ttl)
            state.put(key, replace(step, last_at=step.at, near=is_near, order=order).to_json(), ttl)
        return
    before = state.get(key)
    if before:
        state.put(key, {**before, "times": before["times"] + 1, "last_at": step.at}, ttl)


def steps(services: Services, check: Check) -> tuple[Step, ...]:
    """What came, in the order in which each kind of request came first."""
    found = (services.state.get(key) for key in _taken(services, check))
    return tuple(sorted((Step.from_json(one) for one in found if one), key=lambda one: one.order))


def is_full(services: Services, check: Check) -> bool:
    """Whether more came than is kept."""
    return bool(services.state.get(_more(check)))


def _place(services: Services, check: Check, name: str, lane: Lane, address: str) -> str | None:
    """A free place for somebody. Nothing is written for one who finds the lane full: that has no bound."""
    state, ttl = services.state, _ttl(services, check)
    of_lane = f"check-count:{check.id}:{name}"
    if state.count(of_lane, ttl, 0) < lane.places:
        of_one = f"{of_lane}:{digest(place_of(address))}"
        if not address or state.count(of_one, ttl) <= lane.of_one:
            number = state.count(of_lane, ttl)
            if number <= lane.places:
                return _key(check, name, number)
    state.add(_more(check), True, ttl)
    return None


def _lane(services: Services, check: Check, step: Step, is_near: bool) -> tuple[str, Lane]:
    if is_near:
        return "near", NEAR
    part = _part(check, services.clock())
    return (f"guessed{part}", GUESSED) if step.guessed else (f"far{part}", FAR)


def _taken(services: Services, check: Check) -> Iterator[str]:
    parts = range(_part(check, services.clock()) + 1)
    lanes = [("near", NEAR), *((f"far{one}", FAR) for one in parts), *((f"guessed{one}", GUESSED) for one in parts)]
    for name, lane in lanes:
        many = services.state.count(f"check-count:{check.id}:{name}", KEPT_FOR, 0)
        yield from (_key(check, name, number) for number in range(1, min(many, lane.places) + 1))


def _part(check: Check, now: float) -> int:
    """Counted by the time that it was to last: one that was ended early has fewer."""
    gone = (now - check.started_at) / max(check.ends_at - check.started_at, 60.0)
    return min(PARTS - 1, max(0, int(gone * PARTS)))


def _ttl(services: Services, check: Check) -> float:
    return check.ends_at - services.clock() + KEPT_FOR


def _near(check: Check, address: str) -> str:
    return f"check-near:{check.id}:{digest(place_of(address))}"


def _more(check: Check) -> str:
    return f"check-more:{check.id}"


def _key(check: Check, lane: str, number: Any) -> str:
    return f"check-step:{check.id}:{lane}:{number}"


def _alike(step: Step, is_near: bool) -> str:
    said = (step.kind, step.outcome, sorted(step.facts.items()), step.findings, step.server, step.guessed)
    return repr((*said, is_near))
