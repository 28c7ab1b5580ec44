"""Access reviews (U6): who has access to an application, or is in a group, and what was decided about each of them.

Door: `begin`, `page`, `decide`, `finish`. Rule: what is decided changes nothing before the end; the end writes what
became of each person in the transaction that does it, so that nothing is done twice, whichever process goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from idp.accounts import store as people
from idp.accounts.lookup import is_plain
from idp.accounts.person import MAX_LOGIN, Person, fold
from idp.accounts.reviews import store
from idp.db import Database, Transaction

APP, GROUP = "app", "group"
PLANNED, OPEN, ENDING, ENDED, STOPPED = "planned", "open", "ending", "ended", "stopped"
WITHDRAW, REPORT, KEEP = "withdraw", "report", "keep"
#: What became of somebody: kept, access taken, still there by another way, nobody confirmed, could not be done, gone.
KEPT, TAKEN, STAYS, REPORTED, NOT_DONE, GONE = "kept", "taken", "stays", "reported", "not_done", "gone"
OUTCOMES: Final = (KEPT, TAKEN, STAYS, REPORTED, NOT_DONE, GONE)
TO_SEE_TO: Final = (STAYS, REPORTED, NOT_DONE)  # somebody has to look at these after the end
_LAST: Final = "z" * 40  # behind every id, in whatever order a database sorts letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review. `unconfirmed`: what becomes of those whom nobody confirmed. Times are epoch seconds.

    `months`: it begins again so long after it began; 0: never. `counts`: of outcomes, once it has ended.
    """

    id: str
    kind: str
    about: str
    name: str
    reviewers: tuple[str, ...]
    unconfirmed: str
    months: int
    state: str
    started_by: str
    started_at: float
    due_at: float
    ended_at: float | None = None
    total: int = 0
    told: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    settled_by: str = ""
    settled_at: float | None = None
    note: str = ""

    @property
    def to_see_to(self) -> int:
        """How many somebody has to look at after the end; 0 where somebody has said that it is done."""
        return 0 if self.settled_at is not None else sum(self.counts.get(code, 0) for code in TO_SEE_TO)


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody in a review, as they stood at its start, and what was decided. `via`: member, person, group, both…"""

    person_id: str
    username: str
    name: str
    via: str
    groups: tuple[str, ...] = ()
    verdict: str = ""
    decided_by: str = ""
    decided_at: float | None = None
    outcome: str = ""
    why: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody in a review as they stand now; `person` None: they are gone."""

    person_id: str
    key: str
    verdict: str
    decided_by: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    total: int
    keep: int = 0
    withdraw: int = 0

    @property
    def left(self) -> int:
        """How many nobody has decided about."""
        return self.total - self.keep - self.withdraw


def add(tx: Transaction, review: Review) -> None:
    """Keep it; whom it is about comes with `fill`."""
    tx.run(
        store.ADD, id=review.id, kind=review.kind, about=review.about, name=review.name,
        reviewers=json.dumps(review.reviewers), unconfirmed=review.unconfirmed, months=review.months,
        state=review.state, started_by=review.started_by, started_at=review.started_at, due_at=review.due_at,
        ended_at=None, total=review.total, told=0, counts="{}", settled_by="", settled_at=None, note="",
    )  # fmt: skip


def fill(tx: Transaction, review_id: str, whom: Iterable[Looked]) -> int:
    """Whom it is about, as they stand now; answers how many."""
    rows = [
        {"review_id": review_id, "person_id": one.person_id, "key": f"{fold(one.username)} {fold(one.name)}",
         "username": one.username, "name": one.name, "via": one.via, "groups": json.dumps(one.groups), "verdict": "",
         "decided_by": "", "decided_at": None, "outcome": "", "why": ""}
        for one in whom
    ]  # fmt: skip
    for at in range(0, len(rows), 1000):
        tx.load(store.review_people, rows[at : at + 1000])
    return len(rows)


def find(db: Database | Transaction, review_id: str) -> Review | None:
    """One by its id."""
    row = db.one(store.BY_ID, of_id=review_id) if is_plain(review_id) else None
    return None if row is None else _review(row)


def locked(tx: Transaction, review_id: str) -> Review | None:
    """The same, and nobody changes it before this transaction has ended."""
    row = tx.one(store.LOCKED, of_id=review_id)
    return None if row is None else _review(row)


def latest(db: Database, kind: str = "", about: str = "", before: str = "", many: int = 50) -> tuple[Review, ...]:
    """The newest first: all, of one kind, or about one thing; those older than the one with the id `before`."""
    values = {"before": before or _LAST, "many": many}
    if about:
        rows = db.all(store.LATEST_ABOUT, of_kind=kind, of_about=about, **values)
    elif kind:
        rows = db.all(store.LATEST_OF_KIND, of_kind=kind, **values)
    else:
        rows = db.all(store.LATEST, **values)
    return tuple(map(_review, rows))


def open_about(db: Database | Transaction, kind: str, about: str) -> Review | None:
    """The one that is open about it."""
    row = db.one(store.OPEN_ABOUT, of_kind=kind, of_about=about)
    return None if row is None else _review(row)


def in_state(db: Database, state: str, many: int = 1000) -> tuple[Review, ...]:
    """Those that stand so, the oldest first."""
    return tuple(map(_review, db.all(store.IN_STATE, in_state=state, many=many)))


