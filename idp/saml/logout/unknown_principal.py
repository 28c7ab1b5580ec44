"""A LogoutRequest that names no session: what differs from what the session had, for the admin who looks it up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from clients.client import Client
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml import store
from idp.saml.messages import names
from idp.saml.messages.logout_request import LogoutRequest
from idp.saml.store import SessionParticipant

_UNCHANGED: Final = "It must send the NameID and SessionIndex of the assertion, unchanged (Prof §4.4.4.1)."
_MOST: Final = 3  # sessions that are told of
_OPAQUE: Final = (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT)


def unknown_principal(
    services: Services, client: Client, request: LogoutRequest, named: Sequence[SessionParticipant]
) -> SamlError:
    """Core §3.7.3: UnknownPrincipal. `named`: the sessions that have the NameID's value, whatever else differs."""
    field, expected, got, fix = _difference(services, client, request, named)
    return SamlError(
        names.REQUESTER, names.UNKNOWN_PRINCIPAL, "No session here was told to this service provider by this name.",
        detail=f"{field} differs", fix=f"{fix} {_UNCHANGED}", field=field, expected=expected, got=got,
        kind="logout_unknown_session",
    )  # fmt: skip


def _difference(
    services: Services, client: Client, request: LogoutRequest, named: Sequence[SessionParticipant]
) -> tuple[str, str, str, str]:
    name_id, now = request.name_id, services.clock()
    got = f"{_shown(name_id.value, name_id.format)} ({_tail(name_id.format)})"
    for index in sorted(request.session_indexes)[:_MOST] if not named else ():
        session = store.participant_of_index(services.db, client.id, index, now)
        if session is not None:
            had = f"{_shown(session.name_id, session.format)} ({_tail(session.format)})"
            return "NameID", had, got, "The session of its SessionIndex was told another NameID."
    if not named:
        fix = "No live session of this application has this NameID or SessionIndex: the session has ended already, or "
        return "NameID", "a NameID of a live session", got, fix + "was of another application, or the name was changed."
    session = named[0]
    if name_id.format not in (session.format, names.NAMEID_UNSPECIFIED):
        return "Format", session.format, name_id.format, "The Format of the NameID is another one than it was told."
    own = session.name_qualifier or services.settings.saml_entity_id
    if name_id.name_qualifier not in (None, own):
        return "NameQualifier", own, str(name_id.name_qualifier)[:200], "The NameQualifier is another one."
    theirs = session.sp_name_qualifier or (client.saml.entity_id if client.saml is not None else "")
    if name_id.sp_name_qualifier not in (None, theirs):
        return "SPNameQualifier", theirs, str(name_id.sp_name_qualifier)[:200], "The SPNameQualifier is another one."
    indexes = ", ".join(one.session_index for one in named[:_MOST])
    sent = ", ".join(sorted(request.session_indexes)[:_MOST])[:300]
    return "SessionIndex", indexes, sent, "The person has live sessions there, and none of them has this SessionIndex."


def _shown(value: str, format_uri: str) -> str:
    """A NameID; of one that says who it is, the beginning and the domain alone."""
    if format_uri in _OPAQUE or re.fullmatch(r"_?[a-z2-7]{20,}|_[0-9a-f]{20,}", value):
        return value[:100]
    name, at, domain = value.partition("@")
    return f"{name[:1]}…{at}{domain[:60]}"


def _tail(format_uri: str) -> str:
    return format_uri.rpartition(":")[2][:60]
