"""Backchannel authentication (CIBA Core 1.0): an application asks a person who is elsewhere. X23, S55, S56."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc import jwt

from clients.access import Access
from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from idp.oidc.ciba import A_MINUTE
from idp.oidc.decoupled import asking, handler, pending
from idp.oidc.decoupled.pending import Pending
from tests.backends import Clock
from tests.oidc.asked import GRANT, add, ask, begun, come, poll, run
from tests.provider import App, Browser, Provider, new_key
from tests.receiver import Receiver
from tests.recovery.post import MAIL, collect


@pytest.fixture
def bank(provider: Provider, ann: Person) -> App:
    return add(provider)


@pytest.mark.spec("CIBA 7.3")
def test_the_whole_way_of_a_question(provider: Provider, browser: Browser, bank: App, ann: Person) -> None:
    answer = ask(provider, bank, binding_message="W4-SCT", scope="openid profile offline_access")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(answer.json) == {"auth_req_id", "expires_in", "interval"}
    assert (answer.json["expires_in"], answer.json["interval"]) == (300, 5)
    assert answer.json["auth_req_id"].startswith("dwq_")
    run(provider)
    assert poll(provider, bank, answer.json).error == "authorization_pending"
    assert poll(provider, bank, answer.json).error == "slow_down"
    page = come(provider, browser)
    assert page.is_consent_page
    for words in ("Bank", "W4-SCT", "This was begun elsewhere", "only if you started this yourself"):
        assert words in page.dom.text
    assert "You have allowed it" in browser.submit(page, "allow").dom.text
    told = poll(provider, bank, answer.json)
    assert told.status == 200, told.text
    assert provider.userinfo(told.json["access_token"]).json["preferred_username"] == "ann"
    assert provider.refresh(bank, told.json["refresh_token"]).status == 200
    assert "Nothing waits for you." in browser.get("requests").dom.text
    assert poll(provider, bank, answer.json).error == "invalid_grant"


def test_a_refusal_is_access_denied_and_silence_expires(
    provider: Provider, browser: Browser, bank: App, clock: Clock
) -> None:
    first = begun(provider, bank)
    clock.advance(1)
    second = begun(provider, bank, requested_expiry="60")
    assert second["expires_in"] == 60
    page = browser.submit(come(provider, browser), "deny")
    assert "You have refused it" in page.dom.text
    assert poll(provider, bank, first).error == "access_denied"
    clock.advance(61)
    assert poll(provider, bank, second).error == "expired_token"
    assert "Nothing waits for you." in browser.get("requests").dom.text


def test_the_person_is_told_by_mail_where_to_answer(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(mail=MAIL)
    provider.add_person("ann")
    begun(provider, add(provider), binding_message="W4-SCT")
    [letter] = [one for one in collect(provider) if one.message == "asked_elsewhere"]
    assert f"{provider.issuer}/requests" in letter.text
    assert "W4-SCT" in letter.text


@pytest.mark.spec("CIBA 7.1")
def test_exactly_one_hint_says_whom_it_means(provider: Provider, browser: Browser, ann: Person, crm: App) -> None:
    key = new_key()
    bank = add(provider, key=key, redirect_uris=["https://crm.example/cb"], grant_types=[GRANT, "authorization_code"])
    assert ask(provider, bank, login_hint="").error == "invalid_request"
    assert ask(provider, bank, id_token_hint="x").error == "invalid_request"
    own = provider.tokens(bank, browser)["id_token"]
    other = provider.tokens(crm)["id_token"]
    assert ask(provider, bank, login_hint="", id_token_hint=other).error == "invalid_request"
    assert ask(provider, bank, login_hint="", id_token_hint="made up").error == "invalid_request"
    for hint in ("ann", "ann@example.com", "ANN"):
        begun(provider, bank, login_hint=hint)
        browser.submit(come(provider, browser), "deny")
    begun(provider, bank, login_hint="", id_token_hint=own)
    assert come(provider, browser).is_consent_page
    browser.submit(come(provider, browser), "deny")
    token = provider.assertion(bank, {"typ": "JWT"}, sub=None, nbf=int(provider.clock()), login_hint="ann")
    begun(provider, bank, login_hint="", login_hint_token=token)
    assert come(provider, browser).is_consent_page
    late = provider.assertion(bank, {"typ": "JWT"}, sub=None, nbf=1, iat=1, exp=2, login_hint="ann")
    answer = ask(provider, bank, login_hint="", login_hint_token=late)
    assert answer.error == "expired_login_hint_token", answer.text


@pytest.mark.parametrize("who", ["nobody", "disabled", "no access", "asked too often"])
def test_S55_whoever_is_not_asked_the_application_is_answered_the_same(
    provider: Provider, browser: Browser, ann: Person, who: str
) -> None:
    bob = provider.add_person("bob")
    bank = add(provider, access=Access.only(persons=[ann.id, bob.id]))
    if who == "disabled":
        provider.services.directory.disable(bob.id)
    elif who == "no access":
        provider.services.registry.change_access(bank.id, lambda _: Access.only(persons=[ann.id]))
    elif who == "asked too often":
        for _ in range(asking.OPEN):
            begun(provider, bank, login_hint="bob")
    hint = "unheard-of" if who == "nobody" else "bob"
    ask(provider, bank)  # what is read once is read by now
    usual = provider.counted(lambda: ask(provider, bank))
    sql, verbs, answer = provider.counted(lambda: ask(provider, bank, login_hint=hint))
    assert (answer.status, set(answer.json)) == (200, set(usual[2].json))
    assert (len(sql), verbs) == (len(usual[0]), usual[1])  # the same work, so the same time
    before = len(provider.events("ciba:asked"))
    run(provider)
    assert poll(provider, bank, answer.json).error == "authorization_pending"
    assert provider.events("ciba:not_asked")[-1].detail["why"]
    asked = provider.events("ciba:asked")[before:]
    assert {event.person_id for event in asked} == {ann.id}


def test_S56_nobody_is_worn_down_by_questions(provider: Provider, browser: Browser, bank: App, clock: Clock) -> None:
    banks = [bank, *(add(provider, f"Bank {n}") for n in range(asking.OPEN + 1))]
    for one in banks:
        begun(provider, one)
    assert len(provider.events("ciba:asked")) == asking.OPEN
    for _ in range(20):
        clock.advance(301)
        begun(provider, bank)
    assert len(provider.events("ciba:asked")) <= asking.AN_HOUR * 3


def test_S56_an_application_uses_up_nothing_of_what_the_others_may_ask(
    provider: Provider, browser: Browser, bank: App, clock: Clock
) -> None:
    """Neither the places of a person nor their hour."""
    other = add(provider, "Other")
    for _ in range(asking.OPEN + 3):
        begun(provider, bank)
    assert [event.client_id for event in provider.events("ciba:asked")] == [bank.id]
    begun(provider, other)
    assert provider.events("ciba:asked")[-1].client_id == other.id
    for _ in range(asking.AN_HOUR - 1):
        clock.advance(301)
        begun(provider, bank)
    count = len(provider.events("ciba:asked"))
    begun(provider, other)
    assert len(provider.events("ciba:asked")) == count + 1


def test_S56_what_was_answered_makes_room_for_the_next_question(
    provider: Provider, browser: Browser, bank: App
) -> None:
    for n in range(1, 3):
        begun(provider, bank)
        assert len(provider.events("ciba:asked")) == n
        browser.submit(come(provider, browser), "deny")


@pytest.mark.parametrize("message", ["W4-SCT", "Überweisung 42", "支付 42", "x" * 40])
def test_a_message_in_any_language_is_taken(provider: Provider, bank: App, message: str) -> None:
    assert ask(provider, bank, binding_message=message).status == 200


def test_S55_a_question_to_nobody_is_answered_by_nobody(provider: Provider, bank: App, ann: Person) -> None:
    now = provider.services.clock()
    nobody = Pending("p1", bank.id, "", "openid", [], now, now + 60, "", "", {}, None)
    pending.keep(provider.services, nobody)
    session: Any = SimpleNamespace(person_id=ann.id)
    assert not handler._say(provider.services, nobody, session, None)
    assert pending.said(provider.services, nobody.id) is None
    device = replace(nobody, id="p2", user_code="BCDFGHJK")  # whom that is for is known when somebody types it
    assert handler._say(provider.services, device, session, None)


def test_somebody_else_who_is_signed_in_cannot_answer(
    provider: Provider, browser: Browser, bank: App, ann: Person
) -> None:
    began = begun(provider, bank)
    provider.add_person("bob")
    other = provider.browser()
    page = come(provider, other, "bob")
    assert "Nothing waits for you." in page.dom.text
    [asked] = asking.waiting(provider.services, ann.id)
    data = [(name, value) for name, value in page.dom.forms[-1].fields if name == "form_key"]
    answer = other.post("requests", [*data, ("request", asked.id)])
    assert not answer.is_consent_page
    assert poll(provider, bank, began).error == "authorization_pending"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"binding_message": "x" * 41}, "invalid_binding_message"),
        ({"binding_message": "Pay at bank.example"}, "invalid_binding_message"),
        ({"binding_message": "https://evil.test/x"}, "invalid_binding_message"),
        ({"binding_message": "evil.test"}, "invalid_binding_message"),
        ({"binding_message": "mail ann@evil.test"}, "invalid_binding_message"),
        ({"binding_message": "<b>"}, "invalid_binding_message"),
        ({"binding_message": "a\x00b"}, "invalid_binding_message"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"request": "not.a.jwt"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_said(provider: Provider, bank: App, data: dict[str, str], error: str) -> None:
    answer = ask(provider, bank, **data)
    assert (answer.status, answer.error) == (400, error), answer.text


def test_it_is_off_for_everybody_else_and_for_who_proves_nothing(provider: Provider, crm: App) -> None:
    assert ask(provider, crm).error == "unauthorized_client"
    spa = provider.add_client("Spa", "spa")
    assert ask(provider, spa).status == 401
    for profile in ("spa", "native"):
        with pytest.raises(InvalidMetadata, match="is not for profile"):
            add(provider, "App", profile=profile)
    with pytest.raises(InvalidMetadata, match="poll, ping or push"):
        add(provider, backchannel_token_delivery_mode=None)
    for mode in ("ping", "push"):
        with pytest.raises(InvalidMetadata, match="is needed with"):
            add(provider, backchannel_token_delivery_mode=mode)


def test_one_application_asks_only_so_often(provider: Provider, bank: App) -> None:
    provider.services.state.count(f"ciba-pace:{bank.id}", 60, A_MINUTE)
    assert ask(provider, bank).status == 429


@pytest.mark.spec("CIBA 7.1.1")
def test_a_signed_request_stands_alone_is_used_once_and_is_demanded_where_it_is_registered(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    key = new_key()
    bank = add(provider, key=key, backchannel_authentication_request_signing_alg="ES256")

    def signed(**over: Any) -> str:
        now = int(clock())
        claims = {
            "iss": bank.id, "aud": provider.issuer, "iat": now, "nbf": now, "exp": now + 60,
            "jti": f"j{len(over)}{now}", "scope": "openid", "login_hint": "ann", "binding_message": "W4-SCT", **over,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256"}, {k: v for k, v in claims.items() if v is not None}, key)

    def send(text: str, **beside: str) -> Any:
        return provider.post("oauth/bc-authorize", bank, {"request": text, **beside})

    assert ask(provider, bank).error == "invalid_request"  # not signed
    text = signed()
    answer = send(text)
    assert answer.status == 200, answer.text
    run(provider)
    assert "W4-SCT" in come(provider, browser).dom.text
    assert "used before" in send(text).json["error_description"]
    assert "beside the signed request" in send(signed(a="1"), login_hint="ann").json["error_description"]
    for n, wrong in enumerate((
        {"aud": "https://elsewhere.example"}, {"iss": "other"}, {"exp": None}, {"jti": None}, {"nbf": None},
        {"exp": int(clock()) + 9000}, {"exp": int(clock()) - 100},
    )):  # fmt: skip
        assert send(signed(b=str(n), **wrong)).error == "invalid_request", wrong


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where an application is called."""
    made = Receiver()
    yield made
    made.close()


