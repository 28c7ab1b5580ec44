"""The contract of `idp.db.Database`, held over SQLite and PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from idp.db import Conflict, Database, Unavailable, durability, joined
from idp.db.unhurried import unhurried
from tests.backends import PostgreSQL, create_tables, start_postgresql

THREADS = 8

metadata = MetaData()
thing = Table(
    "thing",
    metadata,
    Column("id", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("at", Double),
    Column("raw", LargeBinary),
    Column("parent", Text, ForeignKey("thing.id")),
)

ADD = insert(thing).values(
    id=bindparam("id"),
    n=bindparam("n"),
    at=bindparam("at", None),
    raw=bindparam("raw", None),
    parent=bindparam("parent", None),
)
GET = select(thing.c.id, thing.c.n, thing.c.at, thing.c.raw, thing.c.parent).where(thing.c.id == bindparam("id"))
GET_LOCKED = select(thing.c.n).where(thing.c.id == bindparam("id")).with_for_update()
LIST = select(thing.c.id).order_by(thing.c.id)
SET = update(thing).where(thing.c.id == bindparam("key")).values(n=bindparam("n"))
INCREMENT = update(thing).where(thing.c.id == bindparam("key")).values(n=thing.c.n + 1).returning(thing.c.n)
REMOVE_ALL = delete(thing).returning(thing.c.id)
DEFAULTED = select(literal(7).label("seven"), bindparam("other", "x", Text).label("other"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    create_tables(database_url, metadata)
    database = Database(database_url)
    yield database
    database.close()


def add(database: Database, *ids: str) -> None:
    for each in ids:
        database.run(ADD, id=each, n=0, at=None, raw=None, parent=None)


def ids(database: Database) -> list[str]:
    return [row.id for row in database.all(LIST)]


# -- one, all, run ---------------------------------------------------------------------------------------------------


def test_rows_come_back_as_named_tuples_of_what_went_in(database: Database) -> None:
    values: dict[str, Any] = {
        "id": "ключ'%(x)s:y",
        "n": 2**40,
        "at": 1767225600.123456,
        "raw": b"\0\xff",
        "parent": None,
    }
    assert database.run(ADD, **values) == 1
    row = database.one(GET, id=values["id"])
    assert row._asdict() == values
    assert isinstance(row.raw, bytes)
    assert isinstance(row.at, float)


def test_one_answers_none_and_all_an_empty_list_where_nothing_is(database: Database) -> None:
    assert database.one(GET, id="nothing") is None
    assert database.all(LIST) == []


def test_run_answers_how_many_rows_it_touched(database: Database) -> None:
    add(database, "a")
    assert database.run(SET, key="a", n=5) == 1
    assert database.run(SET, key="nobody", n=5) == 0


def test_a_change_may_return_rows(database: Database) -> None:
    add(database, "a", "b")
    assert database.one(INCREMENT, key="a").n == 1
    assert sorted(row.id for row in database.all(REMOVE_ALL)) == ["a", "b"]
    assert ids(database) == []


def test_values_that_an_expression_carries_need_not_be_passed(database: Database) -> None:
    assert database.one(DEFAULTED)._asdict() == {"seven": 7, "other": "x"}
    assert database.one(DEFAULTED, other="y").other == "y"


def test_one_of_many_rows_holds_nobody_up(database: Database) -> None:
    """A statement that was not read to its end would keep its lock, and the change it made would not be committed."""
    add(database, "a", "b", "c")
    assert database.one(REMOVE_ALL).id in ("a", "b", "c")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(add, database, "d").result(timeout=3)
        assert pool.submit(ids, database).result(timeout=3) == ["d"]


def test_run_of_a_change_that_returns_rows_counts_them_and_holds_nobody_up(database: Database) -> None:
    add(database, "a", "b", "c")
    assert database.run(REMOVE_ALL) == 3
    with ThreadPoolExecutor(1) as pool:
        pool.submit(add, database, "d").result(timeout=3)


def test_an_expression_is_compiled_once(database: Database) -> None:
    assert database.compiled(GET) is database.compiled(GET)


# -- transactions ----------------------------------------------------------------------------------------------------


def test_a_transaction_commits_at_its_end(database: Database) -> None:
    with database.transaction() as tx:
        tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)
        assert tx.one(GET, id="a").n == 1, "it sees its own change"
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(ids, database).result(timeout=3) == [], "nobody else sees it yet"
    assert ids(database) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Unavailable])
def test_a_transaction_rolls_back_on_any_exception(database: Database, error: type[BaseException]) -> None:
    def fail() -> None:
        with database.transaction() as tx:
            tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)
            raise error

    with pytest.raises(error):
        fail()
    assert ids(database) == []
    add(database, "b")
    assert ids(database) == ["b"], "and the connection is good for the next one"


def test_a_violated_key_is_a_conflict_and_rolls_back(database: Database) -> None:
    add(database, "a")
    with pytest.raises(Conflict):
        add(database, "a")
    with pytest.raises(Conflict):
        database.run(ADD, id="b", n=1, at=None, raw=None, parent="nobody")

    def twice() -> None:
        with database.transaction() as tx:
            tx.run(SET, key="a", n=9)
            tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)

    with pytest.raises(Conflict):
        twice()
    assert database.one(GET, id="a").n == 0
    assert ids(database) == ["a"]


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/doorward.db"
    create_tables(url, metadata)
    database = Database(url)

    def orphan() -> None:
        with database.transaction() as tx:
            tx._cursor.execute("PRAGMA defer_foreign_keys=ON")
            tx.run(ADD, id="a", n=1, at=None, raw=None, parent="nobody")

    with pytest.raises(Conflict):
        orphan()
    add(database, "b")
    assert ids(database) == ["b"]


def test_what_would_wait_for_itself_inside_a_transaction_is_refused_at_once(database: Database) -> None:
    with database.transaction() as tx:
        tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)
        with pytest.raises(RuntimeError, match="tx"):
            add(database, "b")
        with pytest.raises(RuntimeError, match="nest"), database.transaction():
            raise AssertionError("never begun")
        assert tx.one(GET, id="a").n == 1, "the outer one goes on"
    assert ids(database) == ["a"]
    add(database, "b")


def test_durable_or_not_a_change_is_there(database: Database) -> None:
    """performance.md rule 9: NORMAL for codes and sessions, FULL for people, keys, revocations."""
    for number, durable in enumerate([True, False, False, True, False]):
        database.run(ADD, id=f"r{number}", n=1, at=None, raw=None, parent=None, durable=durable)
        with database.transaction(durable=durable) as tx:
            tx.run(ADD, id=f"t{number}", n=1, at=None, raw=None, parent=None)
    assert len(ids(database)) == 10


def test_durable_sets_what_the_store_promises(database: Database) -> None:
    """performance.md rule 9, read back from the store itself."""

    def promised(durable: bool) -> str:
        with database.transaction(durable=durable) as tx:
            tx.run(SET, key="x", n=1)
            if database.name == "postgresql":
                tx._cursor.execute("SHOW synchronous_commit")
                return str(tx._cursor.fetchone()[0])
            before = database._commits.syncs
        return "on" if database._commits.syncs > before else "off"

    assert promised(False) == "off"
    assert promised(True) == "on"
    assert promised(False) == "off"


TELLING = insert(thing).values(id=func.current_setting("synchronous_commit"), n=0).returning(thing.c.id)


def test_a_single_change_is_durable_unless_said_otherwise(database: Database) -> None:
    if database.name == "postgresql":
        assert [database.one(TELLING).id, database.one(TELLING, durable=False).id] == ["on", "off"]
        return
    add(database, "first")
    before = database._commits.syncs
    add(database, "a")
    assert database._commits.syncs == before + 1
    database.run(INCREMENT, key="a", durable=False)
    assert database._commits.syncs == before + 1


def test_what_only_reads_waits_for_no_disk(database: Database) -> None:
    if database.name != "sqlite":
        pytest.skip("PostgreSQL sees to it")
    add(database, "a")
    before = database._commits.syncs
    with database.transaction() as tx:
        assert tx.one(GET, id="a").n == 0
    assert database._commits.syncs == before
    assert database.run(INCREMENT, key="none") == 0  # a change of nothing may sync; it must not fail


def test_those_who_commit_while_the_disk_is_busy_share_one_sync(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is synced by a sync that began after its commit; 8 waiters need two at most beside the one under way."""
    if database.name != "sqlite":
        pytest.skip("PostgreSQL sees to it")
    add(database, "first")
    synced, real = [], durability.sync_file
    busy, free = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        synced.append(ids(database))
        if len(synced) == 1:
            busy.set()
            assert free.wait(10)
        real(descriptor)

    monkeypatch.setattr(durability, "sync_file", slow)
    with ThreadPoolExecutor(THREADS + 1) as pool:
        leader = pool.submit(add, database, "leader")
        assert busy.wait(10)
        others = [pool.submit(add, database, f"other{n}") for n in range(THREADS)]
        while len(ids(database)) < THREADS + 2:
            time.sleep(0.01)
        assert not any(other.done() for other in others), "committed, and not yet safe"
        free.set()
        for each in (leader, *others):
            each.result(timeout=10)
    assert len(synced) <= 3
    assert len(synced[-1]) == THREADS + 2


