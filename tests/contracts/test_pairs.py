"""A change with the row that follows from it, and reads whose change says itself whether they still hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Table, Text, bindparam, insert, select, update

from idp.db import Conflict, Database, Pair, upsert
from tests.backends import create_tables

metadata = MetaData()
family = Table(
    "family", metadata, Column("id", Text, primary_key=True), Column("n", BigInteger, nullable=False),
)  # fmt: skip
child = Table(
    "child",
    metadata,
    Column("id", Text, primary_key=True),
    Column("family_id", Text, ForeignKey("family.id"), nullable=False),
)
ADD = insert(family).values(id=bindparam("id"), n=bindparam("n"))
GET = select(family).where(family.c.id == bindparam("id"))
CHILDREN = select(child.c.id).order_by(child.c.id)
NEXT = update(family).where(family.c.id == bindparam("id"), family.c.n == bindparam("seen")).values(n=family.c.n + 1)
NEXT_WITH_CHILD = Pair(NEXT, child, "id", "family_id")
FIRST_WITH_CHILD = Pair(
    upsert(family, "id", values={"id": bindparam("id"), "n": bindparam("n")}), child, "id", "family_id"
)
#: Notes at the commit what a commit is to wait for.
NOTE = (
    "CREATE TABLE noted (said text)",
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN INSERT INTO noted VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON child DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION note()",
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    create_tables(database_url, metadata)
    database = Database(database_url)
    database.run(ADD, id="f", n=0)
    yield database
    database.close()


def children(database: Database) -> list[str]:
    return [row.id for row in database.all(CHILDREN)]


@pytest.mark.parametrize("durable", [True, False])
def test_the_row_follows_where_the_change_touched_one(database: Database, durable: bool) -> None:
    with database.optimistic(durable=durable) as tx:
        assert tx.one(GET, id="f").n == 0
        assert tx.both(NEXT_WITH_CHILD, id="f", seen=0, then_id="c", then_family_id="f") == 1
    with database.optimistic(durable=durable) as tx:
        assert tx.both(NEXT_WITH_CHILD, id="f", seen=0, then_id="late", then_family_id="f") == 0
    assert (database.one(GET, id="f").n, children(database)) == (1, ["c"])


def test_a_row_may_follow_one_that_the_same_change_makes(database: Database) -> None:
    """Its foreign key is looked at when both are there."""
    with database.transaction() as tx:
        assert tx.both(FIRST_WITH_CHILD, id="new", n=5, then_id="c", then_family_id="new") == 1
        assert tx.both(FIRST_WITH_CHILD, id="new", n=6, then_id="d", then_family_id="new") == 0
    assert (database.one(GET, id="new").n, children(database)) == (5, ["c"])


@pytest.mark.parametrize("open_", ["optimistic", "transaction"])
def test_a_row_that_cannot_follow_takes_the_change_back(database: Database, open_: str) -> None:
    def go() -> None:
        with getattr(database, open_)() as tx:
            tx.both(NEXT_WITH_CHILD, id="f", seen=0, then_id="c", then_family_id="no such family")

    with pytest.raises(Conflict):
        go()
    assert (database.one(GET, id="f").n, children(database)) == (0, [])


def test_of_many_who_read_the_same_one_changes_it(database: Database) -> None:
    begin = threading.Barrier(8)

    def work(number: int) -> int:
        begin.wait()
        try:
            won = 0
            for turn in range(20):
                with database.optimistic(durable=False) as tx:
                    seen = tx.one(GET, id="f").n
                    name = f"{number}.{turn}"
                    won += tx.both(NEXT_WITH_CHILD, id="f", seen=seen, then_id=name, then_family_id="f")
            return won
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        won = sum(pool.map(work, range(8)))
    assert database.one(GET, id="f").n == won == len(children(database))


def test_two_changes_are_no_optimistic_one(database: Database) -> None:
    if database.name != "postgresql":
        pytest.skip("a transaction holds them together there")
    with database.optimistic() as tx:
        tx.run(NEXT, id="f", seen=0)
        with pytest.raises(RuntimeError, match="transaction"):
            tx.both(NEXT_WITH_CHILD, id="f", seen=1, then_id="c", then_family_id="f")


def test_it_costs_one_statement_each_and_no_transaction_on_postgresql(
    database: Database, told: Callable[[Database], list[str]]
) -> None:
    said = told(database)
    with database.optimistic() as tx:
        tx.one(GET, id="f")
        tx.both(NEXT_WITH_CHILD, id="f", seen=0, then_id="c", then_family_id="f")
    assert len(said) == (2 if database.name == "postgresql" else 3)


@pytest.fixture
def told() -> Callable[[Database], list[str]]:
    def listen(database: Database) -> list[str]:
        said: list[str] = []
        database.observer = said.append
        return said

    return listen


def test_performance_9_a_commit_waits_for_the_disk_where_it_must(database: Database) -> None:
    """Read when PostgreSQL commits, which is when it looks at the setting; the next one is as before."""
    if database.name != "postgresql":
        pytest.skip("its transactions are tested with the others")
    for statement in NOTE:
        database._connection().execute(statement)
    with database.optimistic() as tx:
        tx.both(NEXT_WITH_CHILD, id="f", seen=0, then_id="a", then_family_id="f")
    with database.optimistic(durable=False) as tx:
        tx.both(NEXT_WITH_CHILD, id="f", seen=1, then_id="b", then_family_id="f")
    with database.transaction() as tx:
        tx.both(NEXT_WITH_CHILD, id="f", seen=2, then_id="c", then_family_id="f")
    noted = [row[0] for row in database._connection().execute("SELECT said FROM noted ORDER BY ctid").fetchall()]
    assert noted == ["on", "off", "on"]
