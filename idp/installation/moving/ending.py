"""The end of a move: the new place is opened; and the way back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from idp.audit import Event, record
from idp.db.unhurried import analyze
from idp.installation.backups.store import writing
from idp.installation.failures import Refused
from idp.installation.moving import places, standing, store
from idp.moving import store as marks
from idp.moving.window import ANNOUNCED, ARRIVING, MOVED, Window

if TYPE_CHECKING:
    from idp.config import Settings

ARRIVED: Final = "installation:moved"
UNDONE: Final = "installation:move_undone"


def arrive(there: Settings, window: Window, actor: str, rows: int) -> None:
    """The old place says that it has moved: from here on this one is the installation. Errors: as those of opening."""
    from idp.opening import close, create_services

    services = create_services(there, deferred=True)
    try:
        with services.db.transaction() as tx:
            marks.clear(tx)
            record(tx, Event(ARRIVED, actor=actor, detail={"to": window.place, "rows": rows}), services.clock())
        analyze(services.db)
    finally:
        close(services)


def finish(here: Settings, there: Settings, actor: str) -> bool:
    """Where a move was killed at its very end: open the new place; answers whether that was so."""
    left, filled = standing.read(here), standing.read(there)
    if left is None or left.state != MOVED or left.place != places.shown(there.database_url):
        return False
    if filled is not None and filled.state == ARRIVING and filled.id == left.id:
        arrive(there, left, actor, 0)
    return True


def undo(settings: Settings, actor: str) -> Window:
    """Go on in the database that was left. Errors: `Refused` where nothing has moved."""
    found = standing.read(settings)
    if found is not None and found.state == ANNOUNCED and not found.is_over(time.time()):
        raise Refused(
            f"a move to {found.place} is announced here, and nothing has moved yet",
            "end the command where it runs (Ctrl-C): it takes back what it has announced, and all goes on",
        )
    if found is None or found.state != MOVED:
        raise Refused("nothing has moved away from the database that the settings name")
    with writing(settings.database_url) as rows:
        store.open_again(rows, places.ours(rows))
        store.mark(rows, None)
    from idp.opening import close, create_services

    services = create_services(settings, deferred=True)
    try:
        detail = {"from": found.place, "at": found.begins}
        record(services.db, Event(UNDONE, actor=actor, detail=detail), services.clock())
    finally:
        close(services)
    return found
