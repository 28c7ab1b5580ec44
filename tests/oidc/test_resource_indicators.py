"""Whom a token is for: `resource` at every endpoint that takes it (RFC 8707). S38, X23."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from idp.oidc.grants import token_exchange
from tests.oidc import test_jwt_bearer
from tests.oidc.test_pushed_requests import come, push, reference
from tests.oidc.test_token_exchange import exchange
from tests.provider import App, Browser, Provider

API, STORE, OTHER = "https://api.example/v1", "https://store.example/", "https://other.example/"
FORMATS = pytest.mark.parametrize("form", ["opaque", "jwt"])


def app_with(provider: Provider, form: str = "opaque") -> App:
    scope = "openid files offline_access"
    return provider.add_client("App", scope=scope, resources=[API, STORE], access_token_format=form)


@pytest.mark.spec("RFC8707 2")
def test_S38_a_resource_that_may_not_be_had_is_refused_before_anything_is_pushed(
    provider: Provider, ann: Person
) -> None:
    app = app_with(provider)
    for resource in (OTHER, API + "#part", "api", [API, OTHER]):
        answer = push(provider, app, resource=resource)
        assert (answer.status, answer.error) == (400, "invalid_target"), resource


@pytest.mark.spec("RFC8707 2")
@FORMATS
def test_S38_what_was_pushed_is_what_the_token_is_for(
    provider: Provider, browser: Browser, ann: Person, form: str
) -> None:
    app = app_with(provider, form)
    pushed = reference(provider, app, scope="files", resource=[API, STORE])
    page = come(provider, browser, app, pushed)
    code = (browser.log_in(page) if page.is_login_page else page).code
    token = provider.redeem(app, code, resource=STORE).json["access_token"]
    assert provider.introspect(app, token)["aud"] == [STORE]


@pytest.mark.spec("RFC8707 2.2")
@FORMATS
def test_S38_one_sign_in_gives_a_token_for_each_resource_and_none_for_another(
    provider: Provider, ann: Person, form: str
) -> None:
    app = app_with(provider, form)
    tokens = provider.tokens(app, scope="files offline_access", prompt="consent", resource=[API, STORE])
    assert provider.introspect(app, tokens["access_token"])["aud"] == [API, STORE]
    held = tokens["refresh_token"]
    for resource in (API, STORE, API):  # what one use asks for takes nothing from the next
        answer = provider.refresh(app, held, resource=resource).json
        assert provider.introspect(app, answer["access_token"])["aud"] == [resource]
        held = answer["refresh_token"]
    assert provider.refresh(app, held, resource=OTHER).error == "invalid_target"
    both = provider.refresh(app, held).json["access_token"]
    assert provider.introspect(app, both)["aud"] == [API, STORE]


@FORMATS
def test_S11_an_api_asks_nobodys_claims_with_a_token_that_has_no_openid(
    provider: Provider, ann: Person, form: str
) -> None:
    app = app_with(provider, form)
    held = provider.tokens(app, scope="openid files offline_access", prompt="consent", resource=API)
    assert provider.introspect(app, held["access_token"])["aud"] == [API, provider.issuer]
    assert provider.userinfo(held["access_token"]).status == 200
    less = provider.refresh(app, held["refresh_token"], scope="files").json["access_token"]
    assert provider.introspect(app, less)["aud"] == [API]
    assert provider.userinfo(less).status == 401


@pytest.mark.spec("RFC8707 2.2")
@FORMATS
def test_S38_who_asks_for_a_token_for_us_gets_one_for_us_alone_or_none(
    provider: Provider, ann: Person, form: str
) -> None:
    app, ours = app_with(provider, form), provider.services.url("/oauth/userinfo")
    for scope, may in (("openid files offline_access", True), ("files offline_access", False)):
        asked = {"scope": scope, "prompt": "consent", "resource": API}
        code = provider.sign_in(provider.browser(), app, **asked).code
        answers = [provider.redeem(app, code, resource=ours)]
        tokens = provider.tokens(app, **asked)
        answers.append(provider.refresh(app, tokens["refresh_token"], resource=ours))
        for answer in answers:
            if may:
                assert provider.introspect(app, answer.json["access_token"])["aud"] == [provider.issuer]
            else:
                assert (answer.status, answer.error) == (400, "invalid_target"), answer.text


@pytest.mark.spec("RFC8707 2.2")
def test_S38_neither_an_exchange_nor_an_assertion_gives_one_for_somebody_else_instead(
    provider: Provider, ann: Person
) -> None:
    ours = provider.services.url("/oauth/whoami")
    own = {"scope": "files", "resources": [API], "grant_types": [token_exchange.GRANT_TYPE]}
    back = provider.add_client("Back", "machine", **own)
    front = provider.add_client("Front", scope="openid files", resources=[API], may_act=[back.id])
    for scope, may in (("openid files", True), ("files", False)):
        token = provider.tokens(front, scope=scope, resource=API)["access_token"]
        answer = exchange(provider, back, token, resource=ours)
        if may:
            assert provider.introspect(back, answer.json["access_token"])["aud"] == [provider.issuer]
        else:
            assert answer.error == "invalid_target"
    batch = test_jwt_bearer.batch(provider)
    assertion = test_jwt_bearer.jag(provider, batch)  # for the API alone
    assert test_jwt_bearer.bring(provider, batch, assertion, resource=ours).error == "invalid_target"


@pytest.mark.spec("RFC6749 3.2")
def test_a_resource_without_a_value_is_none(provider: Provider, ann: Person) -> None:
    app = app_with(provider)
    code = provider.sign_in(provider.browser(), app, scope="files", resource="").code
    tokens = provider.redeem(app, code, resource="")
    assert provider.introspect(app, tokens.json["access_token"])["aud"] == [provider.issuer]


@pytest.mark.spec("RFC8707 2")
def test_S38_a_token_for_one_resource_is_seen_by_that_one_alone(provider: Provider, ann: Person) -> None:
    app = app_with(provider)
    about = {"scope": "x", "introspection": "audience"}
    servers = {uri: provider.add_client(uri[8:13], "machine", resources=[uri], **about) for uri in (API, STORE)}
    token = provider.tokens(app, scope="files", resource=API)["access_token"]
    assert provider.introspect(servers[API], token)["active"]
    assert not provider.introspect(servers[STORE], token)["active"]
    assert provider.whoami(token).status == 401


@FORMATS
def test_S38_what_an_admin_took_away_does_not_become_a_token_for_us(provider: Provider, ann: Person, form: str) -> None:
    app = app_with(provider, form)
    held = provider.tokens(app, scope="files offline_access", prompt="consent", resource=[API])["refresh_token"]
    provider.services.registry.update(app.id, {"resources": [STORE]})
    assert provider.refresh(app, held).error == "invalid_target"
    provider.services.registry.update(app.id, {"resources": [STORE, API]})
    assert provider.refresh(app, held).status == 200  # nothing was used up
