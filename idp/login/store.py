"""Sessions and consents."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from clients.store import CURRENT_VERSION
from idp.accounts.sign_in_rules.store import CURRENT_VERSION as RULES_VERSION
from idp.accounts.signalled.store import note_sessions
from idp.accounts.store import joined_person, people
from idp.db import sweep, upsert

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered; also the `sid` that applications see
    Column("secret_hash", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("methods", Text, nullable=False),  # amr values, space-separated
    Column("created_at", Double, nullable=False),
    Column("auth_time", Double, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("idle_seconds", Integer, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("ended_why", Text),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
    # When the cookie's latest secret was first used; NULL where it may not have arrived.
    Column("used_at", Double),
    # Where it was used last.
    Column("seen_address", Text, nullable=False, server_default=""),
    Column("seen_browser", Text, nullable=False, server_default=""),
    Column("seen_beside", Text, nullable=False, server_default=""),  # the last address of the other version of IP
    # When, and from where, somebody brought a secret of before that the browser here should not have any more.
    Column("doubted_at", Double),
    Column("doubted_address", Text, nullable=False, server_default=""),
    Column("doubted_browser", Text, nullable=False, server_default=""),
    Column("bound_at", Double),  # when that device's short-lived cookie was first used
    Column("bound_key", Text),  # the public key of the device that has it, a JWK; NULL where the browser has none
)
Index("sessions_person_id", sessions.c.person_id)
Index("sessions_expires_at", sessions.c.expires_at)

logout_tries = Table(
    "logout_tries",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("notice", Text, nullable=False),  # which message it was
    Column("client_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("error", Text, nullable=False),  # '': confirmed
)
Index("logout_tries_notice", logout_tries.c.notice, logout_tries.c.id)
Index("logout_tries_client_id", logout_tries.c.client_id, logout_tries.c.id)
Index("logout_tries_person_id", logout_tries.c.person_id)

consents = Table(
    "consents",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("scopes", Text, nullable=False),  # space-separated
    Column("granted_at", Double, nullable=False),
    # Tokens from before this moment are dead: revoking is one row, whatever was issued.
    Column("revoked_before", Double, nullable=False, server_default="0"),
)

# Sessions that ended without a sign-out, until their applications' notices are queued: written with the end itself, so
# that neither is without the other.
untold_sessions = Table(
    "untold_sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("due", Double, nullable=False),  # when the next process may take it up
)
Index("untold_sessions_due", untold_sessions.c.due)

# The session at another provider by which one here began: see `browser.elsewhere`.
sessions_elsewhere = Table(
    "sessions_elsewhere",
    metadata,
    Column("session_id", Text, ForeignKey(sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sid", Text, nullable=False),  # '' where it has no id there
    Column("id_token", Text, nullable=False),  # sealed; '' where there is none
    Column("said_at", Double, nullable=False, server_default="0"),  # by the provider's clock; 0 where it is not known
)
Index("sessions_elsewhere_sid", sessions_elsewhere.c.provider_id, sessions_elsewhere.c.sid)
Index("sessions_elsewhere_subject", sessions_elsewhere.c.provider_id, sessions_elsewhere.c.subject)


class JoinedSession(NamedTuple):
    """What statements of the protocols may carry along of a session; all else is this room's."""

    id: Any
    expires_at: Any
    ended_at: Any


joined_session = JoinedSession(sessions.c.id, sessions.c.expires_at, sessions.c.ended_at)
#: In a statement that writes what a session gives: whether it stands at that moment.
SESSION_LIVES = (
    select(joined_session.id)
    .where(joined_session.id == bindparam("session_id", type_=Text()), joined_session.ended_at.is_(None))
    .exists()
)

_s, _p, _c, _u = sessions.c, joined_person, consents.c, untold_sessions.c

#: A hop's one read: the session, its person, the consent for this application, and the versions of the registry and of
#: the sign-in rules.
CURRENT = (
    select(
        _s.id,
        _s.secret_hash,
        _s.person_id,
        _s.methods,
        _s.created_at,
        _s.auth_time,
        _s.last_seen,
        _s.idle_seconds,
        _s.expires_at,
        _s.ended_at,
        _s.ended_why,
        _s.used_at,
        _s.seen_address,
        _s.seen_browser,
        _s.seen_beside,
        _s.doubted_at,
        _s.doubted_address,
        _s.doubted_browser,
        _s.bound_key,
        _s.bound_at,
        _p.username,
        _p.name,
        _p.claims,
        _p.groups,
        _p.roles,
        _p.enabled,
        _c.scopes,
        _c.granted_at,
        CURRENT_VERSION.label("clients_version"),
        RULES_VERSION.label("rules_version"),
    )
    .select_from(
        sessions.join(people, _p.id == _s.person_id).outerjoin(
            consents, and_(_c.person_id == _s.person_id, _c.client_id == bindparam("client_id"))
        )
    )
    .where(_s.id == bindparam("session_id"))
)

