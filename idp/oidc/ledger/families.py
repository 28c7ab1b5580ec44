"""A family: everything that one authorization gave. Made once for one code, and dead by any of five rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from clients.access import decide
from clients.client import Client
from idp.errors import OAuthError, Stale
from idp.ids import digest, new_secret
from idp.oidc.ledger import devices, store
from idp.oidc.ledger.access_tokens import AccessToken, insert_access, new_access, with_access
from idp.oidc.ledger.devices import Device
from idp.oidc.ledger.grant import ALONE, CodeReused, Grant, Holder, Issued, Terms, to_json
from idp.oidc.ledger.redeeming import redeem
from idp.oidc.ledger.revocation import Given, revoke_code
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

#: Why a family does not stand any more, as it is recorded.
TURNED_OFF = "the application is disabled or removed"
TURNED_OFF_SINCE = "the application was disabled, or has become another, after this was issued"
REVOKED = "the grant was revoked"
PERSON_GONE = "the account is disabled or gone"
CONSENT_GONE = "the person took the consent back"
SESSION_ENDED = "the session has ended"
NO_ACCESS = "the person may not use this application any more"
LEFT_GROUP = "the application shares no sign-ins any more"
IN_FRONT = 300  # seconds at most that an access token lives which went through the browser
REFRESH = "dwr_"  # a prefix that a secret scanner can look for


def why_dead(
    row: Any, client: Client | None, now: float, *, issued_at: float | None = None, alone: bool = False
) -> str:  # fmt: skip
    """Why a family does not stand any more, or ''. Every refresh, userinfo and introspection asks here.

    `issued_at`: when the code was, where the family is only about to be made; `alone`: it will have no session.
    """
    since = row.family_created_at if issued_at is None else issued_at
    if client is None or not client.enabled:
        return TURNED_OFF
    if since <= client.tokens_after:
        return TURNED_OFF_SINCE
    if getattr(row, "revoked_at", None) is not None:
        return REVOKED
    if not row.person_enabled:
        return PERSON_GONE
    if row.revoked_before is not None and since <= row.revoked_before:
        return CONSENT_GONE
    # Native SSO 1.0 §4.3: what it has by another app's sign-in, and by no browser, rests on the group.
    if getattr(row, "device_id", None) and not row.code_hash and not client.oidc.native_sso_group:
        return LEFT_GROUP
    # offline_access that an admin took away holds for grants that are out already.
    kind = ALONE if alone else getattr(row, "offline", 0)
    offline = kind == ALONE or (kind and "offline_access" in client.oidc.scopes)
    if not offline and (
        row.session_expires_at is None or row.session_ended_at is not None or now >= row.session_expires_at
    ):
        return SESSION_ENDED
    if not decide(client, row.person_id, tuple(json.loads(row.groups)), now).allowed:
        return NO_ACCESS
    return ""


def is_taken_back(row: Any, client: Client, since: float) -> bool:
    """Whether the person has taken the consent back that a token stands on which no sign-in to this application gives.

    Where people are asked, their last word counts; elsewhere what began before they took it back has ended.
    """
    if not row.revoked_before:
        return False
    if client.consent == "explicit":
        return bool(row.consent_granted_at <= row.revoked_before)
    return bool(since <= row.revoked_before)


def within_access(access: AccessToken, row: Any, client: Client) -> AccessToken:
    """No longer than the person may use the application: a JWT that others check ends then by itself (R4)."""
    if not client.access.terms:
        return access
    end = decide(client, row.person_id, tuple(json.loads(row.groups)), access.issued_at).until
    return access if end is None else access.until(end)


def check_version(services: Services, row: Any) -> None:
    """Whether this process's view of the registry is the one that the row was read under. Errors: `Stale`."""
    if row is not None and row.clients_version != services.registry.version:
        raise Stale


