"""Claims about the person (Core §5.3)."""

from __future__ import annotations

import json
from typing import Any

from idp.oidc import bearer, encryption, step_up, tokens
from idp.oidc import claims as claim_rules
from idp.protocols import Services
from idp.traffic import USERINFO, Traffic
from idp.wire import Json, Raw, Request, Response, dumps


def userinfo(services: Services, request: Request) -> Response:
    """GET and POST /oauth/userinfo."""
    access = bearer.required(services, request, "openid")
    client = services.registry.find(access.client_id)
    if client is None or access.row is None or access.person_id is None:
        raise bearer.denied("invalid_token", "The access token speaks of no person.", kind="access_token_person")
    wishes = json.loads(access.row.claims)
    body: dict[str, Any] = {"sub": claim_rules.subject(services, client, access.person_id)}
    recipient = claim_rules.to(services, client)
    body |= claim_rules.of_person(
        recipient, access.row, list(access.scope), wishes.get("userinfo") or {}, wishes.get("locales", ())
    )
    services.part(Traffic).proven(USERINFO, client.id, access.family_id or "")
    algorithm = client.oidc.userinfo_signed_response_alg
    if not algorithm and not encryption.is_wanted(client, "userinfo"):
        return Json(body=body)
    # Core §5.3.2: signed, it says who made it and for whom; encrypted alone, it is the JSON itself.
    if algorithm:
        key = tokens.signer(services, client, str(algorithm))
        text, cty = key.sign_jwt({**body, "iss": services.issuer, "aud": client.id}, "JWT"), "JWT"
    else:
        text, cty = dumps(body).decode(), ""
    found = encryption.sealed(services, client, "userinfo", text, cty=cty).encode("ascii")
    return Raw(body=found, content_type="application/jwt", headers=(("Cache-Control", "no-store"),))


def whoami(services: Services, request: Request) -> Response:
    """GET /oauth/whoami: a protected resource to try a token on.

    With `acr_values` and `max_age` it demands what others would of a sign-in (RFC 9470 §3).
    """
    wanted = step_up.read(request.query)
    access = bearer.required(services, request)
    step_up.check(services, access, wanted, bearer.presented(request)[0])
    body: dict[str, Any] = {
        "sub": claim_rules.subject_of(services, access.client_id, access.person_id),
        "client_id": access.client_id,
        "scope": " ".join(access.scope),
        "aud": list(access.audience),
        "exp": int(access.expires_at),
        "token_type": tokens.token_type(access.cnf),
    }
    if access.person_id is not None:
        body |= bearer.signed_in(access.row)
    return Json(body=body)
