"""A family that no session of ours is behind: another issuer's word of a person is (RFC 7523 §2.1).

It stands until its one access token ends; the person, the consent that was taken back, the application and the access
to it end it as they end every other.
"""

from __future__ import annotations

from typing import Any

from clients.client import Client
from idp.audit import Event, record
from idp.errors import OAuthError
from idp.ids import new_id
from idp.oidc.ledger import store
from idp.oidc.ledger.access_tokens import insert_access, new_access
from idp.oidc.ledger.families import CONSENT_GONE, REVOKED, check_version, is_taken_back, why_dead, within_access
from idp.oidc.ledger.grant import ALONE, Holder, Issued, Terms, to_json
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services


def standing(services: Services, client: Client, person_id: str, session_id: str, issued_at: float) -> tuple[Any, str]:
    """The person's row, and why what they were signed in for does not stand any more, or ''. Errors: `Stale`."""
    row = services.db.one(
        store.SIGN_IN_STANDING, person_id=person_id, session_id=session_id, client_id=client.id
    )  # fmt: skip
    check_version(services, row)
    if row is None:
        return row, "no such person"
    reason = why_dead(row, client, services.clock(), issued_at=issued_at)
    return row, reason or ("" if row.grants else REVOKED)


def mint_alone(
    services: Services, asked: TokenRequest, person_id: str, terms: Terms, auth_time: float, issuer: str
) -> Issued:  # fmt: skip
    """An access token about a person and no refresh token, with its event. Errors: `OAuthError`, `Stale`."""
    now, client = services.clock(), asked.client
    access, family_id = new_access(services, client, now), new_id(now)
    with services.db.transaction(durable=False) as tx:
        row = tx.one(store.PERSON_STANDING, person_id=person_id, session_id="", client_id=client.id)
        check_version(services, row)
        reason = why_dead(row, client, now, issued_at=now, alone=True) if row is not None else "no such person"
        if not reason and is_taken_back(row, client, auth_time):
            reason = CONSENT_GONE
        if reason:
            raise OAuthError(
                "invalid_grant", "The grant does not stand.", detail=reason, field="assertion",
                expected="a person who may use the application", got=reason, kind="grant_ended",
                fix="Let the person be enabled here, let into the application, and not have taken their consent back.",
            )  # fmt: skip
        access = within_access(access, row, client)
        tx.run(
            store.INSERT_ALONE, id=family_id, code_hash="", client_id=client.id, person_id=person_id, session_id="",
            scope=terms.scope, resource=to_json(terms.resource), claims="{}", auth_time=auth_time, methods="",
            offline=ALONE, created_at=now, expires_at=now + access.expires_in, idle_seconds=0, used_at=now,
            used_from=asked.wire.remote_address, refresh_hash=None, answered_scope="", answered_resource="[]",
            answered_cnf="", answered_details="", generation=0, cnf="", details="", device_id=None, browser=None,
        )  # fmt: skip
        insert_access(tx, client, access, family_id, terms)
        record(tx, Event(
            "token:asserted", actor=client.id, person_id=person_id, client_id=client.id,
            address=asked.wire.remote_address, request_id=asked.wire.id,
            detail={"issuer": issuer, "scope": terms.scope, "resource": terms.resource},
        ), now)  # fmt: skip
    holder = Holder(family_id, person_id, None, auth_time, (), {}, row)
    return access.answer(terms, now, refresh_token=None, holder=holder)
