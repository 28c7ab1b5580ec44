"""N11: no URL that we make holds an ID token, wherever one comes in: URLs stand in histories and logs (ASVS 10.6.2)."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from tests.provider import Answer, App, Browser, Provider
from tests.readable import JWT

BYE = "https://crm.example/bye"


def urls_of(answer: Answer) -> str:
    """Every URL in an answer: where it leads, and what its page links to. (Fields of forms are posted.)"""
    attributes = ("href", "src", "action", "content")
    found = [node.get(name) or "" for tag in ("a", "form", "meta", "link") for node in answer.dom.find(tag)
             for name in attributes] if answer.text else []  # fmt: skip
    return "\n".join([answer.location, *found])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_n11_a_posted_hint_goes_on_sealed_and_signs_out_all_the_same(
    provider: Provider, browser: Browser, crm: App, method: str
) -> None:
    hint = provider.tokens(crm, browser)["id_token"]
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "a&b"}
    if method == "POST":
        again = browser.post("oauth/logout", sent, cookies=False)
        assert again.status == 303
        assert not JWT.search(urls_of(again))
        assert hint not in again.text
        answer = browser.follow(again)
    else:
        answer = browser.get("oauth/logout?" + urlencode(sent))
    assert answer.location == BYE + "?state=a%26b"
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"


def test_n11_a_hint_of_another_application_stays_one_when_it_is_sealed(
    provider: Provider, browser: Browser, crm: App
) -> None:
    hint = provider.tokens(provider.add_client("Other"), browser)["id_token"]
    sent = {"id_token_hint": hint, "client_id": crm.id, "post_logout_redirect_uri": BYE}
    again = browser.post("oauth/logout", sent, cookies=False)
    assert not JWT.search(urls_of(again))
    assert browser.follow(again).dom.find("button", id="confirm")
    asked = provider.authorize(browser, crm, method="POST", id_token_hint=hint)
    assert asked.dom.find("button", name="account")


@pytest.mark.parametrize("kind", ["cut", "of another issuer", "changed"])
def test_n11_what_cannot_be_used_does_not_go_on_either(
    provider: Provider, browser: Browser, crm: App, kind: str
) -> None:
    token = provider.tokens(crm, browser)["id_token"]
    foreign = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4iLCJlbWFpbCI6ImFubkBleGFtcGxlLmNvbSJ9.c2ln"
    hint = {"cut": token[:-30], "of another issuer": foreign, "changed": token[:-4] + "AAAA"}[kind]
    again = browser.post("oauth/logout", {"id_token_hint": hint, "client_id": crm.id}, cookies=False)
    assert not JWT.search(urls_of(again))
    assert browser.follow(again).dom.find("button", id="confirm")


def test_n11_at_authorize_as_well_and_in_every_link_of_its_pages(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    provider.add_person("bob")
    hint = provider.tokens(crm, provider.browser())["id_token"]
    pairs = provider.request(crm, id_token_hint=hint)
    again = browser.post("oauth/authorize", pairs, cookies=False)
    assert again.is_redirect
    assert not JWT.search(urls_of(again))
    page = browser.follow(again)
    assert page.is_login_page
    wrong = browser.log_in(page, password="not this one")
    assert not JWT.search(urls_of(wrong))
    assert not JWT.search(urls_of(page))
    # What is sealed means the same person, and nobody else.
    assert browser.log_in(browser.follow(again), "bob").error == "login_required"
    assert provider.browser().get(again.location).is_login_page


def test_n11_a_seal_that_was_changed_names_nobody(provider: Provider, browser: Browser, crm: App) -> None:
    hint = provider.tokens(crm, browser)["id_token"]
    again = browser.post("oauth/logout", {"id_token_hint": hint}, cookies=False)
    (sealed,) = re.findall("id_token_hint=(dwh_[A-Za-z0-9_-]+)", again.location)
    for made_up in (sealed[:-3] + "AAA", "dwh_", "dwh_é", "dwh_" + "A" * 60):
        assert browser.get("oauth/logout?" + urlencode({"id_token_hint": made_up})).dom.find("button", id="confirm")
        assert provider.authorize(browser, crm, prompt="none", id_token_hint=made_up).error == "login_required"
    assert provider.authorize(browser, crm, prompt="none", id_token_hint=sealed).code
