"""The contract of `idp.state.State`, held by every backend."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from idp.db import Database
from idp.state import State, open_state
from idp.state import sql as state_sql
from idp.state.memory import MemoryState
from idp.state.sealed import SealedState
from keys.sealing import Sealer
from tests.backends import Clock, create_tables

THREADS = 32
PROCESSES = 4
UNICODE = "schlüssel:ключ:鍵:🔑"

slow = pytest.mark.slow
SQLITE, POSTGRESQL, REDIS = "sql-sqlite", pytest.param("sql-postgresql", marks=slow), pytest.param("redis", marks=slow)


@dataclass
class Backend:
    """One backend, and how a test lets time pass on it.

    On Redis it passes by itself: what must not be over yet has two seconds, for a machine that has other things to do.
    """

    name: str
    state: State
    url: str
    pass_time: Callable[[float], None]


@pytest.fixture(params=["memory", "sealed", SQLITE, POSTGRESQL, REDIS])
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Backend]:
    """Every backend in turn; the clock is the test's own where the backend takes one."""
    if request.param == "memory":
        yield Backend("memory", MemoryState(clock), "", clock.advance)
        return
    if request.param == "sealed":  # as every room has it, before whichever store
        yield Backend("sealed", SealedState(MemoryState(clock), Sealer(b"r" * 32), clock), "", clock.advance)
        return
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        state = open_state(url, Database("sqlite://"), clock)
        yield Backend("redis", state, url, time.sleep)
    else:
        sqlite = f"sqlite:///{tmp_path}/state.db"
        url = sqlite if request.param == "sql-sqlite" else request.getfixturevalue("postgresql_url")
        database = Database(url)
        create_tables(url, state_sql.metadata)
        state = open_state("", database, clock)
        yield Backend(request.param, state, url, clock.advance)
    state.close()


def race(contest: Callable[[int], Any]) -> list[Any]:
    """Run `contest` in 32 threads at the same moment; answers what each got."""
    barrier = Barrier(THREADS)

    def enter(number: int) -> Any:
        barrier.wait()
        return contest(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(enter, range(THREADS)))


# -- the five verbs --------------------------------------------------------------------------------------------------


def test_a_value_is_there_until_its_time_is_over(backend: Backend) -> None:
    backend.state.put("code:1", {"sub": "anna"}, 2)
    assert backend.state.get("code:1") == {"sub": "anna"}
    backend.pass_time(2.1)
    assert backend.state.get("code:1") is None


def test_put_replaces_the_value_and_its_time(backend: Backend) -> None:
    backend.state.put("k", "old", 0.2)
    backend.state.put("k", "new", 60)
    backend.pass_time(0.3)
    assert backend.state.get("k") == "new"


def test_get_of_an_unknown_key_is_none(backend: Backend) -> None:
    assert backend.state.get("nothing") is None


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, None, True, "ß\u0000\U0001f511"]}, [], "text", 7, 0, False, {"nested": {"deep": [[]]}}]
)
def test_json_values_come_back_as_they_went(backend: Backend, value: Any) -> None:
    backend.state.put("k", value, 60)
    assert backend.state.get("k") == value
    assert backend.state.take("k") == value


def test_what_is_not_json_is_refused(backend: Backend) -> None:
    with pytest.raises(TypeError):
        backend.state.put("k", b"bytes", 60)
    with pytest.raises(ValueError, match="JSON"):
        backend.state.put("k", float("nan"), 60)
    assert backend.state.get("k") is None


def test_a_value_of_60_kilobytes_fits(backend: Backend) -> None:
    value = {"blob": "ü" * 30_000, "tail": "x" * 30_000}
    backend.state.put("big", value, 60)
    assert backend.state.get("big") == value
    assert backend.state.take("big") == value


def test_keys_may_be_unicode_and_512_characters_long(backend: Backend) -> None:
    for key in (UNICODE, "é" * 512, "a%sb%(x)s:c'\"\\", "e\u0301"):
        assert backend.state.add(key, key, 60)
        assert backend.state.get(key) == key
    assert backend.state.get("\u00e9") is None, "keys are compared as they are, not normalised"


@pytest.mark.parametrize("key", ["", "x" * 513, "a\0b"])
def test_a_key_that_not_every_backend_can_keep_is_refused(backend: Backend, key: str) -> None:
    for call in (
        lambda: backend.state.put(key, 1, 60),
        lambda: backend.state.get(key),
        lambda: backend.state.add(key, 1, 60),
        lambda: backend.state.take(key),
        lambda: backend.state.count(key, 60),
    ):
        with pytest.raises(ValueError, match="512"):
            call()


def test_add_puts_only_where_nothing_is(backend: Backend) -> None:
    assert backend.state.add("spent:1", 1, 60) is True
    assert backend.state.add("spent:1", 2, 60) is False
    assert backend.state.get("spent:1") == 1
    backend.state.put("put", 1, 60)
    assert backend.state.add("put", 2, 60) is False


def test_add_takes_the_place_of_what_has_expired(backend: Backend) -> None:
    assert backend.state.add("k", "old", 0.2)
    backend.pass_time(0.3)
    assert backend.state.add("k", "new", 60)
    assert backend.state.get("k") == "new"


def test_a_refused_add_does_not_prolong_the_first(backend: Backend) -> None:
    assert backend.state.add("k", 1, 2)
    backend.state.add("k", 2, 60)
    backend.pass_time(2.1)
    assert backend.state.get("k") is None


def test_take_answers_once(backend: Backend) -> None:
    backend.state.put("k", [1], 60)
    assert backend.state.take("k") == [1]
    assert backend.state.take("k") is None
    assert backend.state.get("k") is None


