"""What psycopg's cursor does for everybody, done for our own statements alone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import (
    Column,
    Double,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    table,
)

from idp.db import Database, Transaction, Unavailable
from idp.db.prepared import KEPT, OFTEN, Asked
from tests.backends import create_tables

pytestmark = pytest.mark.slow

NOTES = Table("notes", MetaData(), Column("said", Text, primary_key=True))
PUT, ALL = insert(NOTES).values(said=bindparam("text")), select(NOTES.c.said).order_by(NOTES.c.said)

_KEPT = select(func.count().label("n")).select_from(table("pg_prepared_statements"))


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    database = Database(postgresql_url)
    yield database
    database.close()


def test_a_value_has_one_number_however_often_it_stands_there(database: Database) -> None:
    x, y = bindparam("x", type_=Text), bindparam("y", type_=Double)
    statement = select((x + literal_column("'%(y)s 100%'") + x).label("a"), y.label("b"), x.label("c"))
    for _ in range(OFTEN + 2):
        assert tuple(database.one(statement, x="ü’", y=0.1)) == ("ü’%(y)s 100%ü’", 0.1, "ü’")
        assert tuple(database.one(statement, x=None, y=None)) == (None, None, None)


def test_the_server_keeps_so_many_statements_of_a_connection_and_no_more(database: Database) -> None:
    for n in range(KEPT + 5):
        statement = select(literal_column(str(n)).label("n"))
        assert [database.one(statement).n for _ in range(OFTEN + 2)] == [n] * (OFTEN + 2)
    assert database.one(_KEPT).n <= KEPT


def test_what_the_server_refuses_is_told_and_the_connection_goes_on(database: Database) -> None:
    wrong = select((literal_column("1") / bindparam("x", type_=Double)).label("n"))
    before = database._connection()
    for _ in range(OFTEN + 2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            database.one(wrong, x=0)
    assert (database.one(wrong, x=2).n, database._connection()) == (0.5, before)


def test_an_answer_that_nobody_reads_ends_the_connection(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = select(literal_column("1").label("n"))
    database.one(statement)
    cursor = database._local.cursor

    def interrupted() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(cursor), "_answer", lambda self: interrupted())
        with pytest.raises(KeyboardInterrupt):
            database.one(statement)
    assert cursor.connection.closed
    assert database.one(statement).n == 1


@pytest.fixture
def noted(database: Database) -> Database:
    """With notes, of which three were read, and written, by statements that are prepared by now."""
    create_tables(database.url, NOTES.metadata)
    for number in range(OFTEN + 1):
        database.run(PUT, durable=False, text=f"{number}")
        database.run(PUT, text=f"{number} lasts")
        assert len(database.all(ALL)) == 2 * number + 2
    return database


#: What makes a statement that is prepared one that is refused: a migration, a pooler's reset, somebody's own command.
UNPREPARED = {
    "a column that changed": "ALTER TABLE notes ALTER COLUMN said TYPE varchar(90)",
    "all let go of": "DEALLOCATE ALL",
    "a reset": "DISCARD ALL",
}


def _say(database: Database, command: str) -> None:
    """A session's own words on the connection of this thread, others on another one."""
    if not command.startswith("ALTER"):
        database._connection().execute(command)
        return
    with psycopg.connect(database.url, autocommit=True) as other:
        other.execute(command.encode())


@pytest.mark.parametrize("how", UNPREPARED)
def test_H1_a_statement_that_is_prepared_no_more_is_asked_without_it(noted: Database, how: str) -> None:
    """Else this connection would refuse it for as long as it stands, while others answer."""
    opened, count = noted._connection(), len(noted.all(ALL))
    for turn in range(2):
        _say(noted, UNPREPARED[how])
        for number in range(OFTEN + 2):
            noted.run(PUT, durable=False, text=f"{how} {turn} {number}")
            count += 1
            assert len(noted.all(ALL)) == count
    assert noted._connection() is opened


@pytest.mark.parametrize("how", UNPREPARED)
def test_H1_within_a_transaction_it_is_unavailable_once_and_nothing_is_written(noted: Database, how: str) -> None:
    """The transaction has failed there, so it cannot be asked again; the next one finds a connection that is new."""

    def work(tx: Transaction) -> None:
        if tx.one(select(literal_column("1").label("n"))).n:
            tx.run(PUT, text="within")
        assert len(tx.all(ALL)) == count + 1

    count = len(noted.all(ALL))
    _say(noted, UNPREPARED[how])
    with pytest.raises(Unavailable), noted.transaction() as tx:
        work(tx)
    assert len(noted.all(ALL)) == count
    with noted.transaction() as tx:
        work(tx)
    assert len(noted.all(ALL)) == count + 1


def test_H1_a_change_that_waits_for_the_disk_is_unavailable_or_done(noted: Database) -> None:
    _say(noted, "DEALLOCATE ALL")
    with pytest.raises(Unavailable):
        noted.run(PUT, text="lasting")
    assert "lasting" not in [row.said for row in noted.all(ALL)]
    assert noted.run(PUT, text="lasting") == 1


def test_H1_a_name_means_one_statement_whoever_prepared_it(database: Database) -> None:
    """Behind a pooler a session may have been another's: what it prepared is the same, or has another name."""
    mine, other = (Asked(database._connection()) for _ in range(2))
    for asked, first in ((mine, "a"), (other, "b")):
        for number in range(OFTEN + 2):
            for text in (first, "c"):
                asked.execute(f"SELECT '{text}' || %(n)s::text", {"n": str(number)})
                assert asked.fetchone() == (f"{text}{number}",)
    assert database.one(_KEPT).n == 3
