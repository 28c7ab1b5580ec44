"""OpenID Connect Back-Channel Logout 1.0: tell an application's server that a session has ended."""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

from clients.client import Client
from idp import reach
from idp.db import Transaction
from idp.errors import printable
from idp.http import OutboundFailed, OutboundRefused
from idp.login import consent, deliveries, signout
from idp.login.browser.sessions import Ended, Session
from idp.login.signout import Notice
from idp.oidc import claims, encryption, front_logout, ledger
from idp.oidc.tokens import signer
from idp.protocols import Services

JOB: Final = "oidc.logout"
REMINDER: Final = "oidc.logout.reminder"
REMIND_AFTER: Final = 30.0  # seconds in which a browser is back at the application that asked
FIELD: Final = "backchannel_logout_uri"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME: Final = 120  # seconds; BCL §2.4 recommends two minutes at most


class NotConfirmed(Exception):
    """The application did not confirm; the queue tries again."""


def register(services: Services) -> None:
    """Let the queue know how applications are told."""
    services.jobs.register(
        JOB, lambda payload: deliver(services, payload), retries=signout.RETRIES, retry_delay=signout.BEFORE_RETRY
    )
    services.jobs.register(REMINDER, lambda payload: _remind(services, payload))


def notices(services: Services, session: Session | Ended) -> list[Notice]:
    """Everybody who holds tokens of the session; those without a logout URI of either kind cannot be told."""
    # What ended with the session is revoked by now, and still to be told.
    known = ledger.clients_of_session(services, session.id, revoked=isinstance(session, Ended))
    found = (services.registry.find(client_id) for client_id in known)
    return [_notice(services, client, session) for client in found if client is not None]


def _notice(services: Services, client: Client, session: Session | Ended) -> Notice:
    frame = front_logout.frame_of(services, client, session)
    if not client.oidc.backchannel_logout_uri:
        return Notice(client.id, client.name, frame=frame)
    payload = {"client_id": client.id, "person_id": session.person_id, "session_id": session.id}
    return Notice(client.id, client.name, JOB, payload=payload, frame=frame)


def remind(services: Services, client_id: str, tx: Transaction, session: Session) -> None:
    """Tell the application that asked for the sign-out as well, once, when the browser must have come back to it.

    Sooner, it would lose its own session before its sign-out is done (Keycloak then shows an error). Never would leave
    it open where the browser was closed on the way. By `sid` alone, so that nobody who signed in again is signed out.
    """
    client = services.registry.find(client_id) if client_id else None
    if client is None or not client.oidc.backchannel_logout_uri:
        return
    services.jobs.enqueue(REMINDER, {"client_id": client.id, "session_id": session.id}, delay=REMIND_AFTER, tx=tx)


def _remind(services: Services, payload: dict[str, Any]) -> None:
    client = services.registry.find(payload["client_id"])
    if client is not None and client.oidc.backchannel_logout_uri:
        token = logout_token(services, client, "", payload["session_id"])
        reach.outbound(services, client.metadata).post(client.oidc.backchannel_logout_uri, {"logout_token": token})


def deliver(services: Services, payload: dict[str, Any]) -> None:
    """Send one Logout Token, made anew for each try. Errors: `NotConfirmed`, `OutboundRefused`, `OutboundFailed`."""
    if signout.is_told(services, payload):
        return
    client = services.registry.find(payload["client_id"])
    if client is None or not client.oidc.backchannel_logout_uri:
        return
    with deliveries.trying(services, payload):
        _send(services, client, client.oidc.backchannel_logout_uri, payload)
    signout.mark_told(services, payload)


def _send(services: Services, client: Client, uri: str, payload: dict[str, Any]) -> None:
    token = logout_token(services, client, payload["person_id"], payload["session_id"])
    try:
        fetched = reach.outbound(services, client.metadata).post(uri, {"logout_token": token})
        # BCL §2.8: 200; some frameworks turn an empty one into 204.
        if fetched.status not in (200, 204):
            raise NotConfirmed(f"it answered with status {fetched.status}{_said(fetched.body)}")
    except (NotConfirmed, OutboundFailed, OutboundRefused) as error:
        services.faults.undelivered(client.id, f"{uri}: {error}", reach.explain(uri, error, FIELD))
        raise


def _said(body: bytes) -> str:
    """BCL §2.8: the error of a 400 as JSON, in the application's words; '' where it is none."""
    try:
        found = json.loads(body[:4096])
    except ValueError:
        return ""
    words = [found.get(name) for name in ("error", "error_description")] if isinstance(found, dict) else []
    told = ": ".join(one for one in words if isinstance(one, str))
    return f" ({printable(told)[:200]})" if told else ""


def logout_token(services: Services, client: Client, person_id: str, session_id: str) -> str:
    """BCL §2.4: sub (where `person_id` is given) and sid, the event, what else is registered, and never a nonce."""
    now = int(services.clock())
    token = {
        **_about(services, client, person_id, session_id),
        "iss": services.issuer,
        **({"sub": claims.subject(services, client, person_id)} if person_id else {}),
        "aud": client.id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sid": claims.session(services, client, session_id),
    }
    signed = signer(services, client, client.oidc.jwt_alg).sign_jwt(token, "logout+jwt")
    return encryption.sealed(services, client, "id_token", signed)  # BCL §2.6: as ID tokens are


def _about(services: Services, client: Client, person_id: str, session_id: str) -> dict[str, Any]:
    """The claims that the client is registered to be told by: it may know people by an employee number alone.

    Only what it was granted in this session, or the person has agreed to: nobody is asked when they sign out.
    """
    names = client.metadata.get("logout_token_claims") or ()
    person = services.directory.find(person_id) if names and person_id else None
    if person is None:
        return {}
    scopes, wishes = ledger.granted(services, session_id, client.id)
    scopes |= {*consent.given(services, person_id).get(client.id, ())}
    recipient = claims.to(services, client)
    return claims.of_person(recipient, claims.row_of(person), [], claims.agreed(recipient, scopes, wishes, names))
