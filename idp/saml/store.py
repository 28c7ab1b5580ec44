"""What service providers were told: persistent identifiers, for good, and who is signed in where, for logout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    select,
    update,
)

from idp.accounts.store import joined_person, people
from idp.db import Executor, upsert
from idp.db import sweep as sweep_of
from idp.login.store import SESSION_LIVES, joined_session, sessions

metadata = MetaData()

saml_name_ids = Table(
    "saml_name_ids",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("qualifier", Text, primary_key=True),  # SPNameQualifier: the entityID, so that it outlives a registration
    Column("value", Text, nullable=False),  # never given to anybody else, and never swept
    Column("created_at", Double, nullable=False),
)
Index("saml_name_ids_value", saml_name_ids.c.qualifier, saml_name_ids.c.value, unique=True)

saml_sessions = Table(
    "saml_sessions",
    metadata,
    Column("id", Text, primary_key=True),  # the SessionIndex: random, another one for each service provider
    Column("session_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    # The NameID as it was told, with its qualifiers: logout must name it the same way.
    Column("format", Text, nullable=False),
    Column("name_id", Text, nullable=False),
    Column("name_qualifier", Text, nullable=False),  # '' where there is none
    Column("sp_name_qualifier", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)
Index("saml_sessions_told", saml_sessions.c.session_id, saml_sessions.c.client_id, saml_sessions.c.format, unique=True)
Index("saml_sessions_name_id", saml_sessions.c.client_id, saml_sessions.c.name_id)
Index("saml_sessions_expires_at", saml_sessions.c.expires_at)
Index("saml_sessions_person_id", saml_sessions.c.person_id)

_p, _n, _t, _s = joined_person, saml_name_ids.c, saml_sessions.c, joined_session

#: Everything that an assertion is made of, in one read.
_SUBJECT_RECORD = (
    select(
        _p.id.label("person_id"),
        _p.username,
        _p.email,
        _p.employee_number,
        _p.name,
        _p.claims,
        _p.groups,
        _p.roles,
        _n.value.label("persistent_id"),
        _t.format,
        _t.id.label("session_index"),
        _t.name_id,
    )
    .select_from(
        people.outerjoin(
            saml_name_ids, and_(_n.person_id == _p.id, _n.qualifier == bindparam("qualifier"))
        ).outerjoin(
            saml_sessions,
            and_(_t.session_id == bindparam("session_id"), _t.client_id == bindparam("client_id")),
        )
    )
    .where(_p.id == bindparam("person_id"))
)  # fmt: skip
_PERSON_OF_VALUE = select(_n.person_id).where(_n.qualifier == bindparam("qualifier"), _n.value == bindparam("value"))
_PERSON_OF_NAME = (
    select(_t.person_id)
    .where(
        _t.client_id == bindparam("client_id"),
        _t.name_id == bindparam("name_id"),
        _t.format == bindparam("format"),
        _t.expires_at > bindparam("now"),
    )
    .limit(1)
)
_CLIENTS = select(_t.client_id).where(_t.session_id == bindparam("session_id")).distinct()
_OF_SESSION = select(*_t).where(_t.session_id == bindparam("session_id")).order_by(_t.created_at)
_HOLDERS = (
    select(_t.person_id)
    .select_from(saml_sessions.join(sessions, _s.id == _t.session_id))
    .where(
        _t.client_id == bindparam("client_id"), _t.expires_at > bindparam("now"), _s.ended_at.is_(None),
        _s.expires_at > bindparam("now"),
    )
)  # fmt: skip
_OF_NAME = select(*_t).where(
    _t.client_id == bindparam("client_id"), _t.name_id == bindparam("name_id"), _t.expires_at > bindparam("now")
)
_OF_INDEX = select(*_t).where(
    _t.id == bindparam("session_index"), _t.client_id == bindparam("client_id"), _t.expires_at > bindparam("now")
)
_RENAME = update(saml_sessions).where(_t.id == bindparam("session_index")).values(name_id=bindparam("name_id"))
_SWEEP = sweep_of(_t.expires_at, _t.id)
#: Of racing requests the first one's value stands, and all of them get it back.
_SAVE_PERSISTENT_ID = upsert(
    saml_name_ids, "person_id", "qualifier",
    change=lambda new: {"value": saml_name_ids.c.value}, returning=(saml_name_ids.c.value,),
)  # fmt: skip
#: One row per session, service provider and format; none where the session has ended meanwhile.
_SAVE_PARTICIPANT = upsert(
    saml_sessions, "session_id", "client_id", "format",
    source=(
        [column.name for column in _t],
        select(*(bindparam(column.name, type_=column.type) for column in _t)).where(SESSION_LIVES),
    ),
    change=("expires_at",), returning=(_t.id, _t.name_id),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """A person as an assertion needs them. `name_id`: theirs in this session so far; '' for what is not there yet.

    `participations`: (SessionIndex, NameID) by format, one of which `session_index` and `name_id` are.
    """

    person_id: str
    attributes: Mapping[str, Any]
    persistent_id: str
    session_index: str = ""
    name_id: str = ""
    participations: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def in_format(self, name_id_format: str) -> SubjectRecord:
        """The person with the SessionIndex and the NameID that the session has in this format."""
        session_index, name_id = self.participations.get(name_id_format, ("", ""))
        return replace(self, session_index=session_index, name_id=name_id)


@dataclass(frozen=True, slots=True)
class SessionParticipant:
    """A service provider that knows of a session (Prof §4.4), and by which NameID; `session_index` tells it there."""

    session_index: str
    session_id: str
    client_id: str
    person_id: str
    format: str
    name_id: str
    name_qualifier: str
    sp_name_qualifier: str
    created_at: float
    expires_at: float


def get_subject_record(
    db: Executor, *, person_id: str, session_id: str, client_id: str, qualifier: str
) -> SubjectRecord:
    """One read: the person, their persistent identifier, and what this session told this service provider."""
    rows = db.all(_SUBJECT_RECORD, person_id=person_id, session_id=session_id, client_id=client_id, qualifier=qualifier)
    first = rows[0]
    participations = {row.format: (row.session_index, row.name_id) for row in rows if row.session_index}
    return SubjectRecord(first.person_id, _attributes(first), first.persistent_id or "", participations=participations)


def _attributes(row: Any) -> dict[str, Any]:
    """By claim name, as everywhere; what is not known is left out."""
    known: dict[str, Any] = json.loads(row.claims)
    own = {
        "username": row.username,
        "preferred_username": row.username,
        "email": row.email,
        "employee_number": row.employee_number,
        "name": row.name,
        "groups": json.loads(row.groups),
        "roles": json.loads(row.roles),
    }
    return {**known, **{name: value for name, value in own.items() if value}}


def save_persistent_id(tx: Executor, person_id: str, qualifier: str, value: str, now: float) -> str:
    """Give a person a persistent identifier; answers the one that stands."""
    row = tx.one(_SAVE_PERSISTENT_ID, person_id=person_id, qualifier=qualifier, value=value, created_at=now)
    return str(row.value)


def save_participant(tx: Executor, participant: SessionParticipant, *, rename: bool) -> tuple[str, str] | None:
    """Note that a service provider knows of a session by a NameID; answers (SessionIndex, NameID) as they stand.

    None: the session has ended. `rename`: the new NameID takes the place of another one, else that one stays.
    """
    row = tx.one(
        _SAVE_PARTICIPANT, id=participant.session_index, session_id=participant.session_id,
        client_id=participant.client_id, person_id=participant.person_id, format=participant.format,
        name_id=participant.name_id, name_qualifier=participant.name_qualifier,
        sp_name_qualifier=participant.sp_name_qualifier, created_at=participant.created_at,
        expires_at=participant.expires_at,
    )  # fmt: skip
    if row is None:
        return None
    if rename and row.name_id != participant.name_id:
        tx.run(_RENAME, session_index=row.id, name_id=participant.name_id)
        return row.id, participant.name_id
    return row.id, row.name_id


def find_person_by_persistent(db: Executor, qualifier: str, value: str) -> str | None:
    """Whose persistent identifier this is at this service provider."""
    row = db.one(_PERSON_OF_VALUE, qualifier=qualifier, value=value)
    return None if row is None else str(row.person_id)


def find_person_by_name_id(db: Executor, client_id: str, name_id_format: str, name_id: str, now: float) -> str | None:
    """Whom a NameID of a session stands for, transient ones above all."""
    row = db.one(_PERSON_OF_NAME, client_id=client_id, format=name_id_format, name_id=name_id, now=now)
    return None if row is None else str(row.person_id)


def clients_of_session(db: Executor, session_id: str) -> list[str]:
    """The service providers that a session is known at."""
    return [str(row.client_id) for row in db.all(_CLIENTS, session_id=session_id)]


def participants_of_session(db: Executor, session_id: str) -> list[SessionParticipant]:
    """Every service provider that knows of a session, the oldest first."""
    return [SessionParticipant(*row) for row in db.all(_OF_SESSION, session_id=session_id)]


def participant_of_index(db: Executor, client_id: str, session_index: str, now: float) -> SessionParticipant | None:
    """The session that a service provider knows by this SessionIndex."""
    row = db.one(_OF_INDEX, client_id=client_id, session_index=session_index, now=now)
    return None if row is None else SessionParticipant(*row)


def participants_by_name_id(db: Executor, client_id: str, name_id: str, now: float) -> list[SessionParticipant]:
    """The sessions that a service provider knows by this NameID, whatever its format and qualifiers."""
    return [SessionParticipant(*row) for row in db.all(_OF_NAME, client_id=client_id, name_id=name_id, now=now)]


def holders(db: Executor, client_id: str, now: float) -> list[str]:
    """Who is signed in to a service provider, a person once for each session."""
    return [str(row.person_id) for row in db.all(_HOLDERS, client_id=client_id, now=now)]


def sweep(db: Executor, before: float, many: int) -> int:
    """Forget at most `many` sessions that ran out before a moment; answers how many."""
    return db.run(_SWEEP, before=before, many=many)
