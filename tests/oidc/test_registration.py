"""Dynamic client registration (RFC 7591, Registration 1.0) and its management (RFC 7592). S35, X6."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from clients.self_registered import kept, tokens
from clients.self_registered.policy import Policy
from idp import audit, background
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import programs
from idp.admin.actor import of_shell
from idp.errors import OAuthError
from idp.login import consent
from idp.oidc.ledger.grant import AUTH_REQUEST, CODE, DEVICE
from idp.oidc.registration import managing
from idp.oidc.registration.registering import OPEN_AN_HOUR, TRIES_A_MINUTE
from idp.portal import launcher
from idp.wire import Request
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import Answer, App, Browser, Provider

GOOD: dict[str, Any] = {"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]}
DAY = 86_400


def initial(provider: Provider, *, most: int = 10, days: int = 30, name: str = "CI", **policy: Any) -> str:
    """The value of an initial access token."""
    services = provider.services
    record = audit.recorder(services.clock, "cli:test")
    return tokens.make(
        services.db, name, Policy(**policy), most=most, days=days, made_by="cli:test", now=services.clock(), record=record  # noqa: E501
    )[1]  # fmt: skip


def send(
    provider: Provider, token: str, body: Any = None, method: str = "POST", url: str = "oauth/register", **headers: str
) -> Answer:
    """A request as a client's library sends it."""
    sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return provider.browser().open(method, url, data, sent, cookies=False)


def registered(provider: Provider, token: str = "", **metadata: Any) -> dict[str, Any]:
    answer = send(provider, token or initial(provider), {**GOOD, **metadata})
    assert answer.status == 201, answer.text
    return dict(answer.json)


def manage(provider: Provider, told: dict[str, Any], method: str = "GET", body: Any = None, token: str = "") -> Answer:
    shown = token or told["registration_access_token"]
    return send(provider, shown, body, method, told["registration_client_uri"])


def app_of(provider: Provider, told: dict[str, Any]) -> App:
    return App(provider.services.registry.get(told["client_id"]), told.get("client_secret"))


# -- registering ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7591 3.2.1")
def test_s35_a_client_registers_itself_and_signs_somebody_in(provider: Provider, browser: Browser, ann: Person) -> None:
    answer = send(provider, initial(provider), {**GOOD, "grant_types": ["authorization_code", "refresh_token"]})
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told["client_secret_expires_at"] == 0
    assert told["client_id_issued_at"] == int(provider.services.clock())
    assert told["registration_client_uri"].endswith(f"/oauth/register/{told['client_id']}")
    app = app_of(provider, told)
    page = browser.log_in(provider.authorize(browser, app))
    assert page.is_consent_page  # nobody has vouched for it
    code = browser.submit(page, "allow").code
    got = provider.redeem(app, code).json
    assert verified(provider, got["id_token"], audience=app.id)["aud"] == app.id


@pytest.mark.spec("RFC7591 2")
def test_s35_what_is_left_out_gets_the_defaults_of_the_standards(provider: Provider) -> None:
    told = registered(provider)
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert (told["grant_types"], told["response_types"]) == (["authorization_code"], ["code"])
    assert told["application_type"] == "web"
    assert told["id_token_signed_response_alg"] == "RS256"
    client = provider.services.registry.get(told["client_id"])
    assert client.oidc.require_pkce
    assert client.consent == "explicit"
    assert client.metadata["self_registered"] is True


FULL: dict[str, Any] = {
    "client_name": "Shop", "client_name#de": "Laden", "client_uri": "https://shop.example/", "contacts": ["it@shop.example"],  # noqa: E501
    "logo_uri": "https://shop.example/logo.png", "policy_uri": "https://shop.example/privacy",
    "policy_uri#fr": "https://shop.example/confidentialite", "tos_uri": "https://shop.example/terms",
    "redirect_uris": ["https://shop.example/cb", "https://shop.example/cb2"],
    "post_logout_redirect_uris": ["https://shop.example/bye"], "application_type": "web",
    "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "openid email",
    "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
    "jwks_uri": "https://shop.example/jwks", "software_id": "shop", "software_version": "1.2",
    "subject_type": "public", "id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "ES256",
    "request_object_signing_alg": "ES256", "require_signed_request_object": True,
    "request_uris": ["https://shop.example/request.jwt"], "require_pushed_authorization_requests": True,
    "dpop_bound_access_tokens": True, "authorization_signed_response_alg": "ES256", "default_max_age": 3600,
    "require_auth_time": True, "default_acr_values": ["urn:doorward:acr:mfa"],
    "initiate_login_uri": "https://shop.example/login", "backchannel_logout_uri": "https://shop.example/logout",
    "backchannel_logout_session_required": True,
}  # fmt: skip


@pytest.mark.spec("RFC7591 2")
def test_s35_every_field_goes_in_and_comes_back_under_its_name_in_the_standard(provider: Provider) -> None:
    told = registered(provider, **FULL)
    assert {key: told.get(key) for key in FULL} == FULL
    assert "client_secret" not in told
    again = manage(provider, told)
    assert again.status == 200
    assert {key: again.json.get(key) for key in FULL} == FULL
    back = {key: value for key, value in again.json.items() if key in FULL or key == "client_id"}
    last = manage(provider, told, "PUT", back).json
    assert {key: last.get(key) for key in FULL} == FULL


