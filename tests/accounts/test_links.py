"""One-time links, and the verb that sets a password."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.accounts import links
from idp.accounts.directory import Directory
from idp.accounts.passwords import Busy, Verifier
from idp.accounts.person import Draft, NoSuchPerson
from idp.accounts.policy import Policy
from idp.accounts.set_password import set_password
from idp.state.memory import MemoryState
from tests.accounts.conftest import CHEAP, Ledger
from tests.backends import Clock

GOOD = "correct horse battery staple"
POLICY = Policy(15, ("Acme",))


def test_a_link_is_looked_at_often_and_taken_once(directory: Directory, state: MemoryState) -> None:
    anna = directory.add(Draft(username="anna"))
    token = links.make(state, anna, "reset")
    link = links.Link(anna.id, "reset", None)
    assert [links.peek(state, token) for _ in range(3)] == [link] * 3
    assert links.take(state, token) == link
    assert links.take(state, token) is None
    assert links.peek(state, token) is None


def test_one_of_many_racing_takers_gets_the_link(directory: Directory, state: MemoryState) -> None:
    token = links.make(state, directory.add(Draft(username="anna")), "reset")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: links.take(state, token), range(50)))
    assert sum(link is not None for link in taken) == 1


def test_S17_a_token_has_256_bits_and_is_kept_hashed(directory: Directory, state: MemoryState) -> None:
    tokens = {links.make(state, directory.add(Draft(username=f"p{n}")), "reset") for n in range(5)}
    assert len(tokens) == 5
    assert all(len(token.removeprefix(links.PREFIX)) == 43 for token in tokens)  # 32 bytes of base64url
    assert not any(token in key or token in text for token in tokens for key, (text, _) in state._entries.items())


def test_a_link_ends_with_its_time(directory: Directory, state: MemoryState, clock: Clock) -> None:
    anna = directory.add(Draft(username="anna"))
    short, long = links.make(state, anna, "reset"), links.make(state, anna, "owner", links.OWNER_TTL)
    clock.advance(3601)
    assert links.peek(state, short) is None
    clock.advance(86400 - 3602)
    assert links.peek(state, long) is not None
    clock.advance(2)
    assert links.take(state, long) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "ü" * 500])
def test_a_made_up_token_is_nothing(state: MemoryState, token: str) -> None:
    assert links.peek(state, token) is None
    assert links.take(state, token) is None


def test_a_link_is_void_once_the_password_is_set_or_the_person_disabled(
    directory: Directory, state: MemoryState, verifier: Verifier
) -> None:
    anna = directory.add(Draft(username="anna"))
    link = links.peek(state, links.make(state, anna, "reset"))
    assert link is not None
    assert links.is_current(link, anna)
    assert not links.is_current(link, None)
    assert not links.is_current(link, directory.add(Draft(username="bob")))
    assert not links.is_current(link, directory.disable(anna.id))
    directory.enable(anna.id)
    assert set_password(directory, verifier, POLICY, anna.id, GOOD) == []
    assert not links.is_current(link, directory.get(anna.id))


def test_a_set_password_is_the_one_that_works(
    directory: Directory, verifier: Verifier, clock: Clock, ledger: Ledger
) -> None:
    anna = directory.add(Draft(username="anna"))
    clock.advance(5)
    assert set_password(directory, verifier, POLICY, anna.id, GOOD, purpose="owner", record=ledger.record) == []
    found = directory.find_for_password("anna")
    assert found is not None
    person, credentials = found
    assert person.has_password
    assert person.password_changed_at == clock.now
    assert verifier.verify(credentials.password_hash, GOOD).ok
    assert ledger.events == [("password:set", {"person_id": anna.id, "purpose": "owner"})]
    assert ledger.ended == [(anna.id, "password changed")]


def test_the_caller_may_end_the_sessions_in_its_own_way(
    directory: Directory, verifier: Verifier, ledger: Ledger
) -> None:
    anna = directory.add(Draft(username="anna"))
    own: list[str] = []

    def ended(tx: Any, person_id: str, why: str) -> None:
        own.append(person_id)

    assert set_password(directory, verifier, POLICY, anna.id, GOOD, ended=ended) == []
    assert (own, ledger.ended) == ([anna.id], [])


def test_a_refused_password_changes_nothing_and_costs_no_hash(
    directory: Directory, verifier: Verifier, ledger: Ledger
) -> None:
    anna = directory.add(Draft(username="anna"), password_hash="$before")
    told = set_password(directory, verifier, POLICY, anna.id, "anna", record=ledger.record)
    assert "at least 15 characters" in told[0]
    assert directory.get(anna.id) == anna
    assert (ledger.events, ledger.ended, verifier.hashes) == ([], [], 0)


def test_setting_nobodys_password_says_so(directory: Directory, verifier: Verifier) -> None:
    with pytest.raises(NoSuchPerson):
        set_password(directory, verifier, POLICY, "unknown", GOOD)


def test_a_busy_pool_leaves_the_old_password(directory: Directory, ledger: Ledger) -> None:
    anna = directory.add(Draft(username="anna"), password_hash="$before")
    full = Verifier(threads=1, queue=0, **CHEAP)
    full._room.acquire()
    with pytest.raises(Busy):
        set_password(directory, full, POLICY, anna.id, GOOD, record=ledger.record)
    full.close()
    assert directory.get(anna.id) == anna
    assert ledger.events == []
