"""Refresh tokens: a chain in which each yields the next under a key of ours (RFC 6749 §6, RFC 9700 §4.14).

So a lost response can be answered again with the very same token, and an old one can be told from a made-up one.
Everything that may have ended since is looked at again, right before the one statement that rotates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from idp.db import Apart, Transaction
from idp.errors import OAuthError
from idp.ids import digest, split
from idp.oidc import authorization_details
from idp.oidc.ledger import store
from idp.oidc.ledger.access_tokens import lifetime, new_access, with_access
from idp.oidc.ledger.chain import Chain, Repeat, Reused, chain_of, decide, is_current
from idp.oidc.ledger.families import REFRESH, check_version, why_dead, within_access
from idp.oidc.ledger.grant import Holder, Issued, Terms, to_json
from idp.oidc.ledger.revocation import Given, revoke_family
from idp.oidc.scopes import check_parted
from idp.oidc.token_request import TokenRequest, is_for_us_alone
from idp.protocols import Services
from idp.traffic import REUSED, Traffic

ABSOLUTE_END = "the refresh token has reached its absolute end"
IDLE = "the refresh token was not used for too long"
_CERTIFICATE = "x5t#S256"  # RFC 8705 §3.1


def refresh(services: Services, asked: TokenRequest, token: str) -> Issued:
    """Use a refresh token: rotate it, or within the grace answer just as before. Errors: `OAuthError`, `Stale`."""
    presented = split(token, REFRESH)
    if presented is None:
        raise _invalid("not a refresh token of ours", kind="refresh_token")
    family_id, secret = presented
    client, chain, now = asked.client, chain_of(services, family_id), services.clock()
    with services.db.optimistic() as tx:
        row = tx.one(store.FAMILY, family_id=family_id, jti="")
        if row is None or row.client_id != client.id or row.refresh_hash is None:
            raise _invalid("unknown, or of another application", kind="refresh_token")
        check_version(services, row)
        _check_usable(row, client, now)
        _check_bound(row, asked)
        use = _Use(row, secret, chain, now, _narrowed(services, row, asked), asked.wire.remote_address)
        if is_current(row, secret):
            issued = _rotate(services, tx, client, use)
            if issued is not None:
                return issued
            # PostgreSQL only: another process rotated between our read and our write, or revoked.
            row = tx.one(store.FAMILY, family_id=family_id, jti="")
            _check_usable(row, client, now)
    decision = decide(row, secret, chain, now, services.settings.tokens.refresh_grace)
    if isinstance(decision, Repeat):
        return _repeat(services, client, replace(use, row=row))
    if isinstance(decision, Reused):
        why = "a rotated refresh token was used again"
        revoke_family(services, asked.wire, Given(family_id, client.id, row.person_id), why)
        services.part(Traffic).proven(REUSED, client.id, family_id, asked.wire.remote_address, now)
        raise _invalid(f"{why}; the family is revoked", kind="refresh_token_reused")
    raise _invalid("not a token of this family", kind="refresh_token")


@dataclass(frozen=True, slots=True)
class _Use:
    """One use of one refresh token."""

    row: Any
    secret: str
    chain: Chain
    now: float
    terms: Terms
    address: str  # whence it came


def _rotate(services: Services, tx: Transaction | Apart, client: Client, use: _Use) -> Issued | None:
    """Write the use down with its access token; None where another was first."""
    row, now = use.row, use.now
    usual = {"family_id": row.family_id, "now": now, "address": use.address, "bound": _bound(row, client, use)}
    if client.oidc.refresh_token_rotation and not row.family_cnf:  # a key stands for it: RFC 9700 §4.14.2
        successor = use.chain.successor(use.secret)
        access = use.chain.access_token(use.secret, now, lifetime(services, client))
        change = store.ROTATION
        usual |= {
            "presented": row.refresh_hash, "next_hash": digest(successor), "answered_scope": use.terms.scope,
            "answered_resource": to_json(use.terms.resource), "answered_cnf": use.terms.cnf_json,
            "answered_details": use.terms.details_json,
        }  # fmt: skip
    else:
        successor, access, change = use.secret, new_access(services, client, now), store.USE
    access = within_access(access.until(row.family_expires_at), row, client)
    if not with_access(tx, change, access, client, use.terms, **usual):
        return None
    return access.answer(use.terms, now, refresh_token=_value(row, successor), holder=_holder(row))


def _repeat(services: Services, client: Client, use: _Use) -> Issued:
    """The answer of then once more; nothing is written. Errors: `OAuthError` where it was for another key."""
    row = use.row
    if row.answered_cnf != use.terms.cnf_json:
        raise _of_another_key(json.loads(row.answered_cnf or "{}"), use.terms.cnf)
    access = use.chain.access_token(use.secret, row.used_at, lifetime(services, client)).until(row.family_expires_at)
    access = within_access(access, row, client)
    details = json.loads(row.answered_details or "[]")
    terms = Terms(row.answered_scope, json.loads(row.answered_resource), use.terms.cnf, details=details)
    token = _value(row, use.chain.successor(use.secret))
    return access.answer(terms, use.now, refresh_token=token, holder=_holder(row))


def _bound(row: Any, client: Client, use: _Use) -> str:
    """What the refresh token is bound to from now on (RFC 9449 §5): by the first proof of who keeps no secret."""
    return row.family_cnf or (use.terms.cnf_json if client.oidc.is_public else "")


def _value(row: Any, secret: str) -> str:
    return f"{REFRESH}{row.family_id}.{secret}"


def _holder(row: Any) -> Holder:
    methods, claims = tuple(row.methods.split()), json.loads(row.claims)
    return Holder(
        row.family_id, row.person_id, row.session_id, row.auth_time, methods, claims, row, row.device_id or ""
    )


def _check_usable(row: Any, client: Client, now: float) -> None:
    if reason := _why_unusable(row, client, now):
        raise _invalid(reason, kind="refresh_token_ended")


def _why_unusable(row: Any, client: Client | None, now: float) -> str:
    if row is None:
        return "the family is gone"
    if now >= row.family_expires_at:
        return ABSOLUTE_END
    if now >= row.used_at + row.idle_seconds:
        return IDLE
    return why_dead(row, client, now)


def _narrowed(services: Services, row: Any, asked: TokenRequest) -> Terms:
    """What this use is for: all that was granted, or less."""
    terms = _within(row, asked)
    granted = json.loads(row.granted_details) if row.granted_details else []
    details = authorization_details.narrowed(services, asked, granted, terms.resource)
    return replace(terms, details=details)


def _within(row: Any, asked: TokenRequest) -> Terms:
    """Scope and resource of this use."""
    # What an admin took from the application since is gone from its grants as well.
    granted = [s for s in row.granted_scope.split() if s in asked.client.oidc.scopes]
    if asked.scope is not None:
        check_parted(asked.scope, granted)
        if not set(asked.scope.split()) <= set(granted):  # RFC 6749 §6: never more than was granted
            raise OAuthError(
                "invalid_scope", "A refresh cannot ask for more than was granted.",
                field="scope", expected=" ".join(granted), got=asked.scope,
                fix="Let the application leave scope out when it refreshes, or sign the person in again for more.",
                kind="refresh_scope",
            )  # fmt: skip
    scope = " ".join(granted if asked.scope is None else asked.scope.split())
    all_of_it = json.loads(row.granted_resource)
    if is_for_us_alone(asked, all_of_it, may_be_ours=not all_of_it or "openid" in granted):
        return Terms(scope, [], asked.cnf)
    resource = [uri for uri in all_of_it if uri in asked.client.oidc.resources]
    if not set(asked.resource) <= set(resource):  # RFC 8707 §2.2
        raise OAuthError(
            "invalid_target", "A refresh cannot ask for a resource that was not granted.",
            field="resource", expected=", ".join(resource), got=", ".join(asked.resource), kind="resource",
        )  # fmt: skip
    if all_of_it and not resource and "openid" not in granted:  # a token for us was never among it
        raise OAuthError(
            "invalid_target", "The application may have tokens for none of the granted resources any more.",
            field="resource", expected=", ".join(all_of_it), got="none of them",
            fix="Let an admin look at the application's resources, or sign the person in again for others.",
            kind="resource",
        )  # fmt: skip
    return Terms(scope, asked.resource or resource, asked.cnf)


def _check_bound(row: Any, asked: TokenRequest) -> None:
    """RFC 9449 §5: the refresh token of an app that keeps no secret is good with its key alone."""
    if row.family_cnf and json.loads(row.family_cnf) != asked.cnf:
        raise _of_another_key(json.loads(row.family_cnf), asked.cnf)


def _of_another_key(bound: Mapping[str, str], shown: Mapping[str, str]) -> OAuthError:
    if _CERTIFICATE in {**bound, **shown} and bound.get(_CERTIFICATE) != shown.get(_CERTIFICATE):
        return _of_another_certificate(bound, shown)
    what = "a proof by another key" if "jkt" in shown else "no proof"
    return OAuthError(
        "invalid_grant", "The refresh token is bound to a key: send a DPoP proof by that very key.",
        detail=f"the refresh token is bound to a key, and {what} came", field="DPoP", got=what,
        expected="a proof by the key that it was given for", kind="dpop_binding",
        fix="Let the application keep its DPoP key as long as its refresh token (in a browser: IndexedDB, not "
        "extractable), and sign the person in again where it is lost.",
    )  # fmt: skip


def _of_another_certificate(bound: Mapping[str, str], shown: Mapping[str, str]) -> OAuthError:
    """RFC 8705 §4: the refresh token of an app that keeps no secret is good with its certificate alone."""
    wanted, got = (one.get(_CERTIFICATE, "no certificate") for one in (bound, shown))
    return OAuthError(
        "invalid_grant", "The refresh token is bound to a certificate: show that very one.",
        detail=f"the refresh token is bound to a certificate, and {got} came", field=_CERTIFICATE, got=got,
        expected=wanted, kind="certificate_binding",
        fix="Let the application keep its certificate as long as its refresh tokens, and sign the person in again "
        "after a renewal.",
    )  # fmt: skip


def _invalid(reason: str, *, kind: str) -> OAuthError:
    # Which of them it is stands under the id: whoever found an old token learns nothing.
    return OAuthError(
        "invalid_grant", "The refresh token is invalid, expired or revoked.", detail=reason,
        field="refresh_token", expected="the latest refresh token of a sign-in that stands", got=reason,
        fix="Let the application sign the person in again, and keep the refresh token of each answer.", kind=kind,
    )  # fmt: skip


# -- looking one up without using it ---------------------------------------------------------------------------------


def find_refresh(services: Services, token: str) -> Any | None:
    """The row of a live, current refresh token, or None."""
    found = _find(services, token)
    if found is None:
        return None
    row, secret = found
    check_version(services, row)
    if not is_current(row, secret):
        return None
    return None if _why_unusable(row, services.registry.find(row.client_id), services.clock()) else row


def find_genuine(services: Services, token: str) -> Any | None:
    """The family of a refresh token of ours, current or rotated, dead or alive; None for a made-up one."""
    found = _find(services, token)
    if found is None:
        return None
    row, secret = found
    chain = chain_of(services, row.family_id)
    return row if is_current(row, secret) or chain.leads_to(secret, row.refresh_hash, row.generation) else None


def _find(services: Services, token: str) -> tuple[Any, str] | None:
    """The row of the family that a refresh token names, and the token's secret. One read."""
    presented = split(token, REFRESH)
    row = services.db.one(store.FAMILY, family_id=presented[0], jti="") if presented else None
    return (row, presented[1]) if presented and row is not None and row.refresh_hash is not None else None