def test_take_does_not_answer_what_has_expired(backend: Backend) -> None:
    backend.state.put("k", 1, 0.2)
    backend.pass_time(0.3)
    assert backend.state.take("k") is None


def test_count_adds_and_by_zero_only_reads(backend: Backend) -> None:
    assert backend.state.count("n", 60, by=0) == 0
    assert backend.state.get("n") is None, "reading makes no counter"
    assert [backend.state.count("n", 60) for _ in range(3)] == [1, 2, 3]
    assert backend.state.count("n", 60, by=10) == 13
    assert backend.state.count("n", 60, by=-3) == 10
    assert backend.state.count("n", 60, by=0) == 10
    backend.state.take("n")
    assert backend.state.count("n", 60, by=0) == 0


def test_the_first_addition_starts_the_time_of_a_counter(backend: Backend) -> None:
    backend.state.count("n", 2.5)
    backend.pass_time(0.5)
    assert backend.state.count("n", 2.5) == 2
    backend.pass_time(2.1)
    assert backend.state.count("n", 2.5, by=0) == 0, "the second addition did not prolong it"
    assert backend.state.count("n", 60) == 1, "and it starts again from nothing"
    backend.pass_time(2.6)
    assert backend.state.count("n", 0.1) == 2, "with the new time"


def test_a_ttl_of_nothing_keeps_nothing(backend: Backend) -> None:
    for ttl in (0, -5):
        backend.state.put("k", 1, ttl)
        backend.pass_time(0.01)
        assert backend.state.get("k") is None


# -- races -----------------------------------------------------------------------------------------------------------


def test_S6_of_32_racing_adds_one_wins(backend: Backend) -> None:
    for number in range(5):
        key = f"add:{number}"
        assert sum(race(lambda me, key=key: backend.state.add(key, me, 60))) == 1  # type: ignore[misc]
        assert backend.state.get(key) is not None


def test_S6_of_32_racing_adds_over_an_expired_one_one_wins(backend: Backend) -> None:
    backend.state.put("k", "old", 0.05)
    backend.pass_time(0.1)
    wins = race(lambda me: backend.state.add("k", me, 60))
    assert sum(wins) == 1
    assert backend.state.get("k") == wins.index(True), "the winner's value stays"


def test_S6_of_32_racing_takes_one_gets_the_value(backend: Backend) -> None:
    for number in range(5):
        key = f"take:{number}"
        backend.state.put(key, "prize", 60)
        answers = race(lambda _, key=key: backend.state.take(key))  # type: ignore[misc]
        assert sorted(answers, key=str) == [None] * (THREADS - 1) + ["prize"]


def test_32_racing_counts_lose_no_addition(backend: Backend) -> None:
    answers = race(lambda _: [backend.state.count("n", 60) for _ in range(5)])
    assert sorted(n for each in answers for n in each) == list(range(1, THREADS * 5 + 1))
    assert backend.state.count("n", 60, by=0) == THREADS * 5


def _compete(name: str, url: str, verb: str, keys: list[str], start: Any, results: Any) -> None:
    """One of the racing processes: tries every key; reports the ones it won."""
    state = open_state(url if name == "redis" else "", Database("sqlite://" if name == "redis" else url), time.time)
    state.get("warm up")
    start.wait(60)
    if verb == "add":
        results.put([key for key in keys if state.add(key, 1, 60)])
    else:
        results.put([key for key in keys if state.take(key) is not None])


@slow
@pytest.mark.parametrize("backend", [SQLITE, POSTGRESQL, REDIS], indirect=True)
@pytest.mark.parametrize("verb", ["add", "take"])
def test_S6_of_4_racing_processes_one_wins(backend: Backend, verb: str) -> None:
    keys = [f"{verb}:{number}" for number in range(100)]
    if verb == "take":
        for key in keys:
            backend.state.put(key, 1, 60)
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(PROCESSES), context.Queue()
    args = (backend.name, backend.url, verb, keys, start, results)
    processes = [context.Process(target=_compete, args=args) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    won = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(10)
        assert process.exitcode == 0
    assert sorted(key for each in won for key in each) == sorted(keys), "each key was won exactly once"


# -- upkeep ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["memory", SQLITE, POSTGRESQL], indirect=True)
def test_sweep_deletes_expired_entries_up_to_its_limit(backend: Backend) -> None:
    for number in range(25):
        backend.state.put(f"old:{number}", number, 10)
    backend.state.put("young", 1, 1000)
    assert backend.state.sweep() == 0, "nothing has expired yet"
    backend.pass_time(11)
    assert [backend.state.sweep(limit=10) for _ in range(4)] == [10, 10, 5, 0]
    assert backend.state.get("young") == 1


@slow
@pytest.mark.parametrize("backend", [REDIS], indirect=True)
def test_redis_forgets_by_itself(backend: Backend) -> None:
    import redis

    backend.state.put("k", 1, 0.05)
    backend.state.count("n", 0.05)
    time.sleep(0.2)
    assert backend.state.sweep() == 0
    assert redis.Redis.from_url(backend.url).dbsize() == 0


def test_the_observer_hears_each_verb_once(backend: Backend) -> None:
    heard: list[str] = []
    backend.state.observer = heard.append
    backend.state.put("k", 1, 60)
    backend.state.get("k")
    backend.state.add("k", 1, 60)
    backend.state.take("k")
    backend.state.count("n", 60)
    backend.state.count("n", 60, by=0)
    backend.state.sweep()
    assert heard == ["put", "get", "add", "take", "count", "count", "sweep"]
