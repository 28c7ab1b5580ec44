"""The token endpoint's answer: access token, ID token, refresh token, and how each is written."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256, sha384, sha512
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.login.authn import acr_of, amr_of
from idp.oidc import claims as claim_rules
from idp.oidc import encryption, ledger
from idp.oidc.ledger import Holder, Issued
from idp.protocols import Services
from keys.ports import Signer
from keys.ring import NoKey
from keys.signing import unsigned

#: RFC 8693 §3.
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:id_token"
ID_JAG_TYPE = "urn:ietf:params:oauth:token-type:id-jag"
_OF_CIBA = "urn:openid:params:jwt:claim:"
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


@dataclass(frozen=True, slots=True)
class Beside:
    """What comes through the browser beside an ID token; its hashes bind them together. '' for nothing."""

    code: str = ""
    state: str = ""
    alone: bool = False  # no access token follows from the request, with which userinfo could be asked
    auth_req_id: str = ""  # of a request that these tokens are pushed for (CIBA §10.3.1)
    refresh_token: str = ""  # that is pushed with them


_FROM_ENDPOINT = Beside()


def response(
    services: Services, client: Client, issued: Issued, beside: Beside = _FROM_ENDPOINT
) -> dict[str, Any]:  # fmt: skip
    """The JSON of RFC 6749 §5.1. `scope` is always told, since it may be less than was asked."""
    if issued.assertion:  # RFC 8693 §2.2.1: N_A, since it is no access token
        told = {"issued_token_type": ID_JAG_TYPE, "token_type": "N_A", "expires_in": issued.expires_in}
        return {"access_token": issued.assertion, **told, "scope": issued.terms.scope}
    access_token = written(services, client, issued)
    body = about_access(issued, access_token)
    if issued.terms.exchanged is not None or issued.is_exchanged:
        body["issued_token_type"] = ACCESS_TOKEN_TYPE
    if issued.device_secret:  # Native SSO 1.0 §3.4, §4.4
        body["device_secret"] = issued.device_secret
    if issued.refresh_token is not None:
        body["refresh_token"] = issued.refresh_token
    if issued.holder is not None and "openid" in issued.terms.scope.split():
        body["id_token"] = id_token(
            services, client, issued, issued.holder, access_token,
            replace(beside, refresh_token=issued.refresh_token or "") if beside.auth_req_id else beside,
        )  # fmt: skip
    return body


def written(services: Services, client: Client, issued: Issued) -> str:
    """The access token as the client is registered to get it."""
    if client.oidc.access_token_format == "opaque":
        return issued.access_token
    return _jwt_access_token(services, client, issued)


def about_access(issued: Issued, access_token: str) -> dict[str, Any]:
    """What every answer with an access token says of it (RFC 6749 §5.1, §4.2.2)."""
    return {
        "access_token": access_token,
        "token_type": token_type(issued.terms.cnf),
        "expires_in": issued.expires_in,
        "scope": issued.terms.scope,
        **_in_detail(issued),
    }


def _in_detail(issued: Issued) -> dict[str, Any]:
    """RFC 9396 §7, §9.1: as granted, and assigned to this access token."""
    return {"authorization_details": [dict(one) for one in issued.terms.details]} if issued.terms.details else {}


def token_type(cnf: Mapping[str, str]) -> str:
    """How the token is shown (RFC 9449 §5; RFC 8705 §3 leaves it Bearer)."""
    return "DPoP" if "jkt" in cnf else "Bearer"


def id_token(
    services: Services, client: Client, issued: Issued, holder: Holder, access_token: str,
    beside: Beside = _FROM_ENDPOINT,
) -> str:  # fmt: skip
    """The claims of an ID token, signed, and encrypted where the client is registered so."""
    claims = id_token_claims(services, client, issued, holder, access_token, beside)
    algorithm = client.oidc.id_token_signed_response_alg
    signed = unsigned(claims) if algorithm == "none" else signer(services, client, algorithm).sign_jwt(claims, "JWT")
    return encryption.sealed(services, client, "id_token", signed)


def id_token_claims(
    services: Services, client: Client, issued: Issued, holder: Holder, access_token: str,
    beside: Beside = _FROM_ENDPOINT,
) -> dict[str, Any]:  # fmt: skip
    """Core §2. `nonce` only where the authorization request had one, never after a refresh (§12.2)."""
    now = int(issued.issued_at)
    algorithm = client.oidc.id_token_signed_response_alg
    claims: dict[str, Any] = {
        "iss": services.issuer,
        "sub": claim_rules.subject(services, client, holder.person_id),
        "aud": client.id,
        "exp": now + (client.oidc.id_token_lifetime or services.settings.tokens.id_token),
        "iat": now,
        "auth_time": int(holder.auth_time),
        "acr": acr_of(holder.methods, claim_rules.wanted_acr(holder.claims)),
        "amr": list(amr_of(holder.methods)),
        "azp": client.id,
    }
    if not claims["acr"]:  # Core §2: a class that was reached; an account elsewhere may amount to none that we know
        del claims["acr"]
    if not holder.auth_time:  # nor does every account elsewhere say when: then no time is stated
        del claims["auth_time"]
    # Core §3.3.2.11; s_hash as FAPI 1.0 Advanced §5.1 has it.
    hashed = (
        ("at_hash", access_token), ("c_hash", beside.code), ("s_hash", beside.state),
        (f"{_OF_CIBA}rt_hash", beside.refresh_token),
    )  # fmt: skip
    if algorithm != "none":  # which names no hash (§3.1.3.6); nothing of it comes through the browser
        claims |= {name: token_hash(value, algorithm) for name, value in hashed if value}
    if holder.session_id is not None and client.oidc.is_told_sid:
        claims["sid"] = claim_rules.session(services, client, holder.session_id)
    if holder.device_id:  # Native SSO 1.0 §3.5
        claims["ds_hash"] = ledger.ds_hash(services, holder.device_id)
    if issued.nonce:
        claims["nonce"] = issued.nonce
    if beside.auth_req_id:  # CIBA §10.3.1: so that nobody sends it the tokens of another request
        claims[f"{_OF_CIBA}auth_req_id"] = beside.auth_req_id
    # Core §5.4: where there is no access token, the claims of the scopes are here.
    scopes = issued.terms.scope.split() if client.oidc.id_token_claims or beside.alone else []
    requested = holder.claims.get("id_token") or {}
    if scopes or requested:
        claims = {
            **claim_rules.of_person(
                claim_rules.to(services, client), holder.person, scopes, requested, holder.claims.get("locales", ())
            ),
            **claims,
        }
    return claims


def signer(services: Services, client: Client, algorithm: str) -> Signer:
    """The key that signs for a client: the active one of an algorithm, or what the client is pinned to (K2).

    The first client that needs a new algorithm has its key made.
    """
    try:
        return services.ring.signer(algorithm, client.id)
    except NoKey:
        services.ring.ensure((algorithm,))
        return services.ring.signer(algorithm, client.id)


def token_hash(value: str, algorithm: str) -> str:
    """`at_hash` (Core §3.1.3.6). Errors: `ValueError` where no hash is known: that must not pass in silence."""
    if algorithm == "EdDSA":  # Ed25519 signs with SHA-512
        half = sha512(value.encode()).digest()[:32]
    elif algorithm[-3:] in _HASHES:
        digest = _HASHES[algorithm[-3:]](value.encode()).digest()
        half = digest[: len(digest) // 2]
    else:
        raise ValueError(f"no hash is known for {algorithm}")
    return urlsafe_b64encode(half).rstrip(b"=").decode("ascii")


def audience(services: Services, resource: list[str], scope: str) -> list[str]:
    """Who may take an access token (RFC 9068 §3): the resources asked for, and ourselves for userinfo."""
    return [*resource, services.issuer] if not resource or "openid" in scope.split() else resource


def check_resource(client: Client, resource: list[str]) -> None:
    """RFC 8707 §2: absolute, without fragment, and one that the application may use."""
    for uri in resource:
        if uri not in client.oidc.resources:
            raise OAuthError(
                "invalid_target", f"The resource {uri[:200]} is not registered for this application.",
                field="resource", expected=", ".join(client.oidc.resources) or "(none is registered)", got=uri,
                fix=f"Correct it in the application, or register it: doorward client set {client.id} resources+=…",
                kind="resource",
            )  # fmt: skip


def _jwt_access_token(services: Services, client: Client, issued: Issued) -> str:
    claims = access_token_claims(services, client, issued)
    return signer(services, client, client.oidc.jwt_alg).sign_jwt(claims, "at+jwt")


def access_token_claims(services: Services, client: Client, issued: Issued) -> dict[str, Any]:
    """RFC 9068. `fam` leads back to the row that may have ended since."""
    holder, now = issued.holder, int(issued.issued_at)
    audiences = audience(services, issued.terms.resource, issued.terms.scope)
    claims: dict[str, Any] = {
        "iss": services.issuer,
        "sub": claim_rules.subject(services, client, holder.person_id) if holder is not None else client.id,
        "aud": audiences if len(audiences) > 1 else audiences[0],
        "exp": now + issued.lifetime,
        "iat": now,
        "jti": issued.token_id,
        "client_id": client.id,
        "scope": issued.terms.scope,
        **_in_detail(issued),
    }
    if holder is not None:
        claims |= {
            "auth_time": int(holder.auth_time),
            "acr": acr_of(holder.methods, claim_rules.wanted_acr(holder.claims)),
            "amr": list(amr_of(holder.methods)),
            "fam": holder.family_id,
        }
        if not holder.auth_time:
            del claims["auth_time"]
    if issued.terms.cnf:
        claims["cnf"] = dict(issued.terms.cnf)  # RFC 7800 §3.1
    if issued.terms.exchanged is not None:
        claims |= issued.terms.exchanged.to_json()
    elif holder is not None and len(client.oidc.may_act) == 1:  # RFC 8693 §4.4: the claim names one
        claims["may_act"] = {"sub": next(iter(client.oidc.may_act))}
    return claims
