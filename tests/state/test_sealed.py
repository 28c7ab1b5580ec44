"""N9: whoever writes to the store of State is nobody: what opens something is sealed under its own name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import links
from idp.state.memory import MemoryState
from idp.state.sealed import PREFIX, SealedState
from keys.sealing import Sealer
from tests.backends import Clock
from tests.provider import Provider
from tests.readable import readable


@pytest.fixture
def store(clock: Clock) -> MemoryState:
    """What Redis would hold; a test writes to it as somebody who got there."""
    return MemoryState(clock)


@pytest.fixture
def state(store: MemoryState, clock: Clock) -> SealedState:
    return SealedState(store, Sealer(b"r" * 32), clock)


@pytest.mark.parametrize("value", [{"person_id": "uann"}, True, 1, 1.5, "yes", ["a"], ""])
def test_n9_what_somebody_else_wrote_is_nothing(state: SealedState, store: MemoryState, value: Any) -> None:
    for key in ("link:x", PREFIX + "link:x"):
        store.put(key, value, 60)
    assert state.get("link:x") is None
    assert state.take("link:x") is None


def test_n9_a_value_of_another_name_or_installation_is_nothing(
    state: SealedState, store: MemoryState, clock: Clock
) -> None:
    state.put("link:mine", {"person_id": "uthief"}, 60)
    sealed = store.get(PREFIX + "link:mine")
    store.put(PREFIX + "link:victims", sealed, 60)
    assert state.get("link:victims") is None
    other = SealedState(store, Sealer(b"s" * 32), clock)
    assert other.get("link:mine") is None
    assert state.get("link:mine") == {"person_id": "uthief"}


def test_n9_a_value_that_is_put_back_after_its_time_is_nothing(
    state: SealedState, store: MemoryState, clock: Clock
) -> None:
    state.put("code:x", "a", 60)
    sealed = store.get(PREFIX + "code:x")
    clock.advance(66)
    store.put(PREFIX + "code:x", sealed, 3600)
    assert state.get("code:x") is None


def test_n9_nothing_can_be_read_by_whoever_reads_the_store(state: SealedState, store: MemoryState) -> None:
    state.put("recovery:waiting:x", {"new_address": "annegret@beispiel.example", "n": 471108154711}, 60)
    kept = store.get(PREFIX + "recovery:waiting:x")
    assert isinstance(kept, str)
    assert not any(part in readable(kept) for part in ("annegret", "beispiel", "471108154711", "new_address"))


def test_n9_two_puts_of_one_value_look_different(state: SealedState, store: MemoryState) -> None:
    kept = set()
    for _ in range(3):
        state.put("k", "v", 60)
        kept.add(store.get(PREFIX + "k"))
    assert len(kept) == 3


def test_n9_a_counter_is_no_value(state: SealedState) -> None:
    state.count("login:postponed:x", 60)
    assert state.get("login:postponed:x") is None
    assert state.count("login:postponed:x", 60, 0) == 1


def test_n9_an_upgrade_finds_old_values_run_out_and_the_release_before_finds_none_of_ours(
    state: SealedState, store: MemoryState
) -> None:
    store.put("link:old", {"person_id": "uann"}, 60)  # as the release before wrote it
    assert state.get("link:old") is None
    state.put("link:new", {"person_id": "uann"}, 60)
    assert store.get("link:new") is None  # where the release before looks


def test_n9_each_verb_is_one_look_at_the_store(state: SealedState) -> None:
    heard: list[str] = []
    state.observer = heard.append
    state.put("k", 1, 60), state.get("k"), state.add("k", 1, 60), state.take("k"), state.count("n", 60)
    assert heard == ["put", "get", "add", "take", "count"]


@pytest.mark.slow
def test_n9_a_forged_link_in_redis_signs_nobody_in(open_provider: Callable[..., Provider], redis_url: str) -> None:
    import redis

    from idp.ids import digest

    provider = open_provider(storage={"state_url": redis_url})
    ann = provider.add_person("ann")
    value = {"person_id": ann.id, "purpose": "reset", "stamp": ann.password_changed_at, "via": ""}
    client = redis.Redis.from_url(redis_url)
    for prefix in ("doorward:", f"doorward:{PREFIX}"):
        client.set(f"{prefix}link:{digest('dwl_forged')}", json.dumps(value), px=60000)
    browser = provider.browser()
    page = browser.get("setup/dwl_forged")
    assert (page.status, "This link no longer works" in page.dom.text) == (404, True)
    client.set(f"doorward:{PREFIX}link:{digest('dwl_forged')}", b'9999.AeVk"\xff', px=60000)  # not even JSON
    assert browser.get("setup/dwl_forged").status == 404
    mine = provider.add_person("thief")
    token = links.make(provider.services.state, mine, "reset", 60.0)
    assert browser.get(f"setup/{token}").status == 200
    kept = client.get(f"doorward:{PREFIX}link:{digest(token)}")
    assert mine.id.encode() not in kept
    client.set(f"doorward:{PREFIX}link:{digest('dwl_forged')}", kept, px=60000)  # under another name
    assert browser.get("setup/dwl_forged").status == 404
