"""The person's own pages on PostgreSQL: the same story as on SQLite. A1–A4, A8, A10."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from idp.accounts import cases, not_me, notices
from idp.accounts.own import pins, uses, verdicts
from idp.app import sweep
from tests.backends import Clock
from tests.portal.activity_rows import rows
from tests.provider import Provider

pytestmark = pytest.mark.slow


@pytest.fixture
def grown(open_provider: Callable[..., Provider], postgresql_url: str) -> Provider:
    return open_provider(storage={"database_url": postgresql_url})


def test_A1_to_A10_on_postgresql(grown: Provider, clock: Clock) -> None:
    services = grown.services
    ann, crm, wiki = grown.add_person(), grown.add_client("CRM"), grown.add_client("Wiki")
    phone, browser = grown.browser("198.51.100.1"), grown.browser()
    grown.tokens(crm, phone)
    grown.tokens(wiki, browser)
    assert services.uses.flush() == 2
    services.uses.note(ann.id, crm.id, clock() - 100)  # an older one, of a slower process
    assert grown.another().services.uses.of(ann.id) == {crm.id: clock(), wiki.id: clock()}
    for order in ([wiki.id, crm.id], [crm.id], [crm.id, wiki.id]):
        pins.save(services.db, ann.id, order)
        assert pins.of(services.db, ann.id) == order
    notices.add(services.db, clock(), "Maintenance", "cli:test", ends_at=clock() + 60)
    clock.advance(notices.STALE_AFTER)
    assert "Maintenance" in browser.get("").dom.text
    page = browser.get("activity")
    assert len(rows(page)) == 2
    verdicts.say(services.db, ann.id, rows(page)[0], verdicts.ME, clock())
    assert "this was you" in browser.get("activity").dom.text
    assert [name in browser.get("sessions").dom.text for name in ("CRM", "Wiki")] == [True, True]
    services.directory.update(ann.id, merge={"nickname": "Annie"})
    token = not_me.make(services.sealer, ann.id, "new_device", clock())
    reader = grown.browser("192.0.2.1")
    reader.submit(reader.get(f"not-me/{token}"), "secure")
    assert browser.get("activity").is_login_page
    (case,) = cases.list_of(services.db)
    assert cases.close(services, case.id, "sorted out", "cli:help")
    clock.advance(services.settings.audit.retention_days * 86400 + 86400)
    swept = sweep(services)
    assert {kind: swept[kind] for kind in ("cases", "verdicts", "uses", "notices")} == {
        "cases": 1, "verdicts": 1, "uses": 2, "notices": 1,
    }  # fmt: skip
    assert uses.sweep(services.db, clock()) == 0


def test_A1_pins_that_are_saved_at_once_end_in_one_order(grown: Provider) -> None:
    ann, apps = grown.add_person(), [f"app{n}" for n in range(5)]
    orders = [apps[n:] + apps[:n] for n in range(5)]
    problems: list[Exception] = []

    def save(order: list[str]) -> None:
        try:
            for _ in range(20):
                pins.save(grown.services.db, ann.id, order)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=save, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(pins.of(grown.services.db, ann.id)) == apps
