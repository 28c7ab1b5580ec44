"""Our word of a person, for another authorization server, and theirs taken here (ID-JAG). S37, X23."""

from __future__ import annotations

from typing import Any

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from idp.oidc.grants import jwt_bearer, token_exchange
from idp.oidc.grants.id_jag import ID_TOKEN_TYPE, LIFETIME
from idp.oidc.tokens import ID_JAG_TYPE
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import Answer, App, Browser, Provider

OTHER, API = "https://as.example", "https://api.example/"
TO = {OTHER: {"client_id": "crm there", "scope": "files reports", "resources": [API]}}


def crm_to(provider: Provider, **said: Any) -> App:
    grants = ["authorization_code", "refresh_token", token_exchange.GRANT_TYPE]
    return provider.add_client("CRM", **{"grant_types": grants, "id_jag_audiences": TO, **said})


def ask(provider: Provider, app: App, id_token: str, **form: Any) -> Answer:
    data = {
        "grant_type": token_exchange.GRANT_TYPE, "requested_token_type": ID_JAG_TYPE, "subject_token": id_token,
        "subject_token_type": ID_TOKEN_TYPE, "audience": OTHER, **form,
    }  # fmt: skip
    return provider.post("oauth/token", app, data)


@pytest.mark.spec("draft-ietf-oauth-identity-assertion-authz-grant 4.3")
def test_an_ID_JAG_says_who_for_whom_where_and_how_much(provider: Provider, ann: Person, clock: Clock) -> None:
    app = crm_to(provider)
    answer = ask(provider, app, provider.tokens(app)["id_token"], scope="files admin", resource=API)
    assert answer.status == 200, answer.text
    told = answer.json
    assert (told["issued_token_type"], told["token_type"], told["expires_in"]) == (ID_JAG_TYPE, "N_A", LIFETIME)
    assert set(told) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    claims = verified(provider, told["access_token"], audience=OTHER)
    assert (claims["sub"], claims["client_id"], claims["scope"], claims["resource"]) == (
        ann.id, "crm there", "files", API,
    )  # fmt: skip
    assert claims["exp"] - claims["iat"] == LIFETIME
    assert {"jti", "auth_time", "amr", "acr"} <= set(claims)
    [event] = provider.events("token:id_jag")
    assert (event.person_id, event.client_id, event.detail["audience"]) == (ann.id, app.id, OTHER)
    assert provider.whoami(told["access_token"]).status == 401  # it is no token of ours
    assert ask(provider, app, told["access_token"]).error == "invalid_request"


def test_X23_it_says_no_more_than_an_admin_let_the_application_say(provider: Provider, ann: Person) -> None:
    app, other = crm_to(provider), crm_to(provider, id_jag_audiences={})
    tokens = provider.tokens(app)
    held = tokens["id_token"]
    for form, error in (
        ({"audience": "https://as.example/"}, "invalid_target"),
        ({"audience": None}, "invalid_target"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"resource": "https://store.example/"}, "invalid_target"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}, "invalid_request"),
        ({"subject_token": tokens["access_token"]}, "invalid_request"),
        ({"subject_token": held[:-3]}, "invalid_request"),
        ({"subject_token": ""}, "invalid_request"),
    ):
        assert ask(provider, app, **{"id_token": held, **form}).error == error, form
    assert ask(provider, other, held).error == "invalid_target"
    stranger = crm_to(provider)
    assert ask(provider, stranger, held).error == "invalid_request"  # an ID token of another application


@pytest.mark.parametrize("what", ["person", "access", "session", "old", "refresh token", "reused code"])
def test_X23_it_is_given_only_while_the_sign_in_stands(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, what: str
) -> None:
    app = crm_to(provider)
    code = provider.sign_in(browser, app).code
    tokens = provider.redeem(app, code).json
    held = tokens["id_token"]
    assert ask(provider, app, held).status == 200
    clock.advance(1)
    services = provider.services
    if what == "person":
        services.directory.disable(ann.id)
    elif what == "access":
        services.registry.change_access(app.id, lambda _: Access.only(groups=["board"]))
    elif what == "refresh token":  # the grant is revoked, while the session goes on
        provider.revoke(app, tokens["refresh_token"])
    elif what == "reused code":
        assert provider.redeem(app, code).error == "invalid_grant"
    elif what == "session":
        browser.submit(browser.get("logout"), "confirm")
    else:
        clock.advance(3601)
    assert ask(provider, app, held).error == "invalid_request"


def test_it_is_taken_by_another_provider_of_the_same_kind(provider: Provider, ann: Person) -> None:
    keys = provider.browser().get("oauth/jwks").json
    to = {provider.issuer: {"client_id": "to be named", "scope": "files"}}
    app = crm_to(provider, id_jag_audiences=to)
    trusted = {provider.issuer: {"jwks": {"keys": [dict(key) for key in keys["keys"]]}, "subject": "id"}}
    there = provider.add_client("There", "machine", scope="files", grant_types=[jwt_bearer.GRANT_TYPE],
                                assertion_issuers=trusted)  # fmt: skip
    to = {provider.issuer: {"client_id": there.id, "scope": "files"}}
    provider.services.registry.update(app.id, {"id_jag_audiences": to})
    jag = ask(provider, app, provider.tokens(app)["id_token"], audience=provider.issuer).json["access_token"]
    form = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": jag}
    answer = provider.post("oauth/token", there, form)
    assert answer.status == 200, answer.text
    assert provider.introspect(there, answer.json["access_token"])["sub"] == ann.id


@pytest.mark.parametrize(
    "wrong", [[], {"a b": {"client_id": "x"}}, {OTHER: {}}, {OTHER: {"client_id": "x", "more": 1}},
              {OTHER: {"client_id": "x", "resources": ["no uri"]}}, {OTHER: {"client_id": "x", "scope": 'a"'}}],

)  # fmt: skip
def test_what_may_be_said_where_is_checked_when_it_is_registered(provider: Provider, wrong: Any) -> None:
    with pytest.raises(InvalidMetadata, match="id_jag_audiences"):
        crm_to(provider, id_jag_audiences=wrong)
