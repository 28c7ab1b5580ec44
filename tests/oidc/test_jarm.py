"""Authorization responses as JWTs (JARM): each mode, for a code and for an error."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from idp.accounts.person import Person
from tests.provider import Answer, App, Browser, Provider

MODES = {"jwt": "query", "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"}


def response(answer: Answer, way: str) -> str:
    """The one parameter, where its mode puts it."""
    if way == "form_post":
        fields = dict(answer.form.fields)
    else:
        fields = dict(parse_qsl(getattr(urlsplit(answer.location), way)))
    assert fields.keys() == {"response"}
    return fields["response"]


def verified(provider: Provider, browser: Browser, text: str, alg: str = "RS256") -> dict[str, Any]:
    keys = KeySet.import_key_set(browser.get("oauth/jwks").json)
    return dict(jwt.decode(text, keys, algorithms=[alg]).claims)


@pytest.mark.spec("JARM 2.1")
@pytest.mark.parametrize("mode", MODES)
def test_the_answer_is_a_signed_jwt_for_the_client(
    provider: Provider, browser: Browser, crm: App, ann: Person, mode: str
) -> None:
    answer = provider.sign_in(browser, crm, response_mode=mode)
    claims = verified(provider, browser, response(answer, MODES[mode]))
    assert claims.keys() == {"iss", "aud", "exp", "code", "state"}
    assert (claims["iss"], claims["aud"], claims["state"]) == (provider.issuer, crm.id, "st 8")
    assert claims["exp"] == int(provider.clock()) + 600
    assert provider.redeem(crm, claims["code"]).status == 200


@pytest.mark.spec("JARM 2.1")
@pytest.mark.parametrize("mode", MODES)
def test_so_is_an_error(provider: Provider, browser: Browser, crm: App, mode: str) -> None:
    answer = provider.authorize(browser, crm, response_mode=mode, prompt="none")
    claims = verified(provider, browser, response(answer, MODES[mode]))
    assert (claims["error"], claims["state"], claims["iss"]) == ("login_required", "st 8", provider.issuer)
    assert "E-" in claims["error_description"]


@pytest.mark.spec("JARM 3")
@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA"])
def test_it_is_signed_as_the_client_is_registered(provider: Provider, browser: Browser, ann: Person, alg: str) -> None:
    app = provider.add_client("Bank", authorization_signed_response_alg=alg, response_modes=["jwt"])
    answer = provider.sign_in(browser, app, response_mode="jwt")
    assert verified(provider, browser, response(answer, "query"), alg)["code"]


def test_a_client_that_registered_the_jwt_alone_is_not_answered_without(provider: Provider, browser: Browser) -> None:
    app = provider.add_client("Bank", response_modes=["jwt"])
    answer = provider.authorize(browser, app)
    assert answer.error == "invalid_request"
    assert "response_mode" in answer.sent["error_description"]
