"""Push (CIBA Core §10.3): the application is sent its tokens, or why there are none; what fails is told to admins."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clients.errors import InvalidMetadata
from idp.admin import attention
from idp.admin.actor import of_shell
from idp.oidc.decoupled import asking, pushing
from idp.oidc.tokens import token_hash
from tests.backends import Clock
from tests.oidc import details
from tests.oidc.asked import GRANT, add, ask, begun, come, poll, run
from tests.oidc.test_token_exchange import claims_of
from tests.provider import App, Provider
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where the application is called."""
    made = Receiver()
    made.status = 204
    yield made
    made.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], receiver: Receiver) -> Provider:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [receiver.origin]})
    provider.add_person("ann")
    return provider


@pytest.fixture
def till(provider: Provider, receiver: Receiver) -> App:
    return add(
        provider, "Till", backchannel_token_delivery_mode="push",
        backchannel_client_notification_endpoint=receiver.origin + "/ciba",
        authorization_details_types=["payment"],
    )  # fmt: skip


def last(receiver: Receiver) -> dict[str, Any]:
    return dict(json.loads(receiver.bodies[-1]))


@pytest.mark.spec("CIBA 10.3.1")
def test_the_tokens_are_sent_when_the_person_has_agreed(provider: Provider, receiver: Receiver, till: App) -> None:
    details.add_type(provider)
    pay = details.text(details.payment())
    assert ask(provider, till).error == "invalid_request"  # without a client_notification_token
    began = ask(
        provider, till, client_notification_token="call-me.1", scope="openid profile offline_access",
        authorization_details=pay,
    ).json  # fmt: skip
    assert set(began) == {"auth_req_id", "expires_in"}  # §7.3: an interval is for who asks
    asked = [job for job in provider.services.jobs.pending() if job.name == asking.ASK]
    provider.services.jobs.perform(asked[0].name, asked[0].payload)
    browser = provider.browser()
    assert receiver.bodies == []
    browser.submit(come(provider, browser), "allow")
    assert "call-me.1" not in json.dumps([job.payload for job in provider.services.jobs.pending()])
    run(provider)
    assert receiver.headers[-1]["Authorization"] == "Bearer call-me.1"
    told = last(receiver)
    assert told["auth_req_id"] == began["auth_req_id"]
    assert (told["token_type"], told["authorization_details"]) == ("Bearer", [details.payment()])
    claims = claims_of(told["id_token"])
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == began["auth_req_id"]
    assert claims["urn:openid:params:jwt:claim:rt_hash"] == token_hash(told["refresh_token"], "RS256")
    assert claims["at_hash"] == token_hash(told["access_token"], "RS256")
    assert provider.userinfo(told["access_token"]).json["preferred_username"] == "ann"
    assert provider.refresh(till, told["refresh_token"]).status == 200
    # §11: it is sent them, and asks for none.
    answer = poll(provider, till, began)
    assert (answer.status, answer.error) == (400, "unauthorized_client")
    assert provider.introspect(till, told["access_token"])["active"]


@pytest.mark.spec("CIBA 12")
def test_a_refusal_and_nobodys_answer_are_told(provider: Provider, receiver: Receiver, till: App, clock: Clock) -> None:
    first = begun(provider, till, client_notification_token="t.1")
    assert receiver.bodies == []
    browser = provider.browser()
    browser.submit(come(provider, browser), "deny")
    run(provider)
    assert (last(receiver)["error"], last(receiver)["auth_req_id"]) == ("access_denied", first["auth_req_id"])
    many = len(receiver.bodies)
    second = ask(provider, till, client_notification_token="t.2", requested_expiry="60").json
    clock.advance(62)
    run(provider)
    assert (last(receiver)["error"], last(receiver)["auth_req_id"]) == ("expired_token", second["auth_req_id"])
    assert receiver.headers[-1]["Authorization"] == "Bearer t.2"
    assert len(receiver.bodies) == many + 1


