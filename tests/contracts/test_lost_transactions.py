"""A transaction on PostgreSQL that lost its connection, or has failed: nothing of it is written, and that is said."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, func, insert, select

from idp.db import Database, Unavailable
from idp.db.postgresql import Connection
from tests.backends import create_tables
from tests.contracts.test_database import terminate_all

NOTES = Table("notes", MetaData(), Column("id", Text, primary_key=True), Column("n", BigInteger, nullable=False))
PUT = insert(NOTES).values(id=bindparam("key"), n=bindparam("n"))
ONE, COUNT = select(NOTES.c.n).where(NOTES.c.id == bindparam("key")), select(func.count().label("n")).select_from(NOTES)


@pytest.mark.slow
def test_H1_a_read_beside_a_transaction_takes_no_other_connection(postgresql_url: str) -> None:
    """On a fresh one it would be answered, as would the COMMIT: what was written before would be lost."""
    create_tables(postgresql_url, NOTES.metadata)
    db = Database(postgresql_url)

    def work(*, caught: bool) -> None:
        with db.transaction() as tx:
            tx.run(PUT, key="a", n=1)
            terminate_all(db.url)
            for read in (lambda: db.one(ONE, key="a"), lambda: db.all(COUNT)):
                try:
                    assert read() is None, "nothing was read"
                except Unavailable:
                    if not caught:
                        raise

    for caught in (False, True):  # whoever swallows it hears of it at the end
        with pytest.raises(Unavailable):
            work(caught=caught)
        assert db.one(COUNT).n == 0
    db.run(PUT, key="a", n=1)
    db.close()


@pytest.mark.slow
def test_H1_a_line_that_is_in_doubt_is_not_left_within_a_transaction(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread gave its own line up meanwhile: this one's transaction stays where it is."""
    create_tables(postgresql_url, NOTES.metadata)
    db = Database(postgresql_url)
    with db.transaction() as tx:
        tx.run(PUT, key="a", n=1)
        monkeypatch.setattr(Connection, "is_silent", lambda self: True)
        assert db.one(ONE, key="a").n == 1
    assert db.one(COUNT).n == 1
    db.close()


@pytest.mark.slow
def test_H1_a_commit_that_the_server_answers_by_a_rollback_is_refused(postgresql_url: str) -> None:
    """An error within was swallowed: PostgreSQL takes all of it back, and says so in a word that is easily missed."""
    create_tables(postgresql_url, NOTES.metadata)
    db = Database(postgresql_url)
    wrong = select((NOTES.c.n / 0).label("n"))

    def work() -> None:
        with db.transaction() as tx:
            tx.run(PUT, key="a", n=1)
            with pytest.raises(psycopg.errors.DivisionByZero):
                tx.all(wrong)

    with pytest.raises(Unavailable, match="nothing of it is written"):
        work()
    assert db.one(COUNT).n == 0
    db.run(PUT, key="a", n=1)
    db.close()
