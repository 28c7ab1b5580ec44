"""What OpenID Connect endpoints ask of a client at every request, ready in one frozen snapshot.

Each attribute is a row: its metadata field with its check and its default (`clients.values.Kind`), and how the value is
kept for the hot path. `clients.metadata.FIELDS` has these rows and those of fields that are read seldom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clients import offered
from clients.claim_rules import CLAIM_RULES, Rules, compiled
from clients.redirects import without_port
from clients.rows import frozen, kept, row, rows_of
from clients.sectors import sector_of
from clients.unsupported import values_of
from clients.values import (
    ADDRESS,
    AUDIENCES,
    BOOLEAN,
    CLAIMS_MAP,
    DETAILS_TYPE,
    ISSUERS,
    JWKS,
    ORIGIN,
    REDIRECT,
    REFERENCE,
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
#: How answers are encrypted for its keys (RFC 7518 §4, §5), and requests for ours, which is an EC key.
_AGREED = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
_ENVELOPE, _CONTENT = one_of("RSA-OAEP-256", *_AGREED), one_of("A128CBC-HS256", "A128GCM", "A256GCM")
#: What an app that says nothing may ask for (Core 1.0 §5.4, and ours); a claim still goes out only when asked for.
STANDARD_SCOPE = "openid profile email address phone groups roles offline_access"
#: What works, and after it what is known and refused with a reason.
_GRANT_TYPES = one_among(lambda: (*offered.GRANT_TYPES, offered.IMPLICIT, *values_of("grant_types")))
_RESPONSE_TYPES = one_of(*offered.RESPONSE_TYPES)
_RESPONSE_MODES = one_among(lambda: (*offered.RESPONSE_MODES, *values_of("response_modes")))
_AUTH_METHODS = one_among(lambda: (*offered.AUTH_METHODS, *values_of("token_endpoint_auth_method")))


def _words(scope: str) -> frozenset[str]:
    return frozenset(scope.split())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelyingParty:
    """Lifetimes are seconds; None: the deployment's setting holds."""

    redirect_uris: frozenset[str] = row(list_of(REDIRECT), frozenset)
    loopback_redirects: frozenset[str]  # of a native app, without their ports (RFC 8252 §7.3)
    post_logout_redirect_uris: frozenset[str] = row(list_of(REDIRECT), frozenset)
    allowed_origins: frozenset[str] = row(list_of(ORIGIN), frozenset)
    grant_types: frozenset[str] = row(list_of(_GRANT_TYPES).or_else(["authorization_code", "refresh_token"]), frozenset)
    response_types: frozenset[str] = row(list_of(_RESPONSE_TYPES, spaces=False), frozenset)
    response_modes: frozenset[str] = row(list_of(_RESPONSE_MODES).or_else(offered.RESPONSE_MODES), frozenset)
    scopes: frozenset[str] = row(SCOPE.or_else(STANDARD_SCOPE), _words, "scope")
    offline_access_registered: bool  # it was said, and is no default
    auth_methods: tuple[str, ...] = row(
        _AUTH_METHODS.or_else("client_secret_basic"), offered.methods_beside, "token_endpoint_auth_method"
    )
    is_public: bool  # it has no secret and no key
    is_native: bool  # RFC 8252
    resources: frozenset[str] = row(list_of(RESOURCE), frozenset)
    # Core 1.0 §3.1.2.1: asked for is asked; some products ask for it at every sign-in, and single sign-on is gone.
    ignore_prompt_consent: bool = row(BOOLEAN.or_else(False))
    require_pkce: bool = row(BOOLEAN.or_else(True))
    default_max_age: int | None = row(seconds(0, 31_536_000))
    default_acr_values: tuple[str, ...] = row(list_of(text()), tuple)
    # Registration 1.0 §2: RS256 for a client that says nothing; every library can check it.
    id_token_signed_response_alg: str = row(one_of(*SIGNING, "none").or_else("RS256"))
    # Core 1.0 §5.4: claims of a scope are for userinfo where there is an access token.
    id_token_claims: bool = row(BOOLEAN.or_else(False))
    id_token_lifetime: int | None = row(seconds(30, 86_400))
    userinfo_signed_response_alg: str | None = row(one_of(*SIGNING))
    # Core §10.2, JARM §3, RFC 9701 §6: for one of its own keys, where it says so.
    id_token_encrypted_response_alg: str | None = row(_ENVELOPE)
    id_token_encrypted_response_enc: str | None = row(_CONTENT)
    userinfo_encrypted_response_alg: str | None = row(_ENVELOPE)
    userinfo_encrypted_response_enc: str | None = row(_CONTENT)
    authorization_encrypted_response_alg: str | None = row(_ENVELOPE)
    authorization_encrypted_response_enc: str | None = row(_CONTENT)
    introspection_signed_response_alg: str = row(one_of(*SIGNING).or_else("RS256"))
    introspection_encrypted_response_alg: str | None = row(_ENVELOPE)
    introspection_encrypted_response_enc: str | None = row(_CONTENT)
    request_object_encryption_alg: str | None = row(one_of(*_AGREED))
    request_object_encryption_enc: str | None = row(_CONTENT)
    access_token_format: str = row(one_of("opaque", "jwt").or_else("opaque"))
    access_token_lifetime: int | None = row(seconds(30, 86_400))
    refresh_token_idle: int | None = row(seconds(60, 31_536_000))
    refresh_token_absolute: int | None = row(seconds(60, 31_536_000))
    refresh_token_rotation: bool = row(BOOLEAN.or_else(True))
    subject_type: str = row(one_of("public", "pairwise").or_else("public"))
    sector: str  # whose applications know a person by one name (Core §8.1); '' where they all do
    claims_map: Mapping[str, str] = row(CLAIMS_MAP, frozen)
    claim_rules: Rules = row(CLAIM_RULES, compiled)  # noqa: RUF009
    jwks: Mapping[str, Any] | None = row(JWKS)
    jwks_uri: str | None = row(ADDRESS)
    token_endpoint_auth_signing_alg: str | None = row(one_of(*SIGNING))
    client_assertion_audience: str = row(one_of("issuer", "legacy").or_else("issuer"))
    dpop_bound_access_tokens: bool = row(BOOLEAN.or_else(False))  # RFC 9449 §5.2
    tls_client_certificate_bound_access_tokens: bool = row(BOOLEAN.or_else(False))  # RFC 8705 §3.4
    require_pushed_authorization_requests: bool = row(BOOLEAN.or_else(False))  # RFC 9126 §6
    require_signed_request_object: bool = row(BOOLEAN.or_else(False))  # RFC 9101 §10.5
    request_object_signing_alg: str | None = row(one_of(*SIGNING, "none"))
    request_uris: frozenset[str] = row(list_of(REFERENCE), frozenset)  # Registration 1.0 §2
    request_uri_hash: str = row(one_of("checked", "ignored").or_else("checked"))  # Core §6.2
    authorization_signed_response_alg: str = row(one_of(*SIGNING).or_else("RS256"))  # JARM §3
    # RFC 7662 §4: whose tokens it may look at: its own, those meant for its resources too, or everybody's.
    introspection: str = row(one_of("own", "audience", "all").or_else("own"))
    # RFC 8693 §4.4: applications that may exchange its tokens to act for the person (their ids), or to be the person.
    may_act: frozenset[str] = row(list_of(text(60)), frozenset)
    may_impersonate: frozenset[str] = row(list_of(text(60)), frozenset)
    exchange_resources: frozenset[str] = row(list_of(RESOURCE), frozenset)  # that such tokens may be for beyond its own
    assertion_issuers: Mapping[str, Any] = row(ISSUERS, frozen)  # RFC 7523 §2.1: whose word of a person it may bring
    id_jag_audiences: Mapping[str, Any] = row(AUDIENCES, frozen)  # draft-ietf-oauth-identity-assertion-authz-grant
    native_sso_group: str | None = row(text(60))  # OpenID Connect Native SSO 1.0: the apps that share a sign-in
    # RFC 9396 §10: what it may ask people for in detail, by name
    authorization_details_types: frozenset[str] = row(list_of(DETAILS_TYPE), frozenset)
    fedcm: bool = row(BOOLEAN.or_else(False))  # the browser's own dialog may sign people in to it
    backchannel_logout_uri: str | None = row(ADDRESS)
    initiate_login_uri: str | None = row(ADDRESS)
    is_told_sid: bool  # its ID tokens name the session

    @property
    def jwt_alg(self) -> str:
        """The algorithm of JWTs that are signed in any case, whatever ID tokens are (RFC 9068 §2.1, BCL §2.4)."""
        return "RS256" if self.id_token_signed_response_alg == "none" else self.id_token_signed_response_alg

    def allowed_scope(self, requested: Iterable[str]) -> tuple[str, ...]:
        """Of the scopes asked for, those the client may have, in their order, each once (S19)."""
        return tuple(scope for scope in dict.fromkeys(requested) if scope in self.scopes)


_ROWS = rows_of(RelyingParty)
#: The rows as metadata fields, under their names in the standards.
FIELDS: Mapping[str, Kind] = {key: one.kind for _, key, one in _ROWS if one.kind is not None}


_SIGN_OUTS = ("post_logout_redirect_uris", "backchannel_logout_uri", "frontchannel_logout_uri")


def build(client_id: str, profile: str, said: Mapping[str, Any], values: Mapping[str, Any]) -> RelyingParty:
    """The snapshot of a registration: `values` is what was `said`, completed with every default."""
    found = kept(_ROWS, values)
    is_native = profile == "native"
    loopback = filter(None, map(without_port, found["redirect_uris"])) if is_native else ()
    return RelyingParty(
        **found,
        loopback_redirects=frozenset(loopback),
        offline_access_registered="offline_access" in str(said.get("scope", "")).split(),
        is_public=found["auth_methods"] == ("none",),
        is_native=is_native,
        sector=sector_of(client_id, values),
        # A sign-out needs it: the hint of one, or the message about one. FAPI 2.0 wants nothing in a token beyond use.
        is_told_sid=profile != "fapi2" or any(values.get(name) for name in _SIGN_OUTS),
    )
