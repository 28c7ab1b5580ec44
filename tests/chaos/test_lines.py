"""H3: the way to the stores is slow, or open lines carry nothing any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import literal_column, select

from idp.db import Database, Unavailable
from idp.db.postgresql import Connection
from idp.db.postgresql import Server as DatabaseServer
from tests.backends import PostgreSQL, Redis
from tests.chaos.between import Between
from tests.provider import App
from tests.server import HttpBrowser, Server, race, running, unique

pytestmark = pytest.mark.slow


@dataclass
class House:
    """A provider whose lines to both stores the test holds, and somebody who is signed in."""

    server: Server
    database: Between
    redis: Between
    app: App
    name: str
    browser: HttpBrowser


@pytest.fixture
def house(run_pid: int, own_postgresql: PostgreSQL, own_postgresql_url: str, own_redis: Redis) -> Iterator[House]:
    database, redis = Between(own_postgresql.port), Between(own_redis.port)
    storage = {
        "database_url": own_postgresql_url.replace(f":{own_postgresql.port}/", f":{database.port}/"),
        "state_url": own_redis.url.replace(f":{own_redis.port}/", f":{redis.port}/"),
    }
    with running(run_pid, storage=storage) as server:
        app, name = server.add_client(unique("CRM")), unique("ann")
        server.add_person(name)
        browser = server.browser()
        assert isinstance(browser, HttpBrowser)
        server.tokens(app, browser, name)
        yield House(server, database, redis, app, name, browser)
    database.close()
    redis.close()


def test_H3_a_database_that_takes_200_ms_an_answer_is_slow_and_nothing_else(house: House) -> None:
    server, app = house.server, house.app
    house.database.delay = 0.2
    begun = time.monotonic()
    answers = race([lambda: server.tokens(app, server.browser(), house.name) for _ in range(4)])
    took = time.monotonic() - begun
    assert all(server.userinfo(tokens["access_token"]).status == 200 for tokens in answers)
    assert server.refresh(app, answers[0]["refresh_token"]).status == 200
    assert server.revoke(app, answers[1]["refresh_token"]).status == 200
    assert server.introspect(app, answers[1]["access_token"]) == {"active": False}
    assert server.authorize(house.browser, app, prompt="none").code
    assert server._machine.get("readyz").status == 200
    print(f"four sign-ins at once and their tokens: {took:.1f} s")


@pytest.mark.parametrize("store", ["database", "redis"])
def test_H3_lines_that_carry_nothing_any_more_are_left(house: House, store: str) -> None:
    """The first one is waited for; from then on each is asked whether it carries anything, and nothing is restarted."""
    server, app = house.server, house.app
    between: Between = getattr(house, store)
    race([lambda: server.tokens(app, server.browser(), house.name) for _ in range(4)])
    lines = between.forget()
    assert lines
    refused, begun, slowest, good = 0, time.monotonic(), 0.0, 0
    while good < 12:
        asked = time.monotonic()
        answer = server.authorize(house.browser, app, prompt="none")
        slowest = max(slowest, time.monotonic() - asked)
        if answer.is_redirect and answer.error == "":
            good += 1
        else:
            refused += 1
            assert answer.status == 503 or answer.error == "temporarily_unavailable", answer.text
            assert refused <= lines + 8
    print(f"{store}: {refused} of {refused + good} refused, {lines} lines, slowest {slowest:.1f} s, "
          f"all well after {time.monotonic() - begun:.1f} s")  # fmt: skip
    assert server.userinfo(server.tokens(app, server.browser(), house.name)["access_token"]).status == 200


def test_H3_where_one_line_was_given_up_the_others_are_asked_first(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each, and only those that were open then: else whoever comes next waits as long again."""
    monkeypatch.setattr(Connection, "patience", 0.5)
    between = Between(postgresql.port)
    server = DatabaseServer(postgresql.url().replace(f":{postgresql.port}/", f":{between.port}/"))
    first, second = server.connect(), server.connect()
    assert not second.is_silent()
    between.forget()
    third = server.connect()
    with pytest.raises(psycopg.OperationalError, match="timeout expired"):
        first.execute("SELECT 1")
    monkeypatch.setattr("idp.db.postgresql.HEARD_S", 0.2)
    assert second.is_silent()
    assert not third.is_silent()  # it answered
    assert third.heard > server._doubt.since
    assert server.connect().heard > server._doubt.since
    for one in (first, second, third):
        one.close()
    between.close()


def test_H3_a_request_that_gave_its_line_up_has_the_others_asked_first(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a request asks does not go by psycopg's own wait: it was its line alone that was left."""
    monkeypatch.setattr(Connection, "patience", 0.5)
    monkeypatch.setattr("idp.db.postgresql.HEARD_S", 0.2)
    between = Between(postgresql.port)
    database = Database(postgresql.url().replace(f":{postgresql.port}/", f":{between.port}/"))
    number = select(literal_column("1").label("n"))
    other = database._connect()
    assert database.one(number).n == 1
    between.cut_at(1, arrives=True)  # the system gave it up: what was sent was not acknowledged
    with pytest.raises(Unavailable), database.transaction():
        raise AssertionError("never begun")
    assert other.doubt.since > other.heard
    assert not other.is_silent()
    assert database.one(number).n == 1
    between.forget()
    with pytest.raises(Unavailable, match="timeout expired"), database.transaction():
        raise AssertionError("never begun")
    assert other.is_silent()
    assert database.one(number).n == 1
    assert database._connection().heard > database._connection().doubt.since
    other.close()
    database.close()
    between.close()
