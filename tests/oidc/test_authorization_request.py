"""An authorization request as a value: where its answer may go, every rule in one place, and how it waits in a flow."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import OAuthError
from idp.oidc import authorization_request
from idp.oidc.authorization_request import AuthorizationRequest
from idp.oidc.destination import Destination, Untrusted, find_again, find_destination
from idp.wire import Params
from tests.provider import App, Provider, challenge_of


def sent(app: App, **changed: Any) -> Params:
    """A request as an application sends it, some parameters changed, None: left out, a list: sent more than once."""
    usual: dict[str, Any] = {
        "client_id": app.id, "redirect_uri": app.redirect_uri, "response_type": "code", "scope": "openid profile",
        "state": "s", "nonce": "n", "code_challenge": challenge_of(), "code_challenge_method": "S256",
    }  # fmt: skip
    given = {**usual, **changed}
    several = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    return Params([(name, value) for name, values in several.items() for value in values if value is not None])


@pytest.mark.spec("RFC6749 4.1.2.1")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_id": None}, "missing_client_id"),
        ({"client_id": "made-up"}, "unknown_client"),
        ({"client_id": ["one", "two"]}, "repeated_parameter"),
        ({"redirect_uri": None}, "missing_redirect_uri"),
        ({"redirect_uri": "https://crm.example/elsewhere"}, "unregistered_redirect_uri"),
        ({"redirect_uri": ["https://a.example", "https://b.example"]}, "repeated_parameter"),
    ],
)
def test_where_no_answer_can_go_is_a_value_that_whoever_asks_words(
    provider: Provider, crm: App, changed: dict[str, Any], code: str
) -> None:
    found = find_destination(provider.services, sent(crm, **changed))
    assert isinstance(found, Untrusted)
    assert (found.code, found.refused().code) == (code, code)
    assert found.developer


def test_what_is_registered_is_told_to_admins_alone(provider: Provider, crm: App) -> None:
    found = find_destination(provider.services, sent(crm, redirect_uri=crm.redirect_uri + "x"))
    assert isinstance(found, Untrusted)
    assert crm.redirect_uri in found.fix
    assert crm.redirect_uri not in found.message + found.developer


def test_a_destination_carries_all_that_an_error_needs(provider: Provider, crm: App) -> None:
    found = find_destination(provider.services, sent(crm, response_mode="form_post", state=" a b "))
    assert isinstance(found, Destination)
    assert (found.client.id, found.redirect_uri) == (crm.id, crm.redirect_uri)
    assert (found.response_mode, found.state) == ("form_post", " a b ")


def test_a_destination_is_looked_for_again_when_the_answer_goes_out(provider: Provider, crm: App) -> None:
    services = provider.services
    assert isinstance(find_again(services, crm.id, crm.redirect_uri, "query", None), Destination)
    for client_id, uri in ((crm.id, "https://crm.example/gone"), ("gone", crm.redirect_uri)):
        found = find_again(services, client_id, uri, "query", None)
        assert isinstance(found, Untrusted)
        assert found.code == "client_changed"
    services.registry.disable(crm.id)
    assert isinstance(find_again(services, crm.id, crm.redirect_uri, "query", None), Untrusted)


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        ({"registration": "{}"}, "registration_not_supported", "registration"),
        ({"response_type": None}, "invalid_request", "response_type is missing"),
        ({"response_type": "token"}, "unsupported_response_type", "response_type=code"),
        ({"scope": ["openid", "email"]}, "invalid_request", "scope"),
        ({"nonce": ["one", "two"]}, "invalid_request", "nonce"),
        ({"login_hint": "x" * 40_000}, "invalid_request", "login_hint"),
        ({"max_age": "soon"}, "invalid_request", "max_age"),
        ({"claims": "{"}, "invalid_request", "claims"),
        ({"response_mode": "web_message"}, "invalid_request", "response_mode"),
        ({"scope": "made-up"}, "invalid_scope", "made-up"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", "PKCE"),
        ({"code_challenge_method": "plain"}, "invalid_request", "S256"),
        ({"prompt": "none login"}, "invalid_request", "prompt=none"),
        ({"resource": "https://other.example"}, "invalid_target", "resource"),
        ({"id_token_hint": "x", "prompt": "none"}, "login_required", "id_token_hint"),
        (
            {"claims": '{"id_token":{"acr":{"essential":true,"values":["made-up"]}}}'},
            "unmet_authentication_requirements", "acr",
        ),
    ],
)  # fmt: skip
def test_reading_a_request_is_every_rule_wherever_it_came_from(
    provider: Provider, crm: App, changed: dict[str, Any], code: str, told: str
) -> None:
    with pytest.raises(OAuthError) as error:
        authorization_request.read(provider.services, crm.client, sent(crm, **changed))
    assert error.value.code == code
    assert told in error.value.description


def test_the_first_rule_that_is_broken_is_the_one_that_is_told(provider: Provider, crm: App) -> None:
    broken = sent(crm, nonce=["1", "2"], max_age="soon", prompt="none login", response_type="token")
    with pytest.raises(OAuthError, match="unsupported_response_type"):
        authorization_request.read(provider.services, crm.client, broken)


def test_a_request_waits_in_a_flow_and_comes_back(provider: Provider, crm: App) -> None:
    flow = authorization_request.read(provider.services, crm.client, sent(crm, prompt="login"))
    asked = AuthorizationRequest.from_json(flow.request)
    assert (asked.redirect_uri, asked.state, asked.nonce, asked.challenge) == (
        crm.redirect_uri, "s", "n", challenge_of(),
    )  # fmt: skip
    assert asked.to_json() == flow.request
    assert flow.demands.fresh_after == provider.clock()


def test_a_page_that_another_version_sealed_is_taken(provider: Provider, crm: App) -> None:
    """During an upgrade both answer: these names are the ones of the version before, and a later one may add."""
    names = {
        "redirect_uri", "state", "nonce", "response_mode", "scope", "challenge", "claims", "resource", "params",
        "pushed", "dpop_jkt",
    }  # fmt: skip
    flow = authorization_request.read(provider.services, crm.client, sent(crm))
    assert set(flow.request) == names
    assert AuthorizationRequest.from_json({**flow.request, "later": 1}).to_json() == flow.request
    before = {name: value for name, value in flow.request.items() if name not in ("pushed", "dpop_jkt")}
    assert AuthorizationRequest.from_json(before).to_json() == flow.request