@pytest.mark.spec("CIBA 10.2")
@pytest.mark.parametrize("button", ["allow", "deny"])
def test_an_application_that_wants_it_is_called_when_there_is_an_answer(
    open_provider: Callable[..., Provider], receiver: Receiver, button: str
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [receiver.origin]})
    provider.add_person("ann")
    bank = add(
        provider, backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=receiver.origin + "/ciba",
    )  # fmt: skip
    for token in (None, "", "with space", "x" * 1100):
        assert ask(provider, bank, client_notification_token=token).error == "invalid_request", token
    began, browser = begun(provider, bank, client_notification_token="call-me.1"), provider.browser()
    assert receiver.bodies == []
    browser.submit(come(provider, browser), button)
    assert "call-me.1" not in json.dumps([job.payload for job in provider.services.jobs.pending()])
    receiver.status = 500
    with pytest.raises(asking.NotTaken):
        run(provider)
    receiver.status = 204
    run(provider)
    assert json.loads(receiver.bodies[-1]) == {"auth_req_id": began["auth_req_id"]}
    assert receiver.headers[-1]["Authorization"] == "Bearer call-me.1"
    assert receiver.content_types[-1] == "application/json"
    assert poll(provider, bank, began).error == ("" if button == "allow" else "access_denied")


@pytest.mark.spec("RFC 8707 2")
def test_X23_a_token_is_for_the_resource_that_was_asked_for_and_for_userinfo(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    one, two = "https://api.example/one", "https://api.example/two"
    bank = add(provider, resources=[one, two])
    began = begun(provider, bank, resource=one)
    browser.submit(come(provider, browser), "allow")
    assert poll(provider, bank, began, resource=two).error == "invalid_target"
    token = poll(provider, bank, began).json["access_token"]
    assert provider.introspect(bank, token)["aud"] == [one, provider.issuer]


def test_no_row_is_left_by_waiting(provider: Provider, bank: App) -> None:
    began = begun(provider, bank)
    assert not poll(provider, bank, began).error_id
    assert json.dumps([event.action for event in provider.events()]).count("error:") == 0
