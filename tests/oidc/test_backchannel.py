"""OpenID Connect Back-Channel Logout 1.0, and what the page says of each application (A7, S52)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.backends import Clock
from tests.provider import App, Browser, Provider
from tests.readable import JWT
from tests.receiver import Receiver

LOCAL = {"issuer": "http://127.0.0.1:8000"}
BYE = "https://crm.example/bye"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], receiver: Receiver) -> Provider:
    made = open_provider(server=LOCAL, outbound={"allow": [receiver.origin]})
    made.add_person("ann")
    return made


@pytest.fixture
def browser(provider: Provider) -> Browser:
    return provider.browser()


@pytest.fixture
def crm(provider: Provider, receiver: Receiver) -> App:
    return provider.add_client(
        "CRM", post_logout_redirect_uris=[BYE], backchannel_logout_uri=receiver.origin + "/logout",
        backchannel_logout_session_required=True,
    )  # fmt: skip


def read(provider: Provider, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A logout token as an application reads it."""
    keys = KeySet.import_key_set(provider.browser().get("oauth/jwks").json)
    decoded = jwt.decode(token, keys)
    return dict(decoded.header), dict(decoded.claims)


def sign_out(browser: Browser) -> Any:
    return browser.submit(browser.get("logout"), "confirm")


@pytest.mark.spec("BCL 2.4")
@pytest.mark.spec("BCL 2.5")
def test_a_sign_out_sends_a_logout_token_and_the_page_says_signed_out(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver, clock: Clock
) -> None:
    tokens = provider.tokens(crm, browser)
    page = sign_out(browser)
    assert receiver.content_types == ["application/x-www-form-urlencoded"]
    [form] = receiver.forms
    assert set(form) == {"logout_token"}
    header, claims = read(provider, form["logout_token"])
    _, id_token = read(provider, tokens["id_token"])
    assert header["typ"] == "logout+jwt"
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert (claims["iss"], claims["aud"]) == (provider.issuer, crm.id)
    assert (claims["sub"], claims["sid"]) == (id_token["sub"], id_token["sid"])
    assert claims["exp"] - claims["iat"] <= 120
    assert claims["iat"] == int(clock())
    assert claims["jti"]
    assert "nonce" not in claims
    assert "Signed out" in page.dom.text
    assert "Not confirmed" not in page.dom.text
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"


