"""Y2: a server that is killed as it sends loses nobody and makes nobody twice. Real processes."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from idp.accounts.person import Draft
from idp.admin import provisioning
from idp.provisioning import delivering
from idp.provisioning.target import Said
from tests.provider import Provider
from tests.provisioning.conftest import SHELL, TOKEN, Begin, Serve


@pytest.mark.slow
def test_Y2_killed_between_the_request_and_its_answer(make_world: Begin) -> None:
    """The child delivers, the application has made the person, and the child is killed before it reads the answer."""
    world = make_world()
    world.services.directory.add(Draft(username="ann", groups=("Sales",)))
    world.services.directory.add(Draft(username="ben", groups=("Sales",)))
    world.begin()
    answered, children = world.served.app, list[int]()
    many = 0

    def killing(environ: Any, start: Any) -> Any:
        nonlocal many
        done = list(answered(environ, start))
        if environ["REQUEST_METHOD"] in ("POST", "PATCH") and many < 5:
            many += 1
            os.kill(children[-1], signal.SIGKILL)
        return done

    world.served.app = killing
    deaths = 0
    for _ in range(12):
        world.services.db.close()
        child = os.fork()
        if child == 0:
            try:
                delivering.run(Provider(world.provider.settings, world.clock).services, world.id)
            finally:
                os._exit(0)
        children.append(child)
        _, status = os.waitpid(child, 0)
        deaths += os.WIFSIGNALED(status)
        world.clock.advance(delivering.LEASE + 1)
    assert deaths == 5
    assert len(world.storage.resources) == 3
    assert {*world.there(), *world.there("Group")} == {"Sales", "ann", "ben"}
    (group,) = world.there("Group").values()
    assert len(group["members"]) == 2
    counts = provisioning.get(world.services, SHELL, world.id).counts
    assert counts == {"user": {"done": 2}, "group": {"done": 1}}


@pytest.mark.slow
def test_Y2_a_running_server_delivers_in_its_background(run_pid: int, serve: Serve) -> None:
    from tests.server import Server

    storage, made = InMemoryStorage(), threading.Event()
    app = BearerTokenApplication(storage, load_default_provider(), bearer_tokens=[TOKEN])

    def telling(environ: Any, start: Any) -> Any:
        done = list(app(environ, start))
        if environ["REQUEST_METHOD"] == "POST":
            made.set()
        return done

    served = serve(telling)
    server = Server(run_pid, outbound={"allow": [served.origin]})
    try:
        wiki = server.add_client("Wiki")
        provisioning.add(server.services, SHELL, wiki.client, Said(url=served.url), TOKEN)
        server.add_person("ann")
        assert made.wait(30)
    finally:
        server.close()
