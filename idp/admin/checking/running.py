"""One check: begun, ended, found again; its steps as they come. All of it in State, so it goes by itself.

Keys: `check:<client>` the check, `check-count:<id>` how many steps, `check-step:<id>:<n>` one of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from clients.client import Client
from clients.errors import TooManyWatched, UnknownClient
from idp.admin.actor import Actor
from idp.admin.checking import reaching
from idp.admin.checking.finding import Step
from idp.admin.permissions import Permission
from idp.ids import digest, new_id
from idp.protocols import Services

MINUTES: Final = 15
MAX_MINUTES: Final = 60
KEPT_FOR: Final = 86_400.0  # seconds after its end in which a check can be read
MAX_STEPS: Final = 60  # that differ; what comes again is counted
PAUSE: Final = 30.0  # seconds between the beginnings of two checks of one application
JOB: Final = "check.addresses"  # `addresses` says what it does
_PATIENCE: Final = 600.0  # seconds in which the page says that the application's addresses are being looked at


class BegunJustNow(Exception):
    """A check of this application began less than `PAUSE` seconds ago, and has ended: each calls its addresses."""


@dataclass(frozen=True, slots=True)
class Check:
    """A live check. Times are epoch seconds."""

    id: str
    client_id: str
    started_at: float
    ends_at: float

    def is_running(self, now: float) -> bool:
        """Whether requests are looked at."""
        return now < self.ends_at


def start(services: Services, actor: Actor, client: Client, minutes: int = MINUTES) -> Check:
    """Look at the application's requests from now on, and have its addresses called once; a check before is forgotten.

    A second one in the same half minute is the first, as long as that runs no shorter.
    Errors: `NotAllowed`; `TooManyWatched`, `BegunJustNow`.
    """
    actor.check_app(Permission.APPS_CHANGE, client.id)
    now = services.clock()
    check = Check(new_id(now), client.id, now, now + 60 * max(1, min(minutes, MAX_MINUTES)))
    if not services.state.add(_begun(client.id), True, PAUSE):
        before = find(services, client.id)
        if before is None or not before.is_running(now) or before.ends_at + PAUSE < check.ends_at:
            raise BegunJustNow(client.id)
        return before
    try:
        services.registry.watch(client.id, check.ends_at)
    except (TooManyWatched, UnknownClient):
        services.state.take(_begun(client.id))
        raise
    services.state.put(f"check:{client.id}", asdict(check), check.ends_at - now + KEPT_FOR)
    has_addresses = reaching.has_addresses(client)
    if has_addresses:
        services.state.put(_looking(check), True, _PATIENCE)
    with services.db.transaction() as tx:
        actor.record(services)(tx, "client:check_started", {"client_id": client.id, "until": check.ends_at})
        if has_addresses:
            services.jobs.enqueue(JOB, {"client_id": client.id, "check": check.id}, tx=tx)
    return check


def stop(services: Services, actor: Actor, client: Client) -> Check | None:
    """End it now; what was found stays for a day. None where none runs. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    check, now = find(services, client.id), services.clock()
    if check is None or not check.is_running(now):
        return check
    check = replace(check, ends_at=now)
    services.registry.watch(client.id, None)
    services.state.put(f"check:{client.id}", asdict(check), KEPT_FOR)
    actor.record(services)(services.db, "client:check_ended", {"client_id": client.id})
    return check


def find(services: Services, client_id: str) -> Check | None:
    """The latest check of an application, for a day after its end."""
    plain = services.state.get(f"check:{client_id}")
    return Check(**plain) if plain else None


def steps(services: Services, check: Check) -> tuple[Step, ...]:
    """What came, in the order in which each kind of request came first."""
    many = min(services.state.count(f"check-count:{check.id}", KEPT_FOR, 0), MAX_STEPS)
    found = (services.state.get(_key(check, number)) for number in range(1, many + 1))
    return tuple(Step.from_json(one) for one in found if one)


def is_full(services: Services, check: Check) -> bool:
    """Whether more came than is kept."""
    return services.state.count(f"check-count:{check.id}", KEPT_FOR, 0) > MAX_STEPS


def is_looking(services: Services, check: Check) -> bool:
    """Whether the application's addresses are still being called."""
    return bool(services.state.get(_looking(check)))


def have_looked(services: Services, check: Check, found: Step | None) -> None:
    """They were called, and this came of it."""
    if found is not None:
        keep(services, check, found)
    services.state.take(_looking(check))


def keep(services: Services, check: Check, step: Step) -> None:
    """One more step; what came before in just this way is counted."""
    state, ttl = services.state, check.ends_at - services.clock() + KEPT_FOR
    same = f"check-same:{check.id}:{digest(_alike(step))}"
    number = state.get(same)
    if number is None:
        number = state.count(f"check-count:{check.id}", ttl)
        if number > MAX_STEPS or not state.add(same, number, ttl):
            return  # another process was faster with the same one: its place stays empty
        state.put(_key(check, number), replace(step, last_at=step.at).to_json(), ttl)
        return
    before = state.get(_key(check, number))
    if before:
        state.put(_key(check, number), {**before, "times": before["times"] + 1, "last_at": step.at}, ttl)


def _begun(client_id: str) -> str:
    return f"check-begun:{client_id}"


def _looking(check: Check) -> str:
    return f"check-looking:{check.id}"


def _key(check: Check, number: Any) -> str:
    return f"check-step:{check.id}:{number}"


def _alike(step: Step) -> str:
    return repr((step.kind, step.outcome, sorted(step.facts.items()), step.findings, step.server, step.guessed))