def test_A7_the_page_tells_which_application_has_not_confirmed_and_which_cannot_be_told(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    receiver.status = 503
    desk = provider.add_client("Desk")
    provider.tokens(crm, browser)
    provider.tokens(desk, browser)
    page = sign_out(browser)
    assert "CRM It has not answered yet" in page.dom.text
    assert "Not confirmed" in page.dom.text
    assert "Not supported" in page.dom.text


def test_a_notice_that_failed_is_tried_again_with_a_fresh_token_until_it_is_confirmed(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver, clock: Clock
) -> None:
    receiver.status = 500
    provider.tokens(crm, browser)
    sign_out(browser)
    [job] = [job for job in provider.services.jobs.pending() if job.name == "oidc.logout"]
    assert not JWT.search(str(job.payload))  # no token waits in the queue
    with pytest.raises(Exception, match="status 500"):
        provider.services.jobs.perform(job.name, job.payload)
    clock.advance(3600)
    receiver.status = 204
    provider.services.jobs.perform(job.name, job.payload)
    provider.services.jobs.perform(job.name, job.payload)  # told already: nothing is sent
    assert len(receiver.bodies) == 3
    claims = [read(provider, form["logout_token"])[1] for form in receiver.forms]
    assert len({one["jti"] for one in claims}) == 3
    assert claims[-1]["iat"] == int(clock())


def test_after_a_day_nobody_is_told_any_more(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver, clock: Clock
) -> None:
    receiver.status = 500
    provider.tokens(crm, browser)
    sign_out(browser)
    [job] = [job for job in provider.services.jobs.pending() if job.name == "oidc.logout"]
    clock.advance(86401)
    provider.services.jobs.perform(job.name, job.payload)
    assert len(receiver.bodies) == 1


def test_the_page_does_not_wait_for_an_application_that_is_silent(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    receiver.seconds = 4
    provider.tokens(crm, browser)
    began = time.monotonic()
    page = sign_out(browser)
    assert time.monotonic() - began < 3.5
    assert "Not confirmed" in page.dom.text


def test_n16_a_sign_out_by_an_application_tells_the_others_and_returns(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    other = provider.add_client("Other", backchannel_logout_uri=receiver.origin + "/other")
    hint = provider.tokens(crm, browser)["id_token"]
    provider.tokens(other, browser)
    answer = browser.get(f"oauth/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=s")
    assert (answer.status, answer.location) == (303, BYE + "?state=s")
    assert audiences(provider, receiver) == [other.id]


def audiences(provider: Provider, receiver: Receiver) -> list[str]:
    return [read(provider, form["logout_token"])[1]["aud"] for form in receiver.forms]


def reminders(provider: Provider) -> list[Any]:
    return [job for job in provider.services.jobs.pending() if job.name == "oidc.logout.reminder"]


def test_n16_nor_is_it_told_after_its_person_was_asked_when_the_browser_goes_back_to_it(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    provider.tokens(crm, browser)
    page = browser.get(f"oauth/logout?client_id={crm.id}&post_logout_redirect_uri={BYE}")
    assert browser.submit(page, "confirm").location == BYE
    assert receiver.bodies == []


def test_n16_a_link_with_anybodys_client_id_spares_no_application(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    provider.tokens(crm, browser)
    page = browser.submit(browser.get(f"oauth/logout?client_id={crm.id}"), "confirm")
    assert "CRM" in page.dom.text
    assert audiences(provider, receiver) == [crm.id]
    assert reminders(provider) == []


def test_n16_nor_the_server_that_proved_itself(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    other = provider.add_client("Other", backchannel_logout_uri=receiver.origin + "/other")
    hint = provider.tokens(crm, browser)["id_token"]
    provider.tokens(other, browser)
    assert provider.post("oauth/logout", crm, {"id_token_hint": hint}).status == 200
    assert audiences(provider, receiver) == [other.id]


@pytest.mark.spec("BCL 2.4")
def test_n16_an_application_whose_browser_may_never_have_come_back_is_reminded_once_by_sid_alone(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    began = provider.clock()  # jobs go by the one clock
    tokens = provider.tokens(crm, browser)
    browser.get(f"oauth/logout?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={BYE}")
    [job] = reminders(provider)
    assert job.due - began >= 30
    receiver.status = 400  # it knows no such session any more
    provider.services.jobs.perform(job.name, job.payload)
    [form] = receiver.forms
    _, claims = read(provider, form["logout_token"])
    _, id_token = read(provider, tokens["id_token"])
    assert (claims["sid"], claims["aud"], "sub" in claims) == (id_token["sid"], crm.id, False)


def test_another_sessions_applications_hear_nothing(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    elsewhere = provider.browser()
    provider.tokens(crm, elsewhere)
    desk = provider.add_client("Desk")
    provider.tokens(desk, browser)
    sign_out(browser)
    assert receiver.bodies == []


def test_what_is_advertised(provider: Provider) -> None:
    document = provider.browser().get(".well-known/openid-configuration").json
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_S52_a_person_sees_later_what_each_application_answered(
    provider: Provider, browser: Browser, crm: App, receiver: Receiver
) -> None:
    silent = provider.add_client("Silent", backchannel_logout_uri="http://127.0.0.1:9/logout")
    framed = provider.add_client("Framed", frontchannel_logout_uri="https://framed.example/out")
    mute = provider.add_client("Mute")
    for app in (crm, silent, framed, mute):
        provider.tokens(app, browser)
    sign_out(browser)
    provider.sign_in(browser, crm)
    facts = browser.get("activity").dom.text
    for words in ("CRM Signed out", "Silent Not confirmed", "Framed Asked", "Mute Not supported"):
        assert words in facts, facts
    stranger = provider.browser()
    provider.add_person("bob")
    provider.sign_in(stranger, crm, "bob")
    assert "Silent" not in stranger.get("activity").dom.text


@pytest.mark.spec("BCL 2.4")
def test_S52_a_logout_token_has_the_claims_that_a_client_asks_for_and_may_have(
    provider: Provider, browser: Browser, receiver: Receiver
) -> None:
    app = provider.add_client(
        "Staff", scope="openid profile email", backchannel_logout_uri=receiver.origin + "/logout",
        claims_map={"staff_id": "username"},
        logout_token_claims=["staff_id", "email", "groups", "sub", "iss", "made_up"],
    )  # fmt: skip
    sub = read(provider, provider.tokens(app, browser)["id_token"])[1]["sub"]
    sign_out(browser)
    (form,) = receiver.forms
    claims = read(provider, form["logout_token"])[1]
    assert (claims["staff_id"], claims["email"], claims["sub"]) == ("ann", "ann@example.com", sub)
    assert claims["iss"] == provider.issuer
    assert not {"groups", "made_up", "nonce"} & claims.keys()


@pytest.mark.spec("BCL 2.4")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"scope": "openid"}, set()),
        ({"scope": "openid email"}, {"email"}),
        ({"scope": "openid profile"}, {"staff_id", "name"}),
        ({"scope": "openid", "claims": '{"userinfo": {"staff_id": null}}'}, {"staff_id"}),
        ({"scope": "openid", "claims": '{"id_token": {"email": {"value": "bob@example.com"}}}'}, set()),
    ],
)  # fmt: skip
def test_S52_a_logout_token_tells_no_more_than_was_granted_in_that_session(
    provider: Provider, browser: Browser, receiver: Receiver, asked: dict[str, str], told: set[str]
) -> None:
    app = provider.add_client(
        "Staff", scope="openid profile email groups", backchannel_logout_uri=receiver.origin + "/logout",
        claims_map={"staff_id": "username"}, logout_token_claims=["staff_id", "email", "groups", "name"],
    )  # fmt: skip
    provider.tokens(app, browser, **asked)
    provider.tokens(app, provider.browser(), scope="openid profile email groups")  # another session of theirs
    sign_out(browser)
    (form,) = receiver.forms
    assert read(provider, form["logout_token"])[1].keys() & {"staff_id", "email", "groups", "name"} == told
