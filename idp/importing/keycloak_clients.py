"""The clients of a Keycloak realm, as applications and service providers of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from idp.importing import sp_metadata
from idp.importing.found import Application, Left, ServiceProvider

#: Every realm has these for itself.
_OWN: Final = ("account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console")
MASKED: Final = "**********"  # an export from the console hides secrets
MIN_SECRET: Final = 20  # characters: ours are kept as one SHA-256, which nobody may guess
_SAME: Final = "+"  # the same addresses as for signing in
_PARTED: Final = "##"
#: clientAuthenticatorType, as RFC 7591 calls it.
_PROOFS: Final = {"client-secret": "client_secret_basic", "client-jwt": "private_key_jwt"}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def read(realm: Mapping[str, Any], left: list[Left]) -> tuple[tuple[Application, ...], tuple[ServiceProvider, ...]]:
    """Of all of a realm's clients; what cannot be carried over is added to `left`."""
    applications, providers = [], []
    for client in realm.get("clients") or ():
        name = str(client.get("clientId", ""))
        if name in _OWN or name.endswith("-realm"):
            continue
        if client.get("protocol") == "saml":
            providers.append(_provider(client, left))
        elif client.get("bearerOnly"):
            left.append(Left("client", name, "is an API that signs nobody in: as a resource it needs no registration"))
        else:
            applications.append(_application(client, left))
    return tuple(applications), tuple(one for one in providers if one is not None)


# -- OpenID Connect ----------------------------------------------------------------------------------------------------


def _application(client: Mapping[str, Any], left: list[Left]) -> Application:
    name, about = str(client["clientId"]), client.get("attributes") or {}
    signs_in = client.get("standardFlowEnabled", True) or client.get("implicitFlowEnabled", False)
    redirects = list(_exact(name, "redirect URI", client.get("redirectUris") or (), client, left)) if signs_in else []
    public = bool(client.get("publicClient"))
    profile = _profile(public, bool(signs_in), redirects, about)
    metadata: dict[str, Any] = {"grant_types": list(_grants(client, name, left))}
    if signs_in:
        metadata["redirect_uris"] = redirects
        metadata |= _addresses(client, name, redirects, left)
    if client.get("description"):
        metadata["description"] = str(client["description"])
    if (seconds := str(about.get("access.token.lifespan", ""))).isdigit() and 30 <= int(seconds) <= 86_400:
        metadata["access_token_lifetime"] = int(seconds)
    secret = None
    if not public:
        method, secret = _proof(client, name, about, metadata, left)
        metadata["token_endpoint_auth_method"] = method
    left += _not_carried(client, name)
    return Application(
        id=name, name=_shown(client), profile=profile, metadata=metadata, secret=secret,
        enabled=bool(client.get("enabled", True)),
    )  # fmt: skip


def _profile(public: bool, signs_in: bool, redirects: list[str], about: Mapping[str, Any]) -> str:
    """`legacy` for a web application that was never made to send PKCE: nothing tells whether it does."""
    if not signs_in:
        return "machine"
    if public:
        return "native" if any(_is_native(uri) for uri in redirects) else "spa"
    return "web" if about.get("pkce.code.challenge.method") == "S256" else "legacy"


def _is_native(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme not in ("http", "https") or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _grants(client: Mapping[str, Any], name: str, left: list[Left]) -> Iterator[str]:
    if client.get("standardFlowEnabled", True) or client.get("implicitFlowEnabled"):
        yield from ("authorization_code", "refresh_token")
    if client.get("serviceAccountsEnabled"):
        yield "client_credentials"
    about = client.get("attributes") or {}
    if about.get("oauth2.device.authorization.grant.enabled") == "true":
        yield "urn:ietf:params:oauth:grant-type:device_code"
    for key, grant in (("directAccessGrantsEnabled", "password"), ("implicitFlowEnabled", "implicit")):
        # RFC 9700 §2.1.2, §2.4
        if client.get(key):
            left.append(Left("grant", name, f"{grant} is not carried over: the standard asks to leave it"))


def _addresses(client: Mapping[str, Any], name: str, redirects: list[str], left: list[Left]) -> dict[str, Any]:
    about = client.get("attributes") or {}
    found: dict[str, Any] = {}
    said = str(about.get("post.logout.redirect.uris", ""))
    ends = [] if said in ("", "-") else said.split(_PARTED)
    after = [uri for one in ends for uri in (redirects if one == _SAME else [one])]
    found["post_logout_redirect_uris"] = list(_exact(name, "sign-out address", after, client, left))
    origins = [one for one in client.get("webOrigins") or () if one not in (_SAME, "*")]
    if _SAME in (client.get("webOrigins") or ()):
        origins += [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, redirects) if parts.netloc]
    if origins:
        found["allowed_origins"] = list(dict.fromkeys(origins))
    for theirs, ours in (("backchannel.logout.url", "backchannel_logout_uri"),
                         ("frontchannel.logout.url", "frontchannel_logout_uri")):  # fmt: skip
        if about.get(theirs):
            found[ours] = str(about[theirs])
    return {key: value for key, value in found.items() if value}


