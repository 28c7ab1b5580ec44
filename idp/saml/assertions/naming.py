"""The NameID and the SessionIndex by which a session is known to a service provider: as before, or new and saved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.audit import Event, record
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.saml import store
from idp.saml.assertions import name_ids
from idp.saml.messages import names
from idp.saml.messages.name_id import NameID
from idp.saml.store import SessionParticipant, SubjectRecord
from idp.wire import Request


class SessionEnded(Exception):
    """The session ended while the assertion was being made."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Who is to be named to whom. `format`: of the NameID, chosen before. `pairwise`: a pairwise-id is released too."""

    request: Request
    client: Client
    provider: ServiceProvider
    session: Session
    format: str
    pairwise: bool
    may_create: bool
    now: float


def name_subject(services: Services, naming: Naming, subject: SubjectRecord) -> SubjectRecord:
    """The person with NameID, SessionIndex and persistent identifier as they are told now; saved where they are new.

    Errors: `SamlError` (InvalidNameIDPolicy), `SessionEnded`.
    """
    subject = subject.in_format(naming.format)
    needs_id = (naming.format == names.NAMEID_PERSISTENT or naming.pairwise) and not subject.persistent_id
    if needs_id and not naming.may_create:
        if naming.format == names.NAMEID_PERSISTENT:
            raise name_ids.invalid(
                "AllowCreate is false, and this person has no identifier here yet.", kind="name_id_not_made"
            )
        needs_id = False
    value = _value(naming.format, subject)
    if not needs_id and subject.session_index and subject.name_id == value:
        return subject
    return _save(services, naming, subject, value, needs_id)


def _value(name_id_format: str, subject: SubjectRecord) -> str:
    if name_id_format == names.NAMEID_TRANSIENT:
        return subject.name_id or name_ids.new_transient()
    if name_id_format == names.NAMEID_PERSISTENT:
        return subject.persistent_id
    if name_id_format == name_ids.NONE:
        return ""
    return name_ids.of_person(name_id_format, subject.attributes)


def _save(services: Services, naming: Naming, subject: SubjectRecord, value: str, needs_id: bool) -> SubjectRecord:
    persistent_id, session, now = subject.persistent_id, naming.session, naming.now
    own, theirs = _qualifiers(services, naming.provider, naming.format)
    # A persistent identifier must outlive a power cut once it is told; a session need not.
    with services.db.transaction(durable=needs_id) as tx:
        if needs_id:
            fresh = name_ids.new_persistent()
            persistent_id = store.save_persistent_id(tx, subject.person_id, naming.provider.entity_id, fresh, now)
        if naming.format == names.NAMEID_PERSISTENT:
            value = persistent_id
        participant = SessionParticipant(
            "_" + name_ids.new_persistent(), session.id, naming.client.id, subject.person_id, naming.format, value,
            own, theirs, now, session.expires_at,
        )  # fmt: skip
        saved = store.save_participant(tx, participant, rename=naming.format != names.NAMEID_TRANSIENT)
        if saved is None:
            raise SessionEnded
        if not subject.session_index:
            record(tx, _event(naming, saved[0]), now)
    return replace(subject, persistent_id=persistent_id, session_index=saved[0], name_id=saved[1])


def name_id_of(services: Services, provider: ServiceProvider, subject: SubjectRecord, kind: str) -> NameID | None:
    """The NameID of a format with its qualifiers; None where the assertion names nobody."""
    if kind == name_ids.NONE:
        return None
    own, theirs = _qualifiers(services, provider, kind)
    return NameID(subject.name_id, kind, own or None, theirs or None)


def _qualifiers(services: Services, provider: ServiceProvider, name_id_format: str) -> tuple[str, str]:
    if name_id_format in (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT):
        return services.settings.saml_entity_id, provider.entity_id
    return "", ""


def _event(naming: Naming, session_index: str) -> Event:
    return Event(
        "saml:signed-in",
        actor=naming.session.person_id,
        person_id=naming.session.person_id,
        client_id=naming.client.id,
        session_id=naming.session.id,
        address=naming.request.remote_address,
        request_id=naming.request.id,
        detail={"session_index": session_index, "format": naming.format},
    )
