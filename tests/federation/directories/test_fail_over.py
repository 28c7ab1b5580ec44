"""I3, I10: several servers, of which some are silent; and nobody waits for a directory who needs a token."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.accounts.passwords import Busy
from idp.federation.ldap import asking
from tests.federation.directories import slapd
from tests.federation.directories.conftest import PEOPLE, Company
from tests.federation.directories.slapd import Slapd
from tests.provider import PASSWORD

pytestmark = pytest.mark.slow


class Mute:
    """Accepts, and never says a word. `taken`: how many came."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.uri, self.taken = f"ldaps://localhost:{self._listening.getsockname()[1]}", 0
        self._held: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._held.append(self._listening.accept()[0])
            except OSError:
                return
            self.taken += 1

    def close(self) -> None:
        self._listening.close()
        for one in self._held:
            one.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    made = Mute()
    yield made
    made.close()


def test_i3_the_next_server_answers_where_one_accepts_and_says_nothing(
    open_company: Callable[..., Company], mute: Mute
) -> None:
    company = open_company(mute.uri)
    crm = company.provider.add_client("CRM")
    company.add(servers=[mute.uri, company.there.secure])
    assert company.sign_in(crm, "bea").is_redirect
    assert mute.taken == 1
    assert company.sign_in(crm, "carl").is_redirect
    assert mute.taken == 1  # asked last for a while


def test_i10_a_directory_that_is_stopped_is_told_and_asked_again_when_it_is_back(
    open_company: Callable[..., Company], tmp_path: Path
) -> None:
    slapd.needed()
    own = Slapd(tmp_path)
    own.load(PEOPLE)
    own.start()
    try:
        company = open_company(own.secure)
        company.there = own
        crm = company.provider.add_client("CRM")
        company.add(name="Company")
        here = company.provider.add_person("ann")
        own.signal(signal.SIGSTOP)
        for name in ("bea", "nobody-there"):
            assert "Company cannot be reached at the moment" in company.sign_in(crm, name).dom.text
        # Whoever has a password here waits for nobody.
        assert company.person(company.sign_in(crm, "ann", PASSWORD), crm).id == here.id
        own.signal(signal.SIGCONT)
        company.provider.clock.advance(31)
        assert company.sign_in(crm, "bea").is_redirect
    finally:
        own.signal(signal.SIGCONT)
        own.stop()


def test_i3_threads_that_tokens_need_never_wait_for_a_directory() -> None:
    directories = asking.Directories().sized(4)
    with directories.turn(), directories.turn(), pytest.raises(Busy), directories.turn():
        pass
    with directories.turn():  # a place is free again
        pass


def test_w_a_guess_while_the_directory_is_down_is_counted_against_what_is_kept_here(
    open_company: Callable[..., Company], mute: Mute
) -> None:
    company = open_company(mute.uri)
    crm = company.provider.add_client("CRM")
    company.provider.add_person("ann")
    company.add(servers=[mute.uri])
    for n in range(6):
        company.sign_in(crm, "ann", f"wrong-{n}")
    assert not company.sign_in(crm, "ann", PASSWORD).is_redirect
    assert company.provider.events("session:failed")


def test_l7_while_the_directory_is_down_every_name_is_answered_alike(
    open_company: Callable[..., Company], mute: Mute
) -> None:
    company = open_company(mute.uri)
    crm = company.provider.add_client("CRM")
    company.provider.add_person("ann")
    company.add(servers=[mute.uri])

    def seen(name: str) -> list[tuple[bool, bool, bool]]:
        texts = [company.sign_in(crm, name, f"wrong-{n}").dom.text for n in (0, 1, 1, 2, 3, 4, 5)]
        return [("cannot be reached" in one, "not right" in one, "too many" in one.lower()) for one in texts]

    known, unknown = seen("ann"), seen("nobody-there")
    assert known == unknown
    assert known[2] == (True, False, False)  # the same once more: it may be right there


def test_w_whoever_tries_the_same_password_while_the_directory_is_down_is_not_paused(
    open_company: Callable[..., Company], mute: Mute
) -> None:
    company = open_company(mute.uri)
    crm = company.provider.add_client("CRM")
    one = company.add(servers=[mute.uri])
    for _ in range(2):
        assert "cannot be reached" in company.sign_in(crm, "bea").dom.text
    assert len(company.provider.events("session:failed")) == 1
    company.change(one, servers=(company.there.secure,))
    company.provider.clock.advance(31)
    assert company.sign_in(crm, "bea").is_redirect