@pytest.mark.spec("RFC7591 2")
def test_s35_what_is_not_understood_and_what_is_an_admins_word_is_passed_over(provider: Provider) -> None:
    mine: dict[str, Any] = {
        "made_up": 1, "require_pkce": False, "consent": "implicit", "introspection": "all", "self_registered": False,
        "access_token_lifetime": 86_400, "claims_map": {"groups": "groups"}, "ignore_prompt_consent": True,
        "resources": ["https://api.example"], "profile": "legacy", "client_id": "cmine", "client_secret": "mine",
        "launch_url": "https://evil.example", "logo_uri": None, "client_assertion_audience": "legacy",
    }  # fmt: skip
    told = registered(provider, **mine)
    assert not set(mine) & set(told) - {"client_id", "client_secret"}
    assert told["client_id"] != "cmine"
    assert told["client_secret"] != "mine"
    client = provider.services.registry.get(told["client_id"])
    assert (client.profile, client.consent, client.oidc.introspection) == ("web", "explicit", "own")
    assert (client.oidc.require_pkce, client.oidc.access_token_lifetime) == (True, None)
    assert (client.oidc.resources, client.launch_url) == (frozenset(), None)
    assert client.metadata["self_registered"] is True


@pytest.mark.parametrize(
    ("metadata", "profile", "method"),
    [
        ({}, "web", "client_secret_basic"),
        ({"token_endpoint_auth_method": "none"}, "spa", "none"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "native", "none"),
        ({"redirect_uris": ["http://localhost:33418/"], "token_endpoint_auth_method": "none"}, "native", "none"),
        ({"redirect_uris": ["com.example.app:/cb"], "application_type": "native"}, "native", "none"),
    ],
)
def test_s35_the_kind_of_application_follows_from_what_it_says(
    provider: Provider, metadata: dict[str, Any], profile: str, method: str
) -> None:
    told = registered(provider, **metadata)
    assert provider.services.registry.get(told["client_id"]).profile == profile
    assert told["token_endpoint_auth_method"] == method
    assert told["id_token_signed_response_alg"] == "RS256"
    assert ("client_secret" in told) == (method != "none")


