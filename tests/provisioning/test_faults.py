"""Y2: an application that fails, refuses, asks for time, hangs or lies; nothing of it is taken for success."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from idp.accounts.person import Draft
from idp.admin import attention, provisioning
from idp.provisioning import calling, keeping, serving
from idp.provisioning.calling import retry_after
from tests.provisioning.conftest import SHELL, Begin, Serve, World, error


def only(method: str, answer: Any, path: str = "") -> Any:
    """The answer to every request of this method."""
    return lambda asked, at, body: answer if asked == method and at.startswith(path) else None


def none(method: str, path: str, body: Any) -> None:
    """No fault."""


def test_Y2_404_is_never_success_who_is_not_there_is_made_again_and_it_is_said(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann", name="Ann", groups=("Sales",)))
    world.begin()
    world.deliver()
    before = world.object(ann.id).remote_id
    world.storage.resources  # noqa: B018 - as they are
    sent = {"Authorization": "Bearer s3cr3t-token-of-the-app"}
    world.services.outbound.send("DELETE", f"{world.served.url}/Users/{before}", b"", sent, max_bytes=99, timeout=5)
    assert "ann" not in world.there()
    world.services.directory.update(ann.id, name="Ann B")
    world.deliver()
    one = world.object(ann.id)
    assert one.state == "done"
    assert one.remote_id != before
    assert "404" in one.problem
    assert world.there()["ann"]["displayName"] == "Ann B"
    (group,) = world.there("Group").values()
    assert [member["value"] for member in group["members"]] == [one.remote_id]


def test_Y2_404_as_it_should_be_turned_off_is_said(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    world.deliver()
    world.served.faults = only("PATCH", error(404))
    world.services.directory.disable(ann.id)
    world.deliver()
    one = world.object(ann.id)
    assert (one.state, one.remote_id, one.status) == ("gone", "", 404)
    assert "404" in one.problem


@pytest.mark.parametrize("status", [500, 502, 408])
def test_Y2_a_failure_is_tried_again_ever_later_and_holds_no_other_object(world: World, status: int) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    world.served.faults = lambda method, path, body: (
        error(status, "the database is away") if method == "POST" and body["userName"] == "ann" else None
    )
    world.services.directory.add(Draft(username="ben"))
    world.deliver()
    assert set(world.there()) == {"ben"}
    waits = []
    for _ in range(4):
        one = world.object(ann.id)
        assert one.state == "failed"
        assert "the database is away" in one.problem
        assert one.due is not None
        waits.append(one.due - world.clock())
        world.wait(waits[-1] + 1)
    assert waits == [15, 30, 60, 120]
    world.served.faults = none
    world.wait(3600)
    assert (set(world.there()), world.object(ann.id).state) == ({"ann", "ben"}, "done")


@pytest.mark.spec("RFC9110 10.2.3")
def test_Y2_retry_after_is_kept_for_the_whole_target(world: World) -> None:
    world.services.directory.add(Draft(username="ann"))
    world.services.directory.add(Draft(username="ben"))
    world.begin()
    world.served.faults = only("POST", error(429, "slow down", Retry_After="700"))
    world.deliver()
    asked = len(world.served.asked)
    world.served.faults = none
    world.wait(699)
    assert len(world.served.asked) == asked
    assert serving.due(world.services) == []
    world.wait(2)
    assert set(world.there()) == {"ann", "ben"}
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1445412400.0) == 80.0
    assert [retry_after(text, 0.0) for text in ("", "soon", "-3", "1e9", "99999999999")] == [None] * 4 + [86400.0]


def test_Y2_409_is_looked_up_and_taken_over_only_where_the_rule_says_so(world: World) -> None:
    sent = {"Authorization": "Bearer s3cr3t-token-of-the-app", "Content-Type": "application/scim+json"}
    body = b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ann", "title": "was here"}'
    world.services.outbound.send("POST", f"{world.served.url}/Users", body, sent, max_bytes=9999, timeout=5)
    ann = world.services.directory.add(Draft(username="ann", name="Ann"))
    world.begin()
    world.deliver()
    one = world.object(ann.id)
    assert one.state == "refused"
    assert "already" in one.problem
    assert not world.there()["Ann"].get("externalId")
    world.begin_again(adopts=True)
    world.deliver()
    one = world.object(ann.id)
    assert (one.state, one.made) == ("done", False)
    (there,) = world.there().values()
    assert (there["externalId"], there["title"]) == (ann.id, "was here")


@pytest.mark.parametrize("status", [401, 403])
def test_Y2_refused_credentials_stop_the_target_and_admins_are_told(world: World, status: int) -> None:
    services = world.services
    services.directory.add(Draft(username="ann"))
    world.begin()
    world.served.faults = lambda method, path, body: error(status, "who are you")
    world.deliver()
    target = world.target()
    assert target.state == "stopped"
    assert "who are you" in target.reason
    asked = len(world.served.asked)
    world.wait(86400)
    assert len(world.served.asked) == asked
    assert any(one.kind == "provisioning" for one in attention.find(services, SHELL))
    world.served.faults = none
    provisioning.turn(services, SHELL, world.id, on=True)
    world.deliver()
    assert set(world.there()) == {"ann"}
    assert not any(one.kind == "provisioning" for one in attention.find(services, SHELL))


def test_Y2_one_object_that_it_does_not_let_us_change_stops_nobody_else_three_in_a_row_stop_it(world: World) -> None:
    for name in ("ann", "ben", "cid", "dan", "eve"):
        world.services.directory.add(Draft(username=name))
    world.begin()
    world.served.faults = lambda method, path, body: (
        error(403, "an owner there") if method == "POST" and body["userName"] == "ann" else None
    )
    world.deliver()
    assert world.target().state == "on"
    assert set(world.there()) == {"ben", "cid", "dan", "eve"}
    assert keeping.counts(world.services.db, world.id)["user"] == {"done": 4, "refused": 1}
    for name in ("fay", "gus", "hal"):
        world.services.directory.add(Draft(username=name))
    world.served.faults = only("POST", error(403, "read only"))
    world.deliver()
    assert world.target().state == "stopped"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((201, {}, {}), id="no-id"),
        pytest.param((201, {}, {"id": ""}), id="empty-id"),
        pytest.param((201, {}, {"id": 7}), id="a-number"),
        pytest.param((201, {}, b"<html>"), id="a-page"),
        pytest.param((201, {}, {"id": "x", "externalId": "somebody-else"}), id="somebody-else"),
        pytest.param((301, {"Location": "/elsewhere"}, b""), id="redirect"),
    ],
)
def test_Y2_an_answer_without_the_right_id_is_no_success(world: World, answer: Any) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    world.served.faults = only("POST", answer)
    world.deliver()
    one = world.object(ann.id)
    assert one.state in ("failed", "refused")
    assert one.remote_id == ""
    world.served.faults = none
    world.begin_again()
    world.wait(3600)
    assert world.object(ann.id).state == "done"


def test_Y2_a_change_that_is_answered_about_another_id_is_no_success(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    world.deliver()
    world.served.faults = only("PATCH", (200, {}, {"id": "another", "userName": "ann"}))
    world.services.directory.update(ann.id, name="B")
    world.deliver()
    one = world.object(ann.id)
    assert one.state == "refused"
    assert one.remote_id != "another"


def test_Y2_a_filter_that_does_not_filter_takes_nobody_over(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin(adopts=True)
    somebody = {"Resources": [{"id": "1", "userName": "root"}, {"userName": "ann"}, "x"], "totalResults": 3}
    world.served.faults = only("GET", (200, {}, somebody), "Users")
    world.deliver()
    assert world.object(ann.id).made
    assert world.object(ann.id).remote_id == world.there()["ann"]["id"]


def test_Y2_an_answer_that_was_lost_makes_nobody_twice(world: World) -> None:
    """The request arrived, and the answer did not: found again by what we called them."""
    ann = world.services.directory.add(Draft(username="ann", groups=("Sales",)))
    world.begin()
    answered = world.served.app

    def lost(environ: Any, start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "POST":
            return answered(environ, start)
        list(answered(environ, lambda *_: None))
        start("500 Lost", [])
        return [b""]

    world.served.app = lost
    world.deliver()
    assert world.object(ann.id).state == "failed"
    world.wait(20)
    world.served.app = answered
    world.wait(60)
    assert world.object(ann.id).state == "done"
    assert (len(world.there()), len(world.there("Group"))) == (1, 1)
    assert world.object(ann.id).remote_id == world.there()["ann"]["id"]


def test_Y2_one_that_hangs_holds_no_other_target_and_nobody_else(
    make_world: Begin, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def hanging(environ: Any, start: Any) -> Any:
        let_go.wait(20)
        start("200 OK", [])
        return [b"{}"]

    slow = serve(hanging)
    world = make_world(also=[slow.origin])
    services = world.services
    hung = world.provider.add_client("Slow")
    from idp.provisioning.target import Said

    provisioning.add(services, SHELL, hung.client, Said(url=slow.url), "token")
    world.begin()
    ann = services.directory.add(Draft(username="ann"))
    threads = serving.Threads()
    assert {one.client_id for one in serving.due(services)} == {hung.id, world.id}
    threads.begin(services, hung.id)
    threads.begin(services, world.id)
    threads.running[world.id].join(20)
    assert world.object(ann.id).state == "done"
    assert threads.running[hung.id].is_alive()
    monkeypatch.setattr(calling, "TIMEOUT", 0.2)
    let_go.set()
    threads.running[hung.id].join(20)


def test_Y2_who_does_not_answer_is_asked_ever_more_seldom(world: World) -> None:
    world.services.directory.add(Draft(username="ann"))
    world.services.directory.add(Draft(username="ben"))
    world.begin()
    world.served.close()
    waits = []
    for _ in range(4):
        world.deliver()
        waits.append(world.target().retry_at - world.clock())
        world.clock.advance(waits[-1])
    assert waits == [15, 30, 60, 120]


def test_Y2_another_process_delivers_nothing_meanwhile_and_goes_on_after_the_lease(world: World) -> None:
    from idp.provisioning import delivering

    other = world.provider.another()
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    seen: list[int] = []

    def faults(method: str, path: str, body: Any) -> Any:
        if method == "POST":
            seen.append(delivering.run(other.services, world.id))
        return None

    world.served.faults = faults
    world.deliver()
    assert seen == [0]
    assert world.object(ann.id).state == "done"