#: Looked at once more in the transaction that begins a session; on PostgreSQL it holds off a change meanwhile.
STANDING = (
    select(_p.enabled, _p.password_changed_at, _p.has_hash.label("has_hash"))
    .where(_p.id == bindparam("person_id"))
    .with_for_update(read=True)
)

INSERT = insert(sessions)
_HERE: dict[str, Any] = {
    "seen_address": bindparam("address"), "seen_browser": bindparam("browser"), "seen_beside": bindparam("beside"),
}  # fmt: skip
#: A new proof by the same person: new secret, same `sid`, so that applications stay signed in.
RENEW = (
    update(sessions)
    .where(_s.id == bindparam("session_id"), _s.ended_at.is_(None))
    .values(
        secret_hash=bindparam("secret_hash"),
        methods=bindparam("methods"),
        auth_time=bindparam("auth_time"),
        last_seen=bindparam("now"),
        idle_seconds=bindparam("idle_seconds"),
        expires_at=bindparam("expires_at"),
        address=bindparam("address"),
        browser=bindparam("browser"),
        used_at=bindparam("now"),
        **_HERE,
        doubted_at=null(),
        bound_key=null(),
        bound_at=null(),
    )
)
#: A key for a session that has none: who asks brings a challenge that went with its latest proof.
BIND = (
    update(sessions)
    .where(_s.id == bindparam("session_id"), _s.bound_key.is_(None), _s.ended_at.is_(None))
    .values(bound_key=bindparam("key"))
    .returning(_s.id, _s.person_id)
)  # fmt: skip
BOUND_USED = (
    update(sessions).where(_s.id == bindparam("session_id"), _s.bound_at.is_(None)).values(bound_at=bindparam("now"))
)
BOUND = select(_s.bound_key, _s.ended_at, _s.expires_at).where(_s.id == bindparam("session_id"))
#: Its cookie has a new secret, where it had this one until now.
TURN = (
    update(sessions)
    .where(_s.id == bindparam("session_id"), _s.secret_hash == bindparam("old_hash"), _s.ended_at.is_(None))
    .values(
        secret_hash=bindparam("secret_hash"), used_at=null(), last_seen=bindparam("now"),
        doubted_at=null(), **_HERE,
    )
)  # fmt: skip
#: Used with its latest secret, in this place: with the one that the reader saw, which may have been turned since.
SEEN_HERE = (
    update(sessions)
    .where(_s.id == bindparam("session_id"), _s.secret_hash == bindparam("old_hash"))
    .values(last_seen=bindparam("now"), used_at=func.coalesce(_s.used_at, bindparam("now")), **_HERE)
)
DOUBT = (
    update(sessions)
    .where(_s.id == bindparam("session_id"))
    .values(doubted_at=bindparam("now"), doubted_address=bindparam("address"), doubted_browser=bindparam("browser"))
)
SEEN = update(sessions).where(_s.id == bindparam("session_id")).values(last_seen=bindparam("now"))
END = (
    update(sessions)
    .where(_s.id == bindparam("session_id"), _s.ended_at.is_(None))
    .values(ended_at=bindparam("now"), ended_why=bindparam("why"))
)
END_ALL = (
    update(sessions)
    .where(_s.person_id == bindparam("owner_id"), _s.ended_at.is_(None), _s.id != bindparam("except_id"))
    .values(ended_at=bindparam("now"), ended_why=bindparam("why"))
)
_DUE: Any = bindparam("now", type_=Double()).label("due")
_ENDING = select(_s.id, _s.person_id, _DUE).where(
    _s.person_id == bindparam("owner_id"), _s.ended_at.is_(None), _s.id != bindparam("except_id")
)
#: Before `END_ALL`, in its transaction: the same sessions are to be told of.
NOTE_UNTOLD = upsert(untold_sessions, source=(["session_id", "person_id", "due"], _ENDING))
_EVERY = select(_s.id, _s.person_id, _DUE).where(_s.ended_at.is_(None), _s.expires_at > bindparam("now"))
NOTE_EVERY_UNTOLD = upsert(untold_sessions, source=(["session_id", "person_id", "due"], _EVERY))
END_EVERY = update(sessions).where(_s.ended_at.is_(None)).values(ended_at=bindparam("now"), ended_why=bindparam("why"))
NOTE_UNTOLD_ONE = upsert(untold_sessions)  # one session that has just ended
#: Before `END_ALL` and `END_EVERY`: those who are told by security events hear of the same sessions.
SIGNAL_ENDING = note_sessions(
    _s.id, _s.person_id, _s.person_id == bindparam("owner_id"), _s.ended_at.is_(None), _s.id != bindparam("except_id")
)  # fmt: skip
SIGNAL_EVERY = note_sessions(_s.id, _s.person_id, _s.ended_at.is_(None), _s.expires_at > bindparam("now"))
ANY_UNTOLD = select(_u.session_id).where(_u.due <= bindparam("now")).order_by(_u.due).limit(1)
#: Of any number of processes one gets it; another one later, where that one dies before the notices are queued.
TAKE_UNTOLD = (
    update(untold_sessions)
    .where(_u.session_id == bindparam("taken_id"), _u.due <= bindparam("now"))
    .values(due=bindparam("until"))
    .returning(_u.session_id, _u.person_id)
)
FORGET_UNTOLD = delete(untold_sessions).where(_u.session_id == bindparam("taken_id"))

