"""Work on many people, row by row, in small transactions: an import, the same done to a whole list (U1).

Door: `begin`, `step`, `stop`. Rule: what a row does and that it is done are written in one transaction, so a process
that is killed leaves nothing half done and nothing is done twice, whichever process goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from idp.accounts.batches import store
from idp.accounts.lookup import is_plain
from idp.db import Database, Transaction
from idp.ids import new_id

PART: Final = 50  # rows of a step: others wait for its transaction
CHECKING, CHECKED, RUNNING, DONE, STOPPED = "checking", "checked", "running", "done", "stopped"
#: In these there is work to do, and what comes after.
_THEN: Final = {CHECKING: CHECKED, RUNNING: DONE}
KEPT_FOR: Final = 30 * 86400.0  # seconds: rows hold what is known of people


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. `why`: a code; `value`: what it is about; `person_id`: whom it was done to.

    `tally`: what else is counted by it.
    """

    code: str
    why: str = ""
    value: str = ""
    person_id: str = ""
    tally: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row, counted from 1 as in its file without the head, and what became of it; None: nothing yet."""

    number: int
    source: Any
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some work on many. `asked`: how it is to be done; `counts`: of outcomes; `done` of `total` rows."""

    id: str
    kind: str
    made_by: str
    state: str
    asked: Mapping[str, Any]
    counts: Mapping[str, int]
    total: int
    done: int
    created_at: float
    changed_at: float

    @property
    def stopped_by(self) -> str:
        """Why it went no further by itself: a code; '' where somebody has stopped it, or nothing has."""
        return str(self.asked.get("stopped", "")) if self.state == STOPPED else ""

    @property
    def is_at_work(self) -> bool:
        """Whether something is still to be done by itself."""
        return self.state in _THEN


class Moved(Exception):
    """Somebody, or another process, has taken the work on meanwhile: what was asked does not fit its state."""


#: Does one row in the open transaction; what it raises undoes the row, and is for the caller of `step`.
Work = Callable[[Transaction, Batch, Row], Outcome]


def begin(
    db: Database, kind: str, made_by: str, asked: Mapping[str, Any], rows: Sequence[Any], now: float, *,
    state: str = RUNNING, also: Callable[[Transaction, Batch], object] = lambda *_: None,
) -> Batch:  # fmt: skip
    """Keep the rows, to be worked on. `also`: in the same transaction, such as queueing the job that does."""
    batch = Batch(new_id(now), kind, made_by, state, asked, {}, len(rows), 0, now, now)
    with db.transaction() as tx:
        tx.run(
            store.ADD, id=batch.id, kind=kind, made_by=made_by, state=state, asked=json.dumps(dict(asked)), counts="{}",
            total=len(rows), done=0, created_at=now, changed_at=now,
        )  # fmt: skip
        for at in range(0, len(rows), PART):
            source = json.dumps(rows[at : at + PART])
            tx.run(store.ADD_PART, batch_id=batch.id, number=at, source=source, outcomes="[]")
        also(tx, batch)
    return batch


def find(db: Database, batch_id: str, kind: str) -> Batch | None:
    """One by its id."""
    row = db.one(store.BY_ID, of_id=batch_id) if is_plain(batch_id) else None
    return None if row is None or row.kind != kind else _batch(row)


def any_of(db: Database, batch_id: str) -> Batch | None:
    """One by its id, whatever it is."""
    row = db.one(store.BY_ID, of_id=batch_id) if is_plain(batch_id) else None
    return None if row is None else _batch(row)


def stalled(db: Database, before: float, many: int = 20) -> tuple[str, ...]:
    """The ids of those that have work to do, and were last worked on before that."""
    return tuple(row.id for row in db.all(store.STALLED, before=before, many=many))


def latest(db: Database, kind: str, many: int = 10) -> tuple[Batch, ...]:
    """The last ones of a kind, the newest first."""
    return tuple(map(_batch, db.all(store.LATEST, of_kind=kind, many=many)))


def ask(
    db: Database, batch: Batch, asked: Mapping[str, Any], state: str, now: float, *,
    also: Callable[[Transaction, Batch], object] = lambda *_: None,
) -> None:  # fmt: skip
    """Go through all rows again, from the first, in this way. Errors: `Moved` where it is in another state by now."""
    with db.transaction() as tx:
        there = tx.one(store.LOCKED, of_id=batch.id)
        if there is None or there.state != batch.state or there.changed_at != batch.changed_at:
            raise Moved
        tx.run(store.CLEAR, of_id=batch.id)
        fresh = {name: value for name, value in asked.items() if name != "stopped"}
        tx.run(
            store.ASK, of_id=batch.id, new_asked=json.dumps(fresh), new_state=state, new_counts="{}", new_done=0,
            new_changed_at=now,
        )  # fmt: skip
        also(tx, batch)


