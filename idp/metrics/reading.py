"""What is read of the installation when somebody asks: at most once in a few seconds, whoever asks how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Final

from idp.admin import attention
from idp.audit import tail
from idp.audit.searching import Wanted, latest
from idp.meters.notes import Labels
from idp.protocols import Services

EVERY: Final = 5.0  # seconds
Read = tuple[str, Labels, float]


class Kept:
    """What was read last, in this process."""

    def __init__(self) -> None:
        self._lock, self._until = threading.Lock(), 0.0
        self._read: tuple[Read, ...] = ()

    def current(self, services: Services) -> tuple[Read, ...]:
        """All of it. What cannot be read is left out, so that the rest is seen: `store_up` says why."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._read = tuple(_everything(services))
                self._until = time.monotonic() + EVERY
            return self._read


def _everything(services: Services) -> Iterator[Read]:
    for look in _LOOKS:
        try:
            found = [*look(services)]
            yield from found
            # Each look at one that cannot be reached takes seconds, and whoever asks does not wait for long.
            if ("store_up", ("database",), 0.0) in found:
                return
        except Exception as error:  # whatever it is, the others are wanted now more than ever
            services.log.warning("metric_not_read", what=look.__name__, reason=type(error).__name__)


def _info(services: Services) -> Iterator[Read]:
    state = "redis" if services.settings.storage.state_url else "database"
    yield "info", (version("doorward"), services.db.name, state), 1.0


def _stores(services: Services) -> Iterator[Read]:
    is_down = False
    for name, ask in (("database", lambda: tail(services.db, 1)), ("state", lambda: services.state.get("metrics"))):
        if is_down and not services.settings.storage.state_url:  # State is there, too
            yield "store_up", (name,), 0.0
            return
        try:
            ask()
            yield "store_up", (name,), 1.0
        except Exception:  # that is what is told
            yield "store_up", (name,), 0.0
            is_down = True


def _jobs(services: Services) -> Iterator[Read]:
    oldest = now = services.clock()
    for one in services.jobs.standing():
        yield "jobs", (one.name, one.state), float(one.many)
        if one.state == "waiting" and one.due is not None:
            oldest = min(oldest, one.due)
    yield "jobs_overdue_seconds", (), now - oldest


def _keys(services: Services) -> Iterator[Read]:
    newest: dict[Labels, float] = {}
    for key in services.ring.snapshot().keys:
        since = key.activated_at if key.state == "active" and key.activated_at else key.created_at
        newest[key.alg, key.state] = max(since, newest.get((key.alg, key.state), 0.0))
    for labels, since in newest.items():
        if labels[1] != "gone":
            yield "signing_key_since_timestamp_seconds", labels, since
    yield "signing_key_rotation_seconds", (), services.ring.policy.rotate_after


def _certificates(services: Services) -> Iterator[Read]:
    for use in ("signing", "encryption"):
        for key in services.certificates.published("signing" if use == "signing" else "encryption"):
            yield "certificate_end_timestamp_seconds", (use, key.kid[:16], key.state), key.expires_at.timestamp()
    if services.settings.oauth.client_certificate_ca:
        from idp.oidc.certificates import authorities

        for one in authorities.of(services).certificates:
            ends = one.not_valid_after_utc.timestamp()
            yield "certificate_end_timestamp_seconds", ("authority", f"{one.serial_number:x}"[:16], "trusted"), ends


def _backups(services: Services) -> Iterator[Read]:
    from idp.installation.backups import scheduled, taking

    failed, backup = latest(services.db, Wanted(action=scheduled.FAILED), 1), services.settings.backup
    yield "backup_last_success_timestamp_seconds", (), taking.last(services) or 0.0
    yield "backup_last_failure_timestamp_seconds", (), failed[0].at if failed else 0.0
    yield "backup_every_seconds", (), backup.every_hours * 3600.0 if backup.folder else 0.0


def _findings(services: Services) -> Iterator[Read]:
    found = attention.of_doctor(services)
    if found is not None:
        yield "doctor_findings", ("to_mend",), float(sum(one.kind == "doctor" for one in found))
        yield "doctor_findings", ("advice",), float(sum(one.kind != "doctor" for one in found))


_LOOKS: Final[tuple[Callable[[Services], Iterator[Read]], ...]] = (
    _info, _stores, _jobs, _keys, _certificates, _backups, _findings,
)  # fmt: skip
