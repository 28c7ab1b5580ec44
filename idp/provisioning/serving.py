"""Who delivers: a thread for each target that has something to do, so that one that hangs holds nobody else."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from idp.accounts import changed
from idp.login.services import Services
from idp.provisioning import delivering, keeping, wanting
from idp.provisioning.target import Target

MOST_NOTES: Final = 1000  # that are kept for a target that is off
MOST: Final = 16  # threads of a process; each gives way after a thousand objects, or when there is no answer


@dataclass
class Threads:
    """The deliveries of this process, by target."""

    running: dict[str, threading.Thread] = field(default_factory=dict)

    def begin(self, services: Services, client_id: str) -> None:
        """Deliver to a target, unless this process does so already or has its hands full."""
        self.running = {name: thread for name, thread in self.running.items() if thread.is_alive()}
        if client_id in self.running or len(self.running) >= MOST:
            return
        thread = threading.Thread(
            target=_run, args=(services, client_id), name=f"provisioning {client_id}", daemon=True
        )  # fmt: skip
        self.running[client_id] = thread
        thread.start()


def look(services: Services) -> None:
    """Once a second: one read where nothing is written to any application, three where something is."""
    if services.jobs.paused:
        return
    for target in due(services):
        services.part(Threads).begin(services, target.client_id)


def due(services: Services) -> list[Target]:
    """The targets that have something to do now, and that nobody delivers to."""
    targets = keeping.list_of(services.db)
    noted = changed.waiting(services.db) if targets else frozenset()
    _bound_notes(services, targets, noted)
    return [one for one in targets if _is_due(services, one, noted)]


def _bound_notes(services: Services, targets: list[Target] | tuple[Target, ...], noted: frozenset[str]) -> None:
    """Nobody takes the notes of a target that is off: past so many it looks at everybody instead, once it is on."""
    for target in targets:
        follower = keeping.follower(target.client_id)
        client = services.registry.find(target.client_id)
        is_quiet = target.state != "on" or client is None or not client.enabled
        if is_quiet and follower in noted and changed.is_waiting(services.db, follower, MOST_NOTES):
            with services.db.transaction() as tx:
                now = keeping.lock(tx, target.client_id)
                keeping.start_walk(tx, now, services.clock(), again=False)
                changed.forget(tx, follower)


def _is_due(services: Services, target: Target, noted: frozenset[str]) -> bool:
    now = services.clock()
    if target.state != "on" or (target.claimed_until is not None and target.claimed_until > now):
        return False
    client = services.registry.find(target.client_id)
    if client is None or not client.enabled:
        return False
    if keeping.follower(target.client_id) in noted or target.walk is not None:
        return True
    if target.seen != wanting.seen(services, target, client):
        return True
    return target.due is not None and target.due <= now and target.retry_at <= now


def _run(services: Services, client_id: str) -> None:
    try:
        delivering.run(services, client_id)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        services.log.warning("provisioning_failed", client_id=client_id, reason=reason)
    finally:
        services.db.close()


def sweep(services: Services) -> int:
    """Targets of applications that are gone for good are forgotten; answers how many."""
    from idp import audit

    record = audit.recorder(services.clock, delivering.ACTOR)
    gone = [
        one.client_id for one in keeping.list_of(services.db)
        if services.registry.find(one.client_id) is None and services.registry.find_removed(one.client_id) is None
    ]  # fmt: skip
    for client_id in gone:
        keeping.remove(services.db, client_id, record=record)
    return len(gone)
