"""Y4: events are pushed until they are taken (RFC 8935), and fetched until they are acknowledged (RFC 8936)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from idp.signals import keeping, overflowing, pushing, serving, spreading
from idp.signals.event_types import ACCOUNT_DISABLED, ACCOUNT_ENABLED
from idp.signals.sets import Event
from tests.backends import Clock
from tests.provider import Provider
from tests.signals.conftest import HEADER, POLL, Listener, work
from tests.signals.test_events import come, kinds, told


def switch(listener: Listener, *, on: bool) -> None:
    """Ann is turned off or on: one event."""
    directory = listener.provider.services.directory
    ann = directory.find_named("ann")
    assert ann is not None
    (directory.enable if on else directory.disable)(ann.id)


@pytest.fixture
def stream(listener: Listener) -> dict[str, Any]:
    listener.provider.add_person()
    come(listener)
    return listener.make(events_requested=[ACCOUNT_DISABLED, ACCOUNT_ENABLED])


def kept(listener: Listener, stream: dict[str, Any]) -> Any:
    return keeping.get(listener.provider.services.db, stream["stream_id"])


@pytest.mark.spec("RFC8935 2.1", "RFC8935 2.2", "RFC8417 2.2")
def test_y4_an_event_is_pushed_once(listener: Listener, stream: dict[str, Any]) -> None:
    switch(listener, on=False)
    switch(listener, on=True)
    work(listener.provider)
    work(listener.provider)
    assert kinds(listener.came()) == ["account-disabled", "account-enabled"]  # in the order of what happened
    assert listener.server.content_types == ["application/secevent+jwt"] * 2
    assert [one["Authorization"] for one in listener.server.headers] == [HEADER] * 2
    found = kept(listener, stream)
    assert (found.delivered, found.failures, found.problem, found.due) == (2, 0, "", None)


def test_y4_what_is_not_taken_is_sent_again_under_the_same_name(
    listener: Listener, stream: dict[str, Any], clock: Clock
) -> None:
    listener.server.status = 503
    switch(listener, on=False)
    work(listener.provider)
    assert "503" in kept(listener, stream).problem
    work(listener.provider)
    assert len(listener.server.bodies) == 1  # not at once
    (fault,) = [one for one in _flushed(listener.provider) if one.action == "error:signal_not_delivered"]
    assert fault.client_id == listener.app.id
    assert fault.detail["kind"] == "signal_not_delivered"
    listener.server.status = 202
    clock.advance(pushing.BEFORE_RETRY + 1)
    work(listener.provider)
    first, second = listener.came()
    assert first.claims["jti"] == second.claims["jti"]
    assert first.claims == second.claims
    assert kept(listener, stream).problem == ""


@pytest.mark.spec("RFC8935 2.3")
def test_y4_one_that_is_refused_holds_up_no_other(listener: Listener, stream: dict[str, Any]) -> None:
    answers = [(400, json.dumps({"err": "invalid_request", "description": "no such account"}).encode()), (202, b"")]
    listener.server.answering = lambda body: (answers[0][0], "application/json", answers.pop(0)[1])
    switch(listener, on=False)
    switch(listener, on=True)
    work(listener.provider)
    assert kinds(listener.came()) == ["account-disabled", "account-enabled"]
    assert _flushed(listener.provider, "error:signal_not_delivered")


@pytest.mark.spec("SSF 8.1.5")
def test_y4_a_receiver_that_is_away_for_long_is_paused_and_told_so(
    listener: Listener, stream: dict[str, Any], clock: Clock
) -> None:
    listener.server.status = 500
    switch(listener, on=False)
    work(listener.provider)
    clock.advance(overflowing.PAUSE_AFTER + 1)
    work(listener.provider)
    assert (kept(listener, stream).status, kept(listener, stream).status_by) == ("paused", "us")
    listener.server.status, before = 202, len(listener.server.bodies)
    clock.advance(pushing.LONGEST + 1)
    work(listener.provider)
    (said,) = listener.came()[before:]
    assert said.type == "stream-updated"
    assert said.body["status"] == "paused"
    assert said.body["reason"]
    listener._token = ""
    about = {"stream_id": stream["stream_id"], "status": "enabled"}
    assert listener.call("POST", listener.found()["status_endpoint"], about).status == 200
    work(listener.provider)
    assert listener.came()[-1].type == "account-disabled"  # nothing was lost meanwhile


def test_y4_what_nobody_takes_for_a_week_is_given_up(listener: Listener, stream: dict[str, Any], clock: Clock) -> None:
    polled = listener.make(POLL)
    switch(listener, on=False)
    listener.server.status = 500
    work(listener.provider)
    clock.advance(overflowing.KEPT_FOR + 1)
    serving.sweep(listener.provider.services)
    found = [one for one in keeping.list_of(listener.provider.services.db) if one.status == "disabled"]
    assert {one.id for one in found} == {polled["stream_id"], stream["stream_id"]}
    listener._token = ""
    (said,) = told(listener, polled)
    assert said.type == "stream-updated"
    assert said.body["status"] == "disabled"
    switch(listener, on=True)
    assert told(listener, polled) == []


def test_y4_no_more_waits_than_may(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_WAITING", 3)
    listener.provider.add_person()
    come(listener)
    polled = listener.make(POLL)
    for number in range(5):
        switch(listener, on=bool(number % 2))
    (said,) = told(listener, polled)
    assert said.type == "stream-updated"
    assert said.body["status"] == "disabled"


@pytest.mark.spec("RFC8936 2.2", "RFC8936 2.3", "RFC8936 2.4")
def test_y4_a_poll_gives_what_waits_until_it_is_acknowledged(listener: Listener) -> None:
    listener.provider.add_person()
    come(listener)
    stream = listener.make(POLL, events_requested=[ACCOUNT_DISABLED, ACCOUNT_ENABLED])
    for number in range(3):
        switch(listener, on=bool(number % 2))
    work(listener.provider)
    url = stream["delivery"]["endpoint_url"]
    answer = listener.call("POST", url, {"maxEvents": 2, "returnImmediately": True}).json
    assert len(answer["sets"]) == 2
    assert answer["moreAvailable"]
    one, two = answer["sets"]
    refused = {two: {"err": "invalid_request", "description": "what is this"}}
    body = {"ack": [one, "unknown"], "setErrs": refused, "returnImmediately": True}
    left = listener.call("POST", url, body).json
    assert len(left["sets"]) == 1
    assert "moreAvailable" not in left
    assert not {one, two} & set(left["sets"])
    assert listener.poll(stream, maxEvents=0) == {}
    assert len(listener.poll(stream)) == 1
    assert "what is this" in _flushed(listener.provider, "error:signal_not_delivered")[0].detail["what"]


POLLS = {"many": {"maxEvents": "all"}, "less": {"maxEvents": -1}, "now": {"returnImmediately": 1}, "ack": {"ack": "x"},
         "errors": {"setErrs": {"x": "no"}}}  # fmt: skip


@pytest.mark.parametrize("how", POLLS)
def test_y4_what_is_no_poll_is_refused(listener: Listener, how: str) -> None:
    stream = listener.make(POLL)
    assert listener.call("POST", stream["delivery"]["endpoint_url"], POLLS[how]).status == 400


def test_y4_a_process_that_is_killed_loses_nothing_and_says_nothing_twice(
    listener: Listener, stream: dict[str, Any], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each place where it may end: between the change and the notes, the events, the push, its confirmation."""
    services, real = listener.provider.services, keeping.put
    switch(listener, on=False)

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(spreading.keeping, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        serving.look(services)
    monkeypatch.setattr(spreading.keeping, "put", real)
    serving.look(services)  # the job is queued
    monkeypatch.setattr(pushing, "_post", killed)
    with pytest.raises(KeyboardInterrupt):
        services.jobs._run_next()
    monkeypatch.undo()
    work(listener.provider)
    assert listener.server.bodies == []  # somebody has it still, for all that is known
    clock.advance(pushing.AT_ONCE * (pushing.TIMEOUT + 1) + pushing.LEASE + 1)
    work(listener.provider)
    work(listener.provider)
    assert kinds(listener.came()) == ["account-disabled"]


def test_y4_two_processes_push_it_once(listener: Listener, stream: dict[str, Any]) -> None:
    switch(listener, on=False)
    other = listener.provider.another()
    serving.look(listener.provider.services)
    assert serving.begin(other.services) == 0
    work(other)
    work(listener.provider)
    assert kinds(listener.came()) == ["account-disabled"]
    other.close()


def _flushed(provider: Provider, action: str = "") -> list[Any]:
    provider.services.faults.flush(whole=True)
    return provider.events(action)


def test_y4_a_queue_that_is_behind_delivers_all_the_same(
    listener: Listener, stream: dict[str, Any], clock: Clock
) -> None:
    switch(listener, on=False)
    jobs = listener.provider.services.jobs
    serving.look(listener.provider.services)
    clock.advance(pushing.LEASE * 4)  # others had their turn
    assert serving.begin(listener.provider.services) == 0  # nobody else is asked: that one would wait as long
    assert jobs._run_next()
    assert kinds(listener.came()) == ["account-disabled"]
    assert kept(listener, stream).due is None


def test_y4_what_is_put_beside_a_delivery_is_delivered(
    listener: Listener, stream: dict[str, Any], clock: Clock
) -> None:
    """Whoever puts an event in has read the stream a moment ago; it may stand otherwise by now."""
    provider, now = listener.provider, kept(listener, stream)
    for old in (replace(now, failing_since=clock()), replace(now, status="paused")):
        with provider.services.db.transaction() as tx:
            keeping.put(provider.services, tx, old, Event(ACCOUNT_DISABLED, {}, {"format": "opaque", "id": "x"}))
        assert kept(listener, stream).due == clock()
        work(provider)
        assert kept(listener, stream).due is None
    assert len(listener.came()) == 2


def test_y4_a_stream_that_fails_waits_for_its_turn(listener: Listener, stream: dict[str, Any], clock: Clock) -> None:
    listener.server.status = 503
    switch(listener, on=False)
    work(listener.provider)
    due = kept(listener, stream).due
    clock.advance(1)
    switch(listener, on=True)
    work(listener.provider)
    assert kept(listener, stream).due == due > clock()


def test_y4_whoever_loses_the_scopes_is_sent_nothing(listener: Listener, stream: dict[str, Any], clock: Clock) -> None:
    switch(listener, on=False)
    serving.look(listener.provider.services)  # it waits; then an admin takes the scopes away
    _scopes(listener, "openid profile email")
    switch(listener, on=True)
    work(listener.provider)
    assert listener.came() == []
    assert keeping.waiting(listener.provider.services.db, stream["stream_id"])[0] == 1
    _scopes(listener, "openid profile email ssf.read")
    clock.advance(pushing.LONGEST + 1)
    work(listener.provider)
    assert kinds(listener.came()) == ["account-disabled"]


def _scopes(listener: Listener, scope: str) -> None:
    listener.provider.services.registry.update(listener.app.id, {"scope": scope})