def test_a_log_that_cannot_be_synced_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if database.name != "sqlite":
        pytest.skip("PostgreSQL sees to it")
    add(database, "a")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durability, "sync_file", full)
    with pytest.raises(Unavailable, match="No space left"):
        add(database, "b")
    with pytest.raises(Unavailable, match="No space left"), database.transaction() as tx:
        tx.run(SET, key="x", n=1)


# -- threads ---------------------------------------------------------------------------------------------------------


def at_once(work: Callable[[], object]) -> None:
    """Run `work` in 8 threads at the same moment."""
    barrier = threading.Barrier(THREADS)

    def run() -> None:
        barrier.wait()
        work()

    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(run) for _ in range(THREADS)]:
            each.result(timeout=60)


def test_each_thread_has_a_connection_of_its_own(database: Database) -> None:
    seen = []
    at_once(lambda: seen.append(database._connection()))
    assert len({id(each) for each in seen}) == THREADS
    assert database._connection() is database._connection()


def test_racing_increments_lose_nothing(database: Database) -> None:
    add(database, "a")

    def work() -> None:
        for _ in range(20):
            database.run(INCREMENT, key="a", durable=False)

    at_once(work)
    assert database.one(GET, id="a").n == THREADS * 20


def test_racing_transactions_that_read_then_write_lose_nothing(database: Database) -> None:
    """SQLite: BEGIN IMMEDIATE takes the write lock before the read; PostgreSQL: the row is read FOR UPDATE."""
    add(database, "a")

    def work() -> None:
        for _ in range(20):
            with database.transaction(durable=False) as tx:
                n = tx.one(GET_LOCKED, id="a").n
                time.sleep(0.0005)
                tx.run(SET, key="a", n=n + 1)

    at_once(work)
    assert database.one(GET, id="a").n == THREADS * 20