def stop(
    db: Database, batch: Batch, now: float, *, why: str = "",
    also: Callable[[Transaction, Batch], object] = lambda *_: None,
) -> bool:  # fmt: skip
    """Do no more of it; what is done stays done. False where there was nothing left to do.

    `why`: where nobody has said so (`Batch.stopped_by`). `also`: in the same transaction, of how it stands.
    """
    with db.transaction() as tx:
        row = tx.one(store.LOCKED, of_id=batch.id)
        if row is None or row.state not in _THEN:
            return False
        there = _batch(row)
        if why:
            tx.run(
                store.ASK, of_id=there.id, new_asked=json.dumps({**there.asked, "stopped": why}), new_state=there.state,
                new_counts=json.dumps(dict(there.counts)), new_done=there.done, new_changed_at=now,
            )  # fmt: skip
        also(tx, _set(tx, there, STOPPED, there.counts, there.done, now))
    return True


@dataclass
class _Told:
    counts: dict[str, int] = field(default_factory=dict)
    outcomes: list[list[str]] = field(default_factory=list)


def step(db: Database, batch_id: str, work: Work, now: float, many: int = PART) -> Batch | None:
    """Do at most `many` more rows in one transaction; None where nothing is left to do, or nothing is there.

    What `work` raises rolls all of them back: the caller takes smaller steps, and says what became of the one.
    """
    with db.transaction(durable=False) as tx:
        there = tx.one(store.LOCKED, of_id=batch_id)
        if there is None or there.state not in _THEN:
            return None
        batch = _batch(there)
        part = tx.one(store.PART, of_id=batch_id, at=batch.done - batch.done % PART)
        told = _Told(dict(batch.counts), json.loads(part.outcomes) if part is not None else [])
        rows = json.loads(part.source) if part is not None else []
        for at in range(len(told.outcomes), min(len(rows), len(told.outcomes) + many)):
            outcome = work(tx, batch, Row(part.number + at + 1, rows[at]))
            told.outcomes.append([outcome.code, outcome.why, outcome.value, outcome.person_id])
            for name in (outcome.code, *outcome.tally):
                told.counts[name] = told.counts.get(name, 0) + 1
        done = part.number + len(told.outcomes) if part is not None else batch.total
        if part is not None:
            tx.run(store.SET_PART, of_id=batch_id, at=part.number, new_outcomes=json.dumps(told.outcomes))
        state = _THEN[batch.state] if done >= batch.total else batch.state
        return _set(tx, batch, state, told.counts, done, now)


def rows(db: Database, batch_id: str, codes: Iterable[str] | None = None, since: int = 0) -> Iterator[Row]:
    """The rows with what became of them, in their order, from the one after `since`; `codes`: of these outcomes."""
    wanted = None if codes is None else frozenset(codes)
    at = since - since % PART
    while parts := db.all(store.PARTS, of_id=batch_id, since=at, many=10):
        for part in parts:
            outcomes = [Outcome(*one) for one in json.loads(part.outcomes)]
            for place, source in enumerate(json.loads(part.source)):
                outcome = outcomes[place] if place < len(outcomes) else None
                if part.number + place + 1 > since and (wanted is None or (outcome and outcome.code in wanted)):
                    yield Row(part.number + place + 1, source, outcome)
            at = part.number + PART


def sweep(db: Database, before: float, many: int) -> int:
    """Forget what nobody has touched since; answers how many."""
    old = [row.id for row in db.all(store.OLD, before=before, many=min(many, 100))]
    for batch_id in old:
        with db.transaction() as tx:
            tx.run(store.DROP_PARTS, of_id=batch_id)
            tx.run(store.DROP, of_id=batch_id)
    return len(old)


def _set(tx: Transaction, batch: Batch, state: str, counts: Mapping[str, int], done: int, now: float) -> Batch:
    tx.run(
        store.SET, of_id=batch.id, new_state=state, new_counts=json.dumps(dict(counts)), new_done=done,
        new_changed_at=now,
    )  # fmt: skip
    return Batch(
        batch.id, batch.kind, batch.made_by, state, batch.asked, counts, batch.total, done, batch.created_at, now
    )  # fmt: skip


def _batch(row: Any) -> Batch:
    return Batch(
        row.id, row.kind, row.made_by, row.state, json.loads(row.asked), json.loads(row.counts), row.total, row.done,
        row.created_at, row.changed_at,
    )  # fmt: skip