def test_s35_a_grant_that_is_not_there_is_left_out_and_the_answer_says_so(provider: Provider) -> None:
    """Editors and agents ask for every grant that they know."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    told = registered(provider, grant_types=["authorization_code", "refresh_token", device, "password"])
    assert told["grant_types"] == ["authorization_code", "refresh_token"]


@pytest.mark.spec("RFC7591 3.2.2")
@pytest.mark.parametrize(
    ("metadata", "error", "words"),
    [
        (
            {"redirect_uris": ["http://shop.example/cb"]},
            "invalid_redirect_uri",
            "redirect_uris: http://shop.example/cb",
        ),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri", "javascript"),
        ({"redirect_uris": ["https://shop.example/cb#x"]}, "invalid_redirect_uri", "fragment"),
        ({"redirect_uris": ["https://*.shop.example/cb"]}, "invalid_redirect_uri", "wildcards"),
        ({"redirect_uris": "https://shop.example/cb"}, "invalid_redirect_uri", "list"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "at least one"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri", "redirect_uris"),
        ({"grant_types": ["password"]}, "invalid_client_metadata", "password: expected some of authorization_code"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata", "client_credentials"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata", "refresh_token needs authorization_code"),
        ({"response_types": ["id_token token"]}, "invalid_client_metadata", "implicit is needed"),
        (
            {"response_types": ["id_token"], "grant_types": ["implicit"]},
            "invalid_client_metadata",
            "implicit: expected",
        ),
        (
            {"subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"]},
            "invalid_client_metadata",
            "several hosts",
        ),
        ({"response_types": ["code id_token token x"]}, "invalid_client_metadata", "response_types"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata", "private_key_jwt"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata", "jwks_uri or jwks"),
        ({"jwks": {"keys": []}, "jwks_uri": "https://shop.example/k"}, "invalid_client_metadata", "jwks"),
        ({"jwks_uri": "http://shop.example/k"}, "invalid_client_metadata", "https"),
        ({"jwks_uri": "https://user@shop.example/k"}, "invalid_client_metadata", "jwks_uri"),
        ({"logo_uri": "data:image/png;base64,AA"}, "invalid_client_metadata", "logo_uri"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata", "control character"),
        ({"client_name": 7}, "invalid_client_metadata", "client_name 7"),
        ({"default_max_age": "soon"}, "invalid_client_metadata", "default_max_age"),
        ({"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata", "HS256"),
        ({"scope": "openid admin"}, "invalid_client_metadata", "admin may not be registered here"),
        ({"scope": ["openid"]}, "invalid_client_metadata", "scope"),
        ({"contacts": ["nobody"]}, "invalid_client_metadata", "contacts"),
        ({"application_type": "phone"}, "invalid_client_metadata", "application_type"),
        ({"software_statement": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}, "unapproved_software_statement", "leave it out"),
        ({"software_statement": "no JWT"}, "invalid_software_statement", "leave it out"),
        ({"software_statement": {}}, "invalid_software_statement", "leave it out"),
    ],
)
def test_s35_what_is_wrong_is_told_with_field_value_and_fix(
    provider: Provider, metadata: dict[str, Any], error: str, words: str
) -> None:
    token = initial(provider)
    before = len(provider.events("client:register"))
    answer = send(provider, token, {**GOOD, **metadata})
    assert (answer.status, answer.json["error"]) == (400, error)
    assert words in answer.json["error_description"], answer.json
    field = {"jwks_uri or jwks": "jwks", "jwks": "jwks", "several hosts": "sector_identifier_uri"}.get(
        words, [*metadata][-1]
    )
    field = "grant_types" if words.startswith("implicit") else field
    assert field in answer.json["error_description"]
    (event,) = [one for one in provider.events() if one.error_id and one.error_id in answer.text]
    assert event.detail["side"] == "application"
    assert len(provider.events("client:register")) == before
    found = tokens.find(provider.services.db, token, provider.services.clock())
    assert found is not None
    assert found.used == 0  # what is refused costs nothing


@pytest.mark.spec("RFC7591 3.1")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"), (b"redirect_uris=x", "application/x-www-form-urlencoded"), (b"[]", "application/json"),  # noqa: E501
        (b'"x"', "application/json"), (b'{"scope":"a","scope":"b"}', "application/json"), (b"\xff", "application/json"),
        (b'{"default_max_age":NaN}', "application/json"), (b"[" * 60_000, "application/json"),
        (json.dumps({str(n): n for n in range(300)}).encode(), "application/json"),
    ],
    ids=["empty", "form", "list", "text", "twice", "bytes", "NaN", "deep", "wide"],
)  # fmt: skip
def test_s35_a_body_that_is_no_object_is_refused(provider: Provider, body: bytes, kind: str) -> None:
    answer = send(provider, initial(provider), body, **{"Content-Type": kind})
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


def _named(many: int, *more: str) -> bytes:
    return ("{" + ",".join([*(f'"f{n}":1' for n in range(many)), *(f'"{name}":1' for name in more)]) + "}").encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (_named(9_000, "f8999"), "longer than 16384 bytes"),  # was looked through once for each of its names
        (b'{"a":"' + b"x" * 16_384 + b'"}', "longer than 16384 bytes"),
        (b'{"jwks":' + _named(201) + b"}", "More than 200 fields"),
        (b'{"contacts":[' + _named(600, "f599") + b"]}", "More than 200 fields"),
        (_named(199, "f198"), "f198 stands there twice"),
    ],
)
def test_s35_a_body_costs_no_more_than_its_length(provider: Provider, body: bytes, words: str) -> None:
    answer = send(provider, initial(provider), body)
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
    assert words in answer.json["error_description"]


def test_s35_without_a_token_a_body_is_read_after_the_pace_is_kept(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(oauth={"registration": "open"})
    found = [send(provider, "", b"{no json").status for _ in range(OPEN_AN_HOUR + 1)]
    assert found == [*[400] * OPEN_AN_HOUR, 429]


# -- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7591 3")
def test_s35_without_a_token_that_stands_nothing_is_registered(provider: Provider, clock: Clock, crm: App) -> None:
    good = initial(provider, most=1)
    for token in ("x", "dwi_", good[:-1], good + "x", "dwi_r.é", crm.secret or ""):
        answer = send(provider, token.encode("ascii", "replace").decode(), GOOD)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token"), token
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    none = send(provider, "", GOOD)
    assert none.status == 401
    assert none.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
    assert send(provider, "", {**GOOD, "access_token": good}).status == 401
    assert send(provider, good, GOOD).status == 201
    assert send(provider, good, GOOD).status == 401  # it was for one
    ended = initial(provider, days=1)
    clock.advance(DAY + 1)
    assert send(provider, ended, GOOD).status == 401
    withdrawn = initial(provider)
    record = audit.recorder(provider.services.clock, "cli:test")
    assert tokens.withdraw(provider.services.db, withdrawn[4:].partition(".")[0], record=record)
    assert send(provider, withdrawn, GOOD).status == 401


@pytest.mark.parametrize(
    ("policy", "metadata", "words"),
    [
        ({"profiles": ("spa",)}, {}, "what may be registered here is spa"),
        ({"profiles": ("web",)}, {"token_endpoint_auth_method": "none"}, "profile spa"),
        ({"hosts": ("shop.example",)}, {"redirect_uris": ["https://evil.example/cb"]}, "https://evil.example/cb is on a host"),  # noqa: E501
        ({"hosts": ("*.shop.example",)}, {}, "is on a host"),
        ({"hosts": ("shop.example",)}, {"redirect_uris": ["http://127.0.0.1/cb"]}, "is on a host"),
        ({"hosts": ("loopback",)}, {"redirect_uris": ["com.example.app:/cb"]}, "is on a host"),
        ({"hosts": ("shop.example",)}, {"post_logout_redirect_uris": ["https://evil.example/"]}, "post_logout_redirect_uris"),  # noqa: E501
        ({"hosts": ("shop.example",)}, {"initiate_login_uri": "https://evil.example/"}, "initiate_login_uri"),
        ({"hosts": ("shop.example",)}, {"client_uri": "https://evil.example/"}, "client_uri"),
        ({"hosts": ("shop.example",)}, {"tos_uri#de": "https://evil.example/"}, "tos_uri#de"),
        ({"hosts": ("shop.example",)}, {"backchannel_logout_uri": "https://evil.example/"}, "backchannel_logout_uri"),
        ({"scopes": ("openid",)}, {"scope": "openid email"}, "email may not be registered here; expected some of: openid"),  # noqa: E501
        ({"grant_types": ("authorization_code",)}, {"grant_types": ["refresh_token"]}, "expected some of authorization_code"),  # noqa: E501
    ],
)  # fmt: skip
def test_s35_a_policy_holds_for_registering_and_for_every_update(
    provider: Provider, policy: dict[str, Any], metadata: dict[str, Any], words: str
) -> None:
    answer = send(provider, initial(provider, **policy), {**GOOD, **metadata})
    assert answer.status == 400
    assert words in answer.json["error_description"]
    if "profiles" in policy or policy.get("hosts") not in (None, ("shop.example",)):
        return
    told = registered(provider, initial(provider, **policy))
    later = manage(provider, told, "PUT", {**GOOD, **metadata, "client_id": told["client_id"]})
    assert later.status == 400
    assert words in later.json["error_description"]


def test_s35_a_policy_gives_resources_and_lets_clients_wait(provider: Provider, browser: Browser, ann: Person) -> None:
    token = initial(provider, resources=("https://mcp.example/",), starts_off=True)
    told = registered(provider, token)
    client = provider.services.registry.get(told["client_id"])
    assert client.oidc.resources == {"https://mcp.example/"}
    assert not client.enabled
    assert manage(provider, told).status == 200
    refused = manage(provider, told, "PUT", {**GOOD, "client_id": client.id})
    assert (refused.status, refused.json["error"]) == (403, "access_denied")
    assert provider.authorize(browser, app_of(provider, told)).is_error_page
    provider.services.registry.enable(client.id)
    assert provider.authorize(browser, app_of(provider, told)).is_login_page


def test_s35_a_machine_registers_where_the_policy_says_so(provider: Provider) -> None:
    token = initial(provider, profiles=("machine",), grant_types=("client_credentials",), scopes=("openid", "read"))
    answer = send(provider, token, {"client_name": "Robot", "grant_types": ["client_credentials"]})
    assert answer.status == 201, answer.text
    assert answer.json["scope"] == "read"
    got = provider.client_credentials(app_of(provider, answer.json))
    assert got.json["scope"] == "read"


def test_s35_open_registration_is_off_and_where_it_is_on_it_is_narrow(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(oauth={"registration": "open"})
    told = send(provider, "", GOOD).json
    client = provider.services.registry.get(told["client_id"])
    assert client.oidc.scopes == {"openid", "profile", "email"}
    assert client.consent == "explicit"
    machine = send(provider, "", {"grant_types": ["client_credentials"]})
    assert machine.status == 400
    for field in ("logo_uri", "initiate_login_uri", "backchannel_logout_uri"):
        elsewhere = send(provider, "", {**GOOD, field: "https://bank.example/logo.png"})
        assert f"{field}: https://bank.example/logo.png is on another host" in elsewhere.json["error_description"]
    assert send(provider, "dwi_wrong.x", GOOD).status == 401  # a token that is wrong is not as good as none
    for _ in range(OPEN_AN_HOUR):
        last = send(provider, "", GOOD)
    assert last.status == 429
    assert last.headers["Retry-After"] == "3600"


def test_s35_registration_that_is_off_says_so_and_is_not_advertised(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(oauth={"registration": "off"})
    answer = send(provider, initial(provider), GOOD)
    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    known = ".well-known/openid-configuration"
    assert "registration_endpoint" not in provider.browser().get(known).json
    on = open_provider()
    assert on.browser().get(known).json["registration_endpoint"].endswith("/oauth/register")


def test_s35_registrations_are_paced(provider: Provider) -> None:
    for _ in range(TRIES_A_MINUTE):
        send(provider, "wrong", GOOD)
    answer = send(provider, initial(provider), GOOD)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "60"


@pytest.mark.spec("RFC7591 5")
@pytest.mark.parametrize(
    "beside", ["https://bank.example/x", "http://127.0.0.1/cb", "com.evil.app:/cb", "https://evil.example:8443/cb"]
)
def test_s35_an_address_that_is_put_beside_lends_no_page_and_no_name(
    open_provider: Callable[..., Provider], beside: str
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    both = {"redirect_uris": ["https://evil.example/cb", beside]}
    if "8443" in beside:  # the same host
        assert send(provider, "", {**both, "logo_uri": "https://evil.example/logo.png"}).status == 201
        return
    for page in ("https://bank.example/logo.png", "https://evil.example/logo.png"):
        answer = send(provider, "", {**both, "logo_uri": page})
        assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")
        assert f"logo_uri: {page} is kept off: the redirect URIs are not all" in answer.json["error_description"]
    told = send(provider, "", {**both, "redirect_uris": both["redirect_uris"][::-1]})
    assert (told.status, told.json["client_name"]) == (201, "A program")


def test_s35_without_a_token_nobody_takes_the_name_of_an_application_that_somebody_answers_for(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    crm = provider.add_client("CRM")
    for field, name in (("client_name", "CRM"), ("client_name", " crm"), ("client_name#de", "Crm")):
        answer = send(provider, "", {**GOOD, field: name})
        assert answer.status == 400
        assert f"{field}: {name.strip()}" in answer.json["error_description"].replace(":  ", ": ")
    told, again = send(provider, "", GOOD), send(provider, "", GOOD)  # each copy of a program registers itself
    assert (told.status, again.status) == (201, 201)
    body = {**GOOD, "client_id": told.json["client_id"]}
    taken = manage(provider, told.json, "PUT", {**body, "client_name": "CRM"})
    assert "client_name: CRM is what another application here is called" in taken.json["error_description"]
    provider.services.registry.update(crm.id, {}, name="Shop")
    assert manage(provider, told.json, "PUT", body).status == 200  # it was there before
    assert registered(provider, client_name="Shop")  # an admin lets it in


@pytest.mark.spec("RFC9700 4.11.2")
@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"scope": "nonsense"}, "invalid_scope"), ({"prompt": "none"}, "login_required"),
        ({"response_type": "token"}, "unsupported_response_type"), ({"code_challenge": None}, "invalid_request"),
        ({"prompt": "none", "response_mode": "fragment"}, "login_required"),
        ({"request": "no.signed.request"}, "invalid_request_object"),
    ],
)  # fmt: skip
def test_s53_an_address_that_anybody_registered_is_followed_when_a_person_says_so(
    open_provider: Callable[..., Provider], asked: dict[str, Any], error: str
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    provider.add_person("ann")
    browser, evil = provider.browser(), {"client_name": "Evil", "redirect_uris": ["https://evil.example/cb"]}
    app = app_of(provider, send(provider, "", evil).json)
    page = provider.authorize(browser, app, **asked)
    assert page.is_error_page
    assert "It would lead you to evil.example. Go there only if you know it." in page.dom.text
    (button,) = [link["href"] for link in page.dom.find("a") if "main" in link.get("class", "")]
    assert button.startswith("https://evil.example/cb")
    assert f"error={error}" in button
    event = next(one for one in provider.events() if one.error_id and one.error_id in page.text)
    assert event.detail["side"] == "application"
    # Who has let it in is led on by itself, as by any other.
    browser.submit(browser.log_in(provider.authorize(browser, app)), "allow")
    wrong = {"prompt": "none login"} if "prompt" in asked else asked
    assert provider.authorize(browser, app, **wrong).location.startswith("https://evil.example/cb")


def test_s53_what_is_posted_by_itself_is_held_back_too_and_a_no_is_an_answer(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    provider.add_person("ann")
    browser = provider.browser()
    app = app_of(provider, send(provider, "", {"redirect_uris": ["https://evil.example/cb"]}).json)
    page = provider.authorize(browser, app, prompt="none", response_mode="form_post")
    assert page.is_error_page
    assert "https://evil.example/cb" not in page.text
    consented = browser.log_in(provider.authorize(browser, app))
    assert "evil.example" in consented.dom.text  # whoever presses a button has read where it leads
    assert browser.submit(consented, "deny").location.startswith("https://evil.example/cb?error=access_denied")


def test_s53_a_request_without_a_scope_leads_nowhere_before_a_person_has_agreed(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    provider.add_person("ann")
    browser = provider.browser()
    browser.log_in(browser.get(""))
    app = app_of(provider, send(provider, "", {"redirect_uris": ["https://evil.example/cb"], "scope": "openid"}).json)
    page = provider.authorize(browser, app, scope=None)
    assert page.is_consent_page
    assert browser.submit(page, "allow").code
    assert provider.authorize(browser, app, scope=None).code


def test_s53_an_application_of_a_token_or_of_an_admin_hears_of_its_errors_by_itself(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for app in (app_of(provider, registered(provider)), crm):
        assert "error=login_required" in provider.authorize(browser, app, prompt="none").location


# -- managing --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7592 2.2")
def test_s35_an_update_replaces_all_and_rotates_its_token(provider: Provider) -> None:
    told = registered(provider, client_uri="https://shop.example/", default_max_age=60, scope="openid")
    answer = manage(provider, told, "PUT", {
        "client_id": told["client_id"], "client_name": "New", "redirect_uris": ["https://shop.example/new"],
    })  # fmt: skip
    assert answer.status == 200, answer.text
    new = answer.json
    assert (new["client_name"], new["redirect_uris"]) == ("New", ["https://shop.example/new"])
    assert not {"client_uri", "default_max_age"} & set(new)
    assert "email" in new["scope"]  # what is left out is the default again
    assert new["registration_access_token"] != told["registration_access_token"]
    assert manage(provider, told).status == 401
    assert manage(provider, new).status == 200
    assert "client_secret" not in new  # it is kept hashed: the client has it
    client = provider.services.registry.get(told["client_id"])
    assert client.find_secret(told["client_secret"], provider.services.clock())
    (event,) = provider.events("client:update")
    assert event.actor == f"client:{client.id}"


@pytest.mark.spec("RFC7592 2.2")
@pytest.mark.parametrize(
    "beside",
    [
        {"client_id": "another"}, {"client_id": None}, {"client_secret": "chosen"}, {"client_secret": 7},
        {"registration_access_token": "x"}, {"registration_client_uri": "x"}, {"client_id_issued_at": 1},
        {"client_secret_expires_at": 0}, {"redirect_uris": ["http://shop.example/"]}, {"software_statement": "x"},
    ],
)  # fmt: skip
def test_s35_an_update_that_is_wrong_changes_nothing(provider: Provider, beside: dict[str, Any]) -> None:
    told = registered(provider)
    answer = manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"], "client_name": "New", **beside})
    assert answer.status == 400
    assert next(iter(beside)) in answer.json["error_description"]
    assert manage(provider, told).json["client_name"] == "Shop"


class _Slow:
    """A body that arrives when something else has happened."""

    def __init__(self, body: bytes, meanwhile: Callable[[], Any]) -> None:
        self._body, self._meanwhile = body, meanwhile

    def read(self, many: int) -> bytes:
        self._meanwhile()
        return self._body


def test_s35_of_two_updates_by_one_token_the_later_one_changes_nothing(provider: Provider) -> None:
    """Neither name nor address nor secret: what it had written would have counted as an admin's word for ever."""
    told = registered(provider, token_endpoint_auth_method="none")
    good: dict[str, Any] = {**GOOD, "client_id": told["client_id"]}
    first: list[Answer] = []
    late = json.dumps({**good, "client_name": "Late", "redirect_uris": ["https://late.example/cb"]}).encode()
    request = Request(
        {
            "REQUEST_METHOD": "PUT", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7", "CONTENT_LENGTH": str(len(late)),
            "CONTENT_TYPE": "application/json", "HTTP_AUTHORIZATION": f"Bearer {told['registration_access_token']}",
            "wsgi.input": _Slow(late, lambda: first.append(
                manage(provider, told, "PUT", {**good, "client_name": "First", "token_endpoint_auth_method": "none"})
            )),
        },
        segment=told["client_id"],
    )  # fmt: skip
    with pytest.raises(OAuthError) as refused:
        managing.manage(provider.services, request)
    assert (refused.value.status, first[0].status) == (409, 200)
    stands = manage(provider, first[0].json).json
    assert (stands["client_name"], stands["redirect_uris"]) == ("First", GOOD["redirect_uris"])
    assert not provider.services.registry.get(told["client_id"]).secrets
    assert [event.detail["name"] for event in provider.events("client:update")] == ["First"]
    answer = manage(provider, first[0].json, "PUT", {**good, "client_name": "Own"})
    assert answer.json["client_name"] == "Own"


