"""A line to a store that ends at any moment: what was asked is there, or refused by our own words; the next one goes.

Each verb is asked again and again, and each time the line is cut one question later, connecting and committing
included, until the verb comes through uncut.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, bindparam, func, insert, select, update

from idp.db import Database, Pair, Transaction, Unavailable, joined
from idp.db.postgresql import Connection
from idp.db.unhurried import analyze, unhurried
from idp.state import State, StateUnavailable
from idp.state.redis import RedisState
from idp.state.sql import SqlState
from idp.state.sql import metadata as of_state
from tests.backends import PostgreSQL, Redis, create_tables
from tests.chaos.between import Between

NOTES = Table("notes", MetaData(), Column("id", Text, primary_key=True), Column("n", BigInteger, nullable=False))
PUT = insert(NOTES).values(id=bindparam("key"), n=bindparam("n"))
PUT_BACK = PUT.returning(NOTES.c.id)
ONE, COUNT = select(NOTES.c.n).where(NOTES.c.id == bindparam("key")), select(func.count().label("n")).select_from(NOTES)
ADD = update(NOTES).where(NOTES.c.id == bindparam("key")).values(n=NOTES.c.n + 1)
PAIR = Pair(ADD, NOTES, "id", "n")
MOST = 40  # questions of the longest verb

Verb = Callable[[Database, str], object]


def _within(work: Callable[[Transaction, str], object], **how: bool) -> Verb:
    def verb(db: Database, key: str) -> object:
        with db.transaction(**how) as tx:
            tx.one(ONE, key=key)
            return work(tx, key)

    return verb


def _optimistic(db: Database, key: str) -> object:
    with db.optimistic() as tx:
        return tx.one(ONE, key=key) or tx.run(PUT, key=key, n=1)


def _pair(db: Database, key: str) -> object:
    with db.optimistic() as tx:
        return tx.both(PAIR, key="", then_id=key, then_n=1)


def _beside(db: Database, key: str) -> object:
    with db.transaction() as tx:
        tx.run(PUT, key=key, n=1)
        return db.one(ONE, key=key)


def _joined(db: Database, key: str) -> object:
    with db.transaction() as tx, joined(tx).transaction() as inner:
        return inner.run(PUT, key=key, n=1)


def _unhurried(db: Database, key: str) -> object:
    with unhurried(db):
        return db.run(PUT, key=key, n=1)


#: What writes the row `key`, and everything else that has a name.
WRITERS: dict[str, Verb] = {
    "run": lambda db, key: db.run(PUT, key=key, n=1),
    "run that need not last": lambda db, key: db.run(PUT, key=key, n=1, durable=False),
    "one": lambda db, key: db.one(PUT_BACK, key=key, n=1),
    "all": lambda db, key: db.all(PUT_BACK, key=key, n=1),
    "transaction": _within(lambda tx, key: tx.run(PUT, key=key, n=1)),
    "transaction that need not last": _within(lambda tx, key: tx.all(PUT_BACK, key=key, n=1), durable=False),
    "both": _within(lambda tx, key: tx.both(PAIR, key="", then_id=key, then_n=1)),
    "load": _within(lambda tx, key: tx.load(NOTES, [{"id": key, "n": 1}])),
    "optimistic": _optimistic,
    "a pair": _pair,
    "a read beside a transaction": _beside,
    "joined": _joined,
    "unhurried": _unhurried,
}
OTHERS: dict[str, Verb] = {
    "a read": lambda db, _: db.one(COUNT).n,
    "rows": lambda db, _: db.all(COUNT),
    "lasting": lambda db, _: db.lasting() if db.name == "postgresql" else "",
    "analyze": lambda db, _: db.analyze(),
    "analyze, unhurried": lambda db, _: analyze(db),
    "checkpoint": lambda db, _: db.checkpoint(),
    "make_room": lambda db, _: db.make_room(),
}


@pytest.fixture
def between(postgresql: PostgreSQL) -> Iterator[Between]:
    found = Between(postgresql.port)
    yield found
    found.close()


@pytest.fixture
def url(postgresql: PostgreSQL, postgresql_url: str, between: Between) -> str:
    create_tables(postgresql_url, NOTES.metadata, of_state)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("INSERT INTO notes VALUES ('', 0)")
    return postgresql_url.replace(f":{postgresql.port}/", f":{between.port}/")


def _outcome(ask: Callable[[], object], *refusals: type[Exception]) -> bool:
    """Whether it came through. Errors: whatever is not one of ours."""
    try:
        ask()
    except refusals:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("arrives", [False, True], ids=["asked in vain", "answered in vain"])
@pytest.mark.parametrize(
    ("name", "opened"), [("run", False), ("a read", False), *((name, True) for name in (*WRITERS, *OTHERS))]
)
def test_H1_wherever_the_line_to_the_database_ends(
    url: str, between: Between, name: str, opened: bool, *, arrives: bool
) -> None:
    db, is_kept = Database(url), name in WRITERS
    verb = WRITERS.get(name) or OTHERS[name]
    for moment in range(1, MOST):
        db.close()
        if opened:
            db.one(COUNT)
        key = f"{moment}"
        between.cut_at(moment, arrives=arrives)
        came = _outcome(lambda key=key: verb(db, key), Unavailable)  # type: ignore[misc]
        was_cut = between.is_cut
        between.cut_at(0, arrives=False)
        assert _outcome(lambda: db.one(COUNT), Unavailable)  # whoever comes next is served
        if is_kept:  # what was said to be written is; what was never asked is not
            is_there = db.one(ONE, key=key) is not None
            assert is_there or not came
            assert came or arrives or not is_there
        if not was_cut:
            assert came
            break
    else:
        raise AssertionError("it never came through")
    assert moment > 1 or name in ("checkpoint", "make_room") or (opened and name == "lasting")
    db.close()


@pytest.mark.slow
def test_H1_who_takes_time_finds_the_limit_again_when_that_fails(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a limit of time is left to nobody."""
    db = Database(postgresql_url)
    asked = select(func.current_setting("statement_timeout").label("limit"))
    with unhurried(db):
        assert db.one(asked).limit == "0"
        opened = db._connection()
        monkeypatch.setattr(opened, "execute", _refuse)
    assert opened.closed
    assert (db.one(asked).limit, db._connection().patience) == ("5s", Connection.patience)
    db._connection().close()
    with unhurried(db):
        assert db.one(asked).limit == "0"
    monkeypatch.setattr(Connection, "execute", _refuse)
    with pytest.raises(Unavailable, match="shutting down"), unhurried(db):
        raise AssertionError("never begun")
    assert db._connection().patience == Connection.patience
    db.close()


