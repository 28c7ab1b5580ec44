"""N15: a sign-out from where the session's own browser is not: an application's server, another browser, a program.

A hint is no proof of who asks (ASVS 10.6.2): ID tokens stand in URLs, histories and logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from tests.oidc.logging_out import BYE, is_signed_in, log_out
from tests.provider import Answer, App, Browser, Provider, assertion_form, basic, new_key

PROGRAM = {"User-Agent": "Go-http-client/1.1"}


def call(browser: Browser, params: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """As a server calls: no cookie, and nothing of a browser."""
    return browser.open("GET", "oauth/logout?" + urlencode(params), None, {**PROGRAM, **headers}, cookies=False)


def goes_on(provider: Provider, browser: Browser, app: App, tokens: dict[str, Any]) -> bool:
    signed_in = is_signed_in(provider, browser, app)
    assert signed_in == (provider.userinfo(tokens["access_token"]).status == 200)
    return signed_in


@pytest.mark.spec("RPI 2")
def test_n15_the_applications_server_ends_the_session_that_its_hint_names(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    answer = call(browser, {"id_token_hint": tokens["id_token"]}, basic(crm.id, crm.secret or ""))
    assert (answer.status, answer.json) == (200, {"signed_out": True})
    assert not goes_on(provider, browser, crm, tokens)
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    [event] = provider.events("session:ended")
    assert event.detail["why"] == f"signed out at {crm.id}"
    # And once more: it has ended.
    again = call(browser, {"id_token_hint": tokens["id_token"]}, basic(crm.id, crm.secret or ""))
    assert (again.status, again.json) == (200, {"signed_out": True})


@pytest.mark.parametrize("way", ["client_secret_post", "private_key_jwt"])
def test_n15_every_way_of_proving_who_it_is_counts(provider: Provider, browser: Browser, ann: Person, way: str) -> None:
    key = new_key()
    app = provider.add_client("Own", key=key if way == "private_key_jwt" else None)
    tokens = provider.tokens(app, browser)
    proof = assertion_form(provider.assertion(app)) if app.key else {"client_id": app.id, "client_secret": app.secret}
    form = {"id_token_hint": tokens["id_token"], **proof}
    answer = browser.open("POST", "oauth/logout", form, PROGRAM, cookies=False)
    assert answer.status == 200, answer.text
    assert not goes_on(provider, browser, app, tokens)


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_n15_a_program_that_proves_nothing_is_told_that_nobody_is_signed_out(
    provider: Provider, browser: Browser, crm: App, headers: dict[str, str]
) -> None:
    tokens = provider.tokens(crm, browser)
    answer = call(browser, {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE}, headers)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "Nobody is signed out" in answer.json["error_description"]
    [event] = provider.events("error:invalid_client")
    assert (event.client_id, event.error_id in answer.text) == (crm.id, True)
    assert goes_on(provider, browser, crm, tokens)


def test_n15_another_application_and_a_wrong_secret_end_nothing(provider: Provider, browser: Browser, crm: App) -> None:
    other = provider.add_client("Other")
    tokens = provider.tokens(crm, browser)
    hint = {"id_token_hint": tokens["id_token"]}
    for proof in (basic(other.id, other.secret or ""), basic(crm.id, "wrong")):
        assert call(browser, hint, proof).status >= 400
        assert call(browser, {**hint, "client_id": crm.id}, proof).status >= 400
    assert call(browser, {}, basic(crm.id, crm.secret or "")).error == "invalid_request"
    assert goes_on(provider, browser, crm, tokens)


def test_n15_a_public_client_cannot_prove_itself_by_its_name(provider: Provider, browser: Browser, ann: Person) -> None:
    spa = provider.add_client("Spa", "spa")
    tokens = provider.tokens(spa, browser)
    form = {"id_token_hint": tokens["id_token"], "client_id": spa.id}
    for headers in (PROGRAM, {**PROGRAM, **basic(spa.id, "")}):
        answer = browser.open("POST", "oauth/logout", form, headers, cookies=False)
        answer = browser.open("GET", answer.location, None, headers, cookies=False) if answer.is_redirect else answer
        assert answer.status == 401
    assert goes_on(provider, browser, spa, tokens)


def test_n15_credentials_of_somebody_elses_proxy_are_no_client(provider: Provider, browser: Browser, crm: App) -> None:
    tokens = provider.tokens(crm, browser)
    page = browser.get(f"oauth/logout?client_id={crm.id}", headers=basic("staging", "sesame"))
    assert page.dom.find("button", id="confirm")
    done = browser.get(f"oauth/logout?id_token_hint={tokens['id_token']}", headers=basic("staging", "sesame"))
    assert done.status == 200
    assert not goes_on(provider, browser, crm, tokens)


def test_n15_in_another_browser_the_person_is_told_the_truth_and_asked(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    elsewhere = provider.browser()
    page = log_out(elsewhere, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s")
    assert page.status == 200
    assert "it goes on" in page.dom.text
    assert "has ended" not in page.dom.text
    assert "Ann" not in page.dom.text  # who holds a hint need not learn whose it is
    assert goes_on(provider, browser, crm, tokens)
    done = elsewhere.submit(page, "confirm")
    assert (done.status, done.location) == (303, BYE + "?state=s")
    assert not goes_on(provider, browser, crm, tokens)


def test_n15_without_a_return_address_the_page_says_so_after_it_and_not_before(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    elsewhere = provider.browser()
    done = elsewhere.submit(log_out(elsewhere, id_token_hint=tokens["id_token"]), "confirm")
    assert "Your sign-in at" in done.dom.text
    assert "has ended" in done.dom.text
    assert "CRM" not in done.dom.text
    assert not goes_on(provider, browser, crm, tokens)


def test_n15_the_answer_to_another_browsers_question_is_bound_to_that_browser(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    asked, other = provider.browser(), provider.browser()
    provider.authorize(other, crm)
    page = log_out(asked, id_token_hint=tokens["id_token"])
    other.post("oauth/logout", dict(page.form.fields) | {"confirm": "yes"})
    assert goes_on(provider, browser, crm, tokens)


def test_n15_the_same_persons_session_in_another_browser_ends_with_the_one_here(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    here = provider.browser()
    mine = provider.tokens(crm, here)
    page = log_out(here, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert "in another browser" in page.dom.text
    assert here.submit(page, "confirm").location == BYE
    assert not goes_on(provider, browser, crm, tokens)
    assert not goes_on(provider, here, crm, mine)


def test_n15_somebody_elses_hint_ends_nobody_elses_session(provider: Provider, browser: Browser, crm: App) -> None:
    provider.add_person("bob")
    bobs_browser, here = provider.browser(), browser
    bobs = provider.tokens(crm, bobs_browser, login="bob")
    provider.sign_in(here, crm)
    page = log_out(here, id_token_hint=bobs["id_token"])
    assert "another browser" not in page.dom.text
    here.submit(page, "confirm")
    assert goes_on(provider, bobs_browser, crm, bobs)


def test_n15_where_nobody_is_signed_in_no_sign_in_is_said_to_have_ended(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for path in ("oauth/logout", f"oauth/logout?client_id={crm.id}", "logout"):
        page = browser.get(path)
        assert "Nobody is signed in" in page.dom.text, path
        assert "has ended" not in page.dom.text, path


def test_n15_a_hint_of_a_session_that_has_ended_returns_as_before(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    log_out(browser, id_token_hint=tokens["id_token"])
    assert log_out(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE).location == BYE
    assert "has ended" in log_out(browser, id_token_hint=tokens["id_token"]).dom.text