def test_a_thread_reads_while_another_writes(database: Database) -> None:
    add(database, "a")
    with database.transaction() as tx, ThreadPoolExecutor(1) as pool:
        tx.run(SET, key="a", n=5)
        assert pool.submit(lambda: database.one(GET, id="a").n).result(timeout=3) == 0


# -- away and back ---------------------------------------------------------------------------------------------------


def test_a_store_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Database(f"sqlite:///{tmp_path}").one(DEFAULTED)
    with pytest.raises(Unavailable) as caught:
        Database("postgresql://anna:hunter2@127.0.0.1:1/none").one(DEFAULTED)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "not.db").write_bytes(b"This is not a database, whatever its name says. " * 100)
    with pytest.raises(Unavailable):
        Database(f"sqlite:///{tmp_path}/not.db").one(DEFAULTED)


def test_sqlite_held_by_another_process_past_the_limit_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.db.connecting.BUSY_MS", 100)
    url = f"sqlite:///{tmp_path}/doorward.db"
    create_tables(url, metadata)
    ours, other = Database(url), Database(url)
    with other.transaction():
        with pytest.raises(Unavailable):
            add(ours, "a")
        with pytest.raises(Unavailable), ours.transaction():
            raise AssertionError("never begun")
    add(ours, "a")
    assert ids(ours) == ["a"]


