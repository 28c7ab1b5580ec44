"""What an application was told went wrong: one row for one application and one kind of fault, counted.

Anybody may send requests that fail, so their number must not be the number of rows: what fails alike within an hour
keeps one id and one row, which says how often and what came last. Kinds are those of the catalogue,
which stand where our code raises: a stranger cannot invent one. One kind has many faults: what our own words say of it
tells some `VARIANTS` apart, and what is found of them off the path is kept beside one another (`causes`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.audit import trail, wording
from idp.audit.causes import Causes
from idp.audit.events import (
    Answers,
    Event,
    amend,
    answered,
    conversation_of,
    event_of,
    explained,
    record,
    written_behind,
)
from idp.db import Database
from idp.errors import Explanation, OAuthError, Refused, SamlError, new_error_id
from idp.ids import new_id, shown_id, without_userinfo
from idp.wire import BadRequest, Request

UNDELIVERED: Final = "error:logout_not_delivered"
NOT_ANSWERED: Final = "error:ciba_not_delivered"
UNSIGNALLED: Final = "error:signal_not_delivered"
_NOT_TOLD: Final = {
    UNDELIVERED: "The application was not told of a sign-out.",
    NOT_ANSWERED: "The application was not told what a person answered (CIBA).",
    UNSIGNALLED: "The application did not take a security event (Shared Signals).",
}
ONE_ROW: Final = 3600.0  # seconds that the same fault keeps its id
REWRITE: Final = 5.0  # seconds between two writes of one row that grows
SOON: Final = 1.0  # the same of one that grows as by hand
BY_HAND: Final = 100  # so many in an hour may be one who tries
LOOK_AGAIN: Final = 30.0  # seconds between two closer looks at requests of one row that say the same
AT_WORK: Final = 5  # times that each is looked at and written at once: somebody tries one thing after the other
SPARE_LOOKS: Final = 2  # closer looks a second, of all rows together, at what comes later, now and then
MAX_KINDS: Final = 2000
VARIANTS: Final = 8  # ids of one application and kind in an hour, which our own words tell apart; the rest has one more
MAX_VALUE: Final = 200  # characters of one parameter that are kept

#: The parameters that an admin needs and that open nothing.
_SHOWN: Final = (
    "grant_type", "response_type", "response_mode", "client_id", "redirect_uri", "scope", "prompt", "max_age",
    "acr_values", "resource", "code_challenge_method", "token_type_hint", "client_assertion_type",
    "post_logout_redirect_uri",
)  # fmt: skip


@dataclass(frozen=True)
class _Row:
    event_id: str
    error_id: str
    since: float
    is_stored: bool  # else only the log has it: a flood
    last_at: float
    event: Event  # the latest
    count: int = 1


@dataclass(frozen=True)
class _Asked:
    """One request that is to be looked at; `number`: as how many-eth of its row it came."""

    event: Event
    request: Request | None
    at: float
    number: int


class Faults:
    """The rows that this process counts in. `may_store`: whether one more row may be made now.

    `told_as`: of several kinds the one under which a stranger is told of them all; they have one id then, since two
    would tell what is hidden (Q4). What it was in truth stands under it, each beside the others.

    Rows are written behind, by `flush`; whoever reads the record in this process sees them all the same. `answers`
    looks at the latest request of a row when that is written.
    """

    answers: Answers = staticmethod(lambda event, request: ())
    heard: Callable[[str], None] = staticmethod(lambda kind: None)  # counts what is refused

    def __init__(
        self, db: Database, clock: Callable[[], float], may_store: Callable[[float], bool], log: Any,
        told_as: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._told_as = told_as
        self._db, self._clock, self._may_store, self._log = db, clock, may_store, log
        self._lock = threading.Lock()
        self._rows: dict[Hashable, _Row] = {}
        self._variants: dict[Hashable, dict[Hashable, float]] = {}  # of what is alike but for its words, since when
        self._waiting: dict[str, tuple[_Row, tuple[_Asked, ...]]] = {}  # to be written, by the event's id
        self._written: dict[str, float] = {}
        self._known: dict[str, Causes] = {}
        self._spared = (0.0, 0)  # since when, and how many looks
        self._writing, self._writer = threading.Lock(), 0
        self.woken = threading.Event()  # there is a row that is to be written at once
        written_behind(db, lambda: self.flush(whole=True))

    def told(
        self, error: OAuthError, *, request: Request, client_id: str = "", person_id: str | None = None,
        name: str = "protocol_error",
    ) -> str:  # fmt: skip
        """Record an error that goes to an application; answers its id. `name`: of the line in the log."""
        client_id = client_id or error.client_id or request.visitor.client_id
        self.heard(error.kind)
        event = _of_protocol(error, request, client_id, person_id)
        kind = self._told_as(error.kind)
        field = error.explanation.field if kind == error.kind else kind  # the field would tell them apart
        words = wording.of_ours(request, error.description, field)
        place = "" if client_id else wording.path_class(request.path)
        error_id = self._count((client_id, error.code, kind, person_id), event, request, (words, place))
        request.learn(error_id=error_id)
        self._log.info(
            name, error=error.code, detail=error.detail or error.description, client_id=client_id, error_id=error_id,
            request_id=request.id,
        )  # fmt: skip
        return error_id

    def refused(
        self, refusal: Refused, *, request: Request, person_id: str | None = None, cause: BaseException | None = None
    ) -> str:  # fmt: skip
        """Record what a service provider, or whoever says to be one, was told in SAML's words; answers its id.

        `cause`: what was raised, where a kind has many (a message that cannot be read).
        """
        self.heard(refusal.kind)
        place = "" if cause is None or isinstance(cause, SamlError) else place_of(cause)
        event = event_of(refusal, request=request, person_id=person_id)
        words = wording.of_ours(request, str(refusal.message), refusal.explanation.field)
        error_id = self._count((refusal.client_id, refusal.code, refusal.kind, place, person_id), event, request, words)
        request.learn(error_id=error_id)
        self._log.warning(
            "refused", error_id=error_id, kind=refusal.code, detail=refusal.detail, client_id=refusal.client_id
        )  # fmt: skip
        return error_id

    def undelivered(self, client_id: str, what: str, explanation: Explanation, action: str = UNDELIVERED) -> str:
        """Record that an application could not be told of something, such as a sign-out; answers the id."""
        kind = action.removeprefix("error:")
        detail = {"kind": kind, "message": _NOT_TOLD[action], **explained(explanation), "what": what}
        error_id = self._count((client_id, action, what), Event(action, client_id=client_id, detail=detail))
        self._log.warning(
            kind, client_id=client_id, reason=what, fix=explanation.fix, error_id=error_id
        )  # fmt: skip
        return error_id

    def find_latest(self, error_id: str) -> Event | None:
        """What came last under an id that this process gave, stored or not."""
        with self._lock:
            return next((one.event for one in reversed(self._rows.values()) if one.error_id == error_id), None)

    def _count(
        self, alike: Hashable, event: Event, request: Request | None = None, words: Hashable = ""
    ) -> str:  # fmt: skip
        """Note a fault; answers the id under which its row is read. Nothing is written here: paths are hot."""
        now = self._clock()
        with self._lock:
            key = alike, self._variant(alike, words, now)
            row = self._rows.pop(key, None)
            if row is None or now >= row.since + ONE_ROW:
                row = _Row(new_id(now), new_error_id(), now, self._may_store(now), now, event)
            else:
                row = replace(row, count=row.count + 1, last_at=now, event=event)
            if row.count <= AT_WORK:  # whoever tries one thing after the other asks of each at once, in another process
                self.woken.set()
            if len(self._rows) >= MAX_KINDS:
                self._rows.pop(next(iter(self._rows)))
            self._rows[key] = row  # the latest stands last
            if row.is_stored:
                _, asked = self._waiting.get(row.event_id, (row, ()))
                kept = tuple(one for one in asked if one.number <= AT_WORK)
                self._waiting[row.event_id] = row, (*kept, _Asked(event, request, now, row.count))
        return row.error_id

    def _variant(self, alike: Hashable, words: Hashable, now: float) -> Hashable:
        """By what the words tell one fault from another; None where there are too many already."""
        known = self._variants.pop(alike, {})
        known = {one: since for one, since in known.items() if now < since + ONE_ROW}
        if words not in known and len(known) >= VARIANTS:
            words = None
        elif words not in known:
            known[words] = now
        self._variants[alike] = known
        if len(self._variants) > MAX_KINDS:
            self._variants.pop(next(iter(self._variants)))
        return words

    def flush(self, *, whole: bool = False) -> None:
        """Write what waits: the first of a row at once, its repeats now and then, or `whole`. Errors: `Unavailable`."""
        if self._writer == threading.get_ident():
            return  # a closer look at one of the rows reads the record itself
        self.woken.clear()
        now = self._clock()
        with self._writing:
            self._writer = threading.get_ident()
            try:
                self._flush(now, whole)
            finally:
                self._writer = 0

    def _flush(self, now: float, whole: bool) -> None:
        with self._lock:
            due = [
                one for one in self._waiting.values()
                if whole or one[0].count <= AT_WORK or now >= self._written.get(one[0].event_id, 0) + _pause(one[0])
            ]  # fmt: skip
        for row, asked in due:
            self._write(row, asked, now)
            with self._lock:
                latest, later = self._waiting.pop(row.event_id)
                if latest is not row:  # it has grown meanwhile
                    self._waiting[row.event_id] = latest, tuple(one for one in later if one.number > row.count)

    def _write(self, row: _Row, asked: tuple[_Asked, ...], now: float) -> None:
        known = self._look_closer(row, asked, now)
        detail = {**known.detail(), "times": row.count, "last_at": row.last_at}
        if row.event_id in self._written:
            amend(self._db, row.event_id, detail)
        else:
            first = asked[0].event if asked[0].number == 1 else row.event
            record(self._db, replace(first, id=row.event_id, error_id=row.error_id, detail=detail), row.since)
        self._written[row.event_id], self._known[row.event_id] = now, known
        for kept in (self._written, self._known):
            if len(kept) > 2 * MAX_KINDS:
                kept.pop(next(iter(kept)))

    def _look_closer(self, row: _Row, asked: tuple[_Asked, ...], now: float) -> Causes:
        """What was found of the row's requests: of each at first; in a flood, of one that is not much older."""
        known = self._known.get(row.event_id, Causes())
        for one in asked:
            at_once = row.count <= AT_WORK or now >= known.looked_at + LOOK_AGAIN or known.says_else(one.event)
            is_flood = row.count - known.number > AT_WORK
            if at_once or (not is_flood and self._may_look(now)):
                found = one.event if one.request is None else answered(self.answers, one.event, one.request)
                known = known.seen(found, one.at, one.number, now)
        return known.counted(row.count, row.last_at)

    def _may_look(self, now: float) -> bool:
        since, looks = self._spared
        if now >= since + 1:
            since, looks = now, 0
        self._spared = since, looks + 1
        return looks < SPARE_LOOKS


