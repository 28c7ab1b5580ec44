"""Why somebody cannot sign in, for whoever helps them: everything that stands in the way, and nothing that does not.

Codes, not sentences: each door words them for its reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.accounts import factors
from idp.accounts.factors import kinds
from idp.accounts.person import Person
from idp.audit.searching import Wanted, latest
from idp.login.authn import is_multi_factor
from idp.login.throttle import LANE_TTL, second_step

if TYPE_CHECKING:
    from idp.audit import Event
    from idp.login.services import Services

DISABLED, SECURED, NO_PASSWORD = "disabled", "secured", "no_password"
STOPPED, PAUSED = "stopped", "paused"
_LOOKED_AT = 200  # of the latest failures


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in the way. `step`: password or code; `since`, `until`: epoch seconds, None for unknown or no end.

    `by`: who did it; `addresses`: from where it holds, none for everywhere.
    """

    code: str
    step: str = ""
    since: float | None = None
    until: float | None = None
    by: str = ""
    addresses: tuple[str, ...] = ()


def obstacles(services: Services, person: Person) -> tuple[Obstacle, ...]:
    """What keeps this person out at this moment; empty where the right password and codes, or a provider, let them in.

    Who comes by a provider needs no password here.
    """
    found = []
    if not person.enabled:
        found.append(_told(services, person, DISABLED, "person:disabled"))
    if person.must_reset:
        found.append(_told(services, person, SECURED, "person:secured"))
    elif not person.has_password and not _needs_no_password(services, person):
        found.append(_told(services, person, NO_PASSWORD, "link:made"))
    found += _held(services, person, "password", person.id, "session:failed")
    found += _held(services, person, "code", second_step(person.id), "factor:failed")
    return tuple(found)


def _told(services: Services, person: Person, code: str, action: str) -> Obstacle:
    events = latest(services.db, Wanted(person_id=person.id, action=action), 1)
    return Obstacle(code, since=events[0].at, by=events[0].actor) if events else Obstacle(code)


def _needs_no_password(services: Services, person: Person) -> bool:
    if services.upstream.accounts(services, person.id):
        return True
    return any(is_multi_factor(kinds.shown_by(one)) for one in factors.list_of(services.db, person.id))


def _held(services: Services, person: Person, step: str, account: str, action: str) -> list[Obstacle]:
    """Pauses and stops. Pauses are known by the failures that began them."""
    now, held = services.clock(), services.throttle.held(account)
    wanted = Wanted(person_id=person.id, action=action, since=max(now - LANE_TTL, held.lifted))
    events = latest(services.db, wanted, _LOOKED_AT)
    found = [Obstacle(STOPPED, step, since=events[-1].at if events else None, addresses=_where(lane))
             for lane in held.stopped]  # fmt: skip
    running = [event for event in events if (event.detail.get("paused_until") or 0) > now and event.at > held.lifted]
    if running:
        until = max(float(event.detail["paused_until"]) for event in running)
        found.append(Obstacle(PAUSED, step, running[0].at, until, addresses=_addresses(running)))
    return found


def _where(lane: str) -> tuple[str, ...]:
    """A lane of known devices holds on those only; the other everywhere else."""
    return ("known devices",) if lane == "device" else ("devices that are not known",)


def _addresses(events: list[Event]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event.address for event in events if event.address))
