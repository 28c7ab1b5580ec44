"""Cases: somebody needs the help desk, and has an id to read out to it (A3, F7).

Door: `open_case` from any page; `list_of`, `find`, `note`, `close` for those who help.
Rule: anybody may cause one, so they are few: one a day for each person and kind, and for people unknown some an hour
from each address range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.accounts import store as people
from idp.accounts.cases import store
from idp.accounts.places import network
from idp.audit import Event, record
from idp.db import Executor, Transaction
from idp.errors import new_spoken_id
from idp.ids import new_id

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Database, Transaction
    from idp.wire import Request

AGAIN = 86400.0  # seconds in which the same person's next trouble of a kind goes to the same case
PER_RANGE = 20  # cases an hour from one address range
RANGE_WINDOW = 3600.0  # seconds
MAX_TEXT = 2000  # characters
MAX_NOTES = 200  # on one case

#: Why there is a case: a name for programs. Others may be used as well.
NOT_ME, NO_WAY_IN, ACCESS, HELP = "not_me", "no_way_in", "access", "help"


class TooManyCases(Exception):
    """Nothing was opened: too many came from this address range. `retry_after` in seconds."""

    def __init__(self, retry_after: int = int(RANGE_WINDOW)) -> None:
        super().__init__("too many cases from one address range")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Note:
    """Something written on a case. `by`: a person's id, or `cli:<who>`."""

    id: str
    case_id: str
    at: float
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One trouble of one person, or of somebody unknown. Times are epoch seconds.

    `about`: what tells two troubles of one kind apart, such as the application that access is asked for.
    """

    id: str
    person_id: str | None
    kind: str
    text: str
    address: str
    browser: str
    opened_at: float
    closed_at: float | None
    closed_by: str | None
    about: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.closed_at is None


def open_case(
    services: Services, person_id: str | None, kind: str, text: str, request: Request, *, about: str = "",
    told: Callable[[Transaction, Case], object] | None = None,
) -> Case:  # fmt: skip
    """Open a case; what the same person reports again within a day is noted on the case that there is.

    `text`: what happened, in a sentence for the help desk. `about`: as of `Case`. `told`: queues the mail about a new
    one, in its transaction. Writes the event `case:opened`.
    Errors: `TooManyCases`, for somebody unknown (`person_id` None) only.
    """
    now, text = services.clock(), _plain(text)
    if person_id is None:
        _check_range(services, request)
    case = Case(
        new_spoken_id("C"), person_id, kind, text, request.remote_address, request.user_agent, now, None, None, about
    )
    with services.db.transaction() as tx:
        standing = None
        if person_id is not None:
            people.find(tx, person_id, lock=True)  # of many presses at once one opens a case, the others find it
            standing = _standing(tx, person_id, kind, about, now)
        if standing is None:
            tx.run(store.INSERT, **{name: getattr(case, name) for name in Case.__slots__})
            detail = {"case": case.id, "kind": kind}
            record(tx, Event("case:opened", actor=person_id or "", person_id=person_id, address=case.address,
                             request_id=request.id, detail=detail), now)  # fmt: skip
            if told is not None:
                told(tx, case)
    if standing is not None:
        _note(services, standing.id, text, case.person_id or "")
    return standing or case


def find_standing(services: Services, person_id: str, kind: str, *, about: str = "") -> Case | None:
    """The open case of the last day that the same trouble of this person would be noted on."""
    return _standing(services.db, person_id, kind, about, services.clock())


def _standing(db: Executor, person_id: str, kind: str, about: str, now: float) -> Case | None:
    row = db.one(store.STANDING, owner_id=person_id, of_kind=kind, of_what=about, since=now - AGAIN)
    return None if row is None else Case(*row)


def find(db: Database, case_id: str) -> Case | None:
    """A case by its id, in any spelling of it."""
    wanted = case_id.strip().upper()
    row = db.one(store.BY_ID, case_id=wanted) if wanted.isascii() and wanted.isprintable() else None
    return None if row is None else Case(*row)


def list_of(
    db: Database, *, closed: bool = False, many: int = 200, before: float = 1e12, before_id: str = "~"
) -> tuple[Case, ...]:
    """At most `many` cases, the latest first, opened at `before` or earlier; `closed`: those that are done, too.

    `before_id`: of those opened at that very moment, only what stands behind this one.
    """
    rows = db.all(store.LIST if closed else store.LIST_OPEN, many=many, before=before, before_id=before_id)
    return tuple(Case(*row) for row in rows)


def open_of_kind(db: Database, kind: str) -> Iterator[Case]:
    """Everybody's cases of one kind that wait for somebody."""
    after = ""
    while rows := db.all(store.OPEN_OF_KIND, of_kind=kind, after=after, many=500):
        yield from (Case(*row) for row in rows)
        after = rows[-1].id


def open_of(db: Database, person_id: str) -> tuple[Case, ...]:
    """A person's cases that wait for somebody, oldest first."""
    return tuple(Case(*row) for row in db.all(store.OPEN_OF_PERSON, owner_id=person_id))


def notes_of(db: Database, case_id: str) -> tuple[Note, ...]:
    """What is written on a case, oldest first."""
    return tuple(Note(*row) for row in db.all(store.NOTES, of_case=case_id))


def note(services: Services, case_id: str, text: str, by: str) -> bool:
    """Write something on a case; answers whether there is one with this id."""
    return _changed(services, case_id, "case:noted", by, text, lambda tx: True)


def close(
    services: Services, case_id: str, text: str, by: str, told: Callable[[Transaction], object] | None = None
) -> bool:  # fmt: skip
    """Close a case, with a last word if there is one; answers whether it was open.

    `told`: queues the mail about it, in the same transaction; not called where somebody was faster.
    """

    def change(tx: Transaction) -> bool:
        is_closed = bool(tx.run(store.CLOSE, case_id=case_id, now=services.clock(), closed_by=by))
        if is_closed and told is not None:
            told(tx)
        return is_closed

    return _changed(services, case_id, "case:closed", by, text, change)


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` cases opened before that moment, with their notes; answers how many."""
    with db.transaction() as tx:
        tx.run(store.SWEEP_NOTES, before=before, many=many)
        return tx.run(store.SWEEP, before=before, many=many)


def _changed(
    services: Services, case_id: str, action: str, by: str, text: str, change: Callable[[Any], bool]
) -> bool:  # fmt: skip
    now = services.clock()
    with services.db.transaction() as tx:
        row = tx.one(store.LOCKED, case_id=case_id)
        if row is None or not change(tx):
            return False
        if text.strip():
            tx.run(store.NOTE, id=new_id(now), case_id=case_id, at=now, by=by, text=_plain(text))
        record(tx, Event(action, actor=by, person_id=row.person_id, detail={"case": case_id}), now)
    return True


def _note(services: Services, case_id: str, text: str, by: str) -> None:
    if len(notes_of(services.db, case_id)) < MAX_NOTES:
        note(services, case_id, text, by)


def _check_range(services: Services, request: Request) -> None:
    key = f"case:from:{network(request.remote_address)}"
    if services.state.count(key, RANGE_WINDOW) > PER_RANGE:
        raise TooManyCases


def _plain(text: str) -> str:
    """One paragraph of visible characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TEXT]
