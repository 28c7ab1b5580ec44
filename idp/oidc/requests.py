"""What an authorization request asks for: read once, checked by an ordered tuple of rules, turned into a flow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from clients import redirects
from clients.client import Client
from idp.errors import OAuthError
from idp.login.authn import SUPPORTED_ACR
from idp.login.flow import Demands, Flow
from idp.oidc import claims as claim_rules
from idp.oidc import pkce, response_modes, scopes, tokens
from idp.protocols import Services
from idp.showing import form_target
from idp.wire import Params
from keys.verifying import InvalidToken, verify_own

PROMPTS = ("none", "login", "consent", "select_account")
#: What an authorization request may have; anything else is ignored (RFC 6749 §3.1).
KNOWN = frozenset(
    ("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
     "code_challenge_method", "prompt", "max_age", "acr_values", "claims", "resource", "login_hint", "id_token_hint",
     "ui_locales", "claims_locales", "display", "request", "request_uri", "registration")
)  # fmt: skip
#: Characters of a request that we keep, all parameters together: four times what fits into a URL of 8 kB, for those
#: that are posted. It stands twice in our page, sealed, and must come back with it (`wire.MAX_BODY`).
MAX_REQUEST = 32 * 1024
MAX_CLAIMS_DEPTH = 4  # objects and arrays inside one another, in a wish of the claims parameter


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request, read."""

    params: Params
    scope: str
    redirect_uri: str
    state: str | None
    nonce: str
    response_mode: str
    challenge: str
    challenge_method: str | None
    prompt: frozenset[str]
    max_age: int | None
    claims: dict[str, Any]
    resource: list[str]
    login_hint: str
    hinted: str | None = None  # the subject of id_token_hint


def read(services: Services, client: Client, params: Params, scope: str) -> Asked:
    """Read and check. Errors: `OAuthError`, for the application."""
    repeated = [name for name in params.repeated if name != "resource"]
    if repeated:  # RFC 6749 §3.1
        raise OAuthError("invalid_request", f"Repeated parameter: {repeated[0]}.")
    _check_length(params)
    asked = Asked(
        params=params,
        scope=scope,
        redirect_uri=params.get("redirect_uri") or "",
        state=params.get("state"),
        nonce=params.get("nonce") or "",
        response_mode=params.get("response_mode") or response_modes.default("code"),
        challenge=params.get("code_challenge") or "",
        challenge_method=params.get("code_challenge_method"),
        prompt=frozenset((params.get("prompt") or "").split()),
        max_age=_max_age(params, client),
        claims=_with_acr(_claims(params.get("claims")), params.get("acr_values"), client),
        resource=[value for name, value in params.pairs if name == "resource" and value],
        login_hint=(params.get("login_hint") or "")[:255],
    )
    for check in CHECKS:
        check(asked, client)
    return _with_hint(services, client, asked)


def _check_length(params: Params) -> None:
    sizes = {name: len(name) + (len(value) if value.isascii() else 6 * len(value)) for name, value in params.pairs}
    if sum(sizes.values()) > MAX_REQUEST:
        longest = max(sizes, key=sizes.__getitem__)
        raise OAuthError(
            "invalid_request",
            f"The request is longer than {MAX_REQUEST} characters; its longest parameter is {longest}.",
        )


def check_response_mode(asked: Asked, client: Client) -> None:
    response_modes.check(asked.params.get("response_mode"), client)


def check_scope(asked: Asked, client: Client) -> None:
    scopes.check(asked.params.get("scope"), asked.scope, client)


def check_pkce(asked: Asked, client: Client) -> None:
    pkce.check_challenge(asked.challenge, asked.challenge_method, client)


def check_prompt(asked: Asked, client: Client) -> None:
    unknown = asked.prompt - set(PROMPTS)
    if unknown:
        raise OAuthError("invalid_request", f"Unknown prompt; use {', '.join(PROMPTS)}.")
    if "none" in asked.prompt and len(asked.prompt) > 1:  # Core §3.1.2.1
        raise OAuthError("invalid_request", "prompt=none cannot be combined with other values.")


def check_resource(asked: Asked, client: Client) -> None:
    tokens.check_resource(client, asked.resource)


#: Our policy, in the order in which it is applied. Each may raise an error that goes to the client.
CHECKS: tuple[Callable[[Asked, Client], None], ...] = (
    check_response_mode,
    check_scope,
    check_pkce,
    check_prompt,
    check_resource,
)


def flow(services: Services, client: Client, asked: Asked) -> Flow:
    """The request in the words of the sign-in engine."""
    now = services.clock()
    scope = _without_offline(asked, client)
    strength = _essential_acr(asked)
    demands = Demands(
        silent="none" in asked.prompt,
        fresh_after=now if "login" in asked.prompt else None,
        max_age=asked.max_age,
        select="select_account" in asked.prompt,
        consent="consent" in asked.prompt and not client.ignore_prompt_consent,
        unproven=redirects.is_unproven(asked.redirect_uri, client, development=services.registry.allow_loopback),
        subject=asked.hinted,
        strength=strength,
        preferred=tuple(value for value in claim_rules.wanted_acr(asked.claims) if value in SUPPORTED_ACR),
    )
    return Flow(
        protocol="oidc",
        client_id=client.id,
        request={
            "redirect_uri": asked.redirect_uri,
            "state": asked.state,
            "nonce": asked.nonce,
            "response_mode": asked.response_mode,
            "scope": scope,
            "challenge": asked.challenge,
            "claims": asked.claims,
            "resource": asked.resource,
            "params": asked.params.pairs,
        },
        demands=demands,
        scopes=_consented(scope, asked, client),
        started_at=now,
        login_hint=asked.login_hint,
        ui_locales=(asked.params.get("ui_locales") or "")[:255],
        destination=form_target(asked.redirect_uri),
    )