def _refuse(*_: object, **__: object) -> None:
    raise psycopg.OperationalError("shutting down")


@pytest.mark.parametrize("name", [*WRITERS, *OTHERS])
@pytest.mark.parametrize("opened", [False, True])
def test_H1_a_file_that_is_damaged_is_told_in_our_own_words(tmp_path: Path, name: str, *, opened: bool) -> None:
    file = tmp_path / "doorward.db"
    url = f"sqlite:///{file}"
    create_tables(url, NOTES.metadata)
    db = Database(url)
    if opened:
        assert db.one(COUNT).n == 0
    db.checkpoint()
    if not opened:
        db.close()
    file.write_bytes(os.urandom(max(len(file.read_bytes()), 65536)))
    for log in tmp_path.glob("*-wal"):
        log.write_bytes(b"")
    verb = WRITERS.get(name) or OTHERS[name]
    refused = not _outcome(lambda: verb(db, "k"), Unavailable)
    assert refused or opened or name in ("lasting", "make_room", "analyze, unhurried")
    db.close()


# -- State -----------------------------------------------------------------------------------------------------------

VERBS: dict[str, Callable[[Any], object]] = {
    "put": lambda state: state.put("k", 1, 60),
    "get": lambda state: state.get("k"),
    "add": lambda state: state.add("k", 1, 60),
    "take": lambda state: state.take("k"),
    "count": lambda state: state.count("n", 60),
    "count of nothing": lambda state: state.count("n", 60, by=0),
    "forget": lambda state: state.forget("k*"),
    "sweep": lambda state: state.sweep(),
    "facts": lambda state: state.facts() if isinstance(state, RedisState) else [],
}


def _cut_everywhere(state: State, between: Between, verb: Callable[[Any], object], *, opened: bool) -> None:
    for arrives in (False, True):
        for moment in range(1, MOST):
            state.close()
            if opened:
                state.get("k")
            between.cut_at(moment, arrives=arrives)
            came = _outcome(lambda: verb(state), StateUnavailable)
            was_cut = between.is_cut
            between.cut_at(0, arrives=False)
            assert _outcome(lambda: state.put("k", 1, 60), StateUnavailable)
            if not was_cut:
                assert came
                break
        else:
            raise AssertionError("it never came through")


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
def test_H1_wherever_the_line_to_state_in_the_database_ends(url: str, between: Between, name: str) -> None:
    _cut_everywhere(SqlState(Database(url)), between, VERBS[name], opened=True)


@pytest.mark.slow
@pytest.mark.parametrize("opened", [False, True], ids=["connecting", "connected"])
@pytest.mark.parametrize("name", VERBS)
def test_H1_wherever_the_line_to_redis_ends(redis_server: Redis, redis_url: str, name: str, *, opened: bool) -> None:
    between = Between(redis_server.port)
    url = redis_url.replace(f":{redis_server.port}/", f":{between.port}/")
    _cut_everywhere(RedisState(url), between, VERBS[name], opened=opened)
    between.close()
