"""What tokens say: ID tokens, opaque and JWT access tokens, audiences, machines. S11, S15, S19, S38, S43, S46, X9."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256, sha384, sha512

import jwt
import pytest

from idp.accounts.person import Person
from idp.oidc.tokens import token_hash
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import App, Browser, Provider


@pytest.mark.spec("OIDC-Core 2")
def test_S43_the_id_token_of_the_code_flow(provider: Provider, crm: App, ann: Person, clock: Clock) -> None:
    browser = provider.browser()
    provider.sign_in(browser, crm)
    signed_in_at = int(clock.now)
    clock.advance(100)
    tokens = provider.tokens(crm, browser, nonce="N-é/+=&")
    claims = verified(provider, tokens["id_token"], audience=crm.id)
    assert claims["iss"] == provider.issuer
    assert claims["aud"] == claims["azp"] == crm.id
    assert claims["sub"] == ann.id
    assert claims["sub"].isascii()
    assert len(claims["sub"]) <= 255
    assert claims["nonce"] == "N-é/+=&"
    assert claims["auth_time"] == signed_in_at
    assert claims["iat"] == int(clock.now)
    assert claims["exp"] == claims["iat"] + provider.settings.tokens.id_token
    assert claims["amr"] == ["pwd"]
    assert claims["acr"].endswith(":PasswordProtectedTransport")
    assert claims["sid"] == browser.cookie("session").partition(".")[0]
    assert claims["at_hash"] == _half(sha256(tokens["access_token"].encode()).digest())
    assert jwt.get_unverified_header(tokens["id_token"])["typ"] == "JWT"
    assert {"name", "email", "groups"}.isdisjoint(claims)  # Core §5.4: they are for userinfo


def _half(digest: bytes) -> str:
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def test_S43_no_nonce_is_made_up(provider: Provider, crm: App) -> None:
    assert "nonce" not in verified(provider, provider.tokens(crm, nonce=None)["id_token"], audience=crm.id)


@pytest.mark.parametrize(
    "alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
def test_S43_the_id_token_is_signed_as_registered(provider: Provider, ann: Person, alg: str) -> None:
    app = provider.add_client("App", id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg)
    tokens = provider.tokens(app)
    told = provider.userinfo(tokens["access_token"]).text
    assert jwt.get_unverified_header(told)["alg"] == alg
    assert verified(provider, told, audience=app.id)["sub"] == ann.id
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == alg
    claims = verified(provider, tokens["id_token"], audience=app.id)
    hashed = {"256": sha256, "384": sha384}.get(alg[-3:], sha512)(tokens["access_token"].encode()).digest()
    assert claims["at_hash"] == _half(hashed)
    discovery = provider.browser().get(".well-known/openid-configuration").json
    assert alg in discovery["id_token_signing_alg_values_supported"]
    assert alg in discovery["userinfo_signing_alg_values_supported"]


@pytest.mark.parametrize("alg", ["none", "HS256", "XX999", "256", "", "ES256K"])
def test_X9_at_hash_fails_closed_on_an_unknown_algorithm(alg: str) -> None:
    if alg in ("HS256", "256"):
        assert token_hash("token", alg)  # SHA-256 is known for these, and no key of ours ever has them
        return
    with pytest.raises(ValueError, match="no hash"):
        token_hash("token", alg)


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_S46_without_openid_it_is_plain_oauth(provider: Provider, ann: Person) -> None:
    app = provider.add_client("App", scope="openid profile files.read")
    tokens = provider.tokens(app, scope="files.read")
    assert "id_token" not in tokens
    assert tokens["scope"] == "files.read"
    assert provider.userinfo(tokens["access_token"]).status == 403


@pytest.mark.spec("RFC6749 3.3")
def test_S19_scope_is_reduced_to_what_the_client_may_have_and_told(provider: Provider, ann: Person) -> None:
    app = provider.add_client("App", scope="openid email")
    tokens = provider.tokens(app, scope="openid email groups admin email")
    assert tokens["scope"] == "openid email"
    body = provider.userinfo(tokens["access_token"]).json
    assert "groups" not in body
    assert "name" not in body
    assert provider.introspect(app, tokens["access_token"])["scope"] == "openid email"
    without = provider.tokens(app, scope=None)
    assert "openid" not in without["scope"].split()
    assert "id_token" not in without


@pytest.mark.spec("RFC9068 2.2")
def test_S38_a_jwt_access_token_has_the_mandatory_claims(provider: Provider, ann: Person, clock: Clock) -> None:
    app = provider.add_client("App", access_token_format="jwt", resources=["https://api.example/"])
    tokens = provider.tokens(app, scope="openid profile", resource="https://api.example/")
    header = jwt.get_unverified_header(tokens["access_token"])
    assert header["typ"] == "at+jwt"
    claims = verified(provider, tokens["access_token"], audience="https://api.example/")
    assert claims["iss"] == provider.issuer
    assert claims["exp"] == claims["iat"] + tokens["expires_in"]
    assert claims["aud"] == ["https://api.example/", provider.issuer]
    assert claims["sub"] == ann.id
    assert claims["client_id"] == app.id
    assert claims["scope"] == "openid profile"
    assert claims["jti"]
    assert claims["auth_time"] == int(clock.now)
    assert {"acr", "amr"} <= set(claims)
    assert {"name", "email", "nonce"}.isdisjoint(claims)
    again = provider.tokens(app, scope="openid profile", resource="https://api.example/")
    assert verified(provider, again["access_token"], audience=provider.issuer)["jti"] != claims["jti"]


@pytest.mark.spec("RFC9068 5")
def test_S38_S60_one_kind_of_token_never_passes_for_another(provider: Provider, browser: Browser, ann: Person) -> None:
    for format_ in ("opaque", "jwt"):
        app = provider.add_client("App " + format_, access_token_format=format_)
        tokens = provider.tokens(app, browser)
        assert provider.userinfo(tokens["id_token"]).status == 401
        assert provider.userinfo(tokens["refresh_token"]).status == 401
        assert provider.introspect(app, tokens["id_token"]) == {"active": False}
        assert provider.refresh(app, tokens["access_token"]).error == "invalid_grant"
        assert provider.refresh(app, tokens["id_token"]).error == "invalid_grant"
        assert provider.redeem(app, tokens["refresh_token"]).error == "invalid_grant"
        hint = provider.authorize(browser, app, prompt="none", id_token_hint=tokens["access_token"])
        assert hint.error == "login_required"
        asked = browser.get("oauth/logout?id_token_hint=" + tokens["access_token"])
        assert asked.dom.find("button", id="confirm")


@pytest.mark.spec("RFC8707 2")
def test_S11_S38_audiences_are_only_what_was_asked_and_registered(provider: Provider, ann: Person) -> None:
    api = "https://api.example/v1"
    app = provider.add_client("App", scope="openid files.read", resources=[api])
    for resource in ("https://evil.example", api + "/", api.upper(), "not a uri", api + "#x"):
        assert provider.authorize(provider.browser(), app, resource=resource).error == "invalid_target"
    only = provider.tokens(app, scope="files.read", resource=api)["access_token"]
    assert provider.introspect(app, only)["aud"] == [api]
    # A token for somebody else is not one for us.
    assert provider.whoami(only).status == 401
    assert provider.userinfo(only).status == 401
    code = provider.sign_in(provider.browser(), app, scope="files.read").code
    assert provider.redeem(app, code, resource=api).error == "invalid_target"


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_access_tokens_end_on_time(provider: Provider, ann: Person, clock: Clock, format_: str) -> None:
    clock.now = float(int(clock.now))  # JWTs speak in whole seconds
    app = provider.add_client("App", access_token_format=format_, access_token_lifetime=120)
    tokens = provider.tokens(app)
    assert tokens["expires_in"] == 120
    clock.advance(119)
    assert provider.userinfo(tokens["access_token"]).status == 200
    clock.advance(1)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.introspect(app, tokens["access_token"]) == {"active": False}


# -- machines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S15_a_machines_token_names_the_client_and_no_person(provider: Provider, ann: Person, format_: str) -> None:
    app = provider.add_client("Batch", "machine", scope="jobs.run jobs.read", access_token_format=format_)
    answer = provider.client_credentials(app, scope="jobs.run openid profile offline_access").json
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer["scope"] == "jobs.run"
    told = provider.introspect(app, answer["access_token"])
    assert told["sub"] == told["client_id"] == app.id
    assert "username" not in told
    assert provider.whoami(answer["access_token"]).json["sub"] == app.id
    assert provider.userinfo(answer["access_token"]).status == 403
    assert (app.id[0], ann.id[0]) == ("c", "u")  # never in one another's namespace


def test_S15_no_client_may_choose_its_id(provider: Provider, ann: Person) -> None:
    from clients.errors import InvalidMetadata

    with pytest.raises(InvalidMetadata):
        provider.add_client("Evil", client_id=ann.id)


def test_S11_client_credentials_are_for_registered_confidential_clients_with_their_scopes(
    provider: Provider, crm: App
) -> None:
    spa = provider.add_client("Spa", "spa")
    batch = provider.add_client("Batch", "machine", scope="jobs.run", resources=["https://api.example/"])
    assert provider.client_credentials(crm).error == "unauthorized_client"
    assert provider.client_credentials(spa).error == "unauthorized_client"
    assert provider.client_credentials(batch, scope="admin").error == "invalid_scope"
    assert provider.client_credentials(batch).json["scope"] == "jobs.run"
    assert provider.client_credentials(batch, resource="https://evil.example/").error == "invalid_target"
    aimed = provider.client_credentials(batch, resource="https://api.example/").json["access_token"]
    assert provider.introspect(batch, aimed)["aud"] == ["https://api.example/"]


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_X29_a_machines_token_dies_with_its_client_also_when_another_process_disables_it(
    provider: Provider, format_: str, clock: Clock
) -> None:
    app = provider.add_client("Batch", "machine", scope="jobs.run", access_token_format=format_)
    watcher = provider.add_client("Watcher", "machine", scope="x", introspection="all")
    token = provider.client_credentials(app).json["access_token"]
    assert provider.introspect(watcher, token)["active"]
    clock.advance(1)
    other = provider.another()
    other.services.registry.disable(app.id)
    assert provider.introspect(watcher, token) == {"active": False}
    assert provider.whoami(token).status == 401
    assert provider.client_credentials(app).status == 401
    clock.advance(1)
    other.services.registry.enable(app.id)
    assert provider.introspect(watcher, token) == {"active": False}
    assert provider.client_credentials(app).status == 200


# -- claims ------------------------------------------------------------------------------------------------------------


def test_claims_may_stand_in_the_id_token_where_a_client_is_registered_so(provider: Provider) -> None:
    provider.add_person(groups=("sales", "support"), employee_number="E-7")
    app = provider.add_client("App", id_token_claims=True, claims_map={"staff_no": "employee_number"})
    claims = verified(provider, provider.tokens(app, scope="openid profile email groups")["id_token"], audience=app.id)
    assert claims["groups"] == ["sales", "support"]
    assert claims["email_verified"] is False
    assert claims["staff_no"] == "E-7"


@pytest.mark.spec("OIDC-Core 5.5")
def test_S47_the_claims_parameter_puts_claims_where_it_says(provider: Provider, crm: App) -> None:
    userinfo = '{"given_name":null,"nonsense":null,"phone_number":{"essential":true}}'
    wish = f'{{"userinfo":{userinfo},"id_token":{{"email":{{"essential":true}},"groups":{{"values":["a","sales"]}}}}}}'
    tokens = provider.tokens(crm, scope="openid", claims=wish)
    claims = verified(provider, tokens["id_token"], audience=crm.id)
    assert claims["email"] == "ann@example.com"
    assert claims["groups"] == ["sales"]
    assert set(provider.userinfo(tokens["access_token"]).json) == {"sub"}
    # What the client's registration does not give, asking by name does not give either.
    small = provider.add_client("Small", scope="openid")
    tokens = provider.tokens(small, scope="openid", claims=wish)
    assert "email" not in verified(provider, tokens["id_token"], audience=small.id)


@pytest.mark.parametrize(
    "wish",
    ["{", "[]", "null", "5", '"x"', '{"userinfo":[1]}', '{"id_token":5}', '{"id_token":{"email":5}}',
    '{"id_token":{"acr":{"values":5,"essential":true}}}',
     '{"id_token":{"acr":{"essential":true,"values":"abc"}}}',
     '{"userinfo":{"x":{"value":' + "[" * 500 + "]" * 500 + "}}}", "[" * 4000, "NaN", "1" * 4000],
    ids=lambda w: w[:30],
)  # fmt: skip
def test_a_claims_parameter_that_is_no_such_object_is_refused_in_words(
    provider: Provider, browser: Browser, crm: App, wish: str
) -> None:
    assert provider.authorize(browser, crm, claims=wish).error == "invalid_request"


def test_claims_with_odd_characters_come_through_to_the_token(provider: Provider, browser: Browser, crm: App) -> None:
    wish = '{"userinfo":{"\\ud800":null,"a\\u0000b":null,"é":{"value":"\\udfff"}}}'
    tokens = provider.tokens(crm, browser, claims=wish)
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert provider.refresh(crm, tokens["refresh_token"]).status == 200


@pytest.mark.spec("OIDC-Core 5.5.1")
def test_S47_a_sub_value_that_is_not_the_persons_gives_no_token(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    provider.sign_in(browser, crm)
    clock.advance(1)
    for part in ("userinfo", "id_token"):
        other = provider.authorize(browser, crm, prompt="none", claims=f'{{"{part}":{{"sub":{{"value":"someone"}}}}}}')
        assert other.error == "login_required"
        own = provider.authorize(browser, crm, prompt="none", claims=f'{{"{part}":{{"sub":{{"value":"{ann.id}"}}}}}}')
        assert own.code
    shown = provider.authorize(browser, crm, claims='{"id_token":{"sub":{"value":"someone"}}}')
    assert shown.is_login_page
    assert browser.log_in(shown).error == "login_required"


@pytest.mark.spec("OIDC-Core 5.1")
@pytest.mark.parametrize(("source", "is_told"), [("private_mail", False), ("email", True), ("nothing_known", True)])
def test_an_address_from_the_own_table_is_not_called_verified_because_another_one_is(
    provider: Provider, source: str, is_told: bool
) -> None:
    provider.add_person("ann", email="ann@larkfield.example", claims={"private_mail": "boss@larkfield.example"})
    app = provider.add_client("Shop", claims_map={"email": source})
    told = provider.userinfo(provider.tokens(app, scope="openid email profile")["access_token"]).json
    assert told["email"] == ("ann@larkfield.example" if is_told else "boss@larkfield.example")
    assert ("email_verified" in told) is is_told