def _without_offline(asked: Asked, client: Client) -> str:
    # Core §11: ignored without prompt=consent, unless there is another basis: a consent page that names it (explicit
    # consent), or an admin who wrote it into the registration.
    is_asked = "consent" in asked.prompt and not client.ignore_prompt_consent
    basis = is_asked or client.consent == "explicit" or client.offline_access_registered
    scopes = asked.scope.split()
    if "offline_access" in scopes and not (basis and "refresh_token" in client.grant_types):
        scopes.remove("offline_access")
    return " ".join(scopes)


def _consented(scope: str, asked: Asked, client: Client) -> tuple[str, ...]:
    """What the consent page must name: the scopes, and what the claims parameter asks for beyond them (Core §5.5)."""
    named = dict.fromkeys(scope.split())
    for part in asked.claims.values():
        named |= dict.fromkeys(claim_rules.scopes_of(part, client))
    return tuple(named)


def _max_age(params: Params, client: Client) -> int | None:
    value = params.get("max_age")
    if value is None:
        default = client.metadata.get("default_max_age")
        return int(default) if default is not None else None
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise OAuthError("invalid_request", "max_age must be a number of seconds.")
    return int(value)


def _claims(text: str | None) -> dict[str, Any]:
    """The claims parameter (Core §5.5): members `userinfo` and `id_token`, each of objects or null."""
    if text is None:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise OAuthError("invalid_request", "claims is not JSON.") from None
    parts = {part: value.get(part) or {} for part in ("userinfo", "id_token")} if isinstance(value, dict) else None
    if parts is None or not all(_is_claims_member(part) for part in parts.values()):
        raise OAuthError("invalid_request", "claims must be an object with the members userinfo and id_token.")
    return parts if any(parts.values()) else {}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number out of range")
    return value


def _is_claims_member(part: Any) -> bool:
    return isinstance(part, dict) and all(wish is None or _is_wish(wish) for wish in part.values())


def _is_wish(wish: Any) -> bool:
    return isinstance(wish, dict) and isinstance(wish.get("values", []), list) and _is_shallow(wish, MAX_CLAIMS_DEPTH)


def _is_shallow(value: Any, left: int) -> bool:
    if isinstance(value, (dict, list)):
        return left > 0 and all(
            _is_shallow(v, left - 1) for v in (value.values() if isinstance(value, dict) else value)
        )
    return True


def _with_acr(claims: dict[str, Any], acr_values: str | None, client: Client) -> dict[str, Any]:
    """Core §5.5.1.1: `acr_values` asks for `acr` as a voluntary claim with these values; the claim's own come first.

    Registration 1.0 §2: `default_acr_values` hold where the request has neither.
    """
    wanted = acr_values.split() if acr_values else client.default_acr_values
    values = [value for value in dict.fromkeys(wanted) if value in SUPPORTED_ACR]
    if not values or claim_rules.wanted_acr(claims):
        return claims
    return {
        "userinfo": claims.get("userinfo") or {},
        "id_token": {**claims.get("id_token", {}), "acr": {"values": values}},
    }


def _essential_acr(asked: Asked) -> tuple[str, ...]:
    # Core §5.5.1.1: only an essential acr must be met; any other is a preference.
    values = claim_rules.wanted_acr(asked.claims)
    if not values or not asked.claims["id_token"]["acr"].get("essential"):
        return ()
    if not set(values) & set(SUPPORTED_ACR):
        raise OAuthError(
            "unmet_authentication_requirements",
            f"None of these acr values exists here; there is {', '.join(SUPPORTED_ACR)}.",
        )
    return values


def _with_hint(services: Services, client: Client, asked: Asked) -> Asked:
    subjects = set()
    hint = asked.params.get("id_token_hint")
    if hint is not None:
        try:
            claims = verify_own(services.ring, hint, types=("JWT",), now=services.clock(), hint=True)
        except InvalidToken as error:
            raise OAuthError("invalid_request", f"id_token_hint: {error.reason}.") from None
        if claims.get("iss") != services.issuer or client.id not in _as_list(claims.get("aud")):
            raise OAuthError("invalid_request", "id_token_hint was not issued to this application.")
        subjects.add(str(claims.get("sub")))
    for part in asked.claims.values():
        wish = part.get("sub") or {}
        if "value" in wish:  # Core §5.5.1: this subject and no other
            subjects.add(str(wish["value"]))
    if len(subjects) > 1:
        raise OAuthError("invalid_request", "id_token_hint and claims ask for different subjects.")
    return replace(asked, hinted=subjects.pop()) if subjects else asked


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
