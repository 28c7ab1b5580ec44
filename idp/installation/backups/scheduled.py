"""Backups that the server makes by itself: the job, what is kept, and whether the last one is good."""

from __future__ import annotations

import contextlib
import hmac
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
ACTOR: Final = "doorward"  # whom the record names for those that the server makes
LEASE = 6 * HOUR  # seconds; a process that dies over it leaves it to another one


def run(services: Services) -> taking.Taken:
    """Make one, then remove those beyond `backup.keep`. Errors: those of `taking.take`, noted in the record."""
    settings = services.settings
    try:
        folder = settings.path(settings.backup.folder)
        _tidy(services, folder)
        master = _master_key(services) if settings.backup.with_master_key else None
        taken = taking.take(
            services, folder / _name(services), locks.of_settings(settings),
            actor=ACTOR, master_key=master, gently=True,
        )  # fmt: skip
    except Exception as error:
        reason = "; ".join(error.lines) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        record(services.db, Event(FAILED, actor=ACTOR, detail={"reason": reason[:300]}), services.clock())
        services.log.error("backup_failed", reason=reason)
        raise
    older = [file for file in kept(services, folder) if file.name < taken.file.name]
    for old in older[: max(0, len(older) - settings.backup.keep + 1)]:
        old.unlink(missing_ok=True)
    return taken


def kept(services: Services, folder: Path) -> list[Path]:
    """Those that the servers of this installation have made, the oldest first; those of others are not ours."""
    ours = re.compile(rf"doorward-{_tag(services)}-\d{{8}}T\d{{6}}Z\.age")
    return sorted(file for file in folder.iterdir() if ours.fullmatch(file.name))


def _name(services: Services) -> str:
    return f"doorward-{_tag(services)}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(services.clock()))}.age"


def _tag(services: Services) -> str:
    """What tells this installation's from another's in the same folder, a copy of it under another address included."""
    return hmac.digest(services.sealer.mac_key("backup files"), services.issuer.encode(), "sha256")[:4].hex()


def _tidy(services: Services, folder: Path) -> None:
    """What a process of ours that was killed has left; another one may be at work still, as long as its lease goes."""
    for part in folder.glob(f".doorward-{_tag(services)}-*.age.*.part"):
        with contextlib.suppress(OSError):  # it is whole, or gone, by now
            if part.stat().st_mtime < services.clock() - LEASE:
                part.unlink()


def _master_key(services: Services) -> bytes:
    from idp.opening import master_key

    return master_key(services.settings)
