"""The move: told beforehand; then writes are held, every table is copied and compared, and the old place is shut."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp.audit import Event, record
from idp.db import ReadOnly, Unavailable
from idp.ids import new_id
from idp.installation.backups import restoring
from idp.installation.backups.store import Digest, Rows, Table, line_of, writing
from idp.installation.backups.taking import Show
from idp.installation.failures import Failed, Refused
from idp.installation.moving import ending, places, store
from idp.moving import store as marks
from idp.moving.window import ANNOUNCED, MOVED, Window, own_process

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

BEGUN: Final = "installation:moving"
PUT_OFF: Final = 30.0  # seconds, where a job still runs
TRIES: Final = 5
PER_SECOND: Final = 8_000  # rows that a slow machine copies and compares
LEAST: Final = 20.0  # seconds that are told as the window's length
_NOT_OURS: Final = "what this move had announced was taken back meanwhile, or another took its place: nothing was moved"


@dataclass(frozen=True)
class Moved:
    """What was done. `seconds`: for which nothing could be written, by us; `place`: without what opens it."""

    place: str
    rows: int
    tables: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """`there`: the settings of the new place; `lead`: seconds from the announcement to the beginning."""

    there: Settings
    lead: float
    actor: str
    show: Show
    tell: Callable[[Window], None]


class _Busy(Exception):
    """A job runs, which would be done twice. Its name."""


def move(services: Services, plan: Plan) -> Moved:
    """Errors: `Failed`, `Refused`, `Unavailable`; the installation is then as it was, and serves."""
    places.prepare(services.settings, plan.there)
    rows = _count(services)
    begins = services.clock() + plan.lead
    window = Window(
        new_id(services.clock()), ANNOUNCED, begins, begins + LEAST + rows / PER_SECOND,
        places.shown(plan.there.database_url), own_process(),
    )  # fmt: skip
    detail = {"to": window.place, "begins": begins, "until": window.until}
    record(services.db, Event(BEGUN, actor=plan.actor, detail=detail), services.clock())
    with _announced(services, window):
        for _ in range(TRIES):
            plan.tell(window)
            _wait_for(services, window)
            try:
                done = _carry(services, plan, window)
                break
            except _Busy as job:
                later = services.clock() + PUT_OFF
                window = window._replace(begins=later, until=later + window.until - window.begins)
                _put_off(services, window)
                running = str(job)
        else:
            raise Failed(f"the job {running} runs all the time: nothing was moved; try again when it is done")
    ending.arrive(plan.there, window, plan.actor, done.rows)
    return done


@contextlib.contextmanager
def _announced(services: Services, window: Window) -> Iterator[None]:
    """What is announced is taken back where it comes to nothing. (Where we are killed, processes see that.)

    Errors: `Refused` where another move is under way.
    """
    try:
        with services.db.transaction() as tx:
            found = marks.read(tx)
            if found is not None and found.is_over(services.clock()):
                marks.take_back(tx, found.id)
            if not marks.put(tx, window):
                raise _other(found or window)
        yield
    except BaseException:
        # Not where it is done: a commit may have come to its end though its answer, or a Ctrl-C, says otherwise.
        with contextlib.suppress(Unavailable, ReadOnly), services.db.transaction() as tx:
            marks.take_back(tx, window.id)
        raise


def _put_off(services: Services, window: Window) -> None:
    with services.db.transaction() as tx:
        if not marks.put_off(tx, window):
            raise Failed(_NOT_OURS)


def _other(found: Window) -> Refused:
    return Refused(
        f"another `doorward move` is under way from here, to {found.place}",
        "let it come to its end, or end it where it runs (Ctrl-C): it takes back what it has announced",
    )


def _wait_for(services: Services, window: Window) -> None:
    """Until its beginning: processes have seen it by then, and have ended the jobs that they had begun."""
    while (left := window.begins - services.clock()) > 0:
        time.sleep(min(left, 0.5))


def _count(services: Services) -> int:
    from idp.installation.backups.store import reading

    with reading(services.settings.database_url) as rows:
        return sum(rows.count(table) for table in places.ours(rows))


def _carry(services: Services, plan: Plan, window: Window) -> Moved:
    """All of it within one transaction of the old place, which nobody else writes to meanwhile."""
    begun = time.monotonic()
    with writing(services.settings.database_url) as old:
        tables = places.ours(old)
        store.hold(old, tables)
        # Before anything is touched at the new place: another mover may have been here, and gone, meanwhile.
        if not store.is_announced(old, window.id):
            raise Failed(_NOT_OURS)
        running, name = store.running_jobs(old, services.clock())
        if running:
            raise _Busy(name)
        places.make_room(services.settings, plan.there)
        with restoring.place_of(plan.there) as (part, finish):
            places.make_tables(part.database_url, window, places.shown(services.settings.database_url))
            rows = _fill(old, tables, part, plan, window)
            finish()
        store.mark(old, window._replace(state=MOVED, until=services.clock()))
        store.shut(old, tables)
    return Moved(window.place, rows, len(tables), time.monotonic() - begun)


def _fill(old: Rows, tables: list[Table], part: Settings, plan: Plan, window: Window) -> int:
    """Every table in one transaction of the new place, each read back and compared with what was read."""
    with writing(part.database_url) as new:
        there = {table.name: table for table in places.ours(new)}
        copied = [table for table in tables if table.name != store.MARK]
        new.clear([table for table in there.values() if table.name != store.MARK])
        total = 0
        for table in copied:
            if table.name not in there or set(table.columns) != set(there[table.name].columns):
                raise Failed(f"the table {table.name} is another one there: is the schema this release's?")
            total += _copy(old, new, table, plan.show)
        try:
            new.check_references()
        except ValueError as error:
            raise Failed(f"the database there did not take everything: {error}") from None
        store.set_sequences(new, copied)
    return total


def _copy(old: Rows, new: Rows, table: Table, show: Show) -> int:
    total, written = old.count(table), Digest()
    for batch in old.read(table):
        new.load(table.name, table.columns, batch)
        for row in batch:
            written.add(line_of(row))
        show(table.name, written.rows, total)
    if written.rows != total or new.digest(table) != written:
        raise Failed(f"the database there did not keep the rows of {table.name} as they were written")
    return total
