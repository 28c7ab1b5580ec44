"""Whether there is a backup that is young enough."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from idp.audit.searching import Wanted, latest
from idp.installation.backups import locks, scheduled, taking
from idp.installation.checks.findings import Finding, Found

_DAY = 86400.0
_OLD = 8 * _DAY  # of one that is made by hand or by cron, once a week say


def examine(services: Any) -> Found:
    """The last good backup, and what keeps the next one from being made."""
    backup, now = services.settings.backup, services.clock()
    last = taking.last(services)
    failed = latest(services.db, Wanted(action=scheduled.FAILED), 1)
    if backup.folder:
        folder = services.settings.path(backup.folder)
        locks.of_settings(services.settings)  # says what is wrong with the passphrase or the keys
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            yield Finding("backup", "error", f"backup.folder: {folder} is not there, or cannot be written to",
                          "make it for the user of the service; in systemd name it in ReadWritePaths")  # fmt: skip
        if failed and failed[0].at > (last or 0.0):
            yield Finding("backup", "error", f"the last one failed: {failed[0].detail.get('reason', '')}",
                          "mend that, then `doorward backup FILE`")  # fmt: skip
            return
        if (gone := _gone(services, folder)) is not None:
            yield Finding("backup", "warning", f"the last one that was made is not in backup.folder any more: {gone}",
                          "look who removed it; `doorward backup FILE` makes another")  # fmt: skip
            return
    most = 2 * backup.every_hours * 3600.0 + 3600.0 if backup.folder else _OLD
    if last is None and backup.folder:
        # A schedule that was set a moment ago owes nothing yet: its first turn comes within a minute of a server.
        yield Finding("backup", "warning", "none has been made yet", "start the server, which makes the first one")
    elif last is None:
        yield Finding("backup", "ok", "none has been made here by `doorward backup`; docs/backup.md says how")
    elif now - last > most:
        yield Finding("backup", "warning", f"the last good one is of {_told(last)}, {(now - last) / _DAY:.0f} days ago",
                      "`doorward backup FILE`, or let the server make them: [backup] in doorward.toml")  # fmt: skip
    else:
        yield Finding("backup", "ok", f"the last good one is of {_told(last)}")


def _gone(services: Any, folder: Path) -> str | None:
    """The name of the last one, if the server made it and it is not where it was put."""
    made = latest(services.db, Wanted(action=taking.MADE), 1)
    if not made or made[0].actor != scheduled.ACTOR:  # nobody but who made it knows the folder
        return None
    name = str(made[0].detail.get("file", ""))
    return None if (folder / name).is_file() else name


def _told(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
