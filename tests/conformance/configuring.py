"""The configuration of a plan: its applications, registered here, and what the suite's browser does on our pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from tests.conformance import suite
from tests.conformance.certificates import Certificate
from tests.conformance.provider import PASSWORD, PERSON, Provider

HERE = Path(__file__).parent
#: Members of the metadata that the suite does not know: of OpenID Connect Native SSO for Mobile Apps 1.0.
UNKNOWN_TO_IT = ["native_sso_supported"]
ALL_SCOPES = "openid profile email address phone offline_access"


def configure(provider: Provider, plan: Mapping[str, Any], run: str) -> dict[str, Any]:
    """What the suite is told of a plan. `run` keeps what an earlier run left behind, such as logout tokens, apart."""
    words = plan["name"].lower().replace(",", "").replace(".", "").split()
    alias = "-".join(("doorward", *words, run))
    usual, override = browser(provider.issuer)
    return {
        "alias": alias,
        "description": plan["name"],
        "server": {
            "discoveryUrl": provider.issuer + "/.well-known/openid-configuration", "login_hint": PERSON,
            "allow_unexpected_metadata_fields": UNKNOWN_TO_IT,
        },
        "options": {"browsercontrol_css_enable": False},
        "browser": usual,
        "override": override,
        **CLIENTS[plan["clients"]](provider, plan, alias),
    }  # fmt: skip


def browser(issuer: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What the suite's browser does on our pages: as a rule, and at single modules (browser.json)."""
    text = (HERE / "browser.json").read_text(encoding="utf-8")
    marks = {"ISSUER": issuer, "SUITE": suite.URL, "LOGIN": PERSON, "PASSWORD": PASSWORD}
    for mark, value in marks.items():
        text = text.replace(f"@{mark}@", value)
    tasks = json.loads(text)
    authorize, end = issuer + "/oauth/authorize*", issuer + "/oauth/logout*"

    def visits(*names: str, **more: Any) -> dict[str, Any]:
        return {"match": authorize, "tasks": [task for name in names for task in tasks[name]], **more}

    usual = visits("sign-in", "consent", "back")
    look = {"task": "Look", "match": issuer + "/*", "commands": []}
    ways: dict[str, list[dict[str, Any]]] = {
        "sign-in page seen": [visits("sign-in page seen", "sign-in", "consent", "back")],
        "error page at the second visit": [{**usual, "match-limit": 1}, visits("error page")],
        "refuse": [visits("refuse", "back")],
        "first visit only looks": [{"match": authorize, "match-limit": 1, "tasks": [look]}, usual],
        **{name: [visits(name)] for name in ("error page", "shown logo", "shown policy", "shown terms")},
        **{name: [usual, {"match": end, "tasks": tasks[name]}] for name in tasks if name.startswith("sign-out, ")},
    }
    override = {
        module: {"browser": ways[way]} for way, modules in tasks["override"].items() for module in modules
    }  # fmt: skip
    return [usual, {"match": end, "tasks": tasks["sign-out"]}], override


# -- applications -----------------------------------------------------------------------------------------------------


def _none(_provider: Provider, _plan: Mapping[str, Any], _alias: str) -> dict[str, Any]:
    return {}


def _dynamic(provider: Provider, plan: Mapping[str, Any], alias: str) -> dict[str, Any]:
    # The metadata name what applications are registered for; the plan wants the implicit flow to be among it.
    types = {"response_types": ["id_token", "id_token token"], "grant_types": ["implicit"]}
    _registered(provider, f"{alias}-implicit", "legacy", alias, "", types)
    # What the suite sends has the token endpoint as its audience and a hash of something else; it lies on this machine.
    legacy = ("--vouched", "--legacy=client_assertion_audience", "--legacy=request_uri_hash")
    token = provider.initial_access_token(*(legacy if plan["name"] == "dynamic" else ()))
    return {
        name: {"client_name": f"{alias}-{number}", "initial_access_token": token}
        for number, name in enumerate(("client", "client2"), 1)
    }


def _legacy(provider: Provider, plan: Mapping[str, Any], alias: str) -> dict[str, Any]:
    """The modules of the basic profile send no PKCE, so their applications are of the profile `legacy`."""
    method = plan["variant"].get("client_auth_type", "client_secret_basic")
    made: dict[str, Any] = {}
    for number, name in enumerate(("client", "client2"), 1):
        fields, given = _fields(plan, alias), {}
        fields["token_endpoint_auth_method"] = method
        if method == "private_key_jwt":
            key = _key(f"{alias}-{number}")
            # What the suite sends has the token endpoint as its audience, and no typ.
            fields |= {"token_endpoint_auth_signing_alg": "PS256", "client_assertion_audience": "legacy"}
            fields["jwks"], given = _public(key), {"jwks": _private(key)}
        made[name] = _registered(provider, f"{alias}-{number}", "legacy", alias, "", fields) | given
    if method == "client_secret_basic":
        fields = {**_fields(plan, alias), "token_endpoint_auth_method": "client_secret_post"}
        made["client_secret_post"] = _registered(provider, f"{alias}-post", "legacy", alias, "", fields)
    return made