def terminate_all(url: str, which: str = "true") -> None:
    """End every connection (or those `which`) to the database of `url`, as a restart or a failover does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            b"SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity"
            + f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}".encode()
        )


@pytest.fixture
def grown(postgresql_url: str) -> Database:
    create_tables(postgresql_url, metadata)
    return Database(postgresql_url)


@pytest.mark.slow
def test_a_read_survives_a_connection_that_died_while_idle(grown: Database) -> None:
    add(grown, "a")
    terminate_all(grown.url)
    assert ids(grown) == ["a"]


@pytest.mark.slow
def test_a_write_goes_past_a_connection_that_died_while_idle(grown: Database) -> None:
    """It is noticed before anything is sent, so nothing can be done twice."""
    add(grown, "a")
    terminate_all(grown.url)
    add(grown, "b")
    terminate_all(grown.url)
    with grown.transaction() as tx:
        tx.run(ADD, id="c", n=1, at=None, raw=None, parent=None)
    assert ids(grown) == ["a", "b", "c"]


@pytest.mark.slow
def test_a_write_whose_connection_dies_under_it_is_unavailable_and_the_next_one_works(grown: Database) -> None:
    """The write is not repeated on its own: nobody knows whether the server had done it."""
    other, failures = Database(grown.url), []

    def write() -> None:
        try:
            add(grown, "a")
        except Unavailable as error:
            failures.append(error)

    with other.transaction() as tx:
        tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)
        waiting = threading.Thread(target=write)
        waiting.start()
        deadline = time.monotonic() + 10
        while not failures and time.monotonic() < deadline:
            terminate_all(grown.url, "wait_event_type = 'Lock'")  # the one that waits for our transaction
            time.sleep(0.02)
        waiting.join()
        tx.run(ADD, id="b", n=1, at=None, raw=None, parent=None)
    assert len(failures) == 1
    add(grown, "c")
    assert ids(grown) == ["a", "b", "c"]


@pytest.mark.slow
def test_a_connection_that_dies_within_a_transaction_rolls_it_back(grown: Database) -> None:
    def work() -> None:
        with grown.transaction() as tx:
            tx.run(ADD, id="a", n=1, at=None, raw=None, parent=None)
            terminate_all(grown.url)
            tx.run(ADD, id="b", n=1, at=None, raw=None, parent=None)

    with pytest.raises(Unavailable):
        work()
    assert ids(grown) == []
    with grown.transaction() as tx:
        tx.run(ADD, id="c", n=1, at=None, raw=None, parent=None)
    assert ids(grown) == ["c"]


@pytest.fixture
def cluster(run_pid: int) -> Iterator[PostgreSQL]:
    """A PostgreSQL of the test's own, to be stopped and started."""
    cluster = start_postgresql(run_pid)
    yield cluster
    cluster.stop()


@pytest.mark.slow
def test_a_server_that_is_away_is_unavailable_and_back_it_works_again(cluster: PostgreSQL) -> None:
    create_tables(cluster.url(), metadata)
    database = Database(cluster.url())
    add(database, "a")
    cluster.stop()
    for _ in range(2):
        with pytest.raises(Unavailable):
            ids(database)
        with pytest.raises(Unavailable):
            add(database, "b")
        with pytest.raises(Unavailable), database.transaction():
            raise AssertionError("never begun")
    cluster.start()
    assert ids(database) == ["a"], "what was committed durably is there after the crash"
    add(database, "c")
    assert ids(database) == ["a", "c"]


# -- verbs that take part in an open transaction ---------------------------------------------------------------------

REST: dict[str, Any] = {"at": None, "raw": None, "parent": None}