def page(
    db: Database, review_id: str, *, verdict: str | None = None, outcome: str | None = None, text: str = "",
    after: str = "", many: int = 100,
) -> tuple[Looked, ...]:  # fmt: skip
    """At most `many` people by username, from past the key `after`. `text`: any part of username or name."""
    wanted = fold(text[:MAX_LOGIN].replace("\0", " "))
    values: dict[str, Any] = {} if verdict is None else {"of_verdict": verdict}
    values |= {} if outcome is None else {"of_outcome": outcome}
    if wanted:
        escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["pattern"] = f"%{escaped}%"
    expression = store.page(verdict=verdict is not None, outcome=outcome is not None, search=bool(wanted))
    return tuple(map(_looked, db.all(expression, of_id=review_id, after=after, many=many, **values)))


def everybody(db: Database, review_id: str) -> Iterator[Looked]:
    """All of them, a page in memory at a time."""
    after = ""
    while found := page(db, review_id, after=after, many=500):
        yield from found
        after = found[-1].key


def standing(db: Database, review_id: str) -> Iterator[Standing]:
    """All of them as they stand now."""
    after = ""
    while rows := db.all(store.STANDING, of_id=review_id, after=after, many=500):
        yield from map(_standing, rows)
        after = rows[-1].at


def to_end(tx: Transaction, review_id: str, many: int) -> tuple[Standing, ...]:
    """The next ones of whom nothing has become yet."""
    return tuple(map(_standing, tx.all(store.TO_END, of_id=review_id, after="", many=many)))


def next_of(tx: Transaction, review_id: str) -> str | None:
    """The id of the next one, whatever else is known of them."""
    row = tx.one(store.NEXT, of_id=review_id)
    return None if row is None else str(row.person_id)


def row_of(db: Database | Transaction, review_id: str, person_id: str) -> Looked | None:
    """One person in it."""
    row = db.one(store.ROW, of_id=review_id, of_person=person_id) if is_plain(person_id) else None
    return None if row is None else _looked(row)


def decide(tx: Transaction, review_id: str, person_id: str, verdict: str, by: str, now: float) -> None:
    """Write down what somebody decided; an earlier word is void."""
    tx.run(
        store.DECIDE, of_id=review_id, of_person=person_id, new_verdict=verdict, new_decided_by=by if verdict else "",
        new_decided_at=now if verdict else None,
    )  # fmt: skip


def became(tx: Transaction, review_id: str, person_id: str, outcome: str, why: str = "") -> None:
    """Write down what became of somebody."""
    tx.run(store.END_ROW, of_id=review_id, of_person=person_id, new_outcome=outcome, new_why=why)


def progress(db: Database | Transaction, review: Review) -> Progress:
    """How far it is."""
    counts: dict[str, int] = {}
    for row in db.all(store.COUNTS, of_id=review.id):
        counts[row.verdict] = counts.get(row.verdict, 0) + row.n
    return Progress(sum(counts.values()), counts.get(KEEP, 0), counts.get(WITHDRAW, 0))


def outcomes(db: Database | Transaction, review_id: str) -> dict[str, int]:
    """How many of each outcome there are so far."""
    counts: dict[str, int] = {}
    for row in db.all(store.COUNTS, of_id=review_id):
        if row.outcome:
            counts[row.outcome] = counts.get(row.outcome, 0) + row.n
    return counts


def ways(db: Database, review_id: str) -> dict[str, int]:
    """By what people had it at the start, in numbers."""
    return {row.via: row.n for row in db.all(store.BY_WAY, of_id=review_id)}


def put(tx: Transaction, review: Review) -> None:
    """Keep where it stands now."""
    tx.run(
        store.SET_STATE, of_id=review.id, new_state=review.state, new_total=review.total,
        new_started_at=review.started_at, new_due_at=review.due_at, new_ended_at=review.ended_at,
        new_counts=json.dumps(dict(review.counts)), new_reviewers=json.dumps(review.reviewers), new_note=review.note,
        new_name=review.name,
    )  # fmt: skip


def remind(tx: Transaction, review_id: str, told: int) -> bool:
    """The reminder of this number is for whoever gets True: it leaves once."""
    return tx.run(store.SET_TOLD, of_id=review_id, new_told=told) > 0


def settle(tx: Transaction, review_id: str, by: str, note: str, now: float) -> bool:
    """Somebody has seen to what was left; False where somebody had before, or the end has not come."""
    return tx.run(store.SETTLE, of_id=review_id, new_settled_by=by, new_settled_at=now, new_note=note) > 0


def blank(db: Database, person_id: str) -> int:
    """Take the names of somebody removed out of it; answers from how many reviews."""
    return db.run(store.BLANK, of_person=person_id)


def sweep(db: Database, before: float, many: int) -> int:
    """Forget what ended before that; answers how many."""
    old: Sequence[Any] = db.all(store.OLD, before=before, many=min(many, 20))
    for row in old:
        with db.transaction() as tx:
            tx.run(store.DROP_ROWS, of_id=row.id)
            tx.run(store.DROP, of_id=row.id)
    return len(old)


def _review(row: Any) -> Review:
    return Review(
        id=row.id, kind=row.kind, about=row.about, name=row.name, reviewers=tuple(json.loads(row.reviewers)),
        unconfirmed=row.unconfirmed, months=row.months, state=row.state, started_by=row.started_by,
        started_at=row.started_at, due_at=row.due_at, ended_at=row.ended_at, total=row.total, told=row.told,
        counts=json.loads(row.counts), settled_by=row.settled_by, settled_at=row.settled_at, note=row.note,
    )  # fmt: skip


def _looked(row: Any) -> Looked:
    return Looked(
        row.person_id, row.username, row.name, row.via, tuple(json.loads(row.groups)), row.verdict, row.decided_by,
        row.decided_at, row.outcome, row.why, row.key,
    )  # fmt: skip


def _standing(row: Any) -> Standing:
    person = people.to_person(row) if row.id is not None else None
    return Standing(row.of_person, row.at, row.verdict, row.decided_by, person)
