"""Events and how they are written and read."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from weakref import WeakKeyDictionary

from idp.audit import store
from idp.audit.chain import counts, proofs
from idp.db import Database, Executor, Transaction
from idp.errors import Explanation, Refused, new_error_id
from idp.ids import first_id, new_id, without_userinfo

#: How a room reports what it changed, inside the change's own transaction: `record(tx, action, detail)`.
Recorder = Callable[[Any, str, Mapping[str, Any]], None]
MAX_VALUE: Final = 300  # characters of one value of an explanation that is kept


@dataclass(frozen=True)
class Event:
    """Something that happened. `action` is `subject:action`, such as `session:started`."""

    action: str
    actor: str = ""
    person_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    address: str = ""
    request_id: str = ""
    error_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    at: float = 0.0


def record(tx: Executor, event: Event, now: float) -> None:
    """Write an event; in the transaction of the change that it proves. Its `id`, where it has one, is from `new_id`."""
    row = {
        "id": event.id or new_id(now),
        "at": now,
        "action": event.action,
        "actor": event.actor,
        "person_id": event.person_id,
        "client_id": event.client_id,
        "session_id": event.session_id,
        "address": event.address,
        "request_id": event.request_id,
        "error_id": event.error_id,
        "detail": as_json(event.detail),
    }
    salt, mac = proofs.prove(tx, row)
    tx.run(store.INSERT, salt=salt, mac=mac, **row)


def recorder(
    clock: Callable[[], float], actor: str, *, person_id: str | None = None, address: str = "", request_id: str = "",
    also: Mapping[str, Any] = {},
) -> Recorder:  # fmt: skip
    """What a room that changes something is handed: it writes the event into the change's own transaction.

    The event is about the person, the application and the session that its detail names, else about `person_id`;
    `also`: what every detail has beside its own.
    """

    def write(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        event = Event(
            action, actor=actor, person_id=detail.get("person_id") or person_id, client_id=detail.get("client_id"),
            session_id=detail.get("session_id"), address=address, request_id=request_id, detail={**detail, **also},
        )  # fmt: skip
        record(tx, event, clock())

    return write


def repeat(db: Database, event_id: str, times: int, now: float) -> None:
    """Say in an event that the same happened `times` more, lately `now`: no row for what adds nothing to the record.

    Written for the first ten, then ever more seldom: what anybody may repeat for ever costs a handful of writes a day.
    """
    if not event_id or times % 10 ** (len(str(times)) - 1):
        return
    row = db.one(store.BY_ID, event_id=event_id)
    if row is not None:
        amend(db, event_id, {**json.loads(row.detail), "repeated": times, "repeated_at": now})


def amend(db: Database, event_id: str, detail: Mapping[str, Any]) -> None:
    """Count an event up: what it said first stays beside it. The chain holds both; a count never falls."""
    said = as_json(detail)
    mac = proofs.prove_again(db, event_id, said)
    with db.transaction(durable=False) as tx:
        row = tx.one(store.FOR_COUNT, event_id=event_id)
        if row is None or (row.again is not None and counts.rank_of(json.loads(row.again)) >= counts.rank_of(detail)):
            return  # blanked; or another process knows of a later one
        tx.run(store.AMEND, event_id=event_id, new_detail=said, new_mac=mac)
        counts.note(tx, event_id, mac)


def as_json(detail: Mapping[str, Any]) -> str:
    """An event's detail as it is stored."""
    return json.dumps(detail, separators=(",", ":"), ensure_ascii=False, default=str)


#: What writes the rows that a process keeps back for a moment, by the database where they belong.
_behind: WeakKeyDictionary[Database, Callable[[], None]] = WeakKeyDictionary()


def written_behind(db: Database, write: Callable[[], None]) -> None:
    """Have `write` called before anything is read from the record in this process."""
    _behind[db] = write


def read_all(db: Database, expression: Any, **params: Any) -> list[Any]:
    """Rows of the record, what this process keeps back among them."""
    if db in _behind:
        _behind[db]()
    return db.all(expression, **params)


def from_row(row: Any) -> Event:
    """An event as its row has it."""
    return Event(**{**row._asdict(), "detail": json.loads(row.detail)})


def tail(db: Database, many: int = 20) -> list[Event]:
    """The latest events, oldest first."""
    return [from_row(row) for row in reversed(read_all(db, store.LATEST, many=many))]


def following(db: Database, after: str, many: int = 200) -> list[Event]:
    """Events after the one with id `after`, oldest first."""
    return [from_row(row) for row in read_all(db, store.AFTER, after=after, many=many)]


def since(db: Database, action: str, after: float, many: int = 1000) -> list[Event]:
    """The events of one action since `after` (epoch seconds), oldest first. It reads all events of that time."""
    return [
        from_row(row) for row in read_all(db, store.OF_ACTION, wanted_action=action, after=first_id(after), many=many)
    ]