def test_c5_what_opens_a_transaction_of_its_own_takes_part_in_one_that_is_open(database: Database) -> None:
    def verb(within: Database, id: str) -> int:
        with within.transaction() as tx:
            tx.run(ADD, id=id, n=1, **REST)
        return int(within.run(ADD, id=f"{id}-beside", n=1, **REST, durable=False)) + len(within.all(LIST))

    with database.transaction() as tx:
        assert verb(joined(tx), "a") == 3
        assert verb(joined(tx), "b") == 5
    assert len(database.all(LIST)) == 4


def _fail(within: Database, *, inside: bool) -> None:
    with within.transaction() as tx:
        tx.run(ADD, id="a", n=1, **REST)
        if inside:
            raise ValueError("too late")
    raise ValueError("too late")


@pytest.mark.parametrize("inside", [True, False])
def test_c5_the_outer_transaction_takes_back_what_took_part_in_it(database: Database, inside: bool) -> None:
    with pytest.raises(ValueError, match="too late"), database.transaction() as tx:
        _fail(joined(tx), inside=inside)
    assert database.all(LIST) == []
    database.run(ADD, id="c", n=1, **REST)  # nothing is left open
    assert len(database.all(LIST)) == 1


def _add_twice(within: Database) -> None:
    for _ in range(2):
        within.run(ADD, id="a", n=1, **REST)


def test_c5_a_violated_key_ends_the_whole(database: Database) -> None:
    with pytest.raises(Conflict), database.transaction() as tx:
        _add_twice(joined(tx))
    assert database.all(LIST) == []


# -- many rows at once -----------------------------------------------------------------------------------------------


def test_many_rows_are_loaded_as_they_would_be_one_by_one(database: Database) -> None:
    odd = ("tab\there", "line\nbreak\r", "back\\slash \\N", "\\.", "ключ'\"%(x)s:y", "", "👩🏽‍💻")
    rows = [
        {"id": f"{n}{text}", "n": 2**40 + n, "at": 1.5 if n % 2 else None, "parent": None} for n, text in enumerate(odd)
    ]
    with database.transaction() as tx:
        tx.load(thing, [])
        tx.load(thing, rows)
    for row in rows:
        found = database.one(GET, id=row["id"])
        assert found is not None, row
        assert (found.id, found.n, found.at, found.parent) == tuple(row.values())


def test_what_is_loaded_is_rolled_back_with_its_transaction(database: Database) -> None:
    add(database, "here")
    with pytest.raises(Conflict), database.transaction() as tx:
        tx.load(thing, [{"id": "new", "n": 1}, {"id": "here", "n": 1}])
    assert ids(database) == ["here"]


def test_no_limit_of_a_statements_time_breaks_loading_off(database: Database) -> None:
    if database.name != "postgresql":
        pytest.skip("SQLite has none")
    asked = select(func.current_setting("statement_timeout").label("limit"))
    limit = database.one(asked).limit
    with database.transaction() as tx:
        tx.load(thing, [{"id": "a", "n": 1}])
        assert tx.one(asked).limit == "0"
    assert database.one(asked).limit == limit != "0"


def test_H3_a_connection_that_goes_as_it_is_opened_costs_its_thread_nothing_more(database: Database) -> None:
    database.close()
    cursor_of, gone = database._cursor_of, [True]

    def once(connection: Any) -> Any:
        if gone.pop() if gone else False:
            raise database._errors.OperationalError("the connection is closed")
        return cursor_of(connection)

    database._cursor_of = once
    before = database.connections
    with pytest.raises(Unavailable), database.transaction():
        pass
    assert database.connections == before
    add(database, "after")
    assert ids(database) == ["after"]


def test_H3_a_connection_that_cannot_be_asked_for_more_time_keeps_its_patience() -> None:
    class Patient:
        patience: float | None = 6.0

    class Grown:
        name, connection = "postgresql", Patient()

        def tell(self, command: str) -> None:
            raise Unavailable(command)

        def _connection(self) -> Patient:
            return self.connection

    with pytest.raises(Unavailable), unhurried(Grown()):  # type: ignore[arg-type]
        pass
    assert Grown.connection.patience == 6.0
