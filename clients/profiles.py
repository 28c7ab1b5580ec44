"""Profiles: named sets of rules, so that an admin picks one word and gets a safe client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clients import offered, uris
from clients.metadata import FIELDS
from clients.redirects import CUSTOM, DEVELOPMENT, HTTPS, LOOPBACK
from clients.relying_party import STANDARD_SCOPE

DAY = 86_400  # seconds

_ASYMMETRIC = ("PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True)
class Profile:
    """`defaults` hold where nothing is said; `allowed` values and `ceilings` (seconds) may not be left.

    `redirects`: the kinds of redirect URI it takes, none for a client that signs nobody in. `public`: the app is in
    people's hands and keeps no secret (RFC 6749 §2.1). `keys`: it proves itself by a key of its own, and not otherwise.
    `front`: where an admin says so, tokens come to it through the browser (the implicit and the hybrid flow).
    `bound`: its access tokens are bound to a key, by DPoP or by its certificate.
    """

    name: str
    summary: str
    redirects: frozenset[str]
    defaults: Mapping[str, Any]
    allowed: Mapping[str, frozenset[Any]]
    ceilings: Mapping[str, int] = field(default_factory=dict)
    public: bool = False
    keys: bool = False
    front: bool = False
    bound: bool = False

    def choices(self) -> dict[str, frozenset[Any]]:
        """The values that may not be left, by field: its own, and those of what works here that go with it."""
        return {
            "grant_types": offered.grant_types(public=self.public, machine=not self.redirects, front=self.front),
            **({"response_types": offered.response_types(front=self.front)} if self.redirects else {}),
            "token_endpoint_auth_method": offered.auth_methods(public=self.public, keys=self.keys),
            **self.allowed,
        }


#: What holds for all where neither the client nor its profile says otherwise. Lifetimes left out are the deployment's.
DEFAULTS: Mapping[str, Any] = {key: kind.default for key, kind in FIELDS.items() if kind.default is not None}


def _allowed(**values: tuple[Any, ...]) -> dict[str, frozenset[Any]]:
    return {name: frozenset(given) for name, given in values.items()}


_CONFIDENTIAL = _allowed(application_type=("web",))
# RFC 9700 §4.14.2: where no secret is kept, refresh tokens are rotated.
_PUBLIC = _allowed(require_pkce=(True,), refresh_token_rotation=(True,))

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "web",
            "an application on a server that can keep a secret",
            frozenset((HTTPS, DEVELOPMENT)),
            {},
            {**_CONFIDENTIAL, "require_pkce": frozenset((True,))},
            front=True,
        ),
        Profile(
            "spa",
            "an application that runs in the browser only",
            frozenset((HTTPS, DEVELOPMENT)),
            {
                "token_endpoint_auth_method": "none",
                "id_token_signed_response_alg": "ES256",
                # RFC 10017: no refresh token that outlives the day in a browser.
                "scope": STANDARD_SCOPE.removesuffix(" offline_access"),
                "refresh_token_absolute": DAY,
            },
            {**_PUBLIC, "application_type": frozenset(("web",))},
            {"refresh_token_absolute": DAY},
            public=True,
            front=True,
        ),
        Profile(
            "native",
            "an application installed on a phone or computer",
            frozenset((HTTPS, LOOPBACK, CUSTOM)),
            {
                "application_type": "native",
                "token_endpoint_auth_method": "none",
                "id_token_signed_response_alg": "ES256",
                # RFC 8252 §8.6: another app may pose as this one, so the person is asked.
                "consent": "explicit",
            },
            {**_PUBLIC, "application_type": frozenset(("native",))},
            public=True,
        ),
        Profile(
            "machine",
            "a program that acts for itself; nobody signs in",
            frozenset(),
            {"grant_types": ["client_credentials"], "scope": "", "response_modes": []},
            _CONFIDENTIAL,
        ),
        Profile(
            "legacy",
            "a web application whose library has no PKCE; otherwise as web",
            frozenset((HTTPS, DEVELOPMENT)),
            {"require_pkce": False},
            _CONFIDENTIAL,
            front=True,
        ),
        Profile(
            "fapi2",
            "FAPI 2.0: for what moves money or health records",
            frozenset((HTTPS,)),
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "id_token_signed_response_alg": "PS256",
                "refresh_token_rotation": False,
                "require_pushed_authorization_requests": True,
                "dpop_bound_access_tokens": True,
                "authorization_signed_response_alg": "PS256",
            },
            {
                **_allowed(
                    application_type=("web",),
                    require_pkce=(True,),
                    require_pushed_authorization_requests=(True,),
                    client_assertion_audience=("issuer",),
                    request_uri_hash=("checked",),
                ),
                "id_token_signed_response_alg": frozenset(_ASYMMETRIC),
                "token_endpoint_auth_signing_alg": frozenset(_ASYMMETRIC),
                "authorization_signed_response_alg": frozenset(_ASYMMETRIC),
                "request_object_signing_alg": frozenset(_ASYMMETRIC),
                "userinfo_signed_response_alg": frozenset(_ASYMMETRIC),
            },
            keys=True,
            bound=True,
        ),
    )
}


def complete(profile: Profile, said: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, and for the rest the defaults of the profile and of all."""
    values = {**DEFAULTS, **profile.defaults, **said}
    # RFC 7591 §2.1: the grant types that go with the response types, and the other way round.
    if "response_types" in said and "grant_types" not in said and profile.redirects:
        values["grant_types"] = _grants_of(said["response_types"])
    if profile.bound and "dpop_bound_access_tokens" not in said:  # a certificate does without a proof
        values["dpop_bound_access_tokens"] = not values["tls_client_certificate_bound_access_tokens"]
    values.setdefault("response_types", ["code"] if "authorization_code" in values["grant_types"] else [])
    if profile.name == "spa" and "allowed_origins" not in values:
        values["allowed_origins"] = list(dict.fromkeys(_origins(values.get("redirect_uris", ()))))
    return values


