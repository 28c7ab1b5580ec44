"""H5: what CockroachDB and YugabyteDB take otherwise than PostgreSQL does, of our statements: listed, none unseen."""

from __future__ import annotations

import ast
import importlib
import logging
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import sqlglot.errors
from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import Executable
from sqlglot import exp

import clients
import idp
import keys
from idp.db import Pair
from idp.db.statements import Compiled

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parent.parent.parent
DOCUMENT = REPOSITORY / "docs" / "scaling.md"
DIALECT: Any = postgresql.psycopg.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
#: What text in our code counts as SQL.
_SQL = re.compile(
    r"(?s)\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|SET|BEGIN|LOCK|VACUUM|ANALYZE|COPY|WITH|RESET)\b.*"
)
_WORDS = {
    "advisory locks": r"\bpg_(try_)?advisory_\w+",
    "LOCK TABLE": r"\bLOCK TABLE\b",
    "triggers": r"\bCREATE (OR REPLACE )?(CONSTRAINT )?TRIGGER\b",
    "functions in PL/pgSQL": r"\bLANGUAGE plpgsql\b",
    "VACUUM": r"\bVACUUM\b",
    "CHECKPOINT": r"^CHECKPOINT\b",
    "LISTEN and NOTIFY": r"^(LISTEN|NOTIFY) ",
    "deferrable constraints": r"\bDEFERRABLE\b",
    "system views of replication": r"\bpg_stat_replication\b",
    "synchronous_commit": r"\bsynchronous_commit\b",
    "lock_timeout": r"\block_timeout\b",
    "CREATE INDEX CONCURRENTLY": r"\bCONCURRENTLY\b",
    "COPY FROM STDIN": r"^COPY .*FROM STDIN",
    "statement_timeout": r"\bstatement_timeout\b",
}
_CHANGES = (exp.Insert, exp.Update, exp.Delete)


def _modules() -> Iterator[Any]:
    for package in (clients, idp, keys):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rpartition(".")[2] in ("store", "sql", "bulk") and ".migrations." not in found.name:
                yield importlib.import_module(found.name)


def _expressions(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, tuple):
        yield from (one for part in value for one in _expressions(part))
    elif isinstance(value, Pair):
        yield ".alone", value.alone
    elif isinstance(value, ClauseElement) and isinstance(value, Executable):
        yield "", value
    elif getattr(value, "__qualname__", "").endswith("upsert.<locals>.made"):
        yield ".put", value


def _statements() -> dict[str, str]:
    """What the stores keep as constants, as PostgreSQL is sent it; by where it stands."""
    found = {}
    for module in _modules():
        for name, value in vars(module).items():
            for part, expression in _expressions(value):
                try:
                    found[f"{module.__name__}.{name}{part}"] = Compiled(expression, DIALECT, "postgresql").sql
                except (CompileError, TypeError):
                    continue  # a part of one, or one that is made with its values
    return found


def _texts() -> dict[str, str]:
    """SQL that stands as text in the code; f-strings with a name in each place."""
    found: dict[str, str] = {}
    for folder in ("idp", "clients", "keys"):
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.JoinedStr | ast.Constant):
                    continue
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                text = "".join(
                    part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "x"
                    for part in parts
                )
                if len(text) > 10 and _SQL.fullmatch(text):
                    found.setdefault(
                        f"{file.relative_to(REPOSITORY)}:{node.lineno}", text
                    )  # parts come behind the whole
    return found


def _features(sql: str) -> set[str]:
    """Names of what a statement asks for that is not the same everywhere."""
    found = {name for name, pattern in _WORDS.items() if re.search(pattern, sql, re.IGNORECASE)}
    tree = _parsed(sql)
    if tree is None:
        return found
    changes = list(tree.find_all(*_CHANGES))
    if len(changes) > 1:
        found.add("several changes in one statement")
        tables = [str(one.this.find(exp.Table)) for one in changes if one.this is not None]
        if len({table.partition(" ")[0] for table in tables}) < len(tables):
            found.add("several changes of one table in one statement")
    for lock in tree.find_all(exp.Lock):
        found.add("FOR UPDATE SKIP LOCKED" if lock.args.get("wait") is False else "FOR UPDATE")
    if any(column.name in ("ctid", "xmin") for column in tree.find_all(exp.Column)):
        found.add("system columns")
    return found


@cache
def _parsed(sql: str) -> Any:
    """None for what is no statement by itself."""
    sql = sql.replace(r"ESCAPE '\'", "ESCAPE '!'")  # which the parser takes for a quote
    try:
        return sqlglot.parse_one(re.sub(r"%\((\w+)\)s", r":of_\1", sql).replace("%%", "%"), dialect="postgres")
    except sqlglot.errors.SqlglotError:
        return None


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    """By feature: where it is asked for."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    by_feature: dict[str, set[str]] = {}
    for where, sql in {**_statements(), **_texts()}.items():
        for feature in _features(sql):
            by_feature.setdefault(feature, set()).add(where)
    return by_feature


def test_H5_statements_of_the_stores_are_read(found: dict[str, set[str]]) -> None:
    statements = _statements()
    assert len(statements) > 500
    unread = {where for where, sql in statements.items() if _parsed(sql) is None}
    assert not unread, sorted(unread)[:10]
    assert "idp.jobs.store.CLAIM" in found["FOR UPDATE SKIP LOCKED"]


def test_H5_what_they_do_not_take_as_it_stands_is_in_the_document(found: dict[str, set[str]]) -> None:
    """A new one is looked at before it is written: whether it is worth what it closes."""
    part = DOCUMENT.read_text().partition("## CockroachDB")[2]
    named = {row.partition(" | ")[0] for row in re.findall(r"^\| (.+) \|$", part, re.MULTILINE)}
    for name, where in sorted(found.items()):
        print(f"{name}: {', '.join(sorted(where))}")
    assert named - {"what our statements ask for", "---"} == set(found)
