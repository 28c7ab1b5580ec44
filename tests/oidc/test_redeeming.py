"""A code is redeemed in one statement on PostgreSQL; whatever ends a person's tokens comes before it or after it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, select

from clients.access import Access
from idp.accounts.person import Person
from idp.oidc.ledger.store import families
from tests.provider import Answer, App, Provider

pytestmark = pytest.mark.slow

_LIVE = select(families.c.id).where(families.c.person_id == bindparam("of"), families.c.revoked_at.is_(None))
_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def grown(open_provider: Callable[..., Provider], postgresql_url: str, redis_url: str) -> Provider:
    return open_provider(storage={"database_url": postgresql_url, "state_url": redis_url})


@pytest.fixture
def ann(grown: Provider) -> Person:
    return grown.add_person()


@pytest.fixture
def crm(grown: Provider) -> App:
    return grown.add_client("CRM")


def wait_until_all_wait(grown: Provider, *asked: Future[Any]) -> None:
    """For a lock that another transaction has."""
    with psycopg.connect(grown.services.db.url, autocommit=True) as connection:
        while connection.execute(_WAITS).fetchall() != [(len(asked),)]:
            assert not any(one.done() for one in asked)


def live(grown: Provider, person: Person) -> list[Any]:
    return grown.services.db.all(_LIVE, of=person.id)


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_it_is_one_read_of_state_and_one_statement(grown: Provider, ann: Person, format_: str) -> None:
    app, browser = grown.add_client("App", access_token_format=format_), grown.browser()
    grown.tokens(app, browser)
    code = grown.authorize(browser, app).code
    sql, verbs, answer = grown.counted(lambda: grown.redeem(app, code))
    assert answer.status == 200
    assert (len(sql), verbs) == (1, ["get"])
    assert grown.userinfo(answer.json["access_token"]).json["sub"] == ann.id


def _disable(grown: Provider, ann: Person, meanwhile: Callable[[], None]) -> None:
    directory = grown.services.directory

    def ended(tx: Any, person_id: str, why: str) -> None:
        directory.ended(tx, person_id, why)
        meanwhile()

    directory.disable(ann.id, ended=ended)


def _reset(grown: Provider, ann: Person, meanwhile: Callable[[], None]) -> None:
    directory = grown.services.directory

    def ended(tx: Any, person_id: str, why: str) -> None:
        directory.ended(tx, person_id, why)
        meanwhile()

    directory.store_password(ann.id, "a hash", detail={}, ended=ended)


def _end_sessions(grown: Provider, ann: Person, meanwhile: Callable[[], None]) -> None:
    with grown.services.db.transaction() as tx:
        grown.services.directory.ended(tx, ann.id, "by an admin")
        meanwhile()


ENDS = {"disable": _disable, "reset": _reset, "sessions": _end_sessions}


@pytest.mark.parametrize("how", list(ENDS))
def test_S58_it_waits_for_an_end_that_is_under_way_and_gives_nothing(
    grown: Provider, ann: Person, crm: App, how: str
) -> None:
    code = grown.sign_in(grown.browser(), crm).code
    with ThreadPoolExecutor(1) as pool:
        given: list[Future[Answer]] = []

        def meanwhile() -> None:
            given.append(pool.submit(lambda: grown.redeem(crm, code)))
            wait_until_all_wait(grown, *given)

        ENDS[how](grown, ann, meanwhile)
        assert given[0].result().error == "invalid_grant"
    assert live(grown, ann) == []


@pytest.mark.parametrize("how", list(ENDS))
def test_S58_an_end_waits_for_it_and_finds_what_it_gave(grown: Provider, ann: Person, crm: App, how: str) -> None:
    code = grown.sign_in(grown.browser(), crm).code
    with psycopg.connect(grown.services.db.url) as held, ThreadPoolExecutor(2) as pool:
        # Somebody writes a family of this id: the redemption waits for that in the midst of its statement.
        columns = ", ".join(column.name for column in families.c if not column.nullable)
        values = ", ".join("%s" if c.name == "id" else "0" for c in families.c if not c.nullable)
        held.execute(f"INSERT INTO families ({columns}) VALUES ({values})", [code.removeprefix("dwc_").split(".")[0]])
        given = pool.submit(lambda: grown.redeem(crm, code))
        wait_until_all_wait(grown, given)
        ended = pool.submit(lambda: ENDS[how](grown, ann, lambda: None))
        wait_until_all_wait(grown, given, ended)
        held.rollback()
        answer = given.result()
        ended.result()
    assert answer.status == 200
    assert live(grown, ann) == []
    assert grown.introspect(crm, answer.json["access_token"]) == {"active": False}


def test_R1_who_has_lost_the_application_since_is_given_nothing(grown: Provider) -> None:
    """Which no statement can tell: the decision is asked about the row that comes back."""
    ann = grown.add_person(groups=("sales",))
    app = grown.add_client("Sales", access=Access.only(groups=["sales"]))
    code = grown.sign_in(grown.browser(), app).code
    grown.services.directory.set_groups(ann.id, [])
    assert grown.redeem(app, code).error == "invalid_grant"
    assert live(grown, ann) == []
