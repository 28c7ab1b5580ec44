"""The client as everybody else sees it: one immutable snapshot, its hot checks made ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from clients import secrets, service_provider
from clients.access import Access
from clients.profiles import DEFAULTS, PROFILES, auth_methods, complete
from clients.redirects import without_port
from clients.secrets import StoredSecret
from clients.service_provider import ServiceProvider


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Client:
    """One registered application. Equal only to itself, so what is derived from it can be kept by it.

    `metadata` holds all values, defaults included, by their names in the standards; those that every request asks for
    stand beside it. Lifetimes are seconds; None: the deployment's setting holds. `saml` is what `kind` "saml" is asked
    for; all that OpenID Connect asks for is then empty, so that no endpoint of its takes such a client.
    """

    id: str
    kind: str
    name: str
    profile: str
    enabled: bool
    created_at: float
    changed_at: float
    tokens_after: float
    access: Access
    metadata: Mapping[str, Any]
    secrets: tuple[StoredSecret, ...] = field(repr=False)

    redirect_uris: frozenset[str]
    loopback_redirects: frozenset[str]
    post_logout_redirect_uris: frozenset[str]
    allowed_origins: frozenset[str]
    grant_types: frozenset[str]
    response_types: frozenset[str]
    response_modes: frozenset[str]
    scopes: frozenset[str]
    offline_access_registered: bool
    auth_methods: tuple[str, ...]
    is_public: bool
    resources: frozenset[str]
    consent: str
    ignore_prompt_consent: bool
    require_pkce: bool
    require_auth_time: bool
    default_max_age: int | None
    default_acr_values: tuple[str, ...]
    id_token_signed_response_alg: str
    id_token_claims: bool
    id_token_lifetime: int | None
    userinfo_signed_response_alg: str | None
    access_token_format: str
    access_token_lifetime: int | None
    refresh_token_idle: int | None
    refresh_token_absolute: int | None
    refresh_token_rotation: bool
    claims_map: Mapping[str, str]
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None
    token_endpoint_auth_signing_alg: str | None
    client_assertion_audience: str
    introspection: str
    backchannel_logout_uri: str | None
    backchannel_logout_session_required: bool
    launch_url: str | None
    initiate_login_uri: str | None
    logo_uri: str | None
    saml: ServiceProvider | None = None

    def find_secret(self, presented: str, now: float) -> StoredSecret | None:
        """The valid secret that was presented, or None. Constant time over all of them."""
        return secrets.find_matching(presented, self.secrets, now)

    def allowed_scope(self, requested: Iterable[str]) -> tuple[str, ...]:
        """Of the scopes asked for, those the client may have, in their order, each once (S19)."""
        return tuple(scope for scope in dict.fromkeys(requested) if scope in self.scopes)

    def localized(self, key: str, languages: Iterable[str] = ()) -> str | None:
        """The text of `client_name`, `policy_uri` … in the first of these languages it has, else as registered."""
        for language in languages:
            wanted = language.lower()
            while wanted:
                for name, value in self.metadata.items():
                    if name.lower() == f"{key}#{wanted}":
                        return str(value)
                wanted = wanted.rpartition("-")[0]
        found = self.metadata.get(key)
        return None if found is None else str(found)


#: What a client that does not speak OpenID Connect has of it: nothing that any endpoint would take.
_NO_OIDC: Mapping[str, Any] = {**DEFAULTS, "scope": "", "grant_types": [], "response_types": [], "response_modes": []}


def build(
    *,
    client_id: str,
    kind: str,
    name: str,
    profile: str,
    enabled: bool,
    said: Mapping[str, Any],
    access: Access,
    created_at: float,
    changed_at: float,
    tokens_after: float = 0.0,
    stored: tuple[StoredSecret, ...] = (),
) -> Client:
    """A snapshot of what is stored. `said`: the metadata as registered, valid; defaults are added here."""
    provider = service_provider.build(said) if kind == "saml" else None
    if provider is None:
        shown = values = {**complete(PROFILES[profile], said), "client_name": name}
    else:
        shown = service_provider.complete(provider, said, name)
        values = {**_NO_OIDC, **shown}
    get = values.get
    redirect_uris = frozenset(get("redirect_uris", ()))
    is_native = profile == "native"
    methods = () if provider else auth_methods(values["token_endpoint_auth_method"])
    return Client(
        id=client_id,
        kind=kind,
        name=name,
        profile=profile,
        enabled=enabled,
        created_at=created_at,
        changed_at=changed_at,
        tokens_after=tokens_after,
        access=access,
        metadata=MappingProxyType(shown),
        secrets=stored,
        redirect_uris=redirect_uris,
        loopback_redirects=frozenset(filter(None, map(without_port, redirect_uris))) if is_native else frozenset(),
        post_logout_redirect_uris=frozenset(get("post_logout_redirect_uris", ())),
        allowed_origins=frozenset(get("allowed_origins", ())),
        grant_types=frozenset(values["grant_types"]),
        response_types=frozenset(values["response_types"]),
        response_modes=frozenset(values["response_modes"]),
        scopes=frozenset(values["scope"].split()),
        offline_access_registered="offline_access" in str(said.get("scope", "")).split(),
        auth_methods=methods,
        is_public=methods == ("none",),
        resources=frozenset(get("resources", ())),
        consent=values["consent"],
        ignore_prompt_consent=values["ignore_prompt_consent"],
        require_pkce=values["require_pkce"],
        require_auth_time=values["require_auth_time"],
        default_max_age=get("default_max_age"),
        default_acr_values=tuple(get("default_acr_values", ())),
        id_token_signed_response_alg=values["id_token_signed_response_alg"],
        id_token_claims=values["id_token_claims"],
        id_token_lifetime=get("id_token_lifetime"),
        userinfo_signed_response_alg=get("userinfo_signed_response_alg"),
        access_token_format=values["access_token_format"],
        access_token_lifetime=get("access_token_lifetime"),
        refresh_token_idle=get("refresh_token_idle"),
        refresh_token_absolute=get("refresh_token_absolute"),
        refresh_token_rotation=values["refresh_token_rotation"],
        claims_map=MappingProxyType(get("claims_map", {})),
        jwks=get("jwks"),
        jwks_uri=get("jwks_uri"),
        token_endpoint_auth_signing_alg=get("token_endpoint_auth_signing_alg"),
        client_assertion_audience=values["client_assertion_audience"],
        introspection=values["introspection"],
        backchannel_logout_uri=get("backchannel_logout_uri"),
        backchannel_logout_session_required=values["backchannel_logout_session_required"],
        launch_url=get("launch_url"),
        initiate_login_uri=get("initiate_login_uri"),
        logo_uri=get("logo_uri"),
        saml=provider,
    )