def mint(
    services: Services, asked: TokenRequest, grant: Grant, terms: Terms, device: Device | None = None
) -> Issued:  # fmt: skip
    """Turn a grant into a family and its first tokens, once.

    `terms`: what the first access token is good for, within what the grant allows; `device`: whose sign-in it is, where
    another app on it began that. Errors: `CodeReused`, `OAuthError` (invalid_grant), `Stale`.
    """
    now, client = services.clock(), asked.client
    device = device or devices.asked_for(services, asked, grant)
    secret = new_secret() if "refresh_token" in client.oidc.grant_types else None
    access = new_access(services, client, now)
    life = _absolute_life(services, client) if secret is not None else access.expires_in + 60
    access = access.until(now + life)
    family = {
        **_said_of(grant), "device_id": device.id if device is not None else None, "expires_at": now + life,
        "idle_seconds": client.oidc.refresh_token_idle or services.settings.tokens.refresh_idle, "used_at": now,
        "used_from": asked.wire.remote_address, "refresh_hash": digest(secret) if secret is not None else None,
        # RFC 9449 §5: who keeps no secret shows the key again at each refresh; others authenticate.
        "cnf": terms.cnf_json if client.oidc.is_public else "",
    }  # fmt: skip
    token = f"{REFRESH}{grant.id}.{secret}" if secret is not None else None
    if device is None and not client.access.terms:  # neither is anything that one statement could say
        row = redeem(services, client, access, terms, family)
        if row is not None:
            reason = why_dead(row, client, now, issued_at=grant.issued_at)
            if reason:
                _refuse(services, asked, grant, reason)
            return access.answer(terms, now, refresh_token=token, holder=_holder(grant, row))
    with services.db.transaction(durable=False) as tx:
        row = tx.one(store.PERSON_STANDING, person_id=grant.person_id, session_id=grant.session_id, client_id=client.id)
        check_version(services, row)
        reason = why_dead(row, client, now, issued_at=grant.issued_at) if row is not None else "no such person"
        reason = reason or devices.why_ended(tx, device)
        access = access if reason else within_access(access, row, client)
        is_first = not reason and with_access(tx, store.FIRST, access, client, terms, **family)
        if is_first:
            secret_of_device = devices.write(services, tx, device, grant, asked.wire.remote_address)
    if not is_first:
        _refuse(services, asked, grant, reason)
    issued = access.answer(terms, now, refresh_token=token, holder=_holder(grant, row, device))
    return replace(issued, device_secret=secret_of_device) if secret_of_device else issued


def mint_in_front(
    services: Services, client: Client, grant: Grant, session_end: float, address: str, *, access_token: bool
) -> Issued:  # fmt: skip
    """A family whose token goes through the browser (Core §3.2, §3.3): a short access token, and never one to refresh.

    It stands as long as its session, so that the application is among those that a sign-out tells; `access_token`:
    whether there is one, beside an ID token. Errors: `Stale`, `OAuthError` (access_denied) where the grant stands no
    more.
    """
    now = services.clock()
    access = new_access(services, client, now).until(now + IN_FRONT)
    terms = Terms(grant.scope, grant.resource)  # RFC 9396's details come with a code alone
    with services.db.transaction(durable=False) as tx:
        row = tx.one(store.PERSON_STANDING, person_id=grant.person_id, session_id=grant.session_id, client_id=client.id)
        check_version(services, row)
        reason = why_dead(row, client, now, issued_at=grant.issued_at) if row is not None else "no such person"
        access = access if reason else within_access(access, row, client)
        stands = not reason and tx.run(
            store.INSERT_FAMILY,
            **_said_of(grant),
            expires_at=max(session_end, now + access.expires_in),
            idle_seconds=0,
            used_at=now,
            used_from=address,
            refresh_hash=None,
            cnf="",
        )
        if stands and access_token:
            insert_access(tx, client, access, grant.id, terms)
    if not stands:
        raise OAuthError(
            "access_denied", "The grant does not stand any more.", detail=reason or SESSION_ENDED,
            field="response_type", expected="a grant that stands", got=reason or SESSION_ENDED,
            fix="Let the application sign the person in again.", kind="grant_ended",
        )  # fmt: skip
    return access.answer(terms, now, refresh_token=None, holder=_holder(grant, row))


def _said_of(grant: Grant) -> dict[str, Any]:
    """The columns of a new family that its grant says."""
    return {
        "id": grant.id, "code_hash": grant.code_hash, "client_id": grant.client_id, "person_id": grant.person_id,
        "session_id": grant.session_id, "scope": grant.scope, "resource": to_json(grant.resource),
        "claims": to_json(grant.claims), "auth_time": grant.auth_time, "methods": grant.methods,
        "offline": int(grant.offline),
        "created_at": grant.issued_at,  # what is taken back or disabled while this is under way ends it, too
        "answered_scope": "", "answered_resource": "[]", "answered_cnf": "", "generation": 0,
        "device_id": None, "browser": grant.browser or None,
        "details": to_json(grant.details) if grant.details else "", "answered_details": "",
    }  # fmt: skip


def _absolute_life(services: Services, client: Client) -> int:
    """Seconds after which a family ends, however often its refresh token is used."""
    return client.oidc.refresh_token_absolute or services.settings.tokens.refresh_absolute


def _refuse(services: Services, asked: TokenRequest, grant: Grant, reason: str) -> None:
    # A second use ends what the first one gave, also where the grant itself does not stand any more.
    why = reason or "the code was used twice"
    revoke_code(services, asked.wire, Given(grant.id, grant.client_id, grant.person_id), why)
    if reason:
        raise OAuthError(
            "invalid_grant", "The grant does not stand any more.", detail=reason, field="code",
            expected="a grant that stands", got=reason, fix="Let the application sign the person in again.",
            kind="grant_ended",
        )  # fmt: skip
    raise CodeReused


def _holder(grant: Grant, person: Any, device: Device | None = None) -> Holder:
    methods, device_id = tuple(grant.methods.split()), device.id if device is not None else ""
    return Holder(
        grant.id, grant.person_id, grant.session_id, grant.auth_time, methods, grant.claims, person, device_id
    )
