"""Backups that the server makes by itself: the job, what is kept, and whether the last one is good."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idp.audit import Event, record
from idp.installation.failures import Failed

from . import locks, taking

if TYPE_CHECKING:
    from idp.protocols import Services

FAILED: Final = "backup:failed"
HOUR: Final = 3600.0
#: Only what we made ourselves is ever removed.
_OURS = re.compile(r"doorward-\d{8}T\d{6}Z\.age")
LEASE = 6 * HOUR  # seconds; a process that dies over it leaves it to another one


def run(services: Services) -> taking.Taken:
    """Make one, then remove those beyond `backup.keep`. Errors: those of `taking.take`, noted in the record."""
    settings = services.settings
    try:
        folder = settings.path(settings.backup.folder)
        for part in folder.glob(".doorward-*.age.*.part"):  # of a process that was killed: one runs at a time
            part.unlink(missing_ok=True)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(services.clock()))
        master = _master_key(services) if settings.backup.with_master_key else None
        taken = taking.take(
            services, folder / f"doorward-{stamp}.age", locks.of_settings(settings),
            actor="doorward", master_key=master, gently=True,
        )  # fmt: skip
    except Exception as error:
        reason = "; ".join(error.lines) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        record(services.db, Event(FAILED, actor="doorward", detail={"reason": reason[:300]}), services.clock())
        services.log.error("backup_failed", reason=reason)
        raise
    for old in kept(folder)[: -settings.backup.keep]:
        old.unlink(missing_ok=True)
    return taken


def kept(folder: Path) -> list[Path]:
    """Those that the server has made, the oldest first."""
    return sorted(file for file in folder.iterdir() if _OURS.fullmatch(file.name))


def _master_key(services: Services) -> bytes:
    from idp.opening import master_key

    return master_key(services.settings)
