"""Y4: a receiver manages its streams (SSF 1.0 §7, §8.1)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.admin import signals
from idp.cli.installation import shell
from idp.oidc.scopes import SIGNALS
from idp.signals import keeping
from idp.signals.event_types import IDENTIFIER_CHANGED, SESSION_REVOKED, SUPPORTED
from tests.provider import Provider
from tests.receiver import Receiver
from tests.signals.conftest import HEADER, POLL, PUSH, Listener, work


@pytest.mark.spec("SSF 7.1", "SSF 7.2")
def test_y4_all_that_is_advertised_is_there(listener: Listener) -> None:
    found = listener.found()
    assert found["issuer"] == listener.provider.issuer
    assert found["spec_version"] == "1_0"
    for name in (name for name in found if name.endswith("_endpoint")):
        answer = listener.provider.browser().open("POST", found[name], b"{}", {"Content-Type": "application/json"})
        assert answer.status == 401, name
    assert listener.provider.browser().get(found["jwks_uri"]).json["keys"]


@pytest.mark.spec("SSF 7.2")
def test_y4_the_metadata_stands_before_the_path_of_an_issuer(open_provider: Any) -> None:
    provider = open_provider(server={"issuer": "https://login.example/sso"})
    answer = provider.browser().open("GET", "https://login.example/.well-known/ssf-configuration/sso")
    assert answer.json["issuer"] == provider.issuer


@pytest.mark.spec("SSF 8.1.1.1", "SSF 8.1.1.2", "SSF 8.1.1.3", "SSF 8.1.1.4", "SSF 8.1.1.5")
def test_y4_a_stream_is_made_read_changed_replaced_and_deleted(listener: Listener) -> None:
    url = listener.found()["configuration_endpoint"]
    made = listener.make(events_requested=[SESSION_REVOKED, "urn:of:another"], description="ours")
    assert (made["iss"], made["aud"]) == (listener.provider.issuer, listener.app.id)
    assert made["events_supported"] == list(SUPPORTED)
    assert made["events_delivered"] == [SESSION_REVOKED]
    assert made["delivery"]["authorization_header"] == HEADER
    one = f"{url}?stream_id={made['stream_id']}"
    assert listener.call("GET", one).json == made
    assert listener.call("GET", url).json == [made]
    changed = listener.call("PATCH", url, {"stream_id": made["stream_id"], "description": "theirs"}).json
    assert changed == {**made, "description": "theirs"}
    replaced = listener.call("PUT", url, {"stream_id": made["stream_id"], "delivery": {"method": POLL}}).json
    assert replaced["events_requested"] == list(SUPPORTED)
    assert "description" not in replaced
    assert replaced["delivery"]["endpoint_url"].startswith(listener.provider.issuer + "/ssf/poll/")
    assert listener.call("DELETE", one).status == 204
    assert listener.call("GET", one).status == 404
    assert listener.call("GET", url).json == []


@pytest.mark.spec("SSF 8.1.1.3")
@pytest.mark.parametrize("name", ["iss", "aud", "events_supported", "min_verification_interval"])
def test_y4_what_is_ours_to_say_is_no_receivers(listener: Listener, name: str) -> None:
    made, url = listener.make(), listener.found()["configuration_endpoint"]
    for method in ("PATCH", "PUT"):
        assert listener.call(method, url, made).status == 200
        assert listener.call(method, url, {**made, name: "another"}).status == 400


WRONG = {
    "no json": b"{",
    "no object": [],
    "no method": {"delivery": {}},
    "another method": {"delivery": {"method": "urn:ietf:rfc:1"}},
    "no address": {"delivery": {"method": PUSH}},
    "the inside": {"delivery": {"method": PUSH, "endpoint_url": "https://127.0.0.1:1/"}},
    "plain http": {"delivery": {"method": PUSH, "endpoint_url": "http://example.com/"}},
    "a line in a header": {
        "delivery": {"method": PUSH, "endpoint_url": "https://example.com/", "authorization_header": "a\nb"}
    },
    "events of no kind": {"delivery": {"method": POLL}, "events_requested": "all"},
}


@pytest.mark.spec("SSF 8.1.1.1")
@pytest.mark.parametrize("how", WRONG)
def test_y4_what_cannot_be_a_stream_is_refused(listener: Listener, how: str) -> None:
    answer = listener.call("POST", listener.found()["configuration_endpoint"], WRONG[how])
    assert answer.status == 400, answer.text
    assert listener.call("GET", listener.found()["configuration_endpoint"]).json == []


@pytest.mark.spec("SSF 9")
def test_y4_a_stream_is_its_own_receivers_and_takes_a_scope(listener: Listener, transmitter: Provider) -> None:
    made, found = listener.make(), listener.found()
    app = transmitter.add_client("Other", "machine", scope=" ".join(SIGNALS))
    other = Listener(transmitter, app, listener.server)
    reader = Listener(transmitter, listener.app, listener.server, scope="ssf.read")
    one, about = f"{found['configuration_endpoint']}?stream_id={made['stream_id']}", {"stream_id": made["stream_id"]}
    assert other.call("GET", one).status == 404
    assert other.call("DELETE", one).status == 404
    assert other.call("GET", found["configuration_endpoint"]).json == []
    for name in ("status_endpoint", "verification_endpoint", "add_subject_endpoint", "remove_subject_endpoint"):
        assert other.call("POST", found[name], {**about, "status": "paused", "subject": {}}).status == 404, name
        assert reader.call("POST", found[name], about).status == 403, name
    shown = reader.call("GET", one)
    assert shown.status == 200
    assert HEADER not in shown.text
    assert reader.call("DELETE", one).status == 403


def test_y4_a_persons_token_opens_nothing_here(listener: Listener, transmitter: Provider) -> None:
    transmitter.add_person()
    scope = "openid profile ssf.read ssf.manage"
    token = transmitter.tokens(listener.app, scope=scope)["access_token"]
    listener._token = token
    assert listener.call("GET", listener.found()["configuration_endpoint"]).status == 403


def test_y4_as_many_streams_as_may_be(listener: Listener) -> None:
    for _ in range(keeping.MOST):
        listener.make()
    answer = listener.call("POST", listener.found()["configuration_endpoint"], {"delivery": {"method": POLL}})
    assert answer.status == 409


def test_y4_addresses_are_told_to_whom_they_may_be(transmitter: Provider, server: Receiver) -> None:
    app = transmitter.add_client("Plain", "machine", scope=" ".join(SIGNALS))
    made = Listener(transmitter, app, server).make(POLL)
    assert IDENTIFIER_CHANGED not in made["events_supported"]


@pytest.mark.spec("SSF 8.1.2.1", "SSF 8.1.2.2")
def test_y4_a_receiver_pauses_its_stream_and_lets_it_go_on(listener: Listener) -> None:
    made, url = listener.make(POLL), listener.found()["status_endpoint"]
    one = f"{url}?stream_id={made['stream_id']}"
    assert listener.call("GET", one).json == {"stream_id": made["stream_id"], "status": "enabled"}
    said = {"stream_id": made["stream_id"], "status": "paused", "reason": "tidying up"}
    assert listener.call("POST", url, said).json == said
    assert listener.call("GET", one).json == said
    assert listener.call("POST", url, {**said, "status": "gone"}).status == 400
    assert listener.call("POST", url, {**said, "status": "enabled"}).json["status"] == "enabled"
    work(listener.provider)
    assert listener.poll(made) == {}  # it knows what it has said itself


@pytest.mark.spec("SSF 8.1.4")
@pytest.mark.parametrize("method", [PUSH, POLL])
def test_y4_a_verification_shows_that_a_stream_works(listener: Listener, method: str, clock: Any) -> None:
    made, url = listener.make(method), listener.found()["verification_endpoint"]
    about = {"stream_id": made["stream_id"], "state": "V 8"}
    assert listener.call("POST", url, about).status == 204
    work(listener.provider)
    (told,) = listener.came() if method == PUSH else listener.poll(made).values()
    assert told.head["typ"] == "secevent+jwt"
    assert told.type == "verification"
    assert told.body == {"state": "V 8"}
    assert told.about == {"format": "opaque", "id": made["stream_id"]}
    assert not {"sub", "exp"} & set(told.claims)
    assert told.claims["aud"] == listener.app.id
    assert told.claims["iss"] == listener.provider.issuer
    again = listener.call("POST", url, about)
    assert again.status == 429
    assert int(again.headers["Retry-After"]) <= made["min_verification_interval"] + 1
    clock.advance(made["min_verification_interval"])
    assert listener.call("POST", url, {"stream_id": made["stream_id"]}).status == 204


def test_y4_a_receiver_gets_round_no_admin_who_stopped_its_stream(listener: Listener) -> None:
    services, made = listener.provider.services, listener.make(POLL)
    streams, one = listener.found()["configuration_endpoint"], made["stream_id"]
    signals.pause(services, shell(), one, "under review")
    for answer in (
        listener.call("POST", listener.found()["status_endpoint"], {"stream_id": one, "status": "enabled"}),
        listener.call("DELETE", f"{streams}?stream_id={one}"),
        listener.call("POST", streams, {"delivery": {"method": POLL}}),
    ):
        assert (answer.status, answer.json["error"]) == (403, "access_denied")
        assert "admin" in answer.json["error_description"]
    assert [found.status for found in keeping.list_of(services.db, listener.app.id)] == ["paused"]
    signals.resume(services, shell(), one)
    assert listener.call("POST", streams, {"delivery": {"method": POLL}}).status == 201
    assert listener.call("DELETE", f"{streams}?stream_id={one}").status == 204