def _fields(plan: Mapping[str, Any], alias: str) -> dict[str, Any]:
    at = f"{suite.URL}/test/a/{alias}"
    fields: dict[str, Any] = {
        "scope": ALL_SCOPES, "grant_types": ["authorization_code", "refresh_token"],
        "post_logout_redirect_uris": [at + "/post_logout_redirect"],
    }  # fmt: skip
    if types := plan.get("response_types"):
        fields["response_types"] = types
        codes = any("code" in one.split() for one in types)
        fields["grant_types"] = ["authorization_code", "implicit", "refresh_token"] if codes else ["implicit"]
    # Only in the plan that is about it: a module that hears of a sign-out unasked fails.
    if "back-channel" in alias:
        fields |= {
            "backchannel_logout_uri": at + "/backchannel_logout",
            "backchannel_logout_session_required": True,
        }
    if "front-channel" in alias:
        fields |= {
            "frontchannel_logout_uri": at + "/frontchannel_logout",
            "frontchannel_logout_session_required": True,
        }
    return fields


def _fapi2(provider: Provider, plan: Mapping[str, Any], alias: str) -> dict[str, Any]:
    variant = plan["variant"]
    # A token that is bound to a certificate is good where a certificate can be shown (RFC 8705 §5).
    origin = provider.mtls_origin if variant["sender_constrain"] == "mtls" else provider.issuer
    made: dict[str, Any] = {"resource": {"resourceUrl": origin + "/oauth/userinfo"}}
    asked = "openid profile email"
    if variant["fapi_profile"] == "fapi_client_credentials_grant":  # nobody signs in, so there is no userinfo
        made, asked = {"resource": {"resourceUrl": origin + "/oauth/whoami"}}, "accounts"
    for number, name, query in ((1, "client", ""), (2, "client2", "?dummy1=lorem&dummy2=ipsum")):
        key, certificate = _key(f"{alias}-{number}"), Certificate(f"{alias}-{number}")
        fields: dict[str, Any] = {"id_token_signed_response_alg": "PS256", "consent": "explicit"}
        if variant["fapi_profile"] == "fapi_client_credentials_grant":
            fields |= {"grant_types": ["client_credentials"], "scope": "accounts"}
        else:
            fields |= {"grant_types": ["authorization_code", "refresh_token"], "scope": ALL_SCOPES}
        jwks = _public(key)
        if variant["client_auth_type"] == "mtls":
            fields["token_endpoint_auth_method"] = "self_signed_tls_client_auth"
            jwks["keys"].append(certificate.public())
        else:
            fields |= {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "PS256"}
        if variant["sender_constrain"] == "mtls":
            fields |= {"dpop_bound_access_tokens": False, "tls_client_certificate_bound_access_tokens": True}
        else:
            fields["dpop_bound_access_tokens"] = True
        if variant.get("fapi_request_method") == "signed_non_repudiation":
            fields |= {"request_object_signing_alg": "PS256", "require_signed_request_object": True}
        if variant.get("fapi_response_mode") == "jarm":
            fields["authorization_signed_response_alg"] = "PS256"
        fields["jwks"] = jwks
        registered = _registered(provider, f"{alias}-{number}", "fapi2", alias, query, fields)
        registered.pop("client_secret", None)
        made[name] = {
            "scope": asked, "dpop_signing_alg": "ES256", "jwks": _private(key), **registered,
        }  # fmt: skip
        made["mtls" if number == 1 else "mtls2"] = certificate.told()
    provider.wait_for_keys()
    return made


def _ciba(provider: Provider, plan: Mapping[str, Any], alias: str) -> dict[str, Any]:
    """FAPI-CIBA builds on FAPI 1.0: signed requests, tokens bound to a certificate, and older assertions."""
    variant = plan["variant"]
    made: dict[str, Any] = {"resource": {"resourceUrl": provider.mtls_origin + "/accounts"}}
    acr = provider.discovery()["acr_values_supported"][0]
    for number, name in ((1, "client"), (2, "client2")):
        key, certificate = _key(f"{alias}-{number}"), Certificate(f"{alias}-{number}")
        jwks = _public(key)
        fields: dict[str, Any] = {
            "grant_types": ["urn:openid:params:grant-type:ciba", "refresh_token"], "scope": ALL_SCOPES,
            "backchannel_token_delivery_mode": variant["ciba_mode"],
            "backchannel_authentication_request_signing_alg": "PS256", "id_token_signed_response_alg": "PS256",
            "tls_client_certificate_bound_access_tokens": True, "jwks": jwks,
        }  # fmt: skip
        if variant["ciba_mode"] == "ping":
            at = f"{suite.URL}/test/a/{alias}/ciba-notification-endpoint"
            fields["backchannel_client_notification_endpoint"] = at
        if variant["client_auth_type"] == "mtls":
            fields["token_endpoint_auth_method"] = "self_signed_tls_client_auth"
            jwks["keys"].append(certificate.public())
        else:
            fields |= {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "PS256"}
            fields["client_assertion_audience"] = "legacy"
        registered = provider.add_client(f"{alias}-{number}", "web", "", fields)
        made[name] = {
            "client_id": registered["client_id"], "scope": "openid profile email", "jwks": _private(key),
            "hint_type": "login_hint", "hint_value": PERSON, "acr_value": acr,
        }  # fmt: skip
        made["mtls" if number == 1 else "mtls2"] = certificate.told()
    provider.wait_for_keys()
    return made


def _registered(
    provider: Provider, name: str, profile: str, alias: str, query: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    made = provider.add_client(name, profile, f"{suite.URL}/test/a/{alias}/callback{query}", fields)
    return {key: made[key] for key in ("client_id", "client_secret") if made.get(key)}


CLIENTS = {"none": _none, "legacy": _legacy, "dynamic": _dynamic, "fapi2": _fapi2, "ciba": _ciba}


# -- keys -------------------------------------------------------------------------------------------------------------


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"alg": "PS256", "use": "sig", "kid": kid})


def _public(key: RSAKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False)]}


def _private(key: RSAKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=True)]}
