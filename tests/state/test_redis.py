"""What is particular to state in Redis: one command a verb, short timeouts, fails closed, finds the server again."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from idp.state import StateUnavailable
from idp.state.redis import RedisState
from idp.state.sealed import PREFIX, SealedState
from keys.sealing import Sealer
from tests.backends import Redis
from tests.chaos.between import Between

pytestmark = pytest.mark.slow


@pytest.fixture
def server(run_pid: int) -> Iterator[Redis]:
    """A redis-server of the test's own, to be frozen and killed."""
    server = Redis(run_pid)
    yield server
    server.thaw()
    server.stop()


def calls(state: RedisState) -> list[Callable[[], object]]:
    return [
        lambda: state.put("k", 1, 60),
        lambda: state.get("k"),
        lambda: state.add("k", 1, 60),
        lambda: state.take("k"),
        lambda: state.count("n", 60),
        lambda: state.count("n", 60, by=0),
    ]


def test_every_verb_is_one_command(redis_url: str) -> None:
    """performance.md rule 1. INFO counts the commands that a script runs as well, so round trips are counted here."""
    state = RedisState(redis_url)
    state.get("warm up")
    watcher = redis.Redis.from_url(redis_url)
    for call in calls(state):
        before = watcher.info("commandstats")
        call()
        after = watcher.info("commandstats")
        new = {
            name: int(after[name]["calls"]) - int(before.get(name, {"calls": 0})["calls"])
            for name in after
            if name not in ("cmdstat_info", "cmdstat_incrby", "cmdstat_pttl", "cmdstat_pexpire")
        }
        assert sum(new.values()) == 1, new


def test_a_counter_always_has_a_time_to_live(redis_url: str) -> None:
    state = RedisState(redis_url)
    state.count("n", 60)
    state.count("n", 600)
    assert 59_000 < redis.Redis.from_url(redis_url).pttl("doorward:n") <= 60_000


def test_a_unix_socket_works(redis_server: Redis, redis_url: str) -> None:
    assert redis_url
    state = RedisState(redis_server.socket_url)
    state.put("k", "v", 60)
    assert state.get("k") == "v"


def test_state_refuses_within_its_timeout_when_redis_does_not_answer(server: Redis) -> None:
    """performance.md rule 13: connect 50 ms, command 250 ms, fail closed."""
    state = RedisState(server.url)
    state.put("k", 1, 60)
    server.freeze()
    for call in calls(state):
        begin = time.monotonic()
        with pytest.raises(StateUnavailable):
            call()
        assert time.monotonic() - begin < 0.75
    server.thaw()
    assert state.get("k") is not None