def _grants_of(response_types: list[str]) -> list[str]:
    found = [row for row in map(offered.RESPONSE_TYPES.get, response_types) if row is not None]
    by_code = DEFAULTS["grant_types"] if not found or any(row.code or not row.front for row in found) else []
    return [*by_code, offered.IMPLICIT] if any(row.front for row in found) else list(by_code)


def _origins(redirect_uris: list[str]) -> Iterator[str]:
    for uri in redirect_uris:
        try:
            yield uris.read(uri).origin
        except ValueError:  # reported where redirect URIs are checked
            continue


def describe(name: str) -> list[str]:
    """A profile's rules, a line each, for help and console. Errors: KeyError."""
    profile = PROFILES[name]
    lines = [f"{name}: {profile.summary}", f"redirect URIs: {_redirect_rule(profile)}"]
    values, hidden = complete(profile, {}), ("application_type", "require_pkce", "response_types")
    lines += [f"{key}: {_show(allowed)} only" for key, allowed in profile.choices().items() if key not in hidden]
    lines += ["tokens: bound to a key, by DPoP or by the client's certificate"] if profile.bound else []
    lines += [f"{key}: at most {limit} seconds" for key, limit in profile.ceilings.items()]
    shown = ("grant_types", "token_endpoint_auth_method", "id_token_signed_response_alg", "scope", "consent")
    lines += [f"{key} by default: {_show(values[key])}" for key in shown if values[key]]
    return [*lines, f"PKCE: {'required' if values['require_pkce'] and profile.redirects else 'not required'}"]


def _redirect_rule(profile: Profile) -> str:
    texts = {
        HTTPS: "https",
        DEVELOPMENT: "http on loopback in development",
        LOOPBACK: "http on a loopback address with any port",
        CUSTOM: "a scheme with a dot, such as com.example.app:/callback (one without: allow_dotless_scheme=true)",
    }
    return ", ".join(words for kind, words in texts.items() if kind in profile.redirects) or "none"


def _show(value: Any) -> str:
    if isinstance(value, (frozenset, list)):
        items = sorted(value, key=str) if isinstance(value, frozenset) else value
        return ", ".join(_show(item) for item in items)
    return str(value).lower() if isinstance(value, bool) else str(value)