def _exact(name: str, kind: str, uris: Any, client: Mapping[str, Any], left: list[Left]) -> Iterator[str]:
    """Whole addresses. RFC 9700 §2.1: they are compared as strings, so that what has a star leads anywhere."""
    for uri in map(str, uris):
        whole = str(client.get("rootUrl") or "").rstrip("/") + uri if uri.startswith("/") else uri
        if "*" in whole or whole.startswith("/"):
            left.append(Left(kind, name, f"{uri} is no whole address: register the ones that it uses"))
        else:
            yield whole


def _proof(
    client: Mapping[str, Any], name: str, about: Mapping[str, Any], metadata: dict[str, Any], left: list[Left]
) -> tuple[str, str | None]:
    """How it proves itself, and its secret."""
    kind = str(client.get("clientAuthenticatorType") or "client-secret")
    method = _PROOFS.get(kind, "client_secret_basic")
    if kind not in _PROOFS:
        left.append(Left("client authentication", name, f"{kind} is set up anew: here it has a secret now"))
    if method == "private_key_jwt":
        if about.get("use.jwks.url") == "true" and about.get("jwks.url"):
            metadata["jwks_uri"] = str(about["jwks.url"])
            return method, None
        left.append(Left("client authentication", name, "its key is not in the export: here it has a secret now"))
        return "client_secret_basic", None
    secret = str(client.get("secret") or "")
    if secret == MASKED or not secret:
        left.append(Left("secret", name, "is not in the export (`kc.sh export` writes it): here it has a new one"))
        return method, None
    if len(secret) < MIN_SECRET:
        left.append(Left("secret", name, f"has only {len(secret)} characters: here it has a new one"))
        return method, None
    return method, secret


def _not_carried(client: Mapping[str, Any], name: str) -> Iterator[Left]:
    for mapper in client.get("protocolMappers") or ():
        yield Left("mapper", name, f"{mapper.get('name')}: see what the application gets, and set its claims")
    if client.get("authorizationServicesEnabled"):
        yield Left("authorization services", name, "what may be done inside an application is its own to say")


def _shown(client: Mapping[str, Any]) -> str:
    """What people read; a name of `${…}` is a text of Keycloak's."""
    name = str(client.get("name") or "")
    return name if name and not name.startswith("${") else str(client["clientId"])


# -- SAML --------------------------------------------------------------------------------------------------------------


def _provider(client: Mapping[str, Any], left: list[Left]) -> ServiceProvider | None:
    entity_id, about = str(client["clientId"]), client.get("attributes") or {}
    acs = [about.get("saml_assertion_consumer_url_post"), *(client.get("redirectUris") or ())]
    whole = list(dict.fromkeys(_exact(entity_id, "ACS", [one for one in acs if one], client, left)))
    if not whole:
        left.append(Left("service provider", entity_id, "says no whole address where it takes Responses"))
        return None
    described = sp_metadata.Described(
        entity_id=entity_id, acs=tuple(whole[:1] if about.get("saml_assertion_consumer_url_post") else whole),
        slo_post=about.get("saml_single_logout_service_url_post") or "",
        slo_redirect=about.get("saml_single_logout_service_url_redirect") or "",
        signing=about.get("saml.signing.certificate") or "", encryption=about.get("saml.encryption.certificate") or "",
        signs_requests=about.get("saml.client.signature") == "true",
    )  # fmt: skip
    settings: dict[str, Any] = {}
    if about.get("saml.encrypt") == "true" and described.encryption:
        settings["encrypt"] = "required"
    left += (
        Left("mapper", entity_id, f"{mapper.get('name')}: see which attributes it gets, and set them")
        for mapper in client.get("protocolMappers") or ()
    )
    return ServiceProvider(
        entity_id=entity_id, name=_shown(client), metadata=sp_metadata.document(described), settings=settings,
        enabled=bool(client.get("enabled", True)),
    )  # fmt: skip
