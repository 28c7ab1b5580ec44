"""Y4: a server that is killed as it sends loses no event, and the receiver can tell a second time. Real processes."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from idp.signals import pushing
from idp.signals.event_types import ACCOUNT_DISABLED, ACCOUNT_ENABLED
from tests.backends import Clock
from tests.provider import Provider
from tests.signals.conftest import Listener, work
from tests.signals.test_events import come


@pytest.mark.slow
def test_y4_killed_between_the_push_and_its_confirmation(listener: Listener, clock: Clock) -> None:
    """The child pushes, the receiver has taken the event, and the child is killed before it reads the answer."""
    provider = listener.provider
    ann = provider.add_person()
    come(listener)
    listener.make(events_requested=[ACCOUNT_DISABLED, ACCOUNT_ENABLED])
    children, deaths = list[int](), 0

    def killing(_: bytes) -> tuple[int, str, bytes]:
        if len(listener.server.bodies) % 2:  # each second push is answered
            os.kill(children[-1], signal.SIGKILL)
        return 202, "text/plain", b""

    listener.server.answering = killing
    for number in range(4):
        directory = provider.services.directory
        (directory.enable if number % 2 else directory.disable)(ann.id)
        for _ in range(2):
            deaths += _delivered_by_a_child(provider, clock, children)
            clock.advance(pushing.AT_ONCE * (pushing.TIMEOUT + 1) + pushing.LEASE + 1)
    assert deaths == 4
    told = listener.came()
    assert [one.type for one in told[::2]] == ["account-disabled", "account-enabled"] * 2
    assert [one.claims["jti"] for one in told[::2]] == [one.claims["jti"] for one in told[1::2]]  # the same ones again
    work(provider)
    assert len(listener.server.bodies) == 8


def _delivered_by_a_child(provider: Provider, clock: Any, children: list[int]) -> bool:
    provider.services.db.close()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(reading, 1)  # the parent knows whom to kill
            work(Provider(provider.settings, clock))
        finally:
            os._exit(0)
    children.append(child)
    os.write(writing, b"x")
    _, status = os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    return os.WIFSIGNALED(status)