def test_state_refuses_at_once_when_nobody_takes_the_connection() -> None:
    """performance.md rule 13: a listener whose queue is full stands for a host that is off."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        begin = time.monotonic()
        with pytest.raises(StateUnavailable):
            RedisState(f"redis://127.0.0.1:{listener.getsockname()[1]}/0").get("k")
        assert time.monotonic() - begin < 0.3
        for each in fill:
            each.close()


def test_state_is_back_as_soon_as_redis_is(server: Redis) -> None:
    state = RedisState(server.url)
    state.put("k", 1, 60)
    server.stop()
    for call in calls(state):
        with pytest.raises(StateUnavailable):
            call()
    server.start()
    assert state.get("k") is None, "what was kept is lost, not the service"
    assert state.add("k", 2, 60)


def test_a_connection_closed_while_idle_costs_nobody_an_error(redis_url: str) -> None:
    state = RedisState(redis_url)
    state.put("k", 1, 60)
    watcher = redis.Redis.from_url(redis_url)
    watcher.client_kill_filter(_type="normal", skipme=True)
    assert state.take("k") == 1


def test_a_thread_has_one_connection_and_takes_it_along(redis_url: str) -> None:
    state, watcher = RedisState(redis_url), redis.Redis.from_url(redis_url)
    before = len(watcher.client_list())

    def ask() -> None:
        state.put("k", 1, 60)
        assert state.get("k") == 1

    for _ in range(5):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    gc.collect()
    ask()
    assert len(watcher.client_list()) == before + 1
    state.close()
    assert state.get("k") == 1


def test_what_redis_refuses_leaves_nothing_unread(redis_url: str) -> None:
    state = RedisState(redis_url)
    redis.Redis.from_url(redis_url).rpush("doorward:k", "a list")
    state.put("other", "good", 60)
    for _ in range(3):
        assert (state.get("k"), state.get("other")) == (None, "good")


def test_a_full_redis_refuses_and_does_not_pretend(redis_url: str) -> None:
    state = RedisState(redis_url)
    watcher = redis.Redis.from_url(redis_url)
    watcher.config_set("maxmemory", "1")
    try:
        for call in (lambda: state.put("k", 1, 60), lambda: state.add("k", 1, 60), lambda: state.count("n", 60)):
            with pytest.raises(StateUnavailable):
                call()
    finally:
        watcher.config_set("maxmemory", "0")


def test_the_password_is_not_in_the_error() -> None:
    with pytest.raises(StateUnavailable) as caught:
        RedisState("redis://:hunter2@127.0.0.1:1/0").get("k")
    assert "hunter2" not in str(caught.value)


def test_a_forked_process_has_connections_of_its_own(redis_url: str) -> None:
    state = RedisState(redis_url)
    state.put("k", "parent", 60)
    child = os.fork()
    if child == 0:
        ok = state.get("k") == "parent" and state.count("n", 60) == 1
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert state.count("n", 60) == 2


#: What somebody else may leave under a name of ours: no JSON, no UTF-8, thousands of brackets, half a value, a number.
JUNK = [b'9999.AeVk"', b"\xff\xfe\x00", b"", b"[" * 100_000, b'"9999.', b"1" * 5000, b'"\\ud800.x"', b"{}", b"null"]


@pytest.mark.parametrize("octets", JUNK, ids=range(len(JUNK)))
def test_n9_what_is_no_value_of_ours_in_redis_is_no_value(redis_url: str, octets: bytes) -> None:
    sealed, other = SealedState(RedisState(redis_url), Sealer(b"r" * 32), time.time), redis.Redis.from_url(redis_url)
    key = f"doorward:{PREFIX}link:x"
    other.set(key, octets)
    assert sealed.get("link:x") is None
    assert sealed.take("link:x") is None
    assert not other.exists(key)
    sealed.put("link:x", "mine", 60)
    assert sealed.get("link:x") == "mine"


def test_n9_a_list_or_a_word_under_a_name_of_ours_is_no_value_and_no_count(redis_url: str) -> None:
    state, other = RedisState(redis_url), redis.Redis.from_url(redis_url)
    for name in ("a", "b", "c"):
        other.rpush(f"doorward:{name}", "x")
    assert state.get("a") is None
    assert state.take("a") is None
    assert (state.count("b", 60, by=0), state.count("b", 60), state.count("b", 60)) == (0, 1, 2)
    state.put("c", 1, 60)
    assert state.get("c") == 1
    other.set("doorward:d", b"\xff many")
    assert (state.count("d", 60, by=0), state.count("d", 60)) == (0, 1)
    assert other.pttl("doorward:d") > 0


#: What brings a Redis to refuse changes: it follows another one, or none follows it.
REFUSES = {"a replica": "REPLICAOF 127.0.0.1 1", "alone": "CONFIG SET min-replicas-to-write 1"}


@pytest.mark.parametrize("how", REFUSES)
def test_H1_behind_one_address_the_server_that_stands_there_now_is_asked(run_pid: int, how: str) -> None:
    """A balancer leaves connections open to a master that was replaced: it refuses, and was asked for ever."""
    old, new = Redis(run_pid), Redis(run_pid)
    between = Between(old.port)
    state = RedisState(f"redis://127.0.0.1:{between.port}/0")
    state.put("k", "old", 60)
    state.count("n", 60)
    asked = redis.Redis.from_url(old.url)
    asked.execute_command(*REFUSES[how].split())
    for verb in (lambda: state.put("k", 1, 60), lambda: state.take("k"), lambda: state.count("n", 60),
                 lambda: state.add("x", 1, 60), lambda: state.forget("k")):  # fmt: skip
        with pytest.raises(StateUnavailable):  # nobody has taken its place yet
            verb()
    before = asked.info("commandstats")
    between._to = new.port
    assert state.count("n", 60) == 1
    assert state.add("x", 1, 60)
    assert state.forget("x") == 1
    assert asked.info("commandstats").get("cmdstat_eval") == before.get("cmdstat_eval")
    between.close()
    for server in (old, new):
        server.stop()
