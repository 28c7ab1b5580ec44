"""What psycopg's cursor does for everybody, done for our own statements alone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Double, Text, bindparam, func, literal_column, select, table

from idp.db import Database
from idp.db.prepared import KEPT, OFTEN

pytestmark = pytest.mark.slow

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