def test_s17_a_secret_that_was_sent_is_neither_told_nor_recorded(provider: Provider, crm: App) -> None:
    """Also not one of another application, which was sent by mistake."""
    told = registered(provider)
    for secret in (crm.secret, "a-secret-of-somebody-else"):
        beside = {"client_secret": secret, "registration_access_token": secret}
        answer = manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"], **beside})
        assert answer.status == 400
        assert str(secret) not in answer.text
        assert not any(str(secret) in str(event.detail) for event in provider.events())


@pytest.mark.parametrize("half", ["\\ud800", "\\u0000", "\\u202e"])
@pytest.mark.parametrize("field", ["grant_types", "redirect_uris", "scope", "client_name", "contacts", "client_uri"])
def test_s35_letters_that_no_store_takes_are_refused_and_nothing_breaks(
    provider: Provider, field: str, half: str
) -> None:
    value = f'"x{half}"' if field in ("scope", "client_name", "client_uri") else f'["x{half}"]'
    token = initial(provider, hosts=("shop.example",))
    body = json.dumps({**GOOD, field: None})[:-1] + f', "{field}": {value}}}'
    answer = send(provider, token, body.replace(f'"{field}": null, ', "").encode())
    assert answer.status == 400, answer.text
    assert [event for event in provider.events() if event.error_id and event.error_id in answer.text]


