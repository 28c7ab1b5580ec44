"""Another issuer's word of a person, for a token about them (RFC 7523 §2.1). S31, S40, X13, X23."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from idp.oidc.grants.jwt_bearer import GRANT_TYPE
from tests.backends import Clock
from tests.oidc import assertions
from tests.oidc.consents import take_consent_back
from tests.provider import Answer, App, Provider, new_key

API = "https://api.example/"
FORMATS = pytest.mark.parametrize("form", ["opaque", "jwt"])


def batch(provider: Provider, **said: Any) -> App:
    trusted = {assertions.ISSUER: assertions.TRUSTED}
    values = {"scope": "files reports", "resources": [API], "grant_types": [GRANT_TYPE], "assertion_issuers": trusted}
    return provider.add_client("Batch", "machine", **{**values, **said})


def bring(provider: Provider, app: App, assertion: str | None, **form: Any) -> Answer:
    return provider.post("oauth/token", app, {"grant_type": GRANT_TYPE, "assertion": assertion, **form})


@pytest.mark.spec("RFC7523 2.1")
@FORMATS
def test_an_assertion_gives_a_token_about_its_person_and_nothing_to_renew_it_by(
    provider: Provider, ann: Person, form: str
) -> None:
    app = batch(provider, access_token_format=form)
    answer = bring(provider, app, assertions.of(provider, "ann"), scope="files openid offline_access", resource=API)
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    seen = provider.introspect(app, answer.json["access_token"])
    assert (seen["sub"], seen["client_id"], seen["scope"], seen["aud"]) == (ann.id, app.id, "files", [API])
    [event] = provider.events("token:asserted")
    assert (event.person_id, event.client_id, event.detail["issuer"]) == (ann.id, app.id, assertions.ISSUER)


@pytest.mark.spec("RFC7523 3")
@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://other.example"},
        {"aud": "https://login.example/oauth/token"},
        {"aud": ["https://login.example", "https://other.example"]},
        {"aud": None},
        {"iss": "https://hr.example/"},
        {"iss": None},
        {"sub": None},
        {"sub": "nobody"},
        {"sub": "ann@example.com"},  # a login of another sort
        {"exp": None},
        {"exp": 1},
        {"exp": 99_999_999_999},
        {"jti": None},
        {"jti": ""},
        {"key": new_key("hr")},
        {"head": {"typ": "at+jwt"}},
        {"head": {"typ": "client-authentication+jwt"}},
        {"head": {"typ": "dpop+jwt"}},
    ],
)
def test_X5_S31_S40_an_assertion_that_is_not_of_that_issuer_for_us_and_about_somebody_is_refused(
    provider: Provider, ann: Person, wrong: dict[str, Any]
) -> None:
    answer = bring(provider, batch(provider), assertions.of(provider, **{"sub": "ann", **wrong}))
    assert (answer.status, answer.error) == (400, "invalid_grant"), wrong


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "\x00", "é", "x" * 20_000])
def test_S40_what_is_no_JWT_is_refused_and_what_is_missing_named(provider: Provider, ann: Person, text: str) -> None:
    app = batch(provider)
    assert bring(provider, app, text).error == "invalid_grant"
    assert bring(provider, app, None).error == "invalid_request"


@pytest.mark.spec("RFC7523 3")
def test_X13_an_assertion_works_once_in_all_processes_and_for_all_applications(provider: Provider, ann: Person) -> None:
    app, second = batch(provider), batch(provider, resources=[])
    other = provider.another()
    assertion = assertions.of(provider, "ann")
    assert bring(provider, app, assertion, scope="nothing").error == "invalid_scope"  # which uses nothing up
    assert bring(provider, app, assertion).status == 200
    for process, one in ((provider, app), (other, app), (other, second)):
        assert bring(process, one, assertion).error == "invalid_grant"
    assert bring(other, app, assertions.of(provider, "ann")).status == 200


@pytest.mark.parametrize(("how", "sub"), [("id", ""), ("username", "ANN"), ("email", "ann@example.com")])
def test_what_the_sub_of_the_issuer_is_here_an_admin_says(provider: Provider, how: str, sub: str) -> None:
    ann = provider.add_person("ann", email_verified=True)
    app = batch(provider, assertion_issuers={assertions.ISSUER: {**assertions.TRUSTED, "subject": how}})
    answer = bring(provider, app, assertions.of(provider, sub or ann.id))
    assert provider.introspect(app, answer.json["access_token"])["sub"] == ann.id
    if how == "email":  # whoever may write an address into a profile is not its owner
        provider.add_person("eve", email="boss@example.com")
        assert bring(provider, app, assertions.of(provider, "boss@example.com")).error == "invalid_grant"


@FORMATS
def test_X23_what_a_person_takes_back_ends_it_without_a_session(
    provider: Provider, ann: Person, clock: Clock, form: str
) -> None:
    grants = ["authorization_code", GRANT_TYPE]
    trusted = {assertions.ISSUER: assertions.TRUSTED}
    app = provider.add_client("App", grant_types=grants, scope="openid files", consent="explicit",
                              assertion_issuers=trusted, access_token_format=form)  # fmt: skip
    browser = provider.browser()
    provider.sign_in(browser, app)
    token = bring(provider, app, assertions.of(provider, "ann")).json["access_token"]
    browser.submit(browser.get("logout"), "confirm")
    assert provider.introspect(app, token)["active"]  # no session of ours was behind it
    provider.sign_in(browser, app)
    clock.advance(1)
    assertion = assertions.of(provider, "ann")
    take_consent_back(provider, browser, app)
    assert not provider.introspect(app, token)["active"]
    clock.advance(1)
    assert bring(provider, app, assertion).error == "invalid_grant"
    assert bring(provider, app, assertions.of(provider, "ann")).error == "invalid_grant"  # until they agree again
    assert provider.sign_in(browser, app).code  # the consent page among it
    assert bring(provider, app, assertions.of(provider, "ann")).status == 200


# -- ID-JAG: by a provider that both sides sign people in by -----------------------------------------------------------


def jag(provider: Provider, app: App, **over: Any) -> str:
    said = {"sub": "ann", "client_id": app.id, "resource": API, "scope": "files", **over}
    return assertions.of(provider, head={"typ": "oauth-id-jag+jwt"}, **said)


@pytest.mark.spec("draft-ietf-oauth-identity-assertion-authz-grant 4.4")
def test_an_ID_JAG_gives_what_the_other_provider_let_this_application_have(provider: Provider, ann: Person) -> None:
    app = batch(provider)
    answer = bring(provider, app, jag(provider, app), scope="files reports")
    seen = provider.introspect(app, answer.json["access_token"])
    assert (seen["sub"], seen["scope"], seen["aud"]) == (ann.id, "files", [API])
    wider = bring(provider, app, jag(provider, app, scope=None, resource=None), scope="files reports")
    assert wider.json["scope"] == "files reports"  # it names neither: then an admin's word is all


@pytest.mark.spec("draft-ietf-oauth-identity-assertion-authz-grant 4.4")
def test_X23_an_ID_JAG_is_for_the_application_and_the_resource_that_it_names(provider: Provider, ann: Person) -> None:
    app, other = batch(provider, resources=[API, "https://store.example/"]), batch(provider)
    assert bring(provider, other, jag(provider, app)).error == "invalid_grant"
    assert bring(provider, app, jag(provider, app, client_id=None)).error == "invalid_grant"
    assert bring(provider, app, jag(provider, app), resource="https://store.example/").error == "invalid_target"
    assert bring(provider, app, jag(provider, app, resource="https://elsewhere.example/")).error == "invalid_target"
    spent = jag(provider, app)
    assert bring(provider, app, spent).status == 200
    assert bring(provider, app, spent).error == "invalid_grant"


NO_LIMIT: list[Any] = [["files"], {}, 1, True, [], {"files": True}, [{}]]


@pytest.mark.spec("draft-ietf-oauth-identity-assertion-authz-grant 4.4")
@pytest.mark.parametrize("said", [
    *({"scope": one} for one in NO_LIMIT),
    *({"resource": one} for one in (*NO_LIMIT[1:], [API, {}], [API, 1], [API, None], "")),
])  # fmt: skip
def test_X23_a_limit_that_cannot_be_read_is_no_leave_to_go_without(
    provider: Provider, ann: Person, said: dict[str, Any]
) -> None:
    app = batch(provider)
    answer = bring(provider, app, jag(provider, app, **said), scope="files reports")
    assert (answer.status, answer.error) == (400, "invalid_grant"), answer.text
    assert next(iter(said)) in answer.json["error_description"]


@pytest.mark.spec("RFC6749 5.2")
def test_X23_an_ID_JAG_that_lets_nothing_of_what_was_asked_for_gives_nothing(provider: Provider, ann: Person) -> None:
    app = batch(provider)
    for let in ("reports", "payments", ""):
        answer = bring(provider, app, jag(provider, app, scope=let), scope="files")
        assert (answer.status, answer.error) == (400, "invalid_scope"), let
    answer = bring(provider, app, jag(provider, app, scope="payments"))  # nor where nothing was asked for by name
    assert answer.error == "invalid_scope"


@pytest.mark.parametrize("name", ["iat", "exp", "nbf", "sub", "jti", "client_id"])
def test_S40_no_claim_of_an_odd_kind_is_more_than_a_refusal(provider: Provider, ann: Person, name: str) -> None:
    app = batch(provider)
    for odd in ("x", "\x00", "\ud800", [], {}, True, -1, 1e300, [{}]):
        answer = bring(provider, app, jag(provider, app, **{name: odd}))
        assert answer.status in (200, 400), (odd, answer.text)


@pytest.mark.parametrize(
    "issuers",
    [
        [],
        {"a b": assertions.TRUSTED},
        {"https://a.example": {"subject": "username"}},
        {"https://a.example": {"jwks_uri": "http://a.example/k", "subject": "username"}},
        {"https://a.example": {"jwks_uri": "https://a.example/k", "subject": "name"}},
        {"https://a.example": {**assertions.TRUSTED, "jwks_uri": "https://a.example/k"}},
        {"https://a.example": "https://a.example/k"},
    ],
)
def test_an_issuer_is_registered_with_its_keys_and_what_its_sub_is(provider: Provider, issuers: Any) -> None:
    with pytest.raises(InvalidMetadata, match="assertion_issuers"):
        batch(provider, assertion_issuers=issuers)
