"""Client metadata as the standards write it: what a client says of itself into a registration of ours, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients import offered, uris
from clients.client import Client
from clients.errors import InvalidMetadata, Problem
from clients.metadata import FIELDS, LOCALIZED, find_kind
from clients.profiles import PROFILES
from clients.redirects import is_development
from clients.self_registered.policy import Policy

#: What a client may say of itself. All else that we know is an admin's word: lifetimes, consent, whose tokens it reads.
STANDARD: Final = (
    # RFC 7591 §2
    "redirect_uris", "token_endpoint_auth_method", "grant_types", "response_types", "client_name", "client_uri",
    "logo_uri", "scope", "contacts", "tos_uri", "policy_uri", "jwks_uri", "jwks", "software_id", "software_version",
    # Registration 1.0 §2
    "application_type", "sector_identifier_uri", "subject_type", "id_token_signed_response_alg",
    "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_signed_response_alg",
    "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "request_object_signing_alg",
    "request_object_encryption_alg", "request_object_encryption_enc", "token_endpoint_auth_signing_alg",
    "default_max_age", "require_auth_time", "default_acr_values", "initiate_login_uri", "request_uris",
    # the logout specifications
    "post_logout_redirect_uris", "backchannel_logout_uri", "backchannel_logout_session_required",
    "frontchannel_logout_uri", "frontchannel_logout_session_required",
    # RFC 9101, 9126, 9449, 8705, 9701, JARM, CIBA
    "require_signed_request_object", "require_pushed_authorization_requests", "dpop_bound_access_tokens",
    "tls_client_certificate_bound_access_tokens", "tls_client_auth_subject_dn", "tls_client_auth_san_dns",
    "tls_client_auth_san_uri", "tls_client_auth_san_ip", "tls_client_auth_san_email",
    "introspection_signed_response_alg", "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc", "authorization_signed_response_alg",
    "authorization_encrypted_response_alg", "authorization_encrypted_response_enc",
    "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint",
    "backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter",
)  # fmt: skip
_NAMES: Final = frozenset(STANDARD)
_MEMBERS: Final = frozenset((
    "kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256", "crv", "x", "y", "n", "e",
    "d", "p", "q", "dp", "dq", "qi", "oth", "k",
))  # fmt: skip
_PERSONAL: Final = frozenset(("openid", "offline_access"))
_PAGES: Final = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
#: Where else a browser is sent, or we call: with the pages, what only hosts of its own may have.
_CALLED: Final = (
    "initiate_login_uri", "frontchannel_logout_uri", "backchannel_logout_uri",
    "backchannel_client_notification_endpoint",
)  # fmt: skip
_HELD: Final = frozenset(("redirect_uris", "post_logout_redirect_uris", *_PAGES, *_CALLED))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A registration that a client asks for: the profile that it comes to, and its metadata."""

    profile: str
    said: Mapping[str, Any]


def read(sent: Mapping[str, Any], policy: Policy, *, strict: bool = False) -> Wanted:
    """What a client sent, with the standards' defaults in it. Whether each value is good, the registry's rules say.

    `strict`: nobody vouches for it, so its pages and what we call are on the hosts of its redirect URIs.
    Errors: `InvalidMetadata`.
    """
    # RFC 7591 §2: what is not understood is passed over. §2.2, RFC 7592 §2.2: null is as if it were left out.
    said = {key: value for key, value in sent.items() if _is_standard(key) and value is not None}
    if "jwks" in said:
        said["jwks"] = _jwks(said["jwks"])
    said["grant_types"] = _grant_types(said, policy)
    profile = _profile(said, policy)
    if profile == "native" and "token_endpoint_auth_method" not in said:
        said["token_endpoint_auth_method"] = "none"  # RFC 8252 §8.5: a program on people's devices keeps no secret
    said.setdefault(
        "token_endpoint_auth_method", "private_key_jwt" if PROFILES[profile].keys else "client_secret_basic"
    )
    if "id_token_signed_response_alg" not in PROFILES[profile].allowed:
        said.setdefault("id_token_signed_response_alg", "RS256")  # Registration 1.0 §2
    scopes = [one for one in policy.scopes if PROFILES[profile].redirects or one not in _PERSONAL]
    said.setdefault("scope", " ".join(scopes))
    said.setdefault("client_name", _name(said))
    problems = [*_beyond_policy(said, policy), *(_pages_elsewhere(said) if strict else ())]
    if problems:
        raise InvalidMetadata(*problems)
    return Wanted(profile, said)


def told(client: Client) -> dict[str, Any]:
    """All that holds of a client, by the names that it would use itself (RFC 7591 §3.2.1)."""
    found = {key: client.metadata[key] for key in STANDARD if _is_told(client.metadata.get(key))}
    found |= {key: value for key, value in client.metadata.items() if "#" in key and _is_standard(key)}
    return {**found, "scope": client.metadata.get("scope", "")}


