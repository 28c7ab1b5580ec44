"""What we tell about ourselves: OpenID Provider metadata (Discovery 1.0, RFC 8414) and the JWKS.

Both are bytes made beforehand, with ETag and Cache-Control. Every feature named here works.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from clients import offered
from clients.attributes.definition import SCOPE
from clients.offered import AUTH_METHODS
from idp.db import Unavailable
from idp.login.authn import SUPPORTED_ACR
from idp.oidc import (
    authorization_parameters,
    ciba,
    claims,
    client_auth,
    dpop,
    encryption,
    response_type,
    scopes,
    session_management,
)
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.client_auth.private_key_jwt import ASSERTION_ALGS
from idp.oidc.grants import GRANTS
from idp.oidc.request_objects import envelope
from idp.oidc.request_objects.signed import ALGS as REQUEST_ALGS
from idp.oidc.response_modes import RESPONSE_MODES
from idp.protocols import Services
from idp.readers import JWKS, Readers
from idp.texts import LANGUAGES
from idp.traffic import DISCOVERY, KEYS, Traffic
from idp.wire import Raw, Request, Response, dumps
from keys import encrypting
from keys.algorithms import ALGORITHMS

#: Endpoints that an application's server asks, with its certificate.
_ALIASED = (
    "token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint", "introspection_endpoint",
    "revocation_endpoint", "device_authorization_endpoint", "backchannel_authentication_endpoint",
)  # fmt: skip
_OF_TOKENS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "ds_hash")
_CACHE = ("Cache-Control", "public, max-age=300")


def document(services: Services) -> dict[str, Any]:
    """The metadata. Every algorithm is offered: a key is made when the first client asks for it."""
    types, own = _types(services), _own(services)
    implicit = [offered.IMPLICIT] if any(offered.RESPONSE_TYPES[one].front for one in types) else []
    found: dict[str, Any] = {
        "issuer": services.issuer,
        **_addresses(services),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "scopes_supported": [*scopes.SUPPORTED, *(one for one in own if one not in scopes.SUPPORTED)],
        "response_types_supported": types,
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [*GRANTS, *implicit],
        "subject_types_supported": ["public", "pairwise"],
        **_signing(),
        **_encryption(services),
        **_proving(services),
        "claims_supported": [*claims.SUPPORTED, *_OF_TOKENS, *(name for names in own.values() for name in names)],
        "claim_types_supported": ["normal"],
        "acr_values_supported": list(SUPPORTED_ACR),
        "prompt_values_supported": list(authorization_parameters.prompts(services)),
        "display_values_supported": ["page"],
        "ui_locales_supported": list(LANGUAGES),
        "code_challenge_methods_supported": ["S256"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "require_signed_request_object": False,
        "backchannel_token_delivery_modes_supported": list(ciba.DELIVERY_MODES),
        "backchannel_user_code_parameter_supported": False,
        "native_sso_supported": True,  # Native SSO 1.0 §5
        "require_pushed_authorization_requests": services.settings.oauth.require_pushed_authorization_requests,
        "authorization_response_iss_parameter_supported": True,
        **_frame(services),
        **_details(services),
    }
    return {**found, **_by_certificate(services, found)}


def _addresses(services: Services) -> dict[str, Any]:
    return {
        "authorization_endpoint": services.url("/oauth/authorize"),
        "token_endpoint": services.url("/oauth/token"),
        "userinfo_endpoint": services.url("/oauth/userinfo"),
        "jwks_uri": services.url("/oauth/jwks"),
        "introspection_endpoint": services.url("/oauth/introspect"),
        "revocation_endpoint": services.url("/oauth/revoke"),
        "end_session_endpoint": services.url("/oauth/logout"),
        "backchannel_authentication_endpoint": services.url("/oauth/bc-authorize"),
        "device_authorization_endpoint": services.url("/oauth/device"),
        "pushed_authorization_request_endpoint": services.url("/oauth/par"),
        **_registration(services),
    }


def _signing() -> dict[str, Any]:
    ours, theirs = list(ALGORITHMS), list(REQUEST_ALGS)
    return {
        "id_token_signing_alg_values_supported": ours,
        "userinfo_signing_alg_values_supported": ours,
        "introspection_signing_alg_values_supported": ours,
        "authorization_signing_alg_values_supported": ours,
        "request_object_signing_alg_values_supported": theirs,
        "backchannel_authentication_request_signing_alg_values_supported": theirs,
        "dpop_signing_alg_values_supported": list(dpop.ALGS),
    }


def _encryption(services: Services) -> dict[str, Any]:
    answers = {
        f"{what}_encryption_{part}_values_supported": list(values)
        for what in encryption.ANSWERS
        for part, values in (("alg", encrypting.ALGS), ("enc", encrypting.ENCS))
    }
    return {**answers, **_encrypted_requests(services)}


def _proving(services: Services) -> dict[str, Any]:
    methods = client_auth.offered(services)
    return {
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": [one for one in methods if not AUTH_METHODS[one].public],
        "revocation_endpoint_auth_methods_supported": methods,
        **{
            f"{endpoint}_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS)
            for endpoint in ("token", "introspection", "revocation")
        },
    }


def _by_certificate(services: Services, found: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 8705 §3.3, §5: where a proxy hands certificates on, and the addresses at which it asks for one."""
    oauth = services.settings.oauth
    if not oauth.client_certificates:
        return {}
    bound: dict[str, Any] = {"tls_client_certificate_bound_access_tokens": True}
    if not oauth.mtls_origin:
        return bound
    path = services.settings.server.issuer_path
    own = services.issuer.removesuffix(path)
    aliases = {name: found[name].replace(own, oauth.mtls_origin, 1) for name in _ALIASED if name in found}
    return {**bound, "mtls_endpoint_aliases": aliases}


