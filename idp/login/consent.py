"""What a person has let an application know; remembered, and asked again when it wants more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from idp.audit import Event, conversation_of, record
from idp.db import Transaction
from idp.login import store
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.wire import Request

DETAIL: Final = "detail:"  # how a protocol names what is asked for in detail, among the scopes
MAX_DETAILS: Final = 50  # of one person for one application


def grant(services: Services, request: Request, session: Session, flow: Flow) -> None:
    """Remember the person's yes: what stood already, widened by what was asked now."""
    now = services.clock()
    with services.db.transaction() as tx:
        row = tx.one(store.CONSENT, person_id=session.person_id, client_id=flow.client_id)
        scopes = " ".join(sorted({*_kept(row.scopes.split() if row else ()), *flow.scopes}))
        tx.run(store.GRANT, person_id=session.person_id, client_id=flow.client_id, scopes=scopes, granted_at=now)
        record(tx, _event("consent:granted", request, session, flow.client_id, {"scopes": scopes}), now)


def _kept(before: Iterable[str]) -> list[str]:
    """What stands of an earlier yes. Details (RFC 9396) differ each time: past a number they are forgotten, and asked
    about again.
    """
    scopes = list(before)
    details = {one for one in scopes if one.startswith(DETAIL)}
    return scopes if len(details) < MAX_DETAILS else [one for one in scopes if one not in details]


def given(services: Services, person_id: str) -> dict[str, tuple[str, ...]]:
    """What a person has agreed to: client id to scopes."""
    rows = services.db.all(store.CONSENTS, person_id=person_id)
    return {row.client_id: tuple(row.scopes.split()) for row in rows if row.scopes}


def answered(services: Services, person_id: str) -> frozenset[str]:
    """The client ids of whatever a person was asked about, also where they have taken it back since."""
    return frozenset(row.client_id for row in services.db.all(store.CONSENTS, person_id=person_id))


def revoke(services: Services, request: Request, session: Session, client_id: str) -> bool:
    """Take a consent back; every token issued under it is dead at once. Answers whether there is such a client."""
    if services.registry.find(client_id) is None:
        return False
    now = services.clock()
    with services.db.transaction() as tx:
        tx.run(store.REVOKE, person_id=session.person_id, client_id=client_id, now=now)
        record(tx, _event("consent:revoked", request, session, client_id, {}), now)
    return True


def shown(services: Services, flow: Flow, session: Session, locale: str) -> list[dict[str, Any]]:
    """What the consent page lists, in the words of the protocol, with what is new since the last time marked."""
    items = services.protocols[flow.protocol].describe_consent(services, flow, session, locale)
    return [
        {**item, "new": bool(session.consent_scopes) and item["name"] not in session.consent_scopes} for item in items
    ]


def move(tx: Transaction, kept_id: str, gone_id: str) -> None:
    """Two persons are one: what the one agreed to, and the other has not answered, stands."""
    tx.run(store.MOVE_CONSENTS, from_id=gone_id, to_id=kept_id)


def forget(tx: Transaction, person_id: str) -> None:
    """Nothing is agreed to any more: the person is removed, in the caller's transaction."""
    tx.run(store.FORGET_CONSENTS, owner_id=person_id)


def forget_application(tx: Transaction, client_id: str) -> None:
    """Everybody is asked anew, in the caller's transaction: the application is not the one that they agreed to."""
    tx.run(store.FORGET_APPLICATION, of_client=client_id)


def _event(action: str, request: Request, session: Session, client_id: str, detail: dict[str, Any]) -> Event:
    return Event(
        action=action,
        actor=session.person_id,
        person_id=session.person_id,
        client_id=client_id,
        session_id=session.id,
        address=request.remote_address,
        request_id=request.id,
        detail={**detail, **conversation_of(request)},
    )
