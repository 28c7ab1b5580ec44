"""H1: State in Redis under Sentinels and in a Cluster: the same five verbs, and another master when one is gone."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.config.several_hosts import place_of
from idp.state import StateUnavailable
from idp.state.advice import faults
from idp.state.redis import RedisState
from tests.ha.groups import Cluster, Group, Node, Sentinels, eventually


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "service", "one"),
    [
        ("redis://u:p@h:1/2", "one", (), "", "redis://u:p@h:1/2"),
        ("redis+sentinel://a,b:7/m", "sentinel", (("a", 26379), ("b", 7)), "m", "redis://a:26379/0"),
        ("rediss+sentinel://u:p%2C@a:1/m/3?ssl_ca_certs=/ca", "sentinel", (("a", 1),), "m",
         "rediss://u:p%2C@a:1/3?ssl_ca_certs=/ca"),
        ("redis+cluster://:p@[::1]:1,[::2]", "cluster", (("::1", 1), ("::2", 6379)), "", "redis://:p@[::1]:1/0"),
        ("redis+cluster://a/0", "cluster", (("a", 6379),), "", "redis://a:6379/0"),
    ],
    ids=range(5),
)  # fmt: skip
def test_H1_urls_of_several_hosts(url: str, kind: str, hosts: object, service: str, one: str) -> None:
    place = place_of(url)
    assert (place.kind, place.hosts, place.service, place.url) == (kind, hosts, service, one)


@pytest.mark.parametrize(
    "url",
    ["redis+sentinel://a,b", "redis+sentinel://a/", "redis+sentinel:///m", "redis+sentinel://a/m/x", "redis+cluster://",
     "redis+cluster://a/1", "redis+cluster://a:99999", "redis+cluster://a,,b",
     "redis+else://a", "redis+sentinel://a b/m"],
    ids=range(10),
)  # fmt: skip
def test_H1_urls_that_name_no_place(url: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        place_of(url)


@pytest.mark.slow
def test_H1_the_verbs_and_their_races(group: Sentinels | Cluster) -> None:
    state, keys = RedisState(group.url), [f"k:{number}" for number in range(40)]
    with ThreadPoolExecutor(16) as threads:
        for key in keys[:8]:  # of all slots
            assert sorted(threads.map(lambda _, key=key: state.add(key, "v", 60), range(16)))[-2:] == [False, True]  # type: ignore[misc]
            assert [*threads.map(lambda _, key=key: state.take(key), range(16))].count("v") == 1  # type: ignore[misc]
            assert max(threads.map(lambda _, key=key: state.count(key, 60), range(16))) == 16  # type: ignore[misc]
            assert state.count(key, 60, by=0) == 16
    for key in keys:
        state.take(key)
        state.put(key, {"n": key}, 60)
    assert [state.get(key) for key in keys] == [{"n": key} for key in keys]
    assert state.forget("k:*", but="k:1*") == 29
    state.put("short", 1, 0.001)
    eventually(lambda: state.get("short") is None)
    assert not [fault for facts in state.facts() for fault in faults(facts) if fault.field != "save"]
    state.close()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_H1_another_master_takes_over_and_nothing_is_done_twice(group: Sentinels | Cluster, how: str) -> None:
    state = RedisState(group.url)
    keys = [secrets.token_hex(4) for _ in range(40)]
    for key in keys:
        assert state.add(key, "spent", 600)
    master = group.master()
    _replicated(group)
    (master.kill if how == "kill" else master.freeze)()
    asked = dict.fromkeys(keys, 0)

    def counted(key: str) -> bool:
        asked[key] += 1
        try:
            return state.count(f"n:{key}", 600) > 0
        except StateUnavailable:
            return False

    for key in keys:
        eventually(lambda key=key: counted(key))  # type: ignore[misc]
    for key in keys:
        assert not state.add(key, "again", 600)  # what was spent is spent
        assert 1 <= state.count(f"n:{key}", 600, by=0) <= asked[key]  # no command was sent once more by the library
    if how == "freeze":
        master.thaw()
        assert not any(state.add(key, "again", 600) for key in keys)  # it is back, and nobody asks it
        eventually(lambda: _is_replica(master))
    state.close()


@pytest.mark.slow
def test_H1_a_master_that_was_replaced_takes_nothing_from_connections_that_are_open(run_pid: int) -> None:
    """At the other side of a broken network it goes on as master, and a code that was used would be good there."""
    group = Sentinels(run_pid)
    state, other = RedisState(group.url), RedisState(group.url)  # another process, of which nobody asks meanwhile
    master = group.master()
    with ThreadPoolExecutor(1) as thread:
        for store in (state, other):
            assert thread.submit(store.get, "k").result() is None  # a thread's own connection
        master.freeze()
        eventually(lambda: group.master() is not master)
        eventually(lambda: _takes(state))
        assert state.add("code", "spent", 600)
        master.thaw()
        assert master.client.info("replication")["role"] == "master"  # nobody has told it yet
        for store in (state, other):
            assert not thread.submit(store.add, "code", "spent", 600).result()
    for store in (state, other):
        store.close()
    group.close()


@pytest.mark.slow
def test_H1_the_sentinels_are_asked_once_a_second_and_their_last_word_counts_while_they_are_gone(run_pid: int) -> None:
    group = Sentinels(run_pid)
    state = RedisState(group.url)
    state.put("k", 1, 60)
    for sentinel in group.sentinels:
        sentinel.kill()
    assert state._direct is not None
    assert state._direct._master is not None
    state._direct._master.forget()
    assert [state.get("k") for _ in range(3)] == [1, 1, 1]
    assert state._direct._master._due > time.monotonic()
    state.close()
    group.close()


@pytest.mark.slow
def test_H1_a_group_that_is_not_there_yet_stops_no_start(group: Sentinels | Cluster) -> None:
    """Nor does a Sentinel that is gone."""
    state, gone = RedisState(group.url), group.nodes if isinstance(group, Cluster) else group.sentinels
    for node in gone:
        node.kill()
    with pytest.raises(StateUnavailable):
        state.get("k")
    for node in gone if isinstance(group, Cluster) else gone[1:]:
        node.start()
    eventually(lambda: _takes(state))
    state.close()


def _takes(state: RedisState) -> bool:
    try:
        state.put("k", 1, 60)
    except StateUnavailable:
        return False
    return True


def _replicated(group: Group) -> None:
    """Replicas have all that was written up to here: each follows its master's log in its order."""
    for node in group.nodes:
        info = node.client.info("replication")
        if info.get("role") == "master" and info["connected_slaves"]:
            eventually(lambda node=node: _has_caught_up(node))  # type: ignore[misc]


def _has_caught_up(master: Node) -> bool:
    info = master.client.info("replication")
    offsets = [info[f"slave{number}"]["offset"] for number in range(info["connected_slaves"])]
    return bool(offsets) and min(offsets) >= info["master_repl_offset"]


def _is_replica(node: Node) -> bool:
    return bool(node.client.info("replication")["role"] == "slave")