def test_s35_a_page_on_another_host_is_taken_by_a_token_and_the_event_warns(provider: Provider) -> None:
    registered(provider, logo_uri="https://bank.example/logo.png")
    (event,) = provider.events("client:register")
    assert event.detail["warnings"] == ["logo_uri is on another host than the redirect URIs"]


def test_s35_what_an_admin_has_changed_stays(provider: Provider) -> None:
    """Also after two updates: the first must not make the admin's word the client's own."""
    told = registered(provider, scope="openid profile email")
    registry = provider.services.registry
    registry.update(told["client_id"], {"scope": "openid", "contacts": ["it@corp.example"], "consent": "implicit"})
    for name in ("One", "Two"):
        body = {**GOOD, "client_id": told["client_id"], "scope": "openid profile email", "client_name": name}
        answer = manage(provider, told, "PUT", body)
        assert answer.status == 200
        told = answer.json
        assert (told["scope"], told["contacts"], told["client_name"]) == ("openid", ["it@corp.example"], name)
    assert registry.get(told["client_id"]).consent == "explicit"  # given to the one of another name


VOUCHED: dict[str, Any] = {"self_registered": None, "consent": "implicit"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": "Bank"}, {"client_name#de": "Bank"}, {"redirect_uris": ["https://evil.example/cb"]},
        {"redirect_uris": [*GOOD["redirect_uris"], "https://evil.example/cb"]},
        {"post_logout_redirect_uris": ["https://evil.example/"]}, {"client_uri": "https://evil.example/"},
        {"logo_uri": "https://bank.example/logo.png"}, {"policy_uri#fr": "https://evil.example/"},
        {"initiate_login_uri": "https://evil.example/start"}, {"scope": "openid email"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://evil.example/jwks"},
        {"token_endpoint_auth_method": "none"}, {"grant_types": ["authorization_code", "refresh_token"]},
        {"backchannel_logout_uri": "https://evil.example/logout"},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_s35_what_an_admin_has_vouched_for_ends_when_the_application_becomes_another(
    provider: Provider, browser: Browser, ann: Person, changes: dict[str, Any]
) -> None:
    told = registered(provider)
    registry, body = provider.services.registry, {**GOOD, "client_id": told["client_id"]}
    app = app_of(provider, told)
    browser.submit(browser.log_in(provider.authorize(browser, app)), "allow")
    assert consent.given(provider.services, ann.id)
    registry.update(told["client_id"], VOUCHED)
    same = manage(provider, told, "PUT", body).json  # what stands there already is no change
    client = registry.get(told["client_id"])
    assert (client.consent, client.metadata.get("self_registered")) == ("implicit", None)
    answer = manage(provider, same, "PUT", {**body, **changes})
    assert answer.status == 200, answer.text
    client = registry.get(told["client_id"])
    assert client.enabled
    assert (client.consent, client.metadata["self_registered"]) == ("explicit", True)
    event = provider.events("client:update")[-1]
    assert event.actor == f"client:{client.id}"
    assert event.detail["changed"]["consent"] == ["implicit", "explicit"]
    assert "an admin had looked at" in event.detail["why"]
    assert consent.given(provider.services, ann.id) == {}  # and people are asked anew


def test_s35_nobody_is_offered_an_application_that_registered_itself_but_who_let_it_in(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.add_person("bob")
    told = registered(provider, client_name="!Payroll", initiate_login_uri="https://shop.example/start")
    app, bob = app_of(provider, told), provider.browser()
    home = bob.follow(bob.log_in(bob.get(""), "bob"))
    assert "!Payroll" not in home.dom.text
    browser.submit(browser.log_in(provider.authorize(browser, app)), "allow")
    text = browser.get("").dom.text
    assert "!Payroll It registered itself, and nobody has checked it" in " ".join(text.split())
    provider.services.registry.update(app.id, VOUCHED)
    assert "!Payroll" in bob.get("").dom.text
    assert "registered itself" not in browser.get("").dom.text


def test_s35_many_that_registered_themselves_push_no_tile_away(
    provider: Provider, browser: Browser, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "MAX_TILES", 2)
    token = initial(provider)
    for n in range(3):
        registered(provider, token, client_name=f"!{n}")
    provider.add_client("CRM", redirect_uris=["https://crm.example/cb"])
    assert "CRM" in browser.follow(browser.log_in(browser.get(""))).dom.text


def test_s35_an_error_page_leads_to_no_page_of_an_application_that_registered_itself(
    provider: Provider, browser: Browser
) -> None:
    told = registered(provider, client_uri="https://shop.example/")
    client_id = told["client_id"]
    page = provider.authorize(browser, app_of(provider, told), redirect_uri="https://shop.example/no")
    assert page.is_error_page
    assert not page.dom.find("a", href="https://shop.example/")
    provider.services.registry.update(client_id, VOUCHED)
    page = provider.authorize(browser, app_of(provider, told), redirect_uri="https://shop.example/no")
    assert page.dom.find("a", href="https://shop.example/")


def test_s35_what_is_no_matter_of_trust_leaves_the_word_of_an_admin(provider: Provider) -> None:
    told = registered(provider)
    registry = provider.services.registry
    registry.update(told["client_id"], VOUCHED)
    more = {"contacts": ["it@shop.example"], "software_version": "2", "userinfo_signed_response_alg": "ES256"}
    assert manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"], **more}).status == 200
    client = registry.get(told["client_id"])
    assert (client.consent, client.metadata.get("self_registered")) == ("implicit", None)


def test_s35_who_started_off_and_becomes_another_is_off_again(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    told = registered(provider, initial(provider, starts_off=True))
    registry, body = provider.services.registry, {**GOOD, "client_id": told["client_id"]}
    registry.enable(told["client_id"])
    same = manage(provider, told, "PUT", body).json
    assert registry.get(told["client_id"]).enabled
    assert provider.authorize(browser, app_of(provider, told)).is_login_page
    new = manage(provider, same, "PUT", {**body, "redirect_uris": ["https://evil.example/cb"]}).json
    assert not registry.get(told["client_id"]).enabled
    assert provider.authorize(browser, app_of(provider, told)).is_error_page
    (event,) = provider.events("client:update")
    assert event.detail["changed"]["enabled"] == [True, False]
    assert manage(provider, new, "PUT", body).status == 403


def test_s35_a_client_that_begins_to_keep_a_secret_gets_one(provider: Provider) -> None:
    told = registered(provider, token_endpoint_auth_method="none")
    assert "client_secret" not in told
    answer = manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"]})
    assert answer.json["token_endpoint_auth_method"] == "client_secret_basic"
    client = provider.services.registry.get(told["client_id"])
    assert client.find_secret(answer.json["client_secret"], provider.services.clock())


@pytest.mark.spec("RFC7592 3")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_x6_a_registration_token_opens_its_own_client_and_no_other(provider: Provider, crm: App, method: str) -> None:
    token = initial(provider)
    one, other = registered(provider, token), registered(provider, token)
    crossed = other["registration_access_token"]
    body = {**GOOD, "client_id": one["client_id"]} if method == "PUT" else None
    for shown in (crossed, token, one["registration_access_token"][:-1], "x", other["client_secret"]):
        answer = manage(provider, one, method, body, shown)
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    for path in (crm.id, "unknown", "c" + "a" * 24, "..%2f" + one["client_id"]):  # an admin's, nobody's
        assert send(provider, crossed, body, method, f"oauth/register/{path}").status in (401, 404)
    assert manage(provider, one).json["client_name"] == "Shop"


@pytest.mark.spec("RFC7592 2.3")
def test_s35_a_client_removes_itself_and_its_token_opens_nothing_after(provider: Provider) -> None:
    told = registered(provider)
    assert manage(provider, told, "DELETE").status == 204
    assert provider.services.registry.find(told["client_id"]) is None
    for method in ("GET", "PUT", "DELETE"):
        assert manage(provider, told, method, {**GOOD, "client_id": told["client_id"]}).status == 401
    assert provider.events("client:remove")[0].actor == f"client:{told['client_id']}"


def test_c2_a_client_with_a_role_is_changed_by_admins_alone(provider: Provider) -> None:
    """Whoever changes its keys could act with the role."""
    token = initial(provider, profiles=("machine",), grant_types=("client_credentials",), scopes=("read",))
    told = send(provider, token, {"client_name": "Robot", "grant_types": ["client_credentials"]}).json
    client = provider.services.registry.get(told["client_id"])
    programs.change_roles(provider.services, of_shell("cli:test"), client, give=[RoleGrant("auditor")])
    mine = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://evil.example/jwks"}
    body = {"client_id": client.id, "grant_types": ["client_credentials"], **mine}
    answer = manage(provider, told, "PUT", body)
    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    assert "role" in answer.json["error_description"]
    assert manage(provider, told, "DELETE").status == 403
    assert provider.services.registry.find(client.id)


def test_c2_a_client_that_was_turned_off_does_not_remove_itself(provider: Provider) -> None:
    """An admin looks at it."""
    told = registered(provider)
    provider.services.registry.disable(told["client_id"])
    assert manage(provider, told, "DELETE").status == 403
    assert provider.services.registry.find(told["client_id"])


@pytest.mark.parametrize("by", ["itself", "an admin"])
def test_s35_a_client_that_is_brought_back_is_not_changed_by_its_old_token(provider: Provider, by: str) -> None:
    told = registered(provider)
    registry = provider.services.registry
    if by == "itself":
        assert manage(provider, told, "DELETE").status == 204
    else:
        registry.remove(told["client_id"])
    registry.restore(told["client_id"])
    for method, body in (("GET", None), ("PUT", {**GOOD, "client_id": told["client_id"]}), ("DELETE", None)):
        assert manage(provider, told, method, body).status == 401
    assert registry.get(told["client_id"]).find_secret(told["client_secret"], provider.services.clock())


def test_s17_each_kind_of_token_has_a_prefix_of_its_own(provider: Provider) -> None:
    initial_token, told = initial(provider), registered(provider)
    prefixes = {initial_token[:4], told["registration_access_token"][:4], CODE, DEVICE, AUTH_REQUEST}
    assert len(prefixes) == 5
    assert all(prefix.startswith("dw") and prefix.endswith("_") for prefix in prefixes)


# -- what is kept ----------------------------------------------------------------------------------------------------


def test_s35_no_token_and_no_secret_is_kept_or_recorded_in_clear(provider: Provider) -> None:
    token = initial(provider)
    told = registered(provider, token)
    dump = "\n".join(provider.services.db._connection().iterdump())
    for secret in (token.partition(".")[2], told["registration_access_token"][4:], told["client_secret"]):
        assert secret not in dump


def test_s35_the_record_says_by_which_token_and_the_registry_that_nobody_vouches(provider: Provider) -> None:
    told = registered(provider, initial(provider, name="CI of the shop"))
    (event,) = provider.events("client:register")
    assert event.actor.startswith("registration:r")
    assert event.detail["registration_token"] == "CI of the shop"
    one = kept.find(provider.services.db, told["client_id"])
    assert one is not None
    assert one.token_name == "CI of the shop"
    (listed,) = kept.list_of(provider.services.db)
    assert (listed.client_id, listed.name, listed.enabled) == (told["client_id"], "Shop", True)


def test_r7_an_application_that_registered_itself_ends_when_nobody_uses_it(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(oauth={"registration": "open"})
    ann = provider.add_person("ann")
    opened = send(provider, "", GOOD).json
    used_open = send(provider, "", GOOD).json
    let_in, used = registered(provider), registered(provider)
    by_admin = provider.add_client("CRM")
    registry, uses = provider.services.registry, provider.services.uses
    clock.advance(DAY / 2)
    uses.note(ann.id, used_open["client_id"], clock())
    uses.flush()
    clock.advance(DAY)
    background.sweep(provider.services)
    assert registry.find(opened["client_id"]) is None
    assert all(registry.find(one["client_id"]) for one in (used_open, let_in, used))
    clock.advance(60 * DAY)
    uses.note(ann.id, used["client_id"], clock())
    uses.flush()
    clock.advance(31 * DAY)
    background.sweep(provider.services)
    assert [registry.find(one["client_id"]) is None for one in (used_open, let_in, used)] == [True, True, False]
    assert registry.find(by_admin.id)
    assert provider.events("client:remove")[-1].detail["why"].startswith("it registered itself")


def test_s35_of_many_that_race_for_the_last_place_one_is_registered(provider: Provider) -> None:
    from concurrent.futures import ThreadPoolExecutor

    token = initial(provider, most=1)
    with ThreadPoolExecutor(4) as pool:
        found = sorted(answer.status for answer in pool.map(lambda _: send(provider, token, GOOD), range(8)))
    assert found == [201, *[401] * 7]


def test_j1_a_program_in_the_browser_registers_itself_from_any_origin(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(oauth={"registration": "open"})
    origin = {"Origin": "https://editor.example", "Access-Control-Request-Method": "POST"}
    asked = send(provider, "", b"", "OPTIONS", **origin, **{"Access-Control-Request-Headers": "content-type"})
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"]
    answer = send(provider, "", GOOD, Origin="https://editor.example")
    assert answer.status == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
