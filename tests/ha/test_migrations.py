"""H2: migrations expand, then contract: what they do to a database never breaks the release that still serves on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from idp import migrations
from idp.db import Unavailable
from tests.backends import PostgreSQL

#: What the release before cannot live with: it reads or writes what is gone, or knows nothing of what is asked.
_BREAKS = (
    (r"^DROP TABLE (?:IF EXISTS )?(\S+)", "a table is dropped"),
    (r"^ALTER TABLE (\S+) DROP (?:COLUMN )?(?!CONSTRAINT)", "a column is dropped"),
    (r"^ALTER TABLE (\S+) RENAME", "a table or column is renamed"),
    (r"^ALTER TABLE (\S+) ALTER COLUMN \S+ (?:TYPE|SET NOT NULL|DROP DEFAULT)", "a column takes less than before"),
    (r"^ALTER TABLE (\S+) ADD (?:COLUMN )?\S+ (?!.*\bDEFAULT\b).*NOT NULL", "a column is new and has to be written"),
    (r"^ALTER TABLE (\S+) ADD CONSTRAINT", "rows are refused that were written before"),
    (r"^CREATE UNIQUE INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?\S+ ON (\S+)", "rows of now are refused"),
    (r"^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER \S+ (?:BEFORE|AFTER|INSTEAD) .*?\bON (\S+)",
     "rows may be refused that were written before"),
    (r"^(?:UPDATE|DELETE FROM|INSERT INTO) (\S+)", "rows are written that the release before has to understand"),
)  # fmt: skip
#: A revision that does one of these all the same, and why the release before it does not notice.
ALLOWED = {
    "0014": "a text to search by gets shorter; the release before finds by what is left of it",
    "0054": "two open reviews of one thing were a race of two presses, which the later one loses by an error",
}


@contextmanager
def heard() -> Iterator[list[tuple[str, str]]]:
    """Every statement of a migration, with the revision that it belongs to."""
    told: list[tuple[str, str]] = []
    waiting: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        text = " ".join(statement.split())
        if "alembic_version" not in text:
            waiting.append(text)
        elif text.startswith(("INSERT", "UPDATE")):
            revision = re.findall(r"'(\w+)'", text)
            told.extend((revision[0] if revision else str(parameters), one) for one in waiting)
            waiting.clear()

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def broken(told: list[tuple[str, str]]) -> dict[str, list[str]]:
    """What breaks the release before, by revision. A table that the same revision has made is known to nobody."""
    found: dict[str, list[str]] = {}
    made: set[tuple[str, str]] = set()
    for revision, statement in told:
        if new := re.match(r"CREATE TABLE (?:IF NOT EXISTS )?\"?(\w+)", statement, re.IGNORECASE):
            made.add((revision, new[1]))
        for pattern, why in _BREAKS:
            about = re.match(pattern, statement, re.IGNORECASE)
            if about is not None and (revision, about[1].strip('"(')) not in made:
                found.setdefault(revision, []).append(f"{why}: {statement[:120]}")
    return found


def test_H2_no_migration_breaks_the_release_before(database_url: str) -> None:
    """CONTRIBUTING.md, Migrations: what is no longer used goes a release after the last one that used it."""
    with heard() as told:
        migrations.upgrade(database_url)
    assert len({revision for revision, _ in told}) > 30
    found = broken(told)
    first = min(revision for revision, _ in told)
    found.pop(first, None)  # there was nothing before
    assert set(found) <= set(ALLOWED), {revision: found[revision] for revision in set(found) - set(ALLOWED)}


@pytest.mark.parametrize(
    ("statement", "breaks"),
    [
        ("DROP TABLE people", True),
        ('ALTER TABLE people DROP COLUMN "name"', True),
        ("ALTER TABLE people RENAME COLUMN a TO b", True),
        ("ALTER TABLE people ALTER COLUMN a SET NOT NULL", True),
        ("ALTER TABLE people ADD COLUMN a TEXT NOT NULL", True),
        ("ALTER TABLE people ADD COLUMN a TEXT DEFAULT '' NOT NULL", False),
        ("ALTER TABLE people ADD COLUMN a TEXT", False),
        ("CREATE UNIQUE INDEX i ON people (a)", True),
        ("CREATE INDEX i ON people (a)", False),
        ("DROP INDEX i", False),
        ("CREATE TRIGGER t BEFORE INSERT OR UPDATE ON people EXECUTE FUNCTION f()", True),
        ("CREATE OR REPLACE TRIGGER t AFTER UPDATE OF a ON people EXECUTE FUNCTION f()", True),
        ("UPDATE people SET a = 'new'", True),
        ("DELETE FROM people", True),
    ],
    ids=range(14),
)
def test_H2_what_breaks_is_seen(statement: str, breaks: bool) -> None:
    assert bool(broken([("0099", statement)])) is breaks
    assert not broken([("0099", "CREATE TABLE people (a TEXT)"), ("0099", "CREATE UNIQUE INDEX i ON people (a)")])


@pytest.mark.slow
def test_H2_a_long_reader_holds_up_the_migration_and_nobody_else(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup reads each table until its end. A statement that waited for the table would let nobody past it."""
    monkeypatch.setattr(migrations, "PATIENCE_S", 0.0)
    url = postgresql.url(postgresql.create())
    migrations.upgrade(url, "0044")
    with psycopg.connect(url, autocommit=True) as other:
        with psycopg.connect(url) as backup:
            backup.execute("SELECT count(*) FROM sessions")
            with pytest.raises(Unavailable, match="a table is in use for long"):
                migrations.upgrade(url)
            other.execute("SELECT count(*) FROM sessions")
            # What came before is kept, each migration for itself.
            assert other.execute("SELECT version_num FROM alembic_version").fetchone() == ("0048",)
        migrations.upgrade(url)
        assert other.execute("SELECT version_num FROM alembic_version").fetchone() == (migrations.heads(),)


#: Tables of which an installation may have millions of rows.
LARGE = {
    "access_tokens", "events", "families", "identifiers", "logout_tries", "memberships", "people", "saml_sessions",
    "sessions", "state",
}  # fmt: skip
#: Revisions of before anything was given out that made an index of one of them in a way that stops its writers.
STOPPED_WRITERS = {"0005", "0010", "0014"}


@pytest.mark.slow
def test_H2_an_index_of_a_large_table_is_made_beside_its_writers(postgresql: PostgreSQL) -> None:
    with heard() as told:
        migrations.upgrade(postgresql.url(postgresql.create()))
    made = {(revision, new[1]) for revision, text in told if (new := re.match(r"CREATE TABLE \"?(\w+)", text))}
    found = set()
    for revision, text in told:
        index = re.match(r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON \"?(\w+)", text)
        if index and index[1] in LARGE and (revision, index[1]) not in made:
            found.add(revision)
    assert found == STOPPED_WRITERS
