"""By which session at another provider a session here began, so that the end of one can be the end of the other (I9).

A kind of provider says it once (`Began`), and later that it is over (`Over`). Which of the two comes first does not
matter: what is over is noted before it is looked for, and whoever has just begun looks at the notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import digest
from idp.login import store
from idp.login.browser import sessions
from idp.login.services import Services

#: Seconds that an end is noted for sign-ins on their way: an attempt and a second step, each a quarter of an hour.
NOTED: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Began:
    """The session there. `subject`: whose account; `sid`: its id there, '' where it has none.

    `said_at`: when the provider said so, epoch seconds by its own clock; `id_token`: for signing out there, sealed by
    the federation, '' where there is none.
    """

    provider_id: str
    subject: str
    sid: str = ""
    said_at: float = 0.0
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Over:
    """What a provider says is over: the session `sid`, or without one every session of `subject`.

    With both, the session must be of that account. `said_at`: by the provider's own clock, as of `Began`.
    """

    provider_id: str
    said_at: float
    subject: str = ""
    sid: str = ""


def keep(tx: Transaction, session_id: str, began: Began) -> None:
    """Kept with the session, in the transaction that begins it; a later one at the same provider takes its place."""
    tx.run(
        store.KEEP_ELSEWHERE, session_id=session_id, provider_id=began.provider_id, subject=began.subject,
        sid=began.sid, id_token=began.id_token, said_at=began.said_at,
    )  # fmt: skip


def of_session(db: Database, session_id: str) -> tuple[Began, ...]:
    """By what a session began, though it may have ended by now; none where its person proved who they are here."""
    rows = db.all(store.ELSEWHERE_OF, session_id=session_id)
    return tuple(Began(row.provider_id, row.subject, row.sid, row.said_at, row.id_token) for row in rows)


def end(services: Services, over: Over, why: str, *, record: Recorder) -> int:
    """End every session here that began there; answers how many. Their applications are told as of any other end.

    Errors: `Unavailable`: nothing is known to have ended, and it may be said again.
    """
    for key in _notes(over.provider_id, over.sid, over.subject):
        before = services.state.get(key)  # an end that comes late takes no newer one's place
        services.state.put(key, max(over.said_at, before) if isinstance(before, (int, float)) else over.said_at, NOTED)
    now, ended = services.clock(), 0
    with services.db.transaction() as tx:
        for row in _found(tx, over):
            if sessions.end_in(tx, row.person_id, row.id, now, why):
                record(tx, "session:ended", {"person_id": row.person_id, "session_id": row.id, "why": why})
                ended += 1
    return ended


def is_over(services: Services, began: Began) -> bool:
    """Whether that session has ended since the provider told of it: on the way here, or at a second step."""
    named = (
        _key(began.provider_id, "sid", began.sid) if began.sid else _key(began.provider_id, "unnamed", began.subject)
    )
    notes = [services.state.get(key) for key in (_key(began.provider_id, "sub", began.subject), named)]
    return any(isinstance(at, (int, float)) and began.said_at <= at for at in notes)


def forget(tx: Transaction, person_id: str) -> None:
    """The person is removed."""
    tx.run(store.FORGET_ELSEWHERE, owner_id=person_id)


def dump(began: Began | None) -> dict[str, Any] | None:
    """As JSON has it."""
    return None if began is None else {name: getattr(began, name) for name in Began.__slots__}


def load(said: Mapping[str, Any] | None) -> Began | None:
    """The value back."""
    return Began(**said) if said else None


def _found(tx: Transaction, over: Over) -> list[Any]:
    """Those that had begun when it was said: who signed in there anew since, before this came, is in."""
    begun: dict[str, Any] = {"provider_id": over.provider_id, "said_at": over.said_at}
    if not over.sid:
        return list(tx.all(store.BEGUN_BY_SUBJECT, **begun, subject=over.subject))
    rows = tx.all(store.BEGUN_BY_SID, **begun, sid=over.sid, subject=over.subject)
    return [row for row in rows if over.subject in ("", row.subject)]


def _notes(provider_id: str, sid: str, subject: str) -> tuple[str, ...]:
    """Under what an end is noted: the session's name, and for one that was never named its person's."""
    if not sid:
        return (_key(provider_id, "sub", subject),)
    unnamed = (_key(provider_id, "unnamed", subject),) if subject else ()
    return (_key(provider_id, "sid", sid), *unnamed)


def _key(provider_id: str, what: str, value: str) -> str:
    """Names come from outside; a session's is its provider's alone."""
    return "upstream:over:" + digest("\n".join((provider_id, what, value)))
