"""An access token as a protected resource of ours sees it: opaque or JWT, in the header or a form (RFC 6750)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.login.authn import acr_of
from idp.oidc import authorization_details, dpop, ledger, tokens
from idp.oidc.certificates import binding
from idp.oidc.claims import wanted_acr
from idp.oidc.ledger import Exchanged
from idp.protocols import Services
from idp.wire import Request
from keys.verifying import InvalidToken, verify_own


@dataclass(frozen=True, slots=True)
class Access:
    """A live access token. `row` has the person and the family; None for client_credentials as a JWT."""

    token_id: str
    client_id: str
    person_id: str | None
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    issued_at: float
    expires_at: float
    family_id: str | None
    is_jwt: bool
    row: Any
    cnf: Mapping[str, str] = field(default_factory=dict)  # what it is bound to (RFC 7800 §3.1)
    exchanged: Exchanged | None = None  # whose token it was made of (RFC 8693)
    may_act: str = ""  # who alone may act with it, where it says so (RFC 8693 §4.4)
    details: Sequence[Mapping[str, Any]] = ()  # what it is good for beyond scopes (RFC 9396)


def find(services: Services, token: str) -> Access | None:
    """The token, if it is one of ours and still stands. One read. Errors: `Stale`."""
    if token.startswith(ledger.ACCESS):
        return _opaque(services, token)
    if token.count(".") == 2:
        return _jwt(services, token)
    return None


def _opaque(services: Services, token: str) -> Access | None:
    row = ledger.find_access(services, token)
    if row is None:
        return None
    client = services.registry.get(row.token_client_id)
    audience = tokens.audience(services, json.loads(row.resource), row.scope)
    scope = standing_scope(client, row.scope)
    if row.exchanged:  # nor more than what is left to the application that the person signed in to
        scope = standing_scope(services.registry.get(row.client_id), " ".join(scope))
    return Access(
        row.token_id, row.token_client_id, row.person_id, scope,
        standing_audience(services, client, audience),
        row.created_at, row.expires_at, row.family_id, False, row, json.loads(row.token_cnf or "{}"),
        Exchanged.from_json(json.loads(row.exchanged or "{}")),
        details=authorization_details.standing(services, client, json.loads(row.token_details or "[]"), audience),
    )  # fmt: skip


def _jwt(services: Services, token: str) -> Access | None:
    try:
        # RFC 9068 §4: typ at+jwt, so that an ID token never passes for an access token.
        claims = verify_own(services.ring, token, types=("at+jwt",), now=services.clock())
    except InvalidToken:
        return None
    if claims.get("iss") != services.issuer:
        return None
    family_id, client_id, jti = claims.get("fam"), str(claims["client_id"]), str(claims["jti"])
    exchanged = Exchanged.from_json(claims)
    whence = (client_id, exchanged.of) if exchanged is not None else ()
    row = ledger.find_family(services, family_id, jti, *whence) if family_id else None
    if family_id and row is None:
        return None
    client = services.registry.find(client_id)
    if client is None:
        return None
    if not family_id:
        if ledger.is_revoked(services, jti) or not client.enabled:
            return None
        if float(claims["iat"]) <= client.tokens_after:  # disabled since; whole seconds, so the same one counts too
            return None
    scope = standing_scope(client, str(claims["scope"]))
    if exchanged is not None:
        if row is None or not ledger.stands(services, exchanged, client, row, float(claims["iat"])):
            return None
        scope = standing_scope(services.registry.get(row.client_id), " ".join(scope))
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return Access(
        jti, client_id, row.person_id if row is not None else None, scope,
        standing_audience(services, client, audience),
        float(claims["iat"]), float(claims["exp"]), family_id, True, row, claims.get("cnf") or {}, exchanged,
        str((claims.get("may_act") or {}).get("sub", "")),
        authorization_details.standing(services, client, claims.get("authorization_details") or [], audience),
    )  # fmt: skip


def standing_scope(client: Client, scope: str) -> tuple[str, ...]:
    """What an admin has left the application of a token's scope; a change holds for tokens already out."""
    return tuple(s for s in scope.split() if s in client.oidc.scopes)


