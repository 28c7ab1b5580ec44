"""One check: begun, ended, found again. All of it in State, so it goes by itself; `keeping` has its steps."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Final

from clients.client import Client
from clients.errors import TooManyWatched, UnknownClient
from idp.admin.actor import Actor
from idp.admin.checking import keeping, reaching
from idp.admin.checking.check import KEPT_FOR, Check
from idp.admin.checking.step import Step
from idp.admin.permissions import Permission
from idp.ids import new_id
from idp.protocols import Services

MINUTES: Final = 15
MAX_MINUTES: Final = 60
PAUSE: Final = 30.0  # seconds between the beginnings of two checks of one application
JOB: Final = "check.addresses"  # `addresses` says what it does
_PATIENCE: Final = 600.0  # seconds in which the page says that the application's addresses are being looked at


class BegunJustNow(Exception):
    """A check of this application began less than `PAUSE` seconds ago, and has ended: each calls its addresses."""


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
    keeping.come_near(services, check, actor.address)
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


def look_on(services: Services, actor: Actor, client_id: str) -> None:
    """Somebody who may start it looks at the check that runs: what comes from where they are is their test."""
    check = find(services, client_id)
    if check is not None and check.is_running(services.clock()) and actor.may_app(Permission.APPS_CHANGE, client_id):
        keeping.come_near(services, check, actor.address)


def find(services: Services, client_id: str) -> Check | None:
    """The latest check of an application, for a day after its end."""
    plain = services.state.get(f"check:{client_id}")
    return Check(**plain) if plain else None


def is_looking(services: Services, check: Check) -> bool:
    """Whether the application's addresses are still being called."""
    return bool(services.state.get(_looking(check)))


def have_looked(services: Services, check: Check, found: Step | None) -> None:
    """They were called, and this came of it."""
    if found is not None:
        keeping.keep(services, check, found)
    services.state.take(_looking(check))


def _begun(client_id: str) -> str:
    return f"check-begun:{client_id}"


def _looking(check: Check) -> str:
    return f"check-looking:{check.id}"
