"""What must hold between the values of a registration: one rule per function, in one visible list."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clients import offered, sectors, uris
from clients.certificate_names import NAMES, read_dn
from clients.errors import InvalidMetadata, Problem
from clients.metadata import check_values
from clients.offered import DEVICE_SSO
from clients.profiles import PROFILES, Profile, complete
from clients.redirects import ANSWERED, ANSWERED_LOGOUT, CUSTOM, check_redirect_uri, is_development
from clients.unsupported import find_unsupported

Rule = Callable[[Mapping[str, Any], Profile, bool], Iterator[Problem]]


def validate(
    profile: str, said: Mapping[str, Any], *, allow_loopback: bool = False, unfinished: bool = False
) -> dict[str, Any]:
    """What was said, tidied, when all of it may be registered. Errors: `InvalidMetadata` with every problem found.

    `unfinished`: it is turned off, and its redirect URI is known only once the other side is set up.
    """
    valid, problems = check_values(dict(said), allow_loopback=allow_loopback)
    rules = PROFILES.get(profile)
    if rules is None:
        raise InvalidMetadata(Problem("profile", f"unknown; expected one of {', '.join(PROFILES)}"), *problems)
    problems += find_unsupported({**valid, "profile": profile})
    wrong = {problem.field for problem in problems}
    wrong |= set(NAMES) if wrong & set(NAMES) else set()  # one is there, though not rightly
    values = complete(rules, {key: value for key, value in valid.items() if key not in wrong})
    for rule in (rule for rule in RULES if not (unfinished and rule is _a_redirect_uri_for_the_code)):
        problems += [p for p in rule(values, rules, allow_loopback) if p.field not in wrong]
    if problems:
        raise InvalidMetadata(*problems)
    return valid


def _within_profile(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    for field, allowed in profile.choices().items():
        value = values.get(field)
        given = [] if value is None else value if isinstance(value, list) else [value]
        if wrong := [item for item in given if item not in allowed]:
            names = ", ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in wrong)
            hint = "; an app that cannot do PKCE is profile legacy" if field == "require_pkce" else ""
            choices = ", ".join(sorted(str(a).lower() if isinstance(a, bool) else str(a) for a in allowed))
            yield Problem(field, f"{names} is not for profile {profile.name}; expected {choices}{hint}")
    for field, limit in profile.ceilings.items():
        if values.get(field, 0) > limit:
            yield Problem(field, f"profile {profile.name} takes at most {limit} seconds")


def _redirect_uris(values: Mapping[str, Any], profile: Profile, allow_loopback: bool) -> Iterator[Problem]:
    dotless = bool(values.get("allow_dotless_scheme"))
    for field, answered in (("redirect_uris", ANSWERED), ("post_logout_redirect_uris", ANSWERED_LOGOUT)):
        for uri in values.get(field, ()):
            if not profile.redirects:
                yield Problem(field, f"profile {profile.name} signs nobody in and has none; take {uri} out")
                continue
            try:
                check_redirect_uri(
                    uri, profile.redirects, allow_loopback=allow_loopback, allow_dotless=dotless, answered=answered
                )
            except ValueError as error:
                yield Problem(field, f"{ascii(uri[:200])[1:-1]} {error}")


def _a_redirect_uri_for_the_code(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    is_led_back = "authorization_code" in values["grant_types"] or offered.front_types(values["response_types"])
    if is_led_back and not values.get("redirect_uris"):
        yield Problem("redirect_uris", "at least one is needed: where people come back to after signing in")


def _grants_match_response_types(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    # RFC 7591 §2.1: authorization_code and code go together.
    has_grant = "authorization_code" in values["grant_types"]
    has_type = any("code" in each.split() for each in values["response_types"])
    if has_grant and not has_type:
        yield Problem("response_types", "code is needed with the grant type authorization_code")
    if has_type and not has_grant:
        yield Problem("grant_types", "authorization_code is needed with the response type code")
    is_implicit, front = offered.IMPLICIT in values["grant_types"], offered.front_types(values["response_types"])
    if is_implicit and not front:
        yield Problem("response_types", "one with a token in it is needed with the grant type implicit")
    if front and not is_implicit:
        yield Problem("grant_types", f"implicit is needed with the response type {front[0]}")
    if not values["grant_types"]:
        yield Problem("grant_types", "at least one is needed")
    for row in filter(None, map(offered.GRANT_TYPES.get, values["grant_types"])):
        beside = row.needs.split()
        if beside and not set(beside) & set(values["grant_types"]):
            yield Problem("grant_types", f"{row.name} needs {' or '.join(beside)} beside it")
    if values["response_types"] and not values["response_modes"]:
        yield Problem("response_modes", "at least one is needed")


def _through_the_browser(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    front = offered.front_types(values["response_types"])
    if not front:
        return
    tokens = [name for name in front if offered.RESPONSE_TYPES[name].token]
    for bound in ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"):
        if tokens and values.get(bound):  # neither a proof nor a certificate comes with an authorization request
            yield Problem("response_types", f"{tokens[0]} brings a token that no key binds: {bound} is on")
    signed = [name for name in front if offered.RESPONSE_TYPES[name].id_token]
    if signed and values["id_token_signed_response_alg"] == "none":  # Registration 1.0 §2
        yield Problem("id_token_signed_response_alg", f"none: {signed[0]} needs ID tokens that are signed")
    if set(values["response_modes"]) <= {"query", "query.jwt"}:  # Multiple Response Types §3
        yield Problem("response_modes", f"{front[0]} needs fragment or form_post")


def _keys(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    # RFC 7591 §2: jwks and jwks_uri exclude each other.
    if "jwks" in values and "jwks_uri" in values:
        yield Problem("jwks", "give either jwks or jwks_uri, not both")
    has_keys = "jwks" in values or "jwks_uri" in values
    method = offered.AUTH_METHODS.get(values["token_endpoint_auth_method"])
    by_key = method is not None and method.jwks
    if method is not None and by_key and not has_keys:
        yield Problem("jwks", f"{method.name} needs the app's public keys; give them as jwks_uri or jwks")
    for field in ("require_signed_request_object", "request_object_signing_alg"):
        if values.get(field) and not has_keys:
            yield Problem("jwks", f"{field} needs the app's public keys; give them as jwks_uri or jwks")
    for field in (field for field in values if field.endswith("_encrypted_response_alg")):
        if not has_keys:
            yield Problem("jwks", f"{field} needs the app's public keys; give them as jwks_uri or jwks")
    for field in (field for field in values if field.endswith(("_encrypted_response_enc", "_encryption_enc"))):
        if field.removesuffix("enc") + "alg" not in values:  # Registration 1.0 §2
            yield Problem(field, f"needs {field.removesuffix('enc')}alg beside it")
    signs = by_key and method is not None and not method.tls
    if "token_endpoint_auth_signing_alg" in values and not signs:
        names = " or ".join(row.name for row in offered.AUTH_METHODS.values() if row.jwks and not row.tls)
        yield Problem("token_endpoint_auth_signing_alg", f"only has a meaning with {names}")


def _certificates(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    named = [field for field in NAMES if values.get(field)]
    is_meant = values["token_endpoint_auth_method"] == "tls_client_auth"
    if is_meant and not named:  # RFC 8705 §2.1.2: exactly one
        yield Problem("tls_client_auth_subject_dn", f"tls_client_auth needs one of {', '.join(NAMES)}")
    for field in named[1:] if is_meant else named:
        if is_meant:
            yield Problem(field, f"{named[0]} is there already; a certificate is known by one name")
        else:
            yield Problem(field, "only has a meaning with token_endpoint_auth_method=tls_client_auth")
    bound = values["dpop_bound_access_tokens"] or values["tls_client_certificate_bound_access_tokens"]
    if profile.bound and not bound:
        field = "dpop_bound_access_tokens"
        yield Problem(
            field, f"profile {profile.name} binds tokens: {field} or tls_client_certificate_bound_access_tokens"
        )


def _backchannel_requests(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    # CIBA §4: the delivery mode is required, and ping needs to know where.
    mode, endpoint = values.get("backchannel_token_delivery_mode"), "backchannel_client_notification_endpoint"
    if offered.CIBA in values["grant_types"] and not mode:
        yield Problem("backchannel_token_delivery_mode", "is needed with the grant type ciba: poll, ping or push")
    if mode in ("ping", "push") and endpoint not in values:
        yield Problem(endpoint, f"is needed with backchannel_token_delivery_mode {mode}")
    for bound in ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"):
        if mode == "push" and values.get(bound):  # there is no request that a key could be shown with
            yield Problem("backchannel_token_delivery_mode", f"push brings tokens that no key binds: {bound} is on")
    signed = "backchannel_authentication_request_signing_alg"
    if signed in values and "jwks" not in values and "jwks_uri" not in values:
        yield Problem("jwks", f"{signed} needs the app's public keys; give them as jwks_uri or jwks")


def _lifetimes(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    if values.get("refresh_token_idle", 0) > values.get("refresh_token_absolute", float("inf")):
        yield Problem("refresh_token_idle", "is longer than refresh_token_absolute")


def _scopes_of_machines(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    personal = {"openid", "offline_access"}.intersection(values["scope"].split())
    if not profile.redirects and personal:
        yield Problem("scope", f"take out {', '.join(sorted(personal))}: nobody signs in at profile {profile.name}")


def _logout_token(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    if not values.get("logout_token_claims"):
        return
    if not values.get("backchannel_logout_uri"):
        yield Problem("logout_token_claims", "only has a meaning with backchannel_logout_uri")
    if "nonce" in values["logout_token_claims"]:  # Back-Channel Logout 1.0 §2.4
        yield Problem("logout_token_claims", "nonce must not stand in a logout token")


def _front_channel_logout(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    uri = values.get("frontchannel_logout_uri")
    if not uri:
        if values.get("frontchannel_logout_session_required"):
            yield Problem("frontchannel_logout_session_required", "only has a meaning with frontchannel_logout_uri")
        return
    # Front-Channel Logout 1.0 §2: scheme, host and port of a redirect URI, so that no frame leads anywhere else.
    origins = set()
    for redirect in values.get("redirect_uris", ()):
        with contextlib.suppress(ValueError):  # reported where redirect URIs are checked
            origins.add(uris.read(redirect).origin)
    if uris.read(uri).origin not in origins:
        yield Problem("frontchannel_logout_uri", "must have scheme, host and port of one of the redirect URIs")


def _native_alone(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    if values.get("allow_dotless_scheme") and CUSTOM not in profile.redirects:
        yield Problem("allow_dotless_scheme", f"is for profile native; {profile.name} takes no scheme of an app's own")
    if values.get("ignore_prompt_consent") and profile.name == "native":
        # RFC 8252 §8.6: another program may pose as this one.
        yield Problem("ignore_prompt_consent", "profile native cannot prove itself, so people are asked each time")


def _native_single_sign_on(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    """OpenID Connect Native SSO 1.0: apps on one device share a sign-in, and an admin says which those are."""
    has_group = bool(values.get("native_sso_group"))
    if has_group and profile.name != "native":
        yield Problem("native_sso_group", f"is for profile native; {profile.name} is no app on a person's device")
    if DEVICE_SSO in values["scope"].split() and not has_group:
        yield Problem("scope", f"{DEVICE_SSO} needs native_sso_group: the apps that may share this one's sign-ins")
    if profile.public and offered.TOKEN_EXCHANGE in values["grant_types"] and not has_group:
        yield Problem("grant_types", "token-exchange without a secret is for apps of a native_sso_group alone")


def _browser_dialog(values: Mapping[str, Any], profile: Profile, _: bool) -> Iterator[Problem]:
    if values.get("fedcm") and profile.name not in ("web", "spa", "legacy"):
        yield Problem("fedcm", f"is for pages in a browser; {profile.name} has none, or asks for more")
    for key in ("require_pushed_authorization_requests", "require_signed_request_object"):
        if values.get("fedcm") and values.get(key):  # what the page itself gives to the browser is neither
            yield Problem("fedcm", f"does not go with {key}: what a page asks for there is neither pushed nor signed")


def _one_sector(values: Mapping[str, Any], _: Profile, __: bool) -> Iterator[Problem]:
    yield from sectors.problems(values)


def check_finished(profile: str, said: Mapping[str, Any]) -> None:
    """Whether a client may be turned on. Errors: `InvalidMetadata`, with what is still missing."""
    rules = PROFILES[profile]
    if missing := list(_a_redirect_uri_for_the_code(complete(rules, said), rules, False)):
        raise InvalidMetadata(*missing)


RULES: tuple[Rule, ...] = (
    _within_profile,
    _redirect_uris,
    _a_redirect_uri_for_the_code,
    _grants_match_response_types,
    _through_the_browser,
    _keys,
    _certificates,
    _backchannel_requests,
    _lifetimes,
    _scopes_of_machines,
    _front_channel_logout,
    _logout_token,
    _native_alone,
    _native_single_sign_on,
    _browser_dialog,
    _one_sector,
)


def legacy_warnings(values: Mapping[str, Any]) -> list[str]:
    """What is said of response types that bring tokens through the browser."""
    front = ", ".join(offered.front_types(values["response_types"]))
    return [
        f"response_types {front}: legacy; tokens go through the browser's address, its history and every script of the "
        "page (RFC 9700 §2.1.2); take code with PKCE as soon as the application can"
    ] if front else []  # fmt: skip


def find_warnings(profile: str, said: Mapping[str, Any]) -> list[str]:
    """What is allowed and still worth a second look, a sentence each."""
    values = complete(PROFILES[profile], said)
    redirects = values.get("redirect_uris", [])
    found = []
    if profile != "native":
        own = "is for development only: it leads to the person's own machine"
        found += [f"{uri} {own}" for uri in redirects if is_development(uri)]
    else:
        found += [f"{uri}: use 127.0.0.1 or [::1], its port may vary" for uri in redirects if "//localhost" in uri]
    hosts = {uris.read(uri).host for uri in redirects} - {""}
    for key in ("logo_uri", "client_uri", "policy_uri", "tos_uri"):
        # RFC 7591 §5: a page elsewhere may lend its good name to a bad app.
        if key in values and hosts and uris.read(values[key]).host not in hosts:
            found.append(f"{key} is on another host than the redirect URIs")
    if not values["require_pkce"] and "authorization_code" in values["grant_types"]:
        found.append("PKCE is not required: a stolen code is not stopped; switch it on when the library can")
    found += legacy_warnings(values)
    if values.get("ignore_prompt_consent"):
        found.append("prompt=consent is passed over: you answer for what people would have been asked about")
    found += [
        f"{uri}: any other app may claim a scheme without a dot; people are asked at every sign-in"
        for uri in redirects
        if "." not in uri.partition(":")[0] and uri.partition(":")[0] not in uris.DEFAULT_PORTS
    ]
    parts = list(read_dn(values["tls_client_auth_subject_dn"])) if "tls_client_auth_subject_dn" in values else []
    if len(parts) > 1 and parts[0].rfc4514_attribute_name == "CN":  # its text says what is most general last
        found.append("tls_client_auth_subject_dn ends with the common name; is it in reverse order?")
    if values["id_token_signed_response_alg"] == "none":
        found.append("ID tokens are not signed: the app can only believe those that it gets from the token endpoint")
    if values["client_assertion_audience"] == "legacy":
        found.append("client assertions for the token endpoint's address are taken (RFC 10070 asks for the issuer)")
    if values["request_uri_hash"] == "ignored":
        found.append("what stands at a request_uri may change: the hash in its fragment is not looked at (Core §6.2)")
    return found
