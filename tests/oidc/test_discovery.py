"""Discovery, RFC 8414 and the JWKS: all that is advertised works, nothing else does. S4, S24, S34, S50."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from idp.accounts.person import Person
from idp.oidc.grants.jwt_bearer import GRANT_TYPE as BEARER
from idp.oidc.grants.token_exchange import GRANT_TYPE as EXCHANGE
from tests.backends import Clock
from tests.oidc import asked, assertions, devices
from tests.oidc.test_jwt_bearer import batch, bring
from tests.oidc.test_token_exchange import exchange
from tests.oidc.verifying import verified
from tests.provider import App, Browser, Provider, basic, new_key

OPENID, OAUTH = ".well-known/openid-configuration", ".well-known/oauth-authorization-server"


@pytest.mark.spec("RFC8414 3")
@pytest.mark.parametrize("path", ["", "/sso", "/a/b"])
def test_S34_the_documents_stand_where_both_standards_look(open_provider: Callable[..., Provider], path: str) -> None:
    provider = open_provider(server={"issuer": "https://login.example" + path})
    browser = provider.browser()
    places = [
        f"https://login.example{path}/{OPENID}",
        f"https://login.example/{OAUTH}{path}",
        f"https://login.example{path}/{OAUTH}",
        f"https://login.example/{OPENID}{path}",  # RFC 8414 §5: what OAuth-minded libraries try
    ]
    documents = [browser.get(place) for place in places]
    assert [document.status for document in documents] == [200] * 4
    assert len({document.body for document in documents}) == 1
    assert documents[0].json["issuer"] == "https://login.example" + path
    for name, value in documents[0].json.items():
        if name.endswith(("_endpoint", "jwks_uri")):
            assert value.startswith(f"https://login.example{path}/oauth/"), name
            assert browser.open("GET", value).status != 404, name


def test_S50_the_documents_are_small_and_cacheable(browser: Browser) -> None:
    for path in (OPENID, OAUTH, "oauth/jwks"):
        answer = browser.get(path)
        assert answer.headers["Content-Type"] == "application/json"
        assert "max-age=" in answer.headers["Cache-Control"]
        assert len(answer.body) < 8000
        again = browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
        assert browser.get(path, headers={"If-None-Match": '"other"'}).status == 200
        assert browser.open("HEAD", path).body == b""


@pytest.mark.spec("OIDC-Core 10.1.1")
def test_S50_keys_are_published_before_use_kept_after_and_never_private(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    old = provider.tokens(crm, browser)["id_token"]
    ring = provider.services.ring
    ring.rotate("RS256")
    published = browser.get("oauth/jwks").json["keys"]
    ids = [key["kid"] for key in published]
    assert len(ids) == len(set(ids)) >= 3
    assert all(not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key) for key in published)
    assert all(key["use"] == "sig" and key["alg"] for key in published)
    next_kid = next(key.kid for key in ring.list_keys() if key.state == "next")
    assert next_kid in ids
    clock.advance(provider.settings.keys.publish_hours * 3600 + 400)
    ring.tick()
    new = provider.tokens(crm)["id_token"]
    import jwt

    assert jwt.get_unverified_header(new)["kid"] == next_kid
    assert jwt.get_unverified_header(old)["kid"] in [key["kid"] for key in browser.get("oauth/jwks").json["keys"]]
    assert verified(provider, old, audience=crm.id)["aud"] == crm.id
    assert "etag" in {name.lower() for name, _ in browser.get("oauth/jwks").headers}


def _features(provider: Provider) -> dict[str, Any]:
    return dict(provider.browser().get(OPENID).json)


#: Every member of the document, and the test here that walks it. A new member fails until it has its place.
WALKED = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint",
    "revocation_endpoint", "end_session_endpoint", "scopes_supported", "response_types_supported",
    "response_modes_supported",
    "grant_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported", "claims_supported", "claim_types_supported",
    "acr_values_supported", "prompt_values_supported", "display_values_supported", "ui_locales_supported",
    "code_challenge_methods_supported", "claims_parameter_supported", "request_parameter_supported",
    "request_uri_parameter_supported", "authorization_response_iss_parameter_supported",
    # tests/oidc/test_request_objects.py, test_pushed_requests.py, test_jarm.py
    "require_request_uri_registration", "request_object_signing_alg_values_supported",
    "require_signed_request_object", "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests", "authorization_signing_alg_values_supported",
    # tests/oidc/test_ciba.py
    "backchannel_authentication_endpoint", "backchannel_token_delivery_modes_supported",
    "backchannel_authentication_request_signing_alg_values_supported", "backchannel_user_code_parameter_supported",
    "device_authorization_endpoint",  # tests/oidc/test_device.py
    # tests/oidc/test_encryption.py, test_introspection_jwt.py
    *(f"{what}_encryption_{part}_values_supported" for part in ("alg", "enc")
      for what in ("id_token", "userinfo", "authorization", "introspection")),
    "introspection_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",  # tests/oidc/test_dpop.py
    "authorization_details_types_supported",  # tests/oidc/test_authorization_details.py
    "check_session_iframe",  # tests/oidc/test_session_management.py
    # tests/oidc/test_front_channel_logout.py
    "frontchannel_logout_supported", "frontchannel_logout_session_supported",
    "native_sso_supported",  # tests/oidc/test_native_sso.py
    "registration_endpoint",  # tests/oidc/test_registration.py
    # tests/oidc/test_backchannel.py
    "backchannel_logout_supported", "backchannel_logout_session_supported",
}  # fmt: skip


def test_nothing_is_advertised_that_this_file_does_not_try(provider: Provider) -> None:
    assert set(_features(provider)) - WALKED == set()


@pytest.mark.spec("Discovery 3")
def test_the_mandatory_members_are_there(provider: Provider) -> None:
    document = _features(provider)
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
                 "subject_types_supported", "id_token_signing_alg_values_supported"):  # fmt: skip
        assert document[name], name
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in json.dumps(document["id_token_signing_alg_values_supported"])


def test_advertised_response_types_modes_and_prompts_work_and_others_do_not(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    document = _features(provider)
    provider.sign_in(browser, crm)
    for kind in ("code", "token", "id_token", "code id_token", "none"):
        answer = provider.authorize(browser, crm, response_type=kind)
        assert ("code" in answer.sent) is (kind in document["response_types_supported"]), kind
    for mode in ("query", "fragment", "form_post", "jwt", "query.jwt", "form_post.jwt", "web_message"):
        answer = provider.authorize(browser, crm, response_mode=mode)
        assert ("code" in answer.sent) is (mode in document["response_modes_supported"]), mode
    clock.advance(5)
    for prompt in ("none", "login", "consent", "select_account", "create"):
        answer = provider.authorize(browser, crm, prompt=prompt)
        assert (answer.error == "invalid_request") is (prompt not in document["prompt_values_supported"]), prompt
    for method in ("S256", "plain"):
        answer = provider.authorize(browser, crm, code_challenge_method=method)
        assert ("code" in answer.sent) is (method in document["code_challenge_methods_supported"])
    for display in document["display_values_supported"]:
        assert provider.authorize(browser, crm, display=display).code
    assert document["authorization_response_iss_parameter_supported"] is True


@pytest.mark.spec("OIDC-Core 7.2.1")
def test_registration_in_a_request_is_neither_advertised_nor_taken(
    provider: Provider, browser: Browser, crm: App
) -> None:
    assert "registration_supported" not in str(_features(provider))
    assert provider.authorize(browser, crm, registration="{}").error == "registration_not_supported"


def test_advertised_scopes_and_claims_are_given(provider: Provider, browser: Browser) -> None:
    document = _features(provider)
    names = "given_name family_name middle_name nickname profile picture website gender birthdate zoneinfo locale"
    standard = dict.fromkeys([*names.split(), "phone_number"], "x")
    claims: dict[str, Any] = {**standard, "phone_number_verified": True, "address": {"country": "FR"}}
    provider.add_person(claims=claims, groups=("a",), roles=("auditor",))
    scope = " ".join(document["scopes_supported"])
    app = provider.add_client("App", "native", scope=scope, native_sso_group="all", redirect_uris=["com.example.a:/cb"])
    tokens = provider.tokens(app, browser, scope=scope)
    assert set(tokens["scope"].split()) == set(document["scopes_supported"])
    given = set(provider.userinfo(tokens["access_token"]).json) | set(
        verified(provider, tokens["id_token"], audience=app.id)
    )
    assert set(document["claims_supported"]) - given == set()
    assert document["claim_types_supported"] == ["normal"]
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert document["claims_parameter_supported"] is True
    assert verified(provider, tokens["id_token"], audience=app.id)["acr"] in document["acr_values_supported"]


def by_device(provider: Provider) -> dict[str, Any]:
    """The tokens of a device."""
    tv = provider.add_client("TV", "native", grant_types=[devices.GRANT], redirect_uris=[])
    begun = devices.begun(provider, tv)
    devices.approve(provider.browser(), begun)
    return dict(devices.poll(provider, tv, begun).json)


def by_assertion(provider: Provider) -> Any:
    return bring(provider, batch(provider), assertions.of(provider, "ann")).json


def test_advertised_grants_and_ways_to_authenticate_work(provider: Provider, ann: Person) -> None:
    document = _features(provider)
    web = provider.add_client(
        "Web", grant_types=["authorization_code", "refresh_token", "client_credentials", EXCHANGE], scope="openid a"
    )
    robot, spa = provider.add_client("Robot", key=new_key()), provider.add_client("Spa", "spa")
    tokens = provider.tokens(web, scope="openid a")
    worked = {
        "authorization_code": tokens,
        "refresh_token": provider.refresh(web, tokens["refresh_token"]).json,
        "client_credentials": provider.client_credentials(web, scope="a").json,
        devices.GRANT: by_device(provider),
        BEARER: by_assertion(provider),
        EXCHANGE: exchange(provider, web, tokens["access_token"], scope="a").json,
        asked.GRANT: asked.tokens(provider),
    }
    assert set(document["grant_types_supported"]) == set(worked)
    assert all(answer["access_token"] for answer in worked.values())
    form = {"client_id": web.id, "client_secret": web.secret}
    ways: dict[str, Callable[[str], int]] = {
        "client_secret_basic": lambda path: provider.post(path, web, {"token": "x"}).status,
        "client_secret_post": lambda path: provider.post(path, None, {"token": "x", **form}).status,
        "private_key_jwt": lambda path: provider.post(path, robot, {"token": "x"}).status,
        "none": lambda path: provider.post(path, spa, {"token": "x"}).status,
    }
    for endpoint, path in (("introspection", "oauth/introspect"), ("revocation", "oauth/revoke")):
        advertised = document[f"{endpoint}_endpoint_auth_methods_supported"]
        assert {way for way, call in ways.items() if call(path) == 200} == set(advertised), endpoint
    assert set(document["token_endpoint_auth_methods_supported"]) == set(ways)
    assert provider.tokens(robot)["access_token"]
    assert provider.tokens(spa)["access_token"]
    assert provider.redeem(web, "x", **form).error == "invalid_request"  # Basic and post at once


def test_advertised_signing_algorithms_sign(provider: Provider, ann: Person) -> None:
    document = _features(provider)
    for alg in document["id_token_signing_alg_values_supported"]:
        app = provider.add_client("App " + alg, id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg)
        tokens = provider.tokens(app)
        assert verified(provider, tokens["id_token"], audience=app.id)
        assert verified(provider, provider.userinfo(tokens["access_token"]).text, audience=app.id)
    assert document["userinfo_signing_alg_values_supported"] == document["id_token_signing_alg_values_supported"]


def test_every_endpoint_answers_where_it_is_advertised(provider: Provider, browser: Browser, crm: App) -> None:
    document = _features(provider)
    tokens = provider.tokens(crm, browser)
    proof = basic(crm.id, crm.secret or "")
    for name, method, expected in (
        ("authorization_endpoint", "GET", 400), ("token_endpoint", "POST", 400), ("userinfo_endpoint", "GET", 401),
        ("jwks_uri", "GET", 200), ("introspection_endpoint", "POST", 200), ("revocation_endpoint", "POST", 200),
        ("end_session_endpoint", "GET", 200),
    ):  # fmt: skip
        assert urlsplit(document[name]).netloc == "login.example"
        data = {"token": tokens["access_token"]} if method == "POST" else None
        assert browser.open(method, document[name], data, proof if method == "POST" else {}).status == expected, name
