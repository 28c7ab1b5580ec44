"""O1: what everybody waits for pays nothing for the chain, and a sign-in one event without another round trip."""

from __future__ import annotations

import pytest

from tests.provider import Browser, Provider


def written(sql: list[str]) -> int:
    """How many of the statements write events."""
    return sum(one.startswith("INSERT INTO events") for one in sql)


@pytest.fixture
def hops(provider: Provider, browser: Browser) -> dict[str, list[str]]:
    """What each hop asks of the database, somebody being signed in already."""
    provider.add_person()
    app = provider.add_client()
    machine = provider.add_client("Machine", "machine")
    first = provider.tokens(app, browser, scope="openid offline_access", prompt="consent")
    asked: dict[str, list[str]] = {}
    asked["authorize"], _, answer = provider.counted(lambda: provider.authorize(browser, app))
    asked["code"], _, redeemed = provider.counted(lambda: provider.redeem(app, answer.code))
    asked["userinfo"], _, _ = provider.counted(lambda: provider.userinfo(redeemed.json["access_token"]))
    asked["introspection"], _, _ = provider.counted(lambda: provider.introspect(app, first["access_token"]))
    asked["refresh"], _, again = provider.counted(lambda: provider.refresh(app, first["refresh_token"]))
    asked["client_credentials"], _, token = provider.counted(lambda: provider.client_credentials(machine))
    assert (again.status, token.status) == (200, 200)
    return asked


def test_o1_no_hop_of_a_signed_in_person_or_a_machine_writes_an_event(hops: dict[str, list[str]]) -> None:
    assert {hop: written(sql) for hop, sql in hops.items()} == dict.fromkeys(hops, 0)
    assert not any("audit_segments" in one or "segment IS NULL" in one for sql in hops.values() for one in sql)


def test_o1_a_sign_in_proves_its_event_without_another_statement(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    page = provider.authorize(browser, provider.add_client())
    sql, _, answer = provider.counted(lambda: browser.log_in(page))
    assert answer.is_redirect
    assert written(sql) == 1
    assert not any("audit_segments" in one for one in sql)
    (event,) = provider.events("session:started")
    (proven,) = provider.services.db.all(store_of(event.id))
    assert proven.mac


def store_of(event_id: str) -> object:
    """The event's proof."""
    from sqlalchemy import select

    from idp.audit.store import events

    return select(events.c.mac).where(events.c.id == event_id)
