"""The claims parameter (Core §5.5); acr_values and default_acr_values are wishes for `acr` in it, also those that ask
for a step-up: a stronger proof than the session has (RFC 9470 §4).
"""

from __future__ import annotations

import json
import re
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.login.authn import SUPPORTED_ACR
from idp.oidc.claims import wanted_acr
from idp.wire import Params

MAX_LOCALES = 10
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")  # BCP 47
MAX_DEPTH = 4  # objects and arrays inside one another, in a wish


def read(params: Params, client: Client) -> dict[str, Any]:
    """What is wished for, by `userinfo` and `id_token`; empty where nothing is. Errors: `OAuthError`.

    `locales` has the languages of `claims_locales`, where they were sent.
    """
    claims = _with_acr(_members(params.get("claims")), params.get("acr_values"), client)
    locales = [one for one in (params.get("claims_locales") or "").split() if _LANGUAGE.fullmatch(one)]
    return {**claims, "locales": locales[:MAX_LOCALES]} if locales else claims


def members(claims: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wished for, part by part."""
    return [claims.get(part) or {} for part in ("userinfo", "id_token")]


def _members(text: str | None) -> dict[str, Any]:
    """Members `userinfo` and `id_token`, each of objects or null."""
    if text is None:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise OAuthError(
            "invalid_request",
            "claims is not JSON.",
            field="claims",
            expected='{"id_token": {…}}',
            got="no JSON",
            kind="claims_parameter",
            fix="Let the application send claims as one JSON object, with double quotes, encoded once for the address; "
            "or leave it out: the scopes give most claims.",
        ) from None
    parts = {part: value.get(part) or {} for part in ("userinfo", "id_token")} if isinstance(value, dict) else None
    if parts is None or not all(_is_claims_member(part) for part in parts.values()):
        raise OAuthError(
            "invalid_request", "claims must be an object with the members userinfo and id_token.",
            field="claims", expected='{"userinfo": {…}, "id_token": {…}}', got="another form", kind="claims_parameter",
            fix="Put the claims under userinfo or id_token, each with null or an object: "
            '{"id_token": {"email": null}} (Core §5.5).',
        )  # fmt: skip
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
    return isinstance(wish, dict) and isinstance(wish.get("values", []), list) and _is_shallow(wish, MAX_DEPTH)


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
    wanted = acr_values.split() if acr_values else client.oidc.default_acr_values
    values = [value for value in dict.fromkeys(wanted) if value in SUPPORTED_ACR]
    if not values or wanted_acr(claims):
        return claims
    return {
        "userinfo": claims.get("userinfo") or {},
        "id_token": {**claims.get("id_token", {}), "acr": {"values": values}},
    }


def essential_acr(claims: dict[str, Any]) -> tuple[str, ...]:
    """The acr values of which one must be met, or none (Core §5.5.1.1). Errors: `OAuthError` where none exists here."""
    # Any that is not essential is a preference.
    values = wanted_acr(claims)
    if not values or not claims["id_token"]["acr"].get("essential"):
        return ()
    if not set(values) & set(SUPPORTED_ACR):
        raise OAuthError(
            "unmet_authentication_requirements",
            f"None of these acr values exists here; there is {', '.join(SUPPORTED_ACR)}.",
            field="acr_values", expected=" or ".join(SUPPORTED_ACR), got=" ".join(map(str, values)),
            fix="Let the application ask for one of these, or for acr as a wish (not essential).", kind="acr_values",
        )  # fmt: skip
    return values