def is_known(key: str) -> bool:
    """Whether a client may say this of itself."""
    return _is_standard(key)


def _jwks(value: Any) -> Any:
    """Keys with the members that RFC 7517 and 7518 give them, the private ones too, which the rules refuse."""
    if not isinstance(value, dict) or not isinstance(value.get("keys"), list):
        return value  # told by the rules
    return {"keys": [{name: one[name] for name in one if name in _MEMBERS} if isinstance(one, dict) else one
                     for one in value["keys"]]}  # fmt: skip


def _is_told(value: Any) -> bool:
    return value not in (None, [], "")


def _is_standard(key: str) -> bool:
    name, mark, _ = key.partition("#")
    if name not in _NAMES or name not in FIELDS:
        return False
    return not mark or (name in LOCALIZED and find_kind(key) is not None)


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _grant_types(said: Mapping[str, Any], policy: Policy) -> Any:
    """RFC 7591 §2: it may be registered with less than it asked for, and the answer says so.

    Programs ask for every grant that they know, wherever they register; what is left must be something.
    """
    given = said.get("grant_types", ["authorization_code"])
    if not isinstance(given, list):
        return given  # told by the rules
    if kept := [one for one in given if one in policy.grant_types and _is_offered(one)]:
        return kept
    names = ", ".join(str(one)[:60] for one in given) or "none"
    raise InvalidMetadata(Problem("grant_types", f"{names}: expected some of {', '.join(policy.grant_types)}"))


def _is_offered(grant: Any) -> bool:
    return grant in offered.GRANT_TYPES or grant == offered.IMPLICIT


def _profile(said: Mapping[str, Any], policy: Policy) -> str:
    method, redirects = said.get("token_endpoint_auth_method"), _texts(said.get("redirect_uris"))
    kind = said.get("application_type")
    if said["grant_types"] == ["client_credentials"] and not redirects:
        fitting: tuple[str, ...] = ("machine",)
    elif kind == "native" or (kind is None and method in (None, "none") and any(map(_is_on_device, redirects))):
        fitting = ("native",)
    elif method == "none":
        fitting = ("spa",)
    else:
        fitting = ("web", "fapi2", "legacy")
    for profile in fitting:
        if profile in policy.profiles:
            return profile
    raise InvalidMetadata(
        Problem(
            "application_type" if fitting == ("native",) else "token_endpoint_auth_method",
            f"this is an application of profile {fitting[0]} ({PROFILES[fitting[0]].summary}); what may be "
            f"registered here is {', '.join(policy.profiles)}",
        )
    )


def _is_on_device(uri: str) -> bool:
    scheme = uri.partition(":")[0]
    return is_development(uri) or (bool(scheme) and scheme not in uris.DEFAULT_PORTS)


def _beyond_policy(said: Mapping[str, Any], policy: Policy) -> Iterator[Problem]:
    if isinstance(said["scope"], str):
        allowed = " ".join(policy.scopes)
        for scope in said["scope"].split():
            if scope not in policy.scopes:
                yield Problem("scope", f"{scope[:60]} may not be registered here; expected some of: {allowed}")
    for field in said:
        for uri in _addresses(said, field):
            if not policy.takes_host(uri):
                yield Problem(field, f"{uri[:200]} is on a host that may not be registered here; "
                                     f"expected one of {', '.join(policy.hosts)}")  # fmt: skip


def _addresses(said: Mapping[str, Any], field: str) -> list[str]:
    if field.partition("#")[0] not in _HELD:
        return []
    return _texts(said[field] if isinstance(said[field], list) else [said[field]])


def _pages_elsewhere(said: Mapping[str, Any]) -> Iterator[Problem]:
    # RFC 7591 §5: a page elsewhere may lend its good name to a bad app.
    # So may a redirect URI there, which nobody is sent to: only all of them together say whose it is.
    places = _places(said)
    hosts = places if len(places) == 1 else set()
    why = "on another host than the redirect URIs" if hosts else "kept off: the redirect URIs are not all on one host"
    for key, value in said.items():
        if (
            key.partition("#")[0] in (*_PAGES, *_CALLED)
            and isinstance(value, str)
            and (not _host(value) or _host(value) not in hosts)
        ):
            yield Problem(key, f"{value[:200]} is {why}; leave it out, or put all of them on one host")


def _places(said: Mapping[str, Any]) -> set[str]:
    """The hosts of the redirect URIs; '' for those on the person's own device."""
    return {"" if _is_on_device(uri) else _host(uri) for uri in _texts(said.get("redirect_uris"))}


def _host(uri: str) -> str:
    try:
        return uris.read(uri).host
    except ValueError:
        return ""


def _name(said: Mapping[str, Any]) -> str:
    """client_name is optional (RFC 7591 §2), and people must see something."""
    places = _places(said)
    if len(places) > 1:  # one of them may be anybody's
        return "A program"
    found = [*places, _host(str(said.get("client_uri") or ""))]
    return next(filter(None, found), "A program on your device" if places else "A program")
