"""Which server is asked: in their order, those that were silent lately last; and how many threads may wait for them.

A server that accepts and never answers costs one conversation's time, once in a while: after that it is asked last.
Few threads of a process wait for directories at once, so that tokens always find one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from idp.accounts.passwords import Busy
from idp.errors import Refused
from idp.federation import failures, health
from idp.federation.crowding import Crowd
from idp.federation.ldap.answers import BadFilter, Unreachable
from idp.federation.provider import Provider
from idp.services import Services

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

#: For one server, so that the next one has answered within two seconds.
SERVER_SECONDS: Final = 1.5
ALL_SECONDS: Final = 4.0
STEP_SECONDS: Final = 60.0  # for one page of a long work
SILENT_FOR: Final = 30.0  # seconds in which a server that did not answer is asked last
PATIENCE: Final = 0.3  # seconds that a request waits for its turn

_T = TypeVar("_T")


class Directories:
    """What this process knows of servers, and who waits for them."""

    def __init__(self) -> None:
        self._silent: dict[str, float] = {}
        self._lock, self._room, self._waiting = threading.Lock(), threading.BoundedSemaphore(1), 0
        self._sized = 0

    def sized(self, threads: int) -> Directories:
        """For a process with so many threads: half of them may ask, and one waits for its turn."""
        with self._lock:
            if self._sized != threads:
                self._sized, self._room = threads, threading.BoundedSemaphore(max(1, threads // 2))
        return self

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A place among those who ask. Errors: `Busy`."""
        room = self._room
        if not room.acquire(blocking=False):
            self._wait_for(room)
        try:
            yield
        finally:
            room.release()

    def _wait_for(self, room: threading.BoundedSemaphore) -> None:
        with self._lock:
            if self._waiting or self._sized < 4:
                raise Busy(2)
            self._waiting += 1
        try:
            if not room.acquire(timeout=PATIENCE):
                raise Busy(2)
        finally:
            with self._lock:
                self._waiting -= 1

    def in_order(self, servers: tuple[str, ...]) -> tuple[str, ...]:
        """Those that answered, as they were named; then those that did not."""
        now = time.monotonic()
        return tuple(sorted(servers, key=lambda one: self._silent.get(one, 0.0) > now))

    def note(self, server: str, *, silent: bool) -> None:
        """Whether it has just answered."""
        if silent:
            self._silent[server] = time.monotonic() + SILENT_FOR
        else:
            self._silent.pop(server, None)


def ask(services: Services, provider: Provider, secret: str, question: Callable[[Conversation], _T]) -> _T:
    """Put a question to the first server that answers, as whoever searches there.

    Errors: `Refused` where none answers, or it does not know us; `Busy` where too many wait already.
    """
    from idp.federation.ldap import wire

    down = health.may_ask(services, provider)
    if down is not None:
        raise failures.down(provider, down.reason)
    directories = services.part(Directories).sized(services.settings.server.threads)
    until, reason = time.monotonic() + ALL_SECONDS, "no server is named"
    with directories.turn(), _place(services, provider):
        for server in directories.in_order(provider.servers):
            left = min(SERVER_SECONDS, until - time.monotonic())
            if left <= 0.1:
                break
            try:
                with wire.connected(services, provider, server, left) as conversation:
                    introduce(provider, secret, conversation)
                    answer = question(conversation)
            except Refused as error:  # for everybody, and each try may count there: see `health`
                health.failed(services, provider, error.detail)
                raise
            except BadFilter as error:
                health.failed(services, provider, f"it is no filter: {error}")
                raise failures.down(provider, f"it is no filter: {error}") from None
            except Unreachable as error:
                reason = f"{server}: {error.reason}"
                directories.note(server, silent=True)
                services.log.info("directory_server_silent", provider=provider.id, server=server, reason=error.reason)
                continue
            directories.note(server, silent=False)
            health.answered(services, provider)
            return answer
    health.failed(services, provider, reason)
    raise failures.down(provider, reason)


@contextmanager
def _place(services: Services, provider: Provider) -> Iterator[None]:
    """Among all that wait for providers, directories or not: together they leave a thread to others. Errors: `Busy`."""
    crowd = services.part(Crowd)
    mine = crowd.enter(provider.id, services.settings.server.threads)
    if mine is None:
        raise Busy(2)
    try:
        yield
    finally:
        crowd.leave(mine)


def ask_at_length(services: Services, provider: Provider, secret: str, work: Callable[[Conversation], _T]) -> _T:
    """Long work with the first server that takes it, by no request's thread. It extends its time step by step.

    Errors: `Refused` where none answers or it does not know us; whatever the work raises, `Unreachable` among it.
    """
    from idp.federation.ldap import wire

    directories, reason = services.part(Directories), "no server is named"
    for server in directories.in_order(provider.servers):
        begun = False
        try:
            with wire.connected(services, provider, server, STEP_SECONDS) as conversation:
                introduce(provider, secret, conversation)
                begun = True
                return work(conversation)
        except Unreachable as error:
            directories.note(server, silent=True)
            if begun:
                raise
            reason = f"{server}: {error.reason}"
    raise failures.down(provider, reason)


def introduce(provider: Provider, secret: str, conversation: Conversation) -> None:
    """As whoever searches there. Errors: `Refused` where it does not know us, `Unreachable`."""
    if not provider.bind_dn:
        return
    bound = conversation.bind(provider.bind_dn, secret)
    if not bound.ok:
        raise failures.bind(provider, bound.code, bound.said)
