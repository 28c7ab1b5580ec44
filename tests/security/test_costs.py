"""What a stranger may cause: no rows, no piles, no dear work for a made-up value. S9, S40, S61."""

from __future__ import annotations

import secrets
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts.person import Person
from idp.app import sweep, sweep_out
from idp.db import Database, Unavailable, postgresql
from idp.oidc.ledger.store import access_tokens
from keys import sealing
from tests.backends import Clock
from tests.provider import App, Browser, Provider


def test_S61_cancelling_without_a_session_writes_nothing(provider: Provider, crm: App) -> None:
    before = len(provider.events())
    for _ in range(5):
        stranger = provider.browser()
        page = provider.authorize(stranger, crm)
        sql, verbs, answer = provider.counted(lambda page=page, who=stranger: who.submit(page, "cancel"))
        assert answer.error == "access_denied"
        assert [statement for statement in sql if not statement.startswith("SELECT")] == []
        assert verbs == []
    assert len(provider.events()) == before  # nor does anything wait to be written behind


def test_S61_a_no_of_somebody_who_is_signed_in_is_recorded(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("Tool", consent="explicit")
    page = browser.log_in(provider.authorize(browser, app))
    browser.submit(page, "deny")
    (event,) = provider.events("client:refused")
    assert event.client_id == app.id


def test_what_ran_out_is_swept_until_nothing_is_left(provider: Provider, crm: App, clock: Clock) -> None:
    services = provider.services
    for number in range(2500):
        services.state.put(f"swept:{number}", 1, 1)
    with services.db.transaction() as tx:
        for number in range(2100):
            tx.run(
                access_tokens.insert(), id=f"t{number}", hash="", family_id=None, client_id=crm.id, scope="",
                resource="[]", created_at=clock(), expires_at=clock() + 1, cnf="", exchanged="", details="",
            )  # fmt: skip
    clock.advance(4000)
    assert max(sweep(services).values()) == 1000  # small steps, so that nobody waits for a lock
    sweep_out(services)
    assert services.db.one(select(func.count().label("n")).select_from(access_tokens)).n == 0
    assert set(sweep(services).values()) == {0}


def test_sweeping_stops_when_its_time_is_up(provider: Provider, clock: Clock) -> None:
    for number in range(1500):
        provider.services.state.put(f"swept:{number}", 1, 1)
    clock.advance(10)
    sweep_out(provider.services, seconds=0)
    assert sweep(provider.services)["state"] == 1000


# -- made-up values --------------------------------------------------------------------------------------------------


def test_S9_a_made_up_refresh_token_derives_no_keys_however_long_the_chain(
    provider: Provider, crm: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = provider.tokens(crm)["refresh_token"]
    for _ in range(30):
        clock.advance(60)
        held = provider.refresh(crm, held).json["refresh_token"]
    derived: list[Any] = []
    real = sealing.HKDF
    monkeypatch.setattr(sealing, "HKDF", lambda *args, **named: derived.append(named) or real(*args, **named))
    made_up = held.partition(".")[0] + "." + secrets.token_urlsafe(32)
    for _ in range(5):
        assert provider.refresh(crm, made_up).error == "invalid_grant"
        assert provider.revoke(crm, made_up).status == 200
    assert len(derived) <= 1
    assert provider.refresh(crm, held).status == 200


def test_S40_made_up_key_ids_ask_the_store_once_a_second_at_most(provider: Provider) -> None:
    ring = provider.services.ring
    ring.snapshot()
    once, _, _ = provider.counted(ring.refresh)
    begun = time.monotonic()
    asked, _, _ = provider.counted(lambda: [ring.find_public(secrets.token_urlsafe(8)) for _ in range(200)])
    seconds = int(time.monotonic() - begun) + 1
    assert len(asked) <= len(once) * (seconds + 1)


# -- a server that does not answer -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_statement_that_takes_too_long_fails_the_request_and_frees_its_thread(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Database(postgresql_url)
    limit = usual.one(select(func.current_setting("statement_timeout").label("value"))).value
    assert limit.endswith("s")  # "0" is none
    usual.close()
    monkeypatch.setattr(postgresql, "STATEMENT_MS", 200)
    hasty = Database(postgresql_url)
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        hasty.one(select(func.pg_sleep(30).label("slept")))
    assert time.monotonic() - begun < 5
    assert hasty.one(select(func.now().label("at"))).at  # the connection goes on
    hasty.close()
