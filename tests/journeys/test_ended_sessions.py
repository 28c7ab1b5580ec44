"""An account is disabled by the command while no server runs: the applications hear of it when one runs again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.receiver import Receiver
from tests.server import running, unique

pytestmark = pytest.mark.slow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_S58_what_ended_while_all_was_down_is_told_after_the_start(run_pid: int, receiver: Receiver) -> None:
    with running(run_pid, outbound={"allow": [receiver.origin]}) as server:
        person = server.add_person(unique("ann"))
        crm = server.add_client("CRM", backchannel_logout_uri=receiver.origin + "/logout")
        tokens = server.tokens(crm, server.browser(), person.username)
        server.let_go()
        server.kill()
        server.cli_json("user", "disable", person.username, "--json")
        assert receiver.bodies == []
        server.start()
        deadline = time.monotonic() + 30
        while not receiver.bodies:
            assert time.monotonic() < deadline, server.log
            time.sleep(0.1)
        assert [set(form) for form in receiver.forms] == [{"logout_token"}]
        assert server.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
        time.sleep(2.5)
        assert len(receiver.bodies) == 1
