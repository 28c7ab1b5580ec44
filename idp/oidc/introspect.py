"""Token introspection (RFC 7662)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import authorization_details, bearer, client_auth, encryption, ledger, tokens
from idp.oidc import claims as claim_rules
from idp.protocols import Services
from idp.traffic import INTROSPECTED, OTHERS, Traffic
from idp.wire import Json, Raw, Request, Response

JWT = "application/token-introspection+jwt"
_WEIGHT = re.compile(r"q=(0(\.\d{0,3})?|1(\.0{0,3})?)")
_INACTIVE: dict[str, Any] = {"active": False}  # RFC 7662 §2.2: and nothing else


def introspect(services: Services, request: Request) -> Response:
    """POST /oauth/introspect. The caller proves itself (§2.1)."""
    caller = client_auth.authenticate(services, request, public=False)
    token = request.form.get("token")
    if token is None:
        client_auth.check_form(request)
        raise OAuthError(
            "invalid_request",
            "token is missing.",
            field="token",
            expected="a token in the form",
            fix="Let it send the token as the parameter “token” of the form.",
            kind="token_missing",
        )
    if token.startswith(ledger.REFRESH):
        return _answer(services, request, caller, _refresh(services, caller, token))
    access = bearer.find(services, token)
    is_hidden = access is not None and bool(access.audience) and not may_see(services, caller, access)
    services.part(Traffic).proven(OTHERS if is_hidden else INTROSPECTED, caller.id)
    if is_hidden or access is None or not access.audience:
        return _answer(services, request, caller, _INACTIVE)
    body: dict[str, Any] = {
        "active": True,
        "scope": " ".join(access.scope),
        "client_id": access.client_id,
        "token_type": tokens.token_type(access.cnf),
        "exp": int(access.expires_at),
        "iat": int(access.issued_at),
        "sub": claim_rules.subject_of(services, access.client_id, access.person_id),
        "aud": list(access.audience),
        "iss": services.issuer,
        "jti": access.token_id,
    }
    if access.exchanged is not None and access.exchanged.act:  # RFC 8693 §4.1
        body["act"] = dict(access.exchanged.act)
    if access.cnf:  # RFC 9449 §6.2, RFC 8705 §3.2
        body["cnf"] = dict(access.cnf)
    if access.details:  # RFC 9396 §9.2
        of = services.registry.get(access.client_id)
        body |= _in_detail(authorization_details.seen_by(services, caller, of, access.details))
    if access.row is not None and access.person_id is not None:
        body |= bearer.signed_in(access.row)
        if _may_name(services, access.client_id, access.scope):
            body["username"] = access.row.username
    return _answer(services, request, caller, body)


def _answer(services: Services, request: Request, caller: Client, body: dict[str, Any]) -> Response:
    """JSON, or what RFC 9701 §4 makes of it for a caller that asks for a JWT."""
    if not _wants_jwt(request.header("Accept")):
        return Json(body=body)
    # RFC 9701 §5: for this caller, and of a type of its own, so that it passes for no other token.
    claims = {
        "iss": services.issuer, "aud": caller.id, "iat": int(services.clock()), "token_introspection": body,
    }  # fmt: skip
    key = tokens.signer(services, caller, caller.oidc.introspection_signed_response_alg)
    signed = key.sign_jwt(claims, "token-introspection+jwt")
    found = encryption.sealed(services, caller, "introspection", signed).encode("ascii")
    return Raw(body=found, content_type=JWT, headers=(("Cache-Control", "no-store"), ("Vary", "Accept")))


def _wants_jwt(accept: str) -> bool:
    """Whether the JWT is named, and JSON not as better: not by a wildcard, which libraries send that want JSON."""
    weights = dict(map(_weighed, accept.lower().split(",")))
    return weights.get(JWT, 0.0) > 0 and weights[JWT] >= weights.get("application/json", 0.0)


def _weighed(part: str) -> tuple[str, float]:
    """A media type and how much it is wanted (RFC 9110 §12.4.2, §12.5.1): fully, where nobody says otherwise."""
    name, *more = (one.strip() for one in part.split(";"))
    said = next((one for one in more if one.startswith("q=")), "q=1")
    return name, float(said[2:]) if _WEIGHT.fullmatch(said) else 1.0


def may_see(services: Services, caller: Client, access: bearer.Access) -> bool:
    """Whether it is the token's own client, a resource that it is meant for, or one that an admin let see all (§4)."""
    if caller.id == access.client_id or caller.oidc.introspection == "all":
        return True
    meant_for_caller = any(uri in access.audience for uri in caller.oidc.resources if uri != services.issuer)
    return caller.oidc.introspection == "audience" and meant_for_caller


def _refresh(services: Services, caller: Client, token: str) -> dict[str, Any]:
    row = ledger.find_refresh(services, token)
    if row is None or row.client_id != caller.id:
        return _INACTIVE
    scope = bearer.standing_scope(caller, row.granted_scope)
    body = {
        "active": True,
        "scope": " ".join(scope),
        "client_id": row.client_id,
        "token_type": "refresh_token",
        "exp": int(min(row.family_expires_at, row.used_at + row.idle_seconds)),
        "iat": int(row.used_at),
        "sub": claim_rules.subject_of(services, row.client_id, row.person_id),
        "iss": services.issuer,
    }
    granted = json.loads(row.granted_details or "[]")
    body |= _in_detail(authorization_details.standing(services, caller, granted, json.loads(row.granted_resource)))
    return {**body, "username": row.username} if _may_name(services, row.client_id, scope) else body


def _in_detail(details: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"authorization_details": [dict(one) for one in details]} if details else {}


def _may_name(services: Services, client_id: str, scope: tuple[str, ...]) -> bool:
    """A username is the same in every sector: where subjects are pairwise, it is for whoever may read the profile."""
    client = services.registry.find(client_id)
    return client is None or not client.oidc.sector or "profile" in scope
