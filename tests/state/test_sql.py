"""What is particular to state in SQL: one statement a verb, no full scan, no durable write, fails closed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from idp.db import Database
from idp.state import StateUnavailable
from idp.state.sql import SqlState, metadata
from tests.backends import Clock, create_tables


@pytest.fixture
def database(database_url: str) -> Database:
    create_tables(database_url, metadata)
    return Database(database_url)


def test_every_verb_is_one_statement(database: Database, clock: Clock) -> None:
    """performance.md rule 1."""
    state = SqlState(database, clock)
    statements: list[str] = []
    database.observer = statements.append
    state.put("k", 1, 60)
    state.get("k")
    state.add("k", 1, 60)
    state.take("k")
    state.count("n", 60)
    state.count("n", 60, by=0)
    state.sweep()
    assert len(statements) == 7


def test_no_verb_scans_the_table(tmp_path: Path, clock: Clock) -> None:
    """performance.md rule 10: sweeps by index."""
    create_tables(f"sqlite:///{tmp_path}/state.db", metadata)
    database = Database(f"sqlite:///{tmp_path}/state.db")
    state = SqlState(database, clock)
    statements: list[str] = []
    database.observer = statements.append
    state.get("k")
    state.take("k")
    state.sweep(limit=10)
    database.observer = None
    cursor = database._connection().cursor()
    for statement in statements:
        plan = " ".join(
            row[3]
            for row in cursor.execute(
                f"EXPLAIN QUERY PLAN {statement}", {"key": "k", "now": 1.0, "most": 10, "param_1": 0}
            )
        )
        assert "SEARCH" in plan, statement
        assert "SCAN" not in plan, statement
        assert "TEMP B-TREE" not in plan, statement


def test_state_refuses_when_the_database_is_gone(tmp_path: Path) -> None:
    state = SqlState(Database(f"sqlite:///{tmp_path}/without a table.db"))
    for call in (
        lambda: state.put("k", 1, 60),
        lambda: state.get("k"),
        lambda: state.add("k", 1, 60),
        lambda: state.take("k"),
        lambda: state.count("k", 60),
        lambda: state.sweep(),
    ):
        with pytest.raises(StateUnavailable):
            call()


def test_state_inside_a_transaction_is_refused_at_once(database: Database) -> None:
    """design.md: state calls come before a transaction, never inside; there they would wait for each other."""
    state = SqlState(database)
    with database.transaction() as tx:
        tx.run(text("SELECT 1"))
        with pytest.raises(RuntimeError, match="transaction"):
            state.put("k", 1, 60)
    state.put("k", 1, 60)
    assert state.get("k") == 1
