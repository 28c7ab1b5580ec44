"""Whether the record is whole, looked at off the request path: asked for by a page, answered when it is done (O1).

A record of many millions takes minutes; so it is a job, which says how far it is, and the last verdict is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit.chain import heads, verifying
from idp.audit.chain.findings import Finding, Place, Verdict
from idp.protocols import Services

JOB: Final = "audit.verify"
LEASE: Final = 4 * 3600.0  # seconds: longer than fifty million events take
_STATE: Final = "console:record"
_KEPT: Final = 90 * 86400.0
_STEP: Final = 20_000  # events between two words of how far it is
_SILENT: Final = 900.0  # seconds without a word after which a look was given up, say by a server that ended
_SHOWN: Final = 20  # findings that are kept


@dataclass(frozen=True, slots=True)
class Check:
    """The last look. `done_at` None: it goes on, and has come to `events`. Epoch seconds."""

    begun_at: float
    by: str
    told_at: float
    events: int = 0
    done_at: float | None = None
    verdict: Verdict | None = None

    def is_running(self, now: float) -> bool:
        """Whether somebody still looks."""
        return self.done_at is None and now - self.told_at < _SILENT


def register(services: Services) -> None:
    """Say what the job does."""
    services.jobs.register(JOB, lambda payload: _look(services, payload), lease=LEASE)


def last(services: Services, actor: Actor) -> Check | None:
    """The last look, or the one that goes on. Errors: `NotAllowed`."""
    _check(actor)
    return find(services)


def find(services: Services) -> Check | None:
    """The same, for whoever has asked already."""
    kept: Any = services.state.get(_STATE)
    return None if kept is None else _read(kept)


def begin(services: Services, actor: Actor) -> None:
    """Have the whole record looked at; nothing, where that goes on already. Errors: `NotAllowed`."""
    now = services.clock()
    running = last(services, actor)
    if running is not None and running.is_running(now):
        return
    _keep(services, Check(now, actor.name, now))
    services.jobs.enqueue(JOB, {"by": actor.name, "begun_at": now})


def _check(actor: Actor) -> None:
    """It is about everything that is on record: nothing for whoever looks after a part."""
    actor.check(Permission.ACTIVITY_READ)
    actor.check(Permission.SETTINGS_READ)


def _look(services: Services, payload: Mapping[str, Any]) -> None:
    check = Check(float(payload["begun_at"]), str(payload["by"]), services.clock())
    told = 0

    def show(events: int) -> None:
        nonlocal told
        if events - told >= _STEP:
            told = events
            _keep(services, Check(check.begun_at, check.by, services.clock(), events))

    verdict = verifying.verify(services.db, None, show)
    now = services.clock()
    _keep(services, Check(check.begun_at, check.by, now, verdict.events, now, verdict))


def _keep(services: Services, check: Check) -> None:
    kept = asdict(check)
    if check.verdict is not None:
        kept["verdict"]["findings"] = kept["verdict"]["findings"][:_SHOWN]
    services.state.put(_STATE, kept, _KEPT)


def _read(kept: Mapping[str, Any]) -> Check:
    said = kept["verdict"]
    if said is None:
        return Check(**{**kept, "verdict": None})
    findings = tuple(
        Finding(**{**one, **{name: None if one[name] is None else Place(**one[name])
                             for name in ("event", "after", "before")}})
        for one in said["findings"]
    )  # fmt: skip
    return Check(**{**kept, "verdict": Verdict(**{**said, "findings": findings})})


def end_of(services: Services, actor: Actor) -> heads.Head | None:
    """The latest segment. Errors: `NotAllowed`."""
    _check(actor)
    return heads.find(services.db)