def standing_audience(services: Services, client: Client, audience: list[str]) -> tuple[str, ...]:
    """Whom a token is still meant for: ourselves, if it ever was, and the resources that the application still has."""
    return tuple(uri for uri in audience if uri == services.issuer or uri in client.oidc.resources)


def signed_in(row: Any) -> dict[str, Any]:
    """How and when the person behind a token proved who they are (RFC 9470 §6)."""
    at = {"auth_time": int(row.auth_time)} if row.auth_time else {}  # nobody says when: `sessions.UNSAID`
    return {"acr": acr_of(tuple(row.methods.split()), wanted_acr(json.loads(row.claims))), **at}


def required(services: Services, request: Request, *scopes: str) -> Access:
    """The token of this request, meant for us and with these scopes. Errors: `OAuthError` (RFC 6750 §3.1)."""
    scheme, token = presented(request)
    access = find(services, token)
    if access is None:
        raise denied("invalid_token", "The access token is unknown, expired or revoked.", kind="access_token")
    request.learn(client_id=access.client_id)
    check_bound(services, request, access, scheme, token)
    if services.issuer not in access.audience:
        raise denied("invalid_token", "The access token is meant for another resource.", kind="access_token_audience")
    missing = [scope for scope in scopes if scope not in access.scope]
    if missing:
        raise denied(
            "insufficient_scope",
            f"The access token lacks the scope {missing[0]}.",
            status=403,
            scope=missing[0],
            kind="access_token_scope",
        )
    return access


def check_bound(services: Services, request: Request, access: Access, scheme: str, token: str) -> None:
    """RFC 9449 §7, RFC 8705 §3: a bound token is taken with a proof by its key, or with its certificate, or both.

    Errors: `OAuthError`.
    """
    jkt, certificate = access.cnf.get("jkt"), access.cnf.get(binding.CNF)
    if certificate:
        binding.check(services, request, certificate)
    if scheme == "bearer" and not jkt:
        return
    if scheme == "bearer":  # §7.2: never downgraded
        raise _unproven("The access token is bound to a key: send Authorization: DPoP and a proof.", "no proof")
    if not jkt:
        raise _unproven("The access token is bound to no key: send Authorization: Bearer.", "a DPoP proof")
    shown = dpop.read(services, request, services.registry.find(access.client_id), access_token=token)
    if not shown:
        raise _unproven("The access token is bound to a key: send a DPoP proof.", "no proof")
    if shown != jkt:
        raise _unproven("The access token is bound to another key than the proof is by.", "a proof by another key")


def _unproven(description: str, got: str) -> OAuthError:
    headers = (("WWW-Authenticate", dpop.challenge("invalid_token", description)),)
    return OAuthError(
        "invalid_token", description, status=401, headers=headers, field="DPoP", expected="a proof by the token's key",
        got=got, fix="Let the application show the token as its token_type says, with a proof by the same key.",
        kind="dpop_token",
    )  # fmt: skip


def presented(request: Request) -> tuple[str, str]:
    """Scheme and token of a request. Errors: `OAuthError` where there is none, or more than one (RFC 6750 §2)."""
    header = request.header("Authorization")
    in_form = request.form.get("access_token") if request.method == "POST" else None
    scheme, _, token = header.partition(" ")
    in_header = token.strip() if scheme.lower() in ("bearer", "dpop") else ""
    if (in_header and in_form) or "access_token" in request.form.repeated:
        raise denied("invalid_request", "Send the access token once.", status=400, kind="access_token_twice")
    if in_header or in_form:
        return (scheme.lower(), in_header) if in_header else ("bearer", in_form or "")
    # RFC 6750 §3.1: without any authentication there is no error code.
    raise OAuthError(
        "invalid_token", "Send an access token: Authorization: Bearer ...", status=401,
        headers=(("WWW-Authenticate", 'Bearer realm="doorward"'),), kind="access_token_missing",
    )  # fmt: skip


def denied(code: str, description: str, *, kind: str, status: int = 401, scope: str = "") -> OAuthError:
    """An error with its WWW-Authenticate header (RFC 6750 §3)."""
    challenge = f'Bearer realm="doorward", error="{code}", error_description="{description}"'
    challenge += f', scope="{scope}"' if scope else ""
    return OAuthError(code, description, status=status, headers=(("WWW-Authenticate", challenge),), kind=kind)
