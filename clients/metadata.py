"""Client metadata: the table of every known key. RFC 7591 §2, Registration 1.0 §2, and Doorward's own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients import offered
from clients.errors import InvalidMetadata, Problem
from clients.unsupported import values_of
from clients.values import (
    ADDRESS,
    BOOLEAN,
    CLAIMS_MAP,
    EMAIL,
    JWKS,
    ORIGIN,
    REDIRECT,
    RESOURCE,
    SCOPE,
    Kind,
    list_of,
    one_among,
    one_of,
    seconds,
    text,
)

#: Algorithms of signatures that others can check with our public keys, and we with theirs.
SIGNING = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_ENCRYPTION = text(40)
#: What works, and after it what is known and refused with a reason.
_GRANT_TYPES = one_among(lambda: (*offered.GRANT_TYPES, *values_of("grant_types")))
_RESPONSE_TYPES = one_of(
    "code", "none", "token", "id_token", "id_token token", "code token", "code id_token", "code id_token token"
)
_RESPONSE_MODES = one_among(lambda: (*offered.RESPONSE_MODES, *values_of("response_modes")))
_AUTH_METHODS = one_among(lambda: (*offered.AUTH_METHODS, *values_of("token_endpoint_auth_method")))

FIELDS: dict[str, Kind] = {
    # RFC 7591 §2
    "client_name": text(),
    "redirect_uris": list_of(REDIRECT),
    "token_endpoint_auth_method": _AUTH_METHODS,
    "grant_types": list_of(_GRANT_TYPES),
    "response_types": list_of(_RESPONSE_TYPES, spaces=False),
    "scope": SCOPE,
    "contacts": list_of(EMAIL),
    "logo_uri": ADDRESS,
    "client_uri": ADDRESS,
    "policy_uri": ADDRESS,
    "tos_uri": ADDRESS,
    "jwks": JWKS,
    "jwks_uri": ADDRESS,
    "software_id": text(),
    "software_version": text(),
    "software_statement": text(10_000),
    # Registration 1.0 §2
    "application_type": one_of("web", "native"),
    "subject_type": one_of("public", "pairwise"),
    "sector_identifier_uri": ADDRESS,
    "id_token_signed_response_alg": one_of(*SIGNING, "none"),
    "id_token_encrypted_response_alg": _ENCRYPTION,
    "id_token_encrypted_response_enc": _ENCRYPTION,
    "userinfo_signed_response_alg": one_of(*SIGNING),
    "userinfo_encrypted_response_alg": _ENCRYPTION,
    "userinfo_encrypted_response_enc": _ENCRYPTION,
    "request_object_signing_alg": one_of(*SIGNING, "none"),
    "request_object_encryption_alg": _ENCRYPTION,
    "request_object_encryption_enc": _ENCRYPTION,
    "request_uris": list_of(ADDRESS),
    "token_endpoint_auth_signing_alg": one_of(*SIGNING),
    "default_max_age": seconds(0, 31_536_000),
    "require_auth_time": BOOLEAN,
    "default_acr_values": list_of(text()),
    "initiate_login_uri": ADDRESS,
    # the logout specifications
    "post_logout_redirect_uris": list_of(REDIRECT),
    "backchannel_logout_uri": ADDRESS,
    "backchannel_logout_session_required": BOOLEAN,
    "frontchannel_logout_uri": ADDRESS,
    "frontchannel_logout_session_required": BOOLEAN,
    # RFC 9101, 9126, 9449, 8705, 9396, 9701, JARM, CIBA
    "require_signed_request_object": BOOLEAN,
    "require_pushed_authorization_requests": BOOLEAN,
    "dpop_bound_access_tokens": BOOLEAN,
    "tls_client_certificate_bound_access_tokens": BOOLEAN,
    "tls_client_auth_subject_dn": text(500),
    "tls_client_auth_san_dns": text(300),
    "tls_client_auth_san_uri": text(2000),
    "tls_client_auth_san_ip": text(60),
    "tls_client_auth_san_email": text(320),
    "authorization_details_types": list_of(text()),
    "introspection_signed_response_alg": one_of(*SIGNING),
    "introspection_encrypted_response_alg": _ENCRYPTION,
    "introspection_encrypted_response_enc": _ENCRYPTION,
    "authorization_signed_response_alg": one_of(*SIGNING),
    "authorization_encrypted_response_alg": _ENCRYPTION,
    "authorization_encrypted_response_enc": _ENCRYPTION,
    "backchannel_token_delivery_mode": one_of("poll", "ping", "push"),
    "backchannel_client_notification_endpoint": ADDRESS,
    "backchannel_authentication_request_signing_alg": one_of(*SIGNING),
    "backchannel_user_code_parameter": BOOLEAN,
    # Doorward's own
    "response_modes": list_of(_RESPONSE_MODES),
    "access_token_format": one_of("opaque", "jwt"),
    "access_token_lifetime": seconds(30, 86_400),
    "id_token_lifetime": seconds(30, 86_400),
    "refresh_token_idle": seconds(60, 31_536_000),
    "refresh_token_absolute": seconds(60, 31_536_000),
    "refresh_token_rotation": BOOLEAN,
    "require_pkce": BOOLEAN,
    "id_token_claims": BOOLEAN,
    "resources": list_of(RESOURCE),
    "allowed_origins": list_of(ORIGIN),
    "claims_map": CLAIMS_MAP,
    "client_assertion_audience": one_of("issuer", "legacy"),
    "introspection": one_of("own", "audience", "all"),
    "launch_url": ADDRESS,
    "description": text(),
    "consent": one_of("implicit", "explicit"),
    "ignore_prompt_consent": BOOLEAN,
    "allow_dotless_scheme": BOOLEAN,
}
#: RFC 7591 §2.2: these may stand again with a language: `client_name#de`.
LOCALIZED = frozenset(("client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri", "description"))
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def find_kind(key: str, fields: Mapping[str, Kind] = FIELDS) -> Kind | None:
    """The sort of value that a key takes, localized keys included; None for an unknown key."""
    name, mark, language = key.partition("#")
    if mark and not (name in LOCALIZED and _LANGUAGE.fullmatch(language)):
        return None
    return fields.get(name)


def get_kind(key: str, fields: Mapping[str, Kind] = FIELDS) -> Kind:
    """The sort of value that a key takes. Errors: `InvalidMetadata`, which names the nearest known key."""
    kind = find_kind(key, fields)
    if kind is None:
        raise InvalidMetadata(Problem(key[:60], _unknown(key, fields)))
    return kind


def _unknown(key: str, fields: Mapping[str, Kind]) -> str:
    name, mark, _ = key.partition("#")
    if mark and name in LOCALIZED and name in fields:
        return f"expected a language after the '#', such as {name}#de"
    if mark and name in fields:
        return f"has no variants by language; use {name}"
    near = difflib.get_close_matches(name.lower().replace("-", "_")[:60], fields, n=1, cutoff=0.6)
    return "unknown key" + (f"; did you mean {near[0]}?" if near else "; see the list of client metadata")


def parse_setting(key: str, given: str, fields: Mapping[str, Kind] = FIELDS) -> Any:
    """The value of `key=value` from a command line: lists by comma or space, true/false, seconds (10m, 1h), JSON.

    Errors: `InvalidMetadata`. The value itself is checked on registration, together with all others.
    """
    try:
        return get_kind(key, fields).parse(given)
    except (ValueError, TypeError) as error:
        raise error if isinstance(error, InvalidMetadata) else InvalidMetadata(Problem(key, str(error))) from None


@dataclass(frozen=True, slots=True)
class Wrong:
    """Stands in the place of a value that cannot be taken, so that all that is wrong is told in one go."""

    problems: tuple[Problem, ...]


def read_setting(key: str, given: str, fields: Mapping[str, Kind] = FIELDS) -> Any:
    """The value of `key=value`, or `Wrong` in its place."""
    try:
        return parse_setting(key, given, fields)
    except InvalidMetadata as error:
        return Wrong(error.problems)


def check_values(
    said: dict[str, Any], fields: Mapping[str, Kind] = FIELDS, *, allow_loopback: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """Every value by itself: what is valid, tidied, and what is wrong with the rest. None takes a key out."""
    valid: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in said.items():
        if value is None:
            continue
        if isinstance(value, Wrong):
            problems += value.problems
            continue
        try:
            valid[key] = get_kind(key, fields).check(value, allow_loopback)
        except InvalidMetadata as error:
            problems += error.problems
        except ValueError as error:
            problems.append(Problem(key, str(error)))
    return valid, problems