def explain(db: Database, error_id: str) -> list[Event]:
    """The events that stand under an error's id; none where it is unknown or older than the retention."""
    return [from_row(row) for row in read_all(db, store.BY_ERROR, wanted=error_id.strip().upper())]


def find(db: Database, event_id: str) -> Event | None:
    """The event with this id."""
    rows = read_all(db, store.BY_ID, event_id=event_id)
    return from_row(rows[0]) if rows else None


def of_person(
    db: Database | Transaction, person_id: str, actions: tuple[str, ...], *, after: float, before: str = "",
    many: int = 50,
) -> list[Event]:  # fmt: skip
    """A person's events of these actions since `after` (epoch seconds), the latest first; `before`: an event's id."""
    rows = db.all(
        store.of_person(actions), owner_id=person_id, after=first_id(after), before=before or "w", many=many
    )  # fmt: skip
    return [from_row(row) for row in rows]


def find_of_person(db: Database, person_id: str, event_id: str) -> Event | None:
    """One event, if it is that person's."""
    row = db.one(store.OF_PERSON_BY_ID, owner_id=person_id, event_id=event_id)
    return None if row is None else from_row(row)


def conversation_of(request: Any) -> dict[str, Any]:
    """What an event says of the sign-in that it belongs to: the id of the request that began it, and when that was."""
    began, _, at = request.visitor.conversation.partition(".")
    return {"conversation": began, "begun_at": int(at) / 1000} if began else {}


def event_of(error: Refused, *, request: Any, person_id: str | None = None) -> Event:
    """A refusal as it is recorded."""
    return Event(
        action=f"error:{error.code}",
        person_id=person_id,
        client_id=error.client_id,
        address=request.remote_address,
        request_id=request.id,
        detail={
            "kind": error.kind,
            "message": error.message,
            **explained(error.explanation),
            "what": without_userinfo(error.detail),
            "path": request.shown_path,
            "browser": request.user_agent,
            **({"evidence": without_userinfo(error.evidence)} if error.evidence else {}),
            **conversation_of(request),
        },
    )


def explained(explanation: Explanation) -> dict[str, str]:
    """An explanation as an event's detail has it; what it does not say is left out."""
    said = {"field": explanation.field, "expected": explanation.expected, "got": explanation.got}
    kept = {name: without_userinfo(text)[:MAX_VALUE] for name, text in said.items() if text}
    return {"side": explanation.side, "fix": without_userinfo(explanation.fix), **kept}


#: What is wrong with the request behind an error, a mapping a finding; none where nobody knows more than it says.
Answers = Callable[[Event, Any], Sequence[Mapping[str, Any]]]


def answered(answers: Answers, event: Event, request: Any) -> Event:
    """The event with what was found of its request."""
    found = answers(event, request)
    return replace(event, detail={**event.detail, "findings": list(found)}) if found else event


class Errors:
    """Gives error pages their ids and keeps what an admin needs to explain them.

    Anybody can provoke an error without signing in, so at most `per_minute` a process are stored; the rest is
    only logged. `answers` looks closer at what is stored.
    """

    answers: Answers = staticmethod(lambda event, request: ())
    heard: Callable[[str], None] = staticmethod(lambda kind: None)  # counts what is refused

    def __init__(self, db: Database, clock: Callable[[], float], per_minute: int, log: Any) -> None:
        self._db, self._clock, self._log, self._per_minute = db, clock, log, per_minute
        self._window, self._count = 0, 0
        self._recent: dict[str, list[float]] = {}
        self._unstored: deque[Event] = deque(maxlen=64)

    def keep(self, error: Refused, *, request: Any, person_id: str | None = None) -> str:
        """Record a refusal; answers its id."""
        error_id, now = new_error_id(), self._clock()
        request.learn(error_id=error_id)
        self.heard(error.kind)
        event = replace(event_of(error, request=request, person_id=person_id), error_id=error_id)
        self._log.warning("refused", error_id=error_id, kind=error.code, detail=error.detail, client_id=error.client_id)
        if self.may_store(now):
            try:
                record(self._db, answered(self.answers, event, request), now)
            except Exception as problem:  # the page must be shown even when the store is down
                self._log.error("error_not_recorded", error_id=error_id, reason=type(problem).__name__)
        else:
            self._unstored.append(event)
        self._note(error.code, now)
        return error_id

    def find_unstored(self, error_id: str) -> Event | None:
        """One that this process kept just now and did not store, as there were too many."""
        return next((one for one in reversed([*self._unstored]) if one.error_id == error_id), None)

    def may_store(self, now: float) -> bool:
        """Whether one more may be stored in this minute."""
        window = int(now // 60)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return self._count <= self._per_minute

    def _note(self, code: str, now: float) -> None:
        recent = [at for at in self._recent.get(code, ()) if at > now - 600][-99:]
        self._recent[code] = [*recent, now]

    def others(self, code: str) -> int:
        """How often this process saw the same kind of error in the last ten minutes (E1: "others are affected")."""
        return len([at for at in self._recent.get(code, ()) if at > self._clock() - 600])