LIST = (
    select(
        _s.id,
        _s.created_at,
        _s.auth_time,
        _s.last_seen,
        _s.address,
        _s.browser,
        _s.expires_at,
        _s.seen_address,
        _s.seen_browser,
    )
    .where(_s.person_id == bindparam("owner_id"), _s.ended_at.is_(None), _s.expires_at > bindparam("now"))
    .order_by(_s.id.desc())
)
SWEEP = sweep(_s.expires_at, _s.id)

_e = sessions_elsewhere.c
KEEP_ELSEWHERE = upsert(
    sessions_elsewhere, "session_id", "provider_id", change=("subject", "sid", "id_token", "said_at")
)  # fmt: skip
ELSEWHERE_OF = select(sessions_elsewhere).where(_e.session_id == bindparam("session_id")).order_by(_e.provider_id)
_BEGUN = (
    select(_s.id, _s.person_id, _e.subject)
    .select_from(sessions_elsewhere.join(sessions, _s.id == _e.session_id))
    .where(_e.provider_id == bindparam("provider_id"), _s.ended_at.is_(None))
    .order_by(_s.id)
)
#: Of a session that was never named, its person's name is all that there is to go by.
BEGUN_BY_SID = _BEGUN.where(
    or_(
        _e.sid == bindparam("sid"),
        and_(_e.sid == "", _e.subject == bindparam("subject"), _e.said_at <= bindparam("said_at")),
    )
)
BEGUN_BY_SUBJECT = _BEGUN.where(_e.subject == bindparam("subject"), _e.said_at <= bindparam("said_at"))
#: Of somebody who is removed: what a session began by goes at once, the session with the sweep.
FORGET_ELSEWHERE = delete(sessions_elsewhere).where(
    _e.session_id.in_(select(_s.id).where(_s.person_id == bindparam("owner_id")))
)

_OF_BOTH: dict[str, Any] = {"person_id": bindparam("person_id"), "client_id": bindparam("client_id")}
#: Remember a consent, or widen the one that stands.
GRANT = upsert(
    consents, "person_id", "client_id", change=("scopes", "granted_at"),
    values={
        **_OF_BOTH, "scopes": bindparam("scopes"), "granted_at": bindparam("granted_at"), "revoked_before": 0,
    },
)  # fmt: skip
CONSENT = (
    select(consents)
    .where(_c.person_id == bindparam("person_id"), _c.client_id == bindparam("client_id"))
    .with_for_update()
)
CONSENTS = select(consents).where(_c.person_id == bindparam("person_id"))
#: Take a consent back, also one that an admin gave for everybody: what was issued until now is dead.
REVOKE = upsert(
    consents, "person_id", "client_id", change=("scopes", "granted_at", "revoked_before"),
    values={**_OF_BOTH, "scopes": "", "granted_at": 0, "revoked_before": bindparam("now")},
)  # fmt: skip
#: The rows stay: each may say since when tokens are dead.
FORGET_APPLICATION = (
    update(consents).where(_c.client_id == bindparam("of_client")).values(scopes="", granted_at=0)
)  # fmt: skip
#: Two persons are one: what the one agreed to, and the other has not answered.
MOVE_CONSENTS = upsert(
    consents, "person_id", "client_id",
    source=(
        ["person_id", "client_id", "scopes", "granted_at", "revoked_before"],
        select(bindparam("to_id", type_=Text()), _c.client_id, _c.scopes, _c.granted_at, _c.revoked_before).where(
            _c.person_id == bindparam("from_id"), _c.scopes != ""
        ),
    ),
)  # fmt: skip
FORGET_CONSENTS = delete(consents).where(_c.person_id == bindparam("owner_id"))

_t = logout_tries.c
TRIED = insert(logout_tries)
TRIES_OF_NOTICE = select(logout_tries).where(_t.notice == bindparam("of")).order_by(_t.id).limit(100)
TRIES_OF_CLIENT = (
    select(logout_tries).where(_t.client_id == bindparam("of")).order_by(_t.id.desc()).limit(bindparam("many"))
)
SWEEP_TRIES = sweep(_t.id, _t.id)