def _pause(row: _Row) -> float:
    return SOON if row.count <= BY_HAND else REWRITE


def place_of(error: BaseException) -> str:
    """Where in our code it was raised: what is of one kind."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""


def _of_protocol(error: OAuthError, request: Request, client_id: str, person_id: str | None) -> Event:
    """An error that goes to an application, as it is recorded."""
    return Event(
        action=f"error:{error.code}",
        person_id=person_id,
        client_id=client_id or None,
        address=request.remote_address,
        request_id=request.id,
        detail={
            "kind": error.kind,
            "message": error.description,
            **explained(error.explanation),
            "what": without_userinfo(error.detail or error.description),
            "path": request.shown_path,
            "browser": request.user_agent[:MAX_VALUE],
            "evidence": _came(request),
            **conversation_of(request),
            **trail.of(request),
        },
    )


def _came(request: Request) -> str:
    """The request as an admin may see it: no code, token or secret."""
    try:
        sent = {**request.query.first, **(request.form.first if request.method == "POST" else {})}
    except BadRequest as problem:
        return f"{request.method} {request.shown_path} ({problem})"
    if "client_id" in sent:
        sent["client_id"] = shown_id(sent["client_id"])
    pairs = [without_userinfo(f"{name}={sent[name][:MAX_VALUE]}") for name in _SHOWN if name in sent]
    others = ", ".join(sorted(name[:40] for name in sent if name not in _SHOWN)[:20])
    way = request.authorization_scheme
    parts = [request.method, request.shown_path, *pairs]
    parts += [f"(also: {others})"] if others else []
    parts += [f"(Authorization: {way})"] if way else []
    return " ".join(parts)[:2000]
