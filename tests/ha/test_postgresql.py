"""H1: a database of several hosts: whoever is the primary is found, nobody waits for ever, nothing is written twice."""

from __future__ import annotations

import signal
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import Column, MetaData, Table, Text, bindparam, insert, select

from idp import migrations
from idp.config.masking import masked
from idp.db import Database, Unavailable
from idp.db.postgresql import Connection, Server, _first, asked_of
from idp.installation.checks import storage
from idp.installation.moving.places import shown
from tests.backends import ROLE, PostgreSQL, create_tables, find_free_port, start_postgresql
from tests.provider import make_settings

NOTES = Table("notes", MetaData(), Column("said", Text, primary_key=True))
PUT, ALL = insert(NOTES).values(said=bindparam("text")), select(NOTES.c.said).order_by(NOTES.c.said)


def several(*servers: PostgreSQL, name: str = "postgres", more: str = "") -> str:
    """The URL that names all of them."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://{ROLE}:{servers[0].password}@{hosts}/{name}?target_session_attrs=read-write{more}"


def said(db: Database) -> list[str]:
    return [row.said for row in db.all(ALL)]


def test_H1_several_hosts_are_shown_without_what_opens_them() -> None:
    url = "postgresql://u:hunter2@one:5432,two:5433/name?target_session_attrs=read-write"
    assert masked("storage", "database_url", url) == "postgresql://one:5432,two:5433/…"
    assert shown(url) == "postgresql://one:5432,two:5433/name"
    sentinel = "redis+sentinel://:hunter2@one:1,two:2/name/0"
    assert masked("storage", "state_url", sentinel) == "redis+sentinel://one:1,two:2/…"


@pytest.mark.parametrize("hosts", ["one,two", "one:5432,two:5433", "one,two/name?hostaddr=192.0.2.1,192.0.2.2"])
def test_H1_of_several_hosts_the_one_that_takes_writes_is_asked_for(hosts: str) -> None:
    """Else the first host, come back as a standby, is asked for ever: what was ended lives there, changes are 503."""
    url = f"postgresql+psycopg://u:p@{hosts}"
    assert Server(url)._params["target_session_attrs"] == "read-write"
    more = f"{url}{'&' if '?' in url else '/name?'}target_session_attrs=primary"
    assert asked_of(more)["target_session_attrs"] == "primary"
    assert "target_session_attrs" not in asked_of("postgresql://u:p@one/name")


def test_H1_the_host_that_answered_is_asked_first_without_a_port_in_the_url() -> None:
    answered = SimpleNamespace(info=SimpleNamespace(host="two", port=5432))
    for hosts in ("one,two", "one:5432,two:5432"):
        assert _first(asked_of(f"postgresql://u:p@{hosts}/name"), answered)["host"] == "two,one"  # type: ignore[arg-type]


@pytest.mark.parametrize("takes", [4.0, 0.0], ids=["silent", "refusing"])
def test_H1_one_thread_waits_for_a_database_that_is_silent(monkeypatch: pytest.MonkeyPatch, takes: float) -> None:
    """The others answer 503 at once, and are there for whoever asks whether the process lives."""
    now, tries = [100.0], []

    def connect(*_: object, **__: object) -> None:
        tries.append(now[0])
        if len(tries) == 3:  # a second thread, while the first one tries
            with pytest.raises(psycopg.OperationalError, match="no route"):
                server.connect()
        now[0] += takes
        raise psycopg.OperationalError("no route")

    monkeypatch.setattr("idp.db.postgresql.monotonic", lambda: now[0])
    monkeypatch.setattr(Connection, "connect", connect)
    server = Server("postgresql://u:p@one/name")
    for wait in (0.0, 0.5, 1.0, 0.0, 0.9, 1.0):
        now[0] += wait
        with pytest.raises(psycopg.OperationalError, match="no route"):
            server.connect()
    assert len(tries) == (3 if takes else 7)


@pytest.mark.slow
def test_H1_the_promoted_standby_is_found_and_the_old_primary_is_left(run_pid: int, tmp_path: Path) -> None:
    primary = start_postgresql(run_pid)
    with psycopg.connect(primary.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (said text PRIMARY KEY)")
    standby = primary.standby(run_pid)
    alone = Server(primary.url()).connect()  # behind one name, such as an address that moves, a standby counts, too
    assert alone.execute("SHOW synchronous_commit").fetchone() == ("on",)
    alone.close()
    settings = make_settings(tmp_path, storage={"database_url": primary.url()})
    assert "synchronous_standby_names is empty" in "".join(one.text for one in storage.examine_server_of(settings))
    db = Database(several(standby, primary))  # the one that takes no writes first
    db.run(PUT, text="before")
    settings = make_settings(tmp_path, storage={"database_url": several(standby, primary)})
    told = [finding.text for finding in storage.examine_server_of(settings)]
    assert [text for text in told if "synchronous_standby_names is empty" in text]
    migrations.upgrade(several(standby, primary))  # whatever uses SQLAlchemy's engine knows such a URL as well
    primary.stop()
    with pytest.raises(Unavailable):
        db.run(PUT, text="between")
    standby.promote()
    db.run(PUT, text="after")
    assert said(db) == ["after", "before"]
    primary.start()  # alone again at the other side of a broken network, and still writable
    for _ in range(3):
        db.close()  # whatever is opened goes first where the last one was
        db.run(PUT, durable=False, text=f"later {_}")
    assert len(said(db)) == 5
    db.close()
    standby.stop()
    primary.stop()


@pytest.mark.slow
def test_H1_a_primary_that_became_a_standby_under_an_open_connection_is_left(postgresql: PostgreSQL) -> None:
    """Its own words are no error of ours: the answer is 503 and the next connection goes to the primary."""
    url = postgresql.url(postgresql.create())
    create_tables(url, NOTES.metadata)
    db = Database(url)
    db.run(PUT, text="a")
    opened = db._connection()
    opened.execute("SET default_transaction_read_only = on")
    with pytest.raises(Unavailable, match="read-only"), db.transaction() as tx:
        tx.run(PUT, text="b")
    assert opened.closed
    db.run(PUT, text="c")
    assert said(db) == ["a", "c"]
    db.close()


@pytest.mark.slow
def test_H1_a_server_that_is_stopped_holds_no_thread(run_pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own statement_timeout is stopped with it. What was asked is in doubt, and not asked again."""
    monkeypatch.setattr(Connection, "patience", 0.3)
    server = start_postgresql(run_pid)
    create_tables(server.url(), NOTES.metadata)
    db = Database(server.url())
    db.run(PUT, text="a")
    server.signal(signal.SIGSTOP)
    with pytest.raises(Unavailable, match="timeout expired"):
        db.run(PUT, text="b")
    server.signal(signal.SIGCONT)
    db.run(PUT, text="c")
    assert said(db) in (["a", "b", "c"], ["a", "c"])
    db.close()
    server.stop()


