"""End somebody's sessions, with the tokens that each of them gave: an admin does, or the person elsewhere (S58, A4).

The applications are told off the caller's path, by `login.signout.tell_ended`.
"""

from __future__ import annotations

from idp.audit import Recorder
from idp.login.browser import sessions
from idp.login.browser.sessions import Open
from idp.oidc import ledger
from idp.protocols import Services

BY_ADMIN = "ended by an admin"


def end_one(
    services: Services, person_id: str, session_id: str, *, record: Recorder, why: str = BY_ADMIN
) -> Open | None:
    """End one session of a person; None where they have no such session. `why` is kept with it."""
    found = next((one for one in sessions.open_of(services, person_id) if one.id == session_id), None)
    if found is None:
        return None
    now = services.clock()
    with services.db.transaction() as tx:
        if not sessions.end_in(tx, person_id, session_id, now, why):
            return None
        ledger.revoke_session(tx, person_id, session_id, now, why)
        record(tx, "session:ended", {"person_id": person_id, "session_id": session_id, "why": why})
    return found


def end_all(services: Services, person_id: str, *, record: Recorder, why: str = BY_ADMIN, keep: str = "") -> int:
    """End every session of a person but `keep`, and every token, those too that outlive a session.

    Answers how many sessions.
    """
    now = services.clock()
    with services.db.transaction() as tx:
        ended = sessions.end_all(tx, person_id, now, why, keep=keep)
        ledger.revoke_person(tx, person_id, now, why, keep_session=keep)
        record(tx, "session:ended_others", {"person_id": person_id, "sessions": ended, "why": why})
    return ended
