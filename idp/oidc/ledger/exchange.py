"""Access tokens that are made of others (RFC 8693): written in the family of the first one, and dead with it.

So whatever ends a sign-in ends what was made of it as well, and nothing of it outlives the token that was shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from clients.access import decide
from clients.client import Client
from idp.audit import Event, record
from idp.errors import OAuthError
from idp.oidc import authorization_details
from idp.oidc.ledger import store
from idp.oidc.ledger.access_tokens import insert_access, new_access
from idp.oidc.ledger.families import CONSENT_GONE, check_version, is_taken_back, within_access
from idp.oidc.ledger.grant import Exchanged, Holder, Issued, Terms
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services


def exchange(services: Services, asked: TokenRequest, holder: Holder, terms: Terms, end: float, how: str) -> Issued:
    """A token of `asked.client` about the holder, until `end` at the latest, with its event.

    Errors: `Stale`, `OAuthError` (invalid_request, RFC 8693 §2.2.2) where the person took their consent back.
    """
    now, client = services.clock(), asked.client
    access = within_access(new_access(services, client, now).until(end), holder.person, client)
    exchanged = terms.exchanged
    assert exchanged is not None
    with services.db.transaction(durable=False) as tx:
        row = tx.one(store.CONSENT_OF, of_person=holder.person_id, of_client=client.id)
        check_version(services, row)
        if how != "itself" and is_taken_back(row, client, holder.person.family_created_at):
            raise _consent_gone(client)
        if how != "itself" and client.consent == "explicit":
            _check_agreed(client, row, terms)
        insert_access(tx, client, access, holder.family_id, terms)
        record(tx, Event(
            "token:exchanged", actor=client.id, person_id=holder.person_id, client_id=client.id,
            session_id=holder.session_id, address=asked.wire.remote_address, request_id=asked.wire.id,
            detail={
                "of": exchanged.via[-1], "how": how, "scope": terms.scope, "resource": terms.resource,
                "act": dict(exchanged.act),
            },
        ), now)  # fmt: skip
    return access.answer(terms, now, refresh_token=None, holder=holder)


def _check_agreed(client: Client, row: Any, terms: Terms) -> None:
    """Where people are asked, another application's yes is none for this one. Errors: `OAuthError`."""
    agreed = frozenset((row.agreed_scopes or "").split()) if row.consent_granted_at else frozenset()
    wanted = (*terms.scope.split(), *authorization_details.names(terms.details))
    missing = [one for one in wanted if one not in agreed]
    if not missing and row.consent_granted_at:
        return
    raise OAuthError(
        "invalid_request", "The person has not agreed to this at this application.", field="subject_token",
        expected="what the person agreed to here: " + (" ".join(sorted(agreed)) or "nothing so far"),
        got=" ".join(missing)[:300] or "no consent", kind="exchange_policy",
        fix=f"Let the person sign in to {client.id} once and agree. Where an admin answers for them: "
        f"doorward client set {client.id} consent=implicit",
    )  # fmt: skip


def _consent_gone(client: Client) -> OAuthError:
    return OAuthError(
        "invalid_request", "The person took back what they let this application have.", field="subject_token",
        expected="the consent of the person", got=CONSENT_GONE, kind="exchange_policy",
        fix=f"Let the person sign in to {client.id} and agree again, if they like.",
    )  # fmt: skip


def may_exchange(of: Client, by: Client) -> str:
    """How an application may use another one's tokens: "itself", "delegation", "impersonation", or "" for not at all.

    The application whose tokens they are names who may; its own it may always make narrower.
    """
    if of.id == by.id:
        return "itself"
    if by.id in of.oidc.may_impersonate:
        return "impersonation"
    return "delegation" if by.id in of.oidc.may_act else ""


def stands(services: Services, exchanged: Exchanged, client: Client, row: Any, issued_at: float) -> bool:
    """Whether everything still holds that a token stands on beside the family that it was made in.

    `client`: whose token it is; `row` has the person. Each application on the way may have been turned off since;
    each pair, each token that it was made of and what the person let that application have may have been taken back.
    """
    if row.revoked_of:
        return False
    if row.own_revoked_before is not None and issued_at <= row.own_revoked_before:
        return False
    way = [services.registry.find(client_id) for client_id in exchanged.via]
    if not _are_on([*way, client], issued_at):
        return False
    steps = zip(way, [*way[1:], client], exchanged.how, strict=True)
    if not all(of is not None and by is not None and _still_may(of, by, how) for of, by, how in steps):
        return False
    return decide(client, row.person_id, tuple(json.loads(row.groups)), services.clock()).allowed


def _still_may(of: Client, by: Client, how: str) -> bool:
    """Whether the pair stands as it was: what hides who acts ends where that is not allowed any more."""
    now = may_exchange(of, by)
    return bool(now) and (how != "impersonation" or now == how)


def _are_on(way: Iterable[Client | None], issued_at: float) -> bool:
    return all(one is not None and one.enabled and issued_at > one.tokens_after for one in way)


def of_row(row: Any) -> Mapping[str, Any]:
    """What an opaque token's row says of it."""
    found: Mapping[str, Any] = json.loads(row.exchanged) if row.exchanged else {}
    return found