def test_each_try_sends_the_very_same_and_a_lost_one_is_told(
    provider: Provider, receiver: Receiver, till: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, browser = ask(provider, till, client_notification_token="t.1").json, provider.browser()
    job = next(job for job in provider.services.jobs.pending() if job.name == asking.ASK)
    provider.services.jobs.perform(job.name, job.payload)
    browser.submit(come(provider, browser), "allow")
    notice = next(
        job for job in provider.services.jobs.pending() if job.name == asking.NOTIFY and "over" not in job.payload
    )
    receiver.status = 500
    for _ in range(3):
        with pytest.raises(asking.NotTaken):
            provider.services.jobs.perform(notice.name, notice.payload)
    receiver.status = 200
    provider.services.jobs.perform(notice.name, notice.payload)
    assert len(receiver.bodies) == 4
    assert len(set(receiver.bodies)) == 1
    assert provider.introspect(till, last(receiver)["access_token"])["active"]
    provider.services.jobs.perform(notice.name, notice.payload)  # a second worker: it was taken
    assert len(receiver.bodies) == 4
    # A process that dies between making and keeping them: nobody has them, and they are worth nothing.
    asked = pushing.pending.find(provider.services, notice.payload["id"])
    assert asked is not None
    asking.keep_notice(provider.services, asked, "t.1", began["auth_req_id"])
    token = last(receiver)["access_token"]
    provider.services.jobs.perform(notice.name, notice.payload)
    assert last(receiver)["error"] == "transaction_failed"
    assert not provider.introspect(till, token)["active"]


def test_what_the_person_gave_and_does_not_stand_any_more_gives_no_tokens(
    provider: Provider, receiver: Receiver, till: App, clock: Clock
) -> None:
    ask(provider, till, client_notification_token="t.1")
    job = next(job for job in provider.services.jobs.pending() if job.name == asking.ASK)
    provider.services.jobs.perform(job.name, job.payload)
    browser = provider.browser()
    browser.submit(come(provider, browser), "allow")
    clock.advance(1)
    person = provider.services.directory.find_by_login("ann")
    assert person is not None
    provider.services.directory.disable(person.id)
    run(provider)
    assert last(receiver)["error"] == "transaction_failed"


def not_taken(provider: Provider, receiver: Receiver, till: App) -> tuple[Any, str]:
    """A person has agreed, and the application did not take it: the notice, and the access token that was sent."""
    ask(provider, till, client_notification_token="t.1", scope="openid offline_access")
    job = next(job for job in provider.services.jobs.pending() if job.name == asking.ASK)
    provider.services.jobs.perform(job.name, job.payload)
    browser = provider.browser()
    browser.submit(come(provider, browser), "allow")
    notice = next(
        job for job in provider.services.jobs.pending() if job.name == asking.NOTIFY and "over" not in job.payload
    )
    receiver.status = 500
    with pytest.raises(asking.NotTaken):
        provider.services.jobs.perform(notice.name, notice.payload)
    return notice, last(receiver)["access_token"]


def test_what_has_ended_since_the_first_try_is_not_sent_again(
    provider: Provider, receiver: Receiver, till: App, clock: Clock
) -> None:
    notice, _ = not_taken(provider, receiver, till)
    clock.advance(10)
    person = provider.services.directory.find_by_login("ann")
    assert person is not None
    provider.services.directory.disable(person.id)
    receiver.status = 204
    provider.services.jobs.perform(notice.name, notice.payload)
    assert last(receiver)["error"] == "transaction_failed"
    assert "access_token" not in last(receiver)
    assert "id_token" not in last(receiver)


@pytest.mark.parametrize("status", [500, 401, 307])
def test_what_nobody_has_taken_is_dead(provider: Provider, receiver: Receiver, till: App, status: int) -> None:
    notice, token = not_taken(provider, receiver, till)
    receiver.status = status
    for _ in range(asking.RETRIES - 1 if status == 500 else 0):
        with pytest.raises(asking.NotTaken):
            provider.services.jobs.perform(notice.name, notice.payload)
        assert provider.introspect(till, token)["active"]
    with contextlib.suppress(asking.NotTaken):
        provider.services.jobs.perform(notice.name, notice.payload)
    assert last(receiver)["access_token"] == token
    assert not provider.introspect(till, token)["active"]
    assert [one.detail["why"] for one in provider.events("tokens:revoked")] == [
        "the application did not take its tokens"
    ]


@pytest.mark.spec("CIBA 10.2")
@pytest.mark.parametrize("mode", ["ping", "push"])
@pytest.mark.parametrize("status", [401, 403, 307])
def test_an_application_that_refuses_our_token_or_leads_elsewhere_is_called_once(
    provider: Provider, receiver: Receiver, mode: str, status: int
) -> None:
    """The next try would bring the same token to the same address."""
    bank = add(
        provider, backchannel_token_delivery_mode=mode,
        backchannel_client_notification_endpoint=receiver.origin + "/ciba",
    )  # fmt: skip
    began = ask(provider, bank, client_notification_token="t.1").json
    job = next(job for job in provider.services.jobs.pending() if job.name == asking.ASK)
    provider.services.jobs.perform(job.name, job.payload)
    browser = provider.browser()
    browser.submit(come(provider, browser), "allow")
    receiver.status = status
    notice = next(
        job for job in provider.services.jobs.pending() if job.name == asking.NOTIFY and "over" not in job.payload
    )
    for _ in range(2):
        provider.services.jobs.perform(notice.name, notice.payload)
    assert len(receiver.bodies) == 1
    [event] = provider.events("error:ciba_not_delivered")
    assert str(status) in event.detail["what"]
    assert poll(provider, bank, began).status == (200 if mode == "ping" else 400)


@pytest.mark.parametrize("mode", ["ping", "push"])
def test_what_an_application_did_not_take_is_told_to_admins(provider: Provider, receiver: Receiver, mode: str) -> None:
    bank = add(
        provider, backchannel_token_delivery_mode=mode,
        backchannel_client_notification_endpoint=receiver.origin + "/ciba",
    )  # fmt: skip
    ask(provider, bank, client_notification_token="t.1")
    job = next(job for job in provider.services.jobs.pending() if job.name == asking.ASK)
    provider.services.jobs.perform(job.name, job.payload)
    browser = provider.browser()
    browser.submit(come(provider, browser), "allow")
    receiver.status = 404
    with pytest.raises(asking.NotTaken):
        run(provider)
    [event] = provider.events("error:ciba_not_delivered")
    assert event.client_id == bank.id
    assert "404" in event.detail["what"]
    assert "t.1" not in json.dumps(event.detail)
    found = [one for one in attention.find(provider.services, of_shell("tests")) if one.kind == "answer"]
    assert [str(one.text) for one in found] == ["Bank could not be told of 1 answer of a person in the last day."]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        pytest.param({"backchannel_client_notification_endpoint": None}, "notification_endpoint", id="nowhere to call"),
        pytest.param({"dpop_bound_access_tokens": True}, "no key binds", id="DPoP"),
        pytest.param({"tls_client_certificate_bound_access_tokens": True}, "no key binds", id="mTLS"),
    ],
)
def test_push_is_for_who_can_be_called_and_for_tokens_that_no_key_binds(
    provider: Provider, said: dict[str, Any], field: str
) -> None:
    whole = {
        "grant_types": [GRANT], "backchannel_token_delivery_mode": "push",
        "backchannel_client_notification_endpoint": "https://app.example/c", **said,
    }  # fmt: skip
    with pytest.raises(InvalidMetadata, match=field):
        add(provider, **{name: value for name, value in whole.items() if value is not None})
