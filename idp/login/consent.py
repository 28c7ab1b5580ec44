"""What a person has let an application know; remembered, and asked again when it wants more."""

from __future__ import annotations

from typing import Any

from idp.audit import Event, record
from idp.login import store
from idp.login.flow import Flow
from idp.login.sessions import Session
from idp.services import Services
from idp.wire import Request

#: What a scope means, for the person. Scopes of an organisation's own APIs are shown by their name.
SCOPES: dict[str, tuple[str, str]] = {
    "openid": ("Know that it is you", "An identifier for your account."),
    "profile": ("Your profile", "Name, username and what else your profile holds."),
    "email": ("Your e-mail address", "And whether it is confirmed."),
    "phone": ("Your phone number", "And whether it is confirmed."),
    "address": ("Your postal address", ""),
    "groups": ("Your groups", "The names of the groups that you belong to."),
    "roles": ("Your roles", "What you may do here."),
    "offline_access": ("Stay connected", "It keeps its access while you are signed out, until you take it back."),
}


def grant(services: Services, request: Request, session: Session, flow: Flow) -> None:
    """Remember the person's yes: what stood already, widened by what was asked now."""
    now = services.clock()
    with services.db.transaction() as tx:
        row = tx.one(store.CONSENT, person_id=session.person_id, client_id=flow.client_id)
        scopes = " ".join(sorted({*(row.scopes.split() if row else ()), *flow.scopes}))
        tx.run(store.GRANT, person_id=session.person_id, client_id=flow.client_id, scopes=scopes, granted_at=now)
        record(tx, _event("consent:granted", request, session, flow.client_id, {"scopes": scopes}), now)


def given(services: Services, person_id: str) -> dict[str, tuple[str, ...]]:
    """What a person has agreed to: client id to scopes."""
    rows = services.db.all(store.CONSENTS, person_id=person_id)
    return {row.client_id: tuple(row.scopes.split()) for row in rows if row.scopes}


def title(scope: str) -> str:
    """A scope in plain words."""
    if scope.startswith("claim:"):  # of the application's own table
        return f"Your {scope.removeprefix('claim:').replace('_', ' ')}"
    return SCOPES.get(scope, (scope, ""))[0]


def revoke(services: Services, request: Request, session: Session, client_id: str) -> bool:
    """Take a consent back; every token issued under it is dead at once. Answers whether there was one."""
    now = services.clock()
    with services.db.transaction() as tx:
        done = tx.run(store.REVOKE, owner_id=session.person_id, app_id=client_id, now=now) > 0
        if done:
            record(tx, _event("consent:revoked", request, session, client_id, {}), now)
    return done


def shown(flow: Flow, session: Session) -> list[dict[str, Any]]:
    """The scopes as the consent page shows them."""
    known = [s for s in flow.scopes if s in SCOPES] + [s for s in flow.scopes if s not in SCOPES]
    return [
        {
            "name": scope,
            "title": title(scope),
            "description": SCOPES.get(scope, ("", "Access that your company defined."))[1],
            "new": bool(session.consent_scopes) and scope not in session.consent_scopes,
        }
        for scope in known
    ]


def _event(action: str, request: Request, session: Session, client_id: str, detail: dict[str, Any]) -> Event:
    return Event(
        action=action,
        actor=session.person_id,
        person_id=session.person_id,
        client_id=client_id,
        session_id=session.id,
        address=request.remote_address,
        request_id=request.id,
        detail=detail,
    )
