"""Pushed authorization requests (RFC 9126): over the application's own line, and once. S29."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from idp.oidc.par import PUBLIC_A_MINUTE
from idp.oidc.request_objects.pushed import URN
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider, new_key


def push(provider: Provider, app: App, **overrides: Any) -> Answer:
    """The authorization request, pushed as the application proves itself."""
    named = {} if app.client.oidc.is_public else {"client_id": app.id}
    asked = [(name, value) for name, value in provider.request(app, **overrides) if name != "client_id"]
    return provider.post("oauth/par", app, [*named.items(), *asked])


def reference(provider: Provider, app: App, **overrides: Any) -> str:
    answer = push(provider, app, **overrides)
    assert answer.status == 201, answer.text
    return str(answer.json["request_uri"])


def come(provider: Provider, browser: Browser, app: App, uri: str, **beside: str) -> Answer:
    """The browser comes with the reference."""
    return browser.get("oauth/authorize?" + urlencode({"client_id": app.id, "request_uri": uri, **beside}))


def done(browser: Browser, answer: Answer) -> Answer:
    return browser.log_in(answer) if answer.status == 200 and answer.is_login_page else answer


@pytest.mark.spec("RFC 9126 2.2")
@pytest.mark.parametrize("profile", ["web", "spa", "native", "key"])
def test_a_pushed_request_signs_somebody_in(provider: Provider, browser: Browser, ann: Person, profile: str) -> None:
    app = provider.add_client("App", key=new_key()) if profile == "key" else provider.add_client("App", profile)
    answer = push(provider, app)
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["request_uri"].startswith(URN)
    assert answer.json["expires_in"] == 300
    page = come(provider, browser, app, answer.json["request_uri"])
    answer = done(browser, page)
    answer = browser.submit(answer, "allow") if answer.status == 200 and answer.is_consent_page else answer
    assert answer.sent["state"] == "st 8"
    told = provider.redeem(app, answer.code).json
    assert told["scope"].split() == ["openid", "profile", "email"]


@pytest.mark.spec("RFC 9101 6.3")
def test_what_stands_beside_the_reference_counts_for_nothing(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    uri = reference(provider, crm, scope="openid", state="inside")
    answer = done(browser, come(provider, browser, crm, uri, scope="openid email", state="outside", prompt="none"))
    assert answer.sent["state"] == "inside"
    assert provider.redeem(crm, answer.code).json["scope"] == "openid"


@pytest.mark.spec("RFC 9126 4")
def test_a_reference_is_good_for_one_code_and_until_then_for_every_load_of_the_page(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    uri = reference(provider, crm)
    assert come(provider, browser, crm, uri).is_login_page
    page = come(provider, browser, crm, uri)
    assert browser.log_in(page).code
    again = come(provider, browser, crm, uri)
    assert again.is_error_page
    assert "Please start again" in again.text


@pytest.mark.spec("RFC 9126 2.2")
def test_a_reference_ends_and_the_page_says_where_to_begin(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    uri = reference(provider, crm)
    clock.advance(301)
    answer = come(provider, browser, crm, uri)
    assert answer.status == 400
    (event,) = [one for one in provider.events() if one.error_id == answer.error_id]
    assert (event.client_id, event.detail["side"]) == (crm.id, "application")
    assert "300 seconds" in event.detail["fix"]


def test_a_sign_in_that_takes_longer_than_its_reference_still_ends_well(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    page = come(provider, browser, crm, reference(provider, crm))
    clock.advance(400)
    assert browser.log_in(page).code


@pytest.mark.spec("RFC 9126 2.2")
def test_S29_nobody_uses_the_reference_of_another_client(provider: Provider, browser: Browser, crm: App) -> None:
    other = provider.add_client("Other")
    uri = reference(provider, crm)
    answer = come(provider, browser, other, uri)
    assert answer.is_error_page
    assert "CRM" not in answer.text
    assert crm.redirect_uri not in answer.text
    for made_up in (URN + "x", URN, URN + "é", URN + "a" * 5000):
        assert come(provider, browser, crm, made_up).is_error_page


@pytest.mark.spec("RFC 9126 2.1")
@pytest.mark.parametrize(
    ("overrides", "error", "told"),
    [
        ({"request_uri": URN + "x"}, "invalid_request", "request_uri"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request", "redirect_uri"),
        ({"redirect_uri": None}, "invalid_request", "redirect_uri"),
        ({"response_type": "token"}, "unsupported_response_type", "response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request", "S256"),
        ({"scope": "made-up"}, "invalid_scope", "made-up"),
        ({"prompt": "none login"}, "invalid_request", "prompt"),
        ({"state": ["one", "two"]}, "invalid_request", "state"),
        ({"request": "a.b.c"}, "invalid_request_object", "request object"),
        ({"login_hint": "x" * 40_000}, "invalid_request", "login_hint"),
    ],
)
def test_a_wrong_request_is_refused_when_it_is_pushed(
    provider: Provider, crm: App, overrides: dict[str, Any], error: str, told: str
) -> None:
    answer = push(provider, crm, **overrides)
    assert (answer.status, answer.error) == (400, error)
    assert told in answer.json["error_description"]
    event = provider.events()[-1]
    assert (event.action, event.client_id) == (f"error:{error}", crm.id)


def test_S29_only_the_client_itself_pushes(provider: Provider, crm: App) -> None:
    stranger = App(crm.client, "dws_wrong", None)
    answer = push(provider, stranger)
    assert (answer.status, answer.error) == (401, "invalid_client")
    other = provider.add_client("Other")
    answer = provider.post("oauth/par", other, [*provider.request(crm)])
    assert answer.error == "invalid_client"  # client_id names somebody else


@pytest.mark.spec("RFC 9126 5")
def test_a_client_that_must_push_is_not_heard_otherwise(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("Bank", require_pushed_authorization_requests=True)
    answer = provider.authorize(browser, app)
    assert (answer.error, answer.sent["state"]) == ("invalid_request", "st 8")
    assert "/oauth/par" in answer.sent["error_description"]
    assert done(browser, come(provider, browser, app, reference(provider, app))).code


@pytest.mark.spec("RFC 9126 5")
def test_S29_a_deployment_may_ask_it_of_all(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(oauth={"require_pushed_authorization_requests": True})
    app, browser = provider.add_client("App"), provider.browser()
    provider.add_person("ann")
    metadata = browser.get(".well-known/openid-configuration").json
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["pushed_authorization_request_endpoint"] == f"{provider.issuer}/oauth/par"
    assert provider.authorize(browser, app).error == "invalid_request"
    assert "oauth.require_pushed" in provider.events()[-1].detail["fix"]
    assert done(browser, come(provider, browser, app, reference(provider, app))).code


@pytest.mark.spec("RFC 9126 2.3")
def test_S29_what_nobody_proves_is_pushed_so_often_a_minute(provider: Provider) -> None:
    app = provider.add_client("Board", "spa")
    for _ in range(PUBLIC_A_MINUTE):
        assert push(provider, app).status == 201
    answer = push(provider, app)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


def test_pushing_and_coming_cost_two_writes_and_two_reads_more(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    provider.sign_in(browser, crm)
    push(provider, crm)
    _, verbs, answer = provider.counted(lambda: push(provider, crm))
    assert [verb.partition(" ")[0] for verb in verbs] == ["put"]
    usual = provider.counted(lambda: provider.authorize(browser, crm))
    pushed = provider.counted(lambda: come(provider, browser, crm, answer.json["request_uri"]))
    before, after = usual[1][:-1], usual[1][-1:]
    assert pushed[1] == ["get", "get", *before, "add", *after]  # what was pushed, whether it is used, and its end
    assert pushed[2].code


def test_S29_a_page_that_was_answered_is_not_answered_once_more(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    page = come(provider, browser, crm, reference(provider, crm))
    assert browser.log_in(page).code
    again = browser.log_in(page)
    assert again.is_error_page
    assert "Please start again" in again.text


@pytest.mark.parametrize("kind", ["GET", "JSON"])
def test_the_endpoint_says_what_it_takes(provider: Provider, browser: Browser, crm: App, kind: str) -> None:
    if kind == "GET":
        answer = browser.get("oauth/par")
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    else:
        answer = provider.post("oauth/par", crm, [], **{"Content-Type": "application/json"})
        assert answer.error == "invalid_request"
        assert "form-urlencoded" in answer.json["error_description"]


@pytest.mark.spec("RFC 9126 4")
def test_S29_two_browsers_with_one_reference_get_one_code(provider: Provider, crm: App, ann: Person) -> None:
    uri = reference(provider, crm)
    browsers = [provider.browser() for _ in range(2)]
    pages = [come(provider, one, crm, uri) for one in browsers]
    first, second = (browser.log_in(page) for browser, page in zip(browsers, pages, strict=True))
    assert first.code
    assert second.is_error_page


def test_S29_what_nobody_knows_is_not_kept(provider: Provider, crm: App, ann: Person) -> None:
    kept: list[Any] = []
    state = provider.services.state
    put, state.put = state.put, lambda key, value, ttl: kept.append(value) or put(key, value, ttl)  # type: ignore[method-assign]
    try:
        reference(provider, crm, junk="x" * 30_000)
    finally:
        state.put = put  # type: ignore[method-assign]
    assert [name for name, _ in kept[-1]["pairs"] if name == "junk"] == []


@pytest.mark.parametrize("uri", ["used", "made up"])
def test_Q1_of_a_reference_that_is_gone_nothing_else_is_said_to_be_wrong(
    provider: Provider, browser: Browser, crm: App, ann: Person, uri: str
) -> None:
    if uri == "used":
        uri = reference(provider, crm)
        assert done(browser, come(provider, browser, crm, uri)).code
    else:
        uri = URN + "x" * 43
    answer = come(provider, browser, crm, uri)
    assert answer.is_error_page
    (event,) = [one for one in provider.events() if one.error_id == answer.error_id]
    (found,) = event.detail["findings"]
    assert (found["code"], found["side"], found["field"]) == ("pushed_request_gone", "application", "request_uri")


def test_Q1_what_a_pushed_request_has_wrong_is_looked_for_in_what_was_pushed(
    provider: Provider, browser: Browser, crm: App
) -> None:
    answer = push(provider, crm, redirect_uri=crm.redirect_uri + "/")
    assert answer.error == "invalid_request"
    codes = {one["code"] for one in provider.events()[-1].detail["findings"] if one["weight"] == "wrong"}
    assert codes == {"redirect_uri"}