def _registration(services: Services) -> dict[str, Any]:
    oauth, found = services.settings.oauth, dict[str, Any]()
    if oauth.registration != "off":
        found["registration_endpoint"] = services.url("/oauth/register")
    if oauth.client_id_documents != "off":  # CIMD §5
        found["client_id_metadata_document_supported"] = True
    return found


def _encrypted_requests(services: Services) -> dict[str, Any]:
    if not services.settings.oauth.encrypted_requests:
        return {}
    return {
        "request_object_encryption_alg_values_supported": list(encrypting.AGREED),
        "request_object_encryption_enc_values_supported": list(encrypting.ENCS),
    }


class _Made:
    """The bytes, made once."""

    def __init__(self) -> None:
        self._kept: tuple[Any, bytes, str] | None = None

    def get(self, services: Services) -> tuple[bytes, str]:
        made_of = (
            services.issuer, *GRANTS, *RESPONSE_MODES, *CLIENT_AUTH, *_types(services), *_details(services),
            *_own(services).items(),
        )  # fmt: skip
        kept = self._kept
        if kept is None or kept[0] != made_of:
            body = dumps(document(services))
            self._kept = kept = (made_of, body, f'"{sha256(body).hexdigest()[:32]}"')
        return kept[1], kept[2]


def _frame(services: Services) -> dict[str, Any]:
    if not services.settings.oauth.session_management:
        return {}
    return {"check_session_iframe": services.url(session_management.PATH)}


def _own(services: Services) -> dict[str, tuple[str, ...]]:
    """The organisation's own claims that a scope gives to whoever may have it. Others are nobody's business (§3)."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        for one in services.registry.attributes().values():
            if one.release == SCOPE:
                found[one.scope] = (*found.get(one.scope, ()), one.name)
    except Unavailable:
        return {}
    return found


def _details(services: Services) -> dict[str, Any]:
    """RFC 9396 §10, where an admin has registered a type."""
    try:
        types = sorted(services.registry.details_types())
    except Unavailable:
        return {}
    return {"authorization_details_types_supported": types} if types else {}


def _types(services: Services) -> list[str]:
    """A store that is silent hides nothing that always works."""
    try:
        return response_type.supported(services)
    except Unavailable:
        return ["code"]


def configuration(services: Services, request: Request) -> Response:
    """GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server."""
    if not request.header("Sec-Fetch-Mode"):
        services.part(Traffic).fetched(DISCOVERY, request.remote_address)
    return _cached(request, *services.part(_Made).get(services))


def jwks(services: Services, request: Request) -> Response:
    """GET /oauth/jwks. Who fetches it is noted: the browser of a person is nobody that keys are rolled for."""
    found = services.ring.snapshot()
    if not request.header("Sec-Fetch-Mode"):
        services.part(Readers).fetched(JWKS, request.remote_address, services.ring.known_at)
        services.part(Traffic).fetched(KEYS, request.remote_address)
        if request.header("Authorization"):
            client_auth.note_reader(services, request, services.ring.known_at)
    return _cached(request, *envelope.published(services, found.jwks, found.etag))


def _cached(request: Request, body: bytes, etag: str) -> Response:
    headers = (_CACHE, ("ETag", etag))
    if etag in (part.strip() for part in request.header("If-None-Match").split(",")):
        return Raw(status=304, headers=headers)
    return Raw(body=body, content_type="application/json", headers=headers)
