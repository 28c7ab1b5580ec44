"""An ID-JAG: our word of a person, that an application brings to another authorization server
(draft-ietf-oauth-identity-assertion-authz-grant §4.3), by token exchange of its own ID token.

To which servers, as whom and for how much an admin says at the application (`id_jag_audiences`).
"""

from __future__ import annotations

from typing import Any

from idp.audit import Event, record
from idp.errors import OAuthError
from idp.ids import new_id
from idp.login.authn import acr_of
from idp.oidc import authorization_details, hints, ledger, tokens
from idp.oidc import claims as claim_rules
from idp.oidc.ledger import Issued, Terms
from idp.oidc.token_request import TokenRequest
from idp.oidc.tokens import ID_TOKEN_TYPE
from idp.protocols import Services
from keys.verifying import InvalidToken

LIFETIME = 300  # seconds


def issue(services: Services, asked: TokenRequest) -> Issued:
    """The assertion, in the place of an access token. Errors: `OAuthError`, `Stale`."""
    authorization_details.check_none(asked.form)
    client, now = asked.client, services.clock()
    audience, policy = _policy(asked)
    held = _subject(services, asked)
    row, reason = ledger.standing(services, client, held["sub"], held["sid"], float(held["iat"]))
    if reason:
        raise _unusable("The sign-in of this ID token does not stand any more.", reason)
    scope, resource, token_id = _scope(asked, policy), _resource(asked, policy), new_id(now)
    claims: dict[str, Any] = {
        "iss": services.issuer, "sub": claim_rules.subject(services, client, row.person_id), "aud": audience,
        "client_id": policy["client_id"], "jti": token_id, "iat": int(now), "exp": int(now) + LIFETIME,
        "auth_time": int(held["auth_time"]), "amr": held.get("amr", []), "acr": held.get("acr", acr_of(())),
    }  # fmt: skip
    claims |= {"scope": scope} if scope else {}
    claims |= {"resource": resource if len(resource) > 1 else resource[0]} if resource else {}
    algorithm = client.oidc.id_token_signed_response_alg
    signer = tokens.signer(services, client, "RS256" if algorithm == "none" else algorithm)
    with services.db.transaction(durable=False) as tx:
        record(tx, Event(
            "token:id_jag", actor=client.id, person_id=row.person_id, client_id=client.id, session_id=held["sid"],
            address=asked.wire.remote_address, request_id=asked.wire.id,
            detail={"audience": audience, "scope": scope, "resource": resource},
        ), now)  # fmt: skip
    assertion = signer.sign_jwt(claims, "oauth-id-jag+jwt")
    return Issued("", token_id, LIFETIME, LIFETIME, Terms(scope, resource), None, None, now, assertion=assertion)


def _policy(asked: TokenRequest) -> tuple[str, Any]:
    """For which server, and what an admin lets the application say there."""
    audience = asked.form.get("audience") or ""
    policy = asked.client.oidc.id_jag_audiences.get(audience)
    if policy is None:
        raise OAuthError(
            "invalid_target", "This application may bring our word to no such authorization server.", field="audience",
            expected=" or ".join(asked.client.oidc.id_jag_audiences) or "(none)", got=audience or "(nothing)",
            fix=f"An admin registers it: doorward client set {asked.client.id} 'id_jag_audiences={{…}}'",
            kind="exchange_audience",
        )  # fmt: skip
    return audience, policy


def _subject(services: Services, asked: TokenRequest) -> dict[str, Any]:
    """The claims of the ID token that is exchanged."""
    if asked.form.get("subject_token_type") != ID_TOKEN_TYPE:
        raise _unusable(f"For an ID-JAG subject_token_type is {ID_TOKEN_TYPE}.", "another kind")
    try:
        return hints.read_live(services, asked.client.id, asked.form.get("subject_token") or "")
    except InvalidToken as error:
        raise _unusable(f"The subject_token is no live ID token: {error.reason}.", error.reason) from None


def _scope(asked: TokenRequest, policy: Any) -> str:
    let = str(policy.get("scope", "")).split()
    if asked.scope is None:
        return " ".join(let)
    given = [one for one in dict.fromkeys(asked.scope.split()) if one in let]
    if not given:
        raise OAuthError(
            "invalid_scope", "Nothing of this scope may be asked for at that server.", field="scope",
            expected=" ".join(let) or "(nothing)", got=asked.scope[:300], kind="exchange_scope",
            fix="Let it ask for less, or widen the scope in id_jag_audiences.",
        )  # fmt: skip
    return " ".join(given)


def _resource(asked: TokenRequest, policy: Any) -> list[str]:
    let = policy.get("resources", [])
    if not set(asked.resource) <= set(let):
        raise OAuthError(
            "invalid_target", "The assertion cannot be for this resource.", field="resource", kind="resource",
            expected=", ".join(let) or "(none)", got=", ".join(asked.resource)[:300],
            fix="Let it ask for a resource that stands in id_jag_audiences, or name it there.",
        )  # fmt: skip
    return asked.resource or list(let)


def _unusable(description: str, got: str) -> OAuthError:
    return OAuthError(
        "invalid_request", description, field="subject_token", expected="the ID token of a sign-in that stands",
        got=got[:200], fix="Let the application exchange the ID token of its own last sign-in.", kind="exchange_token",
    )  # fmt: skip