@pytest.mark.slow
def test_H1_a_commit_that_waits_for_a_standby_holds_no_thread(run_pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL itself lets it wait for ever: statement_timeout ends before the commit."""
    server = start_postgresql(run_pid, synchronous_standby_names="nowhere")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute("CREATE TABLE notes (said text PRIMARY KEY)")
        connection.execute("INSERT INTO notes VALUES ('a')")
    db = Database(server.url())
    monkeypatch.setattr(Connection, "patience", 0.3)
    for durable in (True, False):  # nobody waits for ever, and where a standby may take over nothing is left out
        with pytest.raises(Unavailable, match="timeout expired"):
            db.run(PUT, durable=durable, text=f"c {durable}")
    with pytest.raises(Unavailable, match="timeout expired"):
        db.run(PUT, text="b")
    assert said(db) == ["a"]
    db.close()
    server.stop()


@pytest.mark.slow
def test_H1_a_dead_host_is_asked_last(postgresql: PostgreSQL) -> None:
    dead = find_free_port()
    server = Server(
        f"postgresql://{ROLE}:{postgresql.password}@127.0.0.1:{dead},127.0.0.1:{postgresql.port}/postgres"
        "?options=-csearch_path%3Dpublic&connect_timeout=1"
    )
    for _ in range(2):
        with server.connect() as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("5s",)
            assert connection.execute("SHOW search_path").fetchone() == ("public",)
            # What fails over loses what no standby has: each commit waits as the server has it.
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with Server(postgresql.url()).connect() as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
    assert server._params["port"] == f"{postgresql.port},{dead}"
