"""Case 36: another provider that people come through has Doorward registered wrongly. Q1, Q4, Q5."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from idp.federation import keeping
from idp.federation.openid import wording
from tests.answers.cases.test_oauth import found, read
from tests.answers.telling import tells
from tests.backends import Clock
from tests.federation.stand_in import CLIENT, SECRET, StandIn
from tests.federation.visiting import Office
from tests.provider import Answer, App, Provider

#: What Entra answers, word for word but for the ids.
EXPIRED = (401, {"error": "invalid_client", "error_description":
                 "AADSTS7000222: The provided client secret keys for app 'a1' are expired."})  # fmt: skip
ADDRESS = (400, {"error": "invalid_client", "error_description":
                 "AADSTS500112: The reply address 'https://login.example/upstream/callback/x' does not match the "
                 "reply address provided when requesting Authorization code."})  # fmt: skip
CONSENT = "AADSTS65001: The user or administrator has not consented to use the application with ID 'a1'."


@pytest.fixture
def office(open_provider: Callable[..., Provider], clock: Clock) -> Iterator[Office]:
    there = StandIn(clock)
    yield Office(open_provider(outbound={"allow": [there.origin]}), there)
    there.close()


@pytest.fixture
def crm(office: Office) -> App:
    return office.provider.add_client("CRM")


def _id(office: Office) -> str:
    return keeping.list_of(office.provider.services.db)[0].provider.id


def _secret(office: Office, crm: App) -> Answer:
    office.there.answers["/token"] = EXPIRED
    return office.come(office.provider.browser(), crm, office.add(create=True))


def _address(office: Office, crm: App) -> Answer:
    office.there.answers["/token"] = ADDRESS
    return office.come(office.provider.browser(), crm, office.add(create=True))


def _consent(office: Office, crm: App) -> Answer:
    browser = office.provider.browser()
    asked = dict(parse_qsl(urlsplit(office.leave(browser, crm, office.add(create=True))).query))
    back = {"state": asked["state"], "error": "invalid_client", "error_description": CONSENT}
    return browser.get(f"{asked['redirect_uri']}?{urlencode(back)}")


@pytest.mark.parametrize(
    ("what", "field", "got", "words"),
    [
        (_secret, "client_secret", "AADSTS7000222", "doorward provider change Company --secret-file FILE"),
        (_address, "redirect_uri", "AADSTS500112", "Register the redirect URI"),
        (_consent, "consent", "AADSTS65001", "an admin of Company grant consent"),
    ],
    ids=["an expired secret", "another redirect address", "consent that no admin gave"],
)
def test_Q5_case_36_another_provider_does_not_take_us(
    office: Office, crm: App, what: Callable[[Office, App], Answer], field: str, got: str, words: str
) -> None:
    page = what(office, crm)
    one: dict[str, Any] = found(office.provider)
    assert (one["side"], one["field"]) == ("upstream", field), one
    assert got in one["got"]
    assert words in one["fix"]
    # Q4: who is at the page is told whose side it is, and neither the provider's words nor how we are registered there.
    assert "nothing is wrong with your account" in page.dom.text.lower()
    assert not [word for word in (got, CLIENT, SECRET) if word in page.dom.text]
    assert SECRET not in json.dumps([event.detail for event in office.provider.events()])
    assert ("Try again" in page.dom.text) == (field != "consent"), "it cannot help before an admin has consented"
    if field == "client_secret":
        assert one["expected"] == "a secret that has not expired"
        tells(36, client="a provider that answers as Entra does", person=read(page, "Signing in through Company"),
              developer="", finding=one, also={_id(office): "PROVIDER"})  # fmt: skip


@pytest.mark.parametrize(
    ("error", "told", "what"),
    [
        ("invalid_client", "AADSTS50011: The redirect URI specified in the request does not match", "redirect_uri"),
        ("invalid_request", "Mismatching redirect URI.", "redirect_uri"),
        ("invalid_grant", "Incorrect redirect_uri", "redirect_uri"),
        ("invalid_request", "The callback URL is not one of those allowed", "redirect_uri"),
        ("invalid_grant", "The code is invalid, or the redirect_uri does not match", ""),
        ("invalid_request", "The client secret is expired", "secret"),
        ("access_denied", "Admin consent is required", "consent"),
        ("interaction_required", "AADSTS50076: use multi-factor authentication", ""),
        ("server_error", "AADSTS99999999999999: what nobody knows", ""),
        ("invalid_grant", "x" * 100_000 + " or code redirect_uri", ""),
    ],
)
def test_Q5_case_36_the_words_of_a_provider_tell_what_it_is_about(error: str, told: str, what: str) -> None:
    assert wording.about(error, told) == what
