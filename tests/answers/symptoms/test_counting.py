"""Q2: notes are counted off the path, summed over processes, bounded; strangers count for nothing that is proven."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.admin import attention, symptoms
from idp.admin.actor import of_shell
from idp.answers.symptoms import keep, keeping, store, sweep
from idp.answers.symptoms.counting import MAX_KEYS, Counts, rows_of
from idp.answers.symptoms.evidence import Count, counts_of
from idp.answers.symptoms.following import MAX_KEPT, Following
from idp.traffic import CODE, DISCOVERY, MAX_PROVEN, MAX_SAID, Granted, Note, Traffic
from tests.backends import Clock
from tests.provider import App, Provider, basic

HOUR = 3600.0


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person("ann")
    return provider.add_client("CRM")


def counted(provider: Provider, app: App, kind: str) -> Count:
    """As the table has it."""
    found = counts_of(provider.services.db.all(store.OF_CLIENT, of=app.id))
    return found.get(kind, Count())


def test_Q2_what_two_processes_counted_is_summed_up_with_its_first_and_last_time(
    provider: Provider, crm: App, clock: Clock
) -> None:
    other, browser, began = provider.another(), provider.browser(), clock()
    provider.sign_in(browser, crm)
    clock.advance(HOUR / 2)
    for one in (provider, other):
        browser.app = one.app
        assert provider.authorize(browser, crm).code
        keeping.flush(one.services)
    count = counted(provider, crm, "code")
    assert (count.many, count.first_at, count.last_at) == (3, began, clock())
    assert sum(count.hours.values()) == 3


def test_Q2_a_request_asks_nothing_and_writes_nothing_for_it(provider: Provider, crm: App) -> None:
    tokens = provider.tokens(crm)
    provider.userinfo(tokens["access_token"])
    sql, _, _ = provider.counted(lambda: provider.userinfo(tokens["access_token"]))
    assert [one for one in sql if "traffic_counts" in one] == []
    sql, _, _ = provider.counted(lambda: keep(provider.services))
    assert [one for one in sql if "traffic_counts" in one]


def test_Q2_the_background_writes_seldom_and_few_rows(provider: Provider, crm: App) -> None:
    browser = provider.browser()
    provider.sign_in(browser, crm)
    keep(provider.services)
    for _ in range(20):
        provider.authorize(browser, crm)
    sql, _, _ = provider.counted(lambda: keep(provider.services))
    assert [one for one in sql if "traffic_counts" in one] == []  # ten seconds have not gone
    sql, _, _ = provider.counted(lambda: keeping.flush(provider.services))
    assert len([one for one in sql if "traffic_counts" in one]) == 2  # the hour and the whole, whatever their number


def test_Q2_the_queues_and_what_is_followed_are_bounded(provider: Provider, crm: App) -> None:
    traffic, following, counts = Traffic(), Following(), Counts()
    for n in range(MAX_PROVEN + 100):
        traffic.proven(CODE, crm.id, str(n), Granted(str(n), "p", (), False), 1.0)
    for n in range(MAX_SAID + 100):
        traffic.said("origin", "", f"https://{n}.example")
        traffic.fetched(DISCOVERY, f"203.0.113.{n}")
    notes = traffic.take()
    assert len(notes) == MAX_PROVEN + 2 * MAX_SAID
    assert traffic.take() == []
    for note in notes[: MAX_KEPT + 100]:
        list(following.of(provider.services, crm.client, note, 1.0))
    assert len(following._rounds) == MAX_KEPT
    for n in range(MAX_KEYS + 100):
        counts.add(f"client {n}", "code", 1.0)
    assert len(counts.take(10 * MAX_KEYS)) == MAX_KEYS


def test_Q2_what_could_not_be_written_is_not_lost(provider: Provider, crm: App, clock: Clock) -> None:
    counts = Counts()
    counts.add("a", "code", HOUR, {"from": "here"})
    taken = counts.take(10)
    counts.add("a", "code", 2 * HOUR)
    counts.give_back(taken)
    ((keys, rows),) = rows_of(counts.take(10))
    assert keys == [("a", "code", 1), ("a", "code", 2)]
    assert [(key[2], one.many, one.first_at, one.about) for key, one in rows] == [
        (0, 2, HOUR, '{"from": "here"}'), (1, 1, HOUR, ""), (2, 1, 2 * HOUR, ""),
    ]  # fmt: skip


def test_Q2_strangers_who_know_a_client_id_make_no_row_that_accuses(provider: Provider, crm: App, clock: Clock) -> None:
    stranger = provider.browser("198.51.100.66")
    for n in range(30):
        provider.authorize(stranger, crm, prompt="none")
        provider.authorize(stranger, crm, client_id=f"made-up-{n}", prompt="none")
        stranger.post(
            "oauth/token", {"grant_type": "authorization_code", "code": f"dwc_{n}.x"}, headers=basic(crm.id, "x")
        )
        stranger.post(
            "oauth/token", {"grant_type": "refresh_token", "refresh_token": f"dwr_{n}.x", "client_id": crm.id}
        )
        stranger.get("oauth/userinfo", headers={"Authorization": "Bearer dwa_x.y"})
        stranger.get("oauth/jwks")
    clock.advance(60)
    found = symptoms.of_application(provider.services, of_shell("root"), crm.client)
    assert [one.code for one in found if one.proven] == []
    rows = provider.services.db.all(store.OF_CLIENT, of=crm.id)
    assert {row.kind for row in rows} <= {"silent_no_cookie", "silent_no_session"}
    assert provider.services.db.all(store.OF_CLIENT, of="made-up-1") == []


def test_Q2_documents_that_somebody_else_fetches_are_not_the_application_s(provider: Provider, crm: App) -> None:
    provider.tokens(crm)
    provider.browser("198.51.100.66").get("oauth/jwks")
    keeping.flush(provider.services)
    assert counted(provider, crm, "jwks").many == 0


def test_O1_hours_go_after_two_days_and_the_whole_two_weeks_after_the_last(
    provider: Provider, crm: App, clock: Clock
) -> None:
    provider.sign_in(provider.browser(), crm)
    keeping.flush(provider.services)
    assert sweep(provider.services.db, clock()) == 0
    assert sweep(provider.services.db, clock() + 49 * HOUR) == 1
    assert sweep(provider.services.db, clock() + 15 * 24 * HOUR) == 1
    assert counted(provider, crm, "code").many == 0


def test_Q2_a_loop_over_two_processes_knows_what_was_redeemed_by_the_other(
    provider: Provider, crm: App, clock: Clock
) -> None:
    other, following = provider.another(), Following()
    code = provider.sign_in(provider.browser(), crm).code
    code_id = code.removeprefix("dwc_").partition(".")[0]
    about = Granted(code_id, "nobody", ("openid",), False)
    kinds = []
    for _ in range(2):
        for n in range(3):
            note = Note(CODE, crm.id, "session", about, 0.0)
            kinds += [kind for kind, _ in following.of(other.services, crm.client, note, clock() + n)]
        provider.redeem(crm, code)
        clock.advance(100)
    assert kinds == ["loop", "loop_unredeemed", "loop"]


def test_Q2_what_keeps_people_out_needs_attention(provider: Provider, crm: App, clock: Clock) -> None:
    browser = provider.browser()
    for _ in range(4):
        provider.sign_in(browser, crm)
        clock.advance(30)
    provider.add_client("Well")
    attention.examine(provider.services)
    found = [one for one in attention.find(provider.services, of_shell("root")) if one.kind == "symptom"]
    (one,) = found
    assert one.path.startswith(f"/admin/apps/{crm.id}")
    assert "4 codes" in one.detail
    assert one.fix


@pytest.mark.slow
def test_Q2_grown_to_postgresql_the_counts_of_two_processes_are_summed_and_swept(
    open_provider: Callable[..., Provider], postgresql_url: str, clock: Clock
) -> None:
    provider = open_provider(storage={"database_url": postgresql_url})
    provider.add_person("ann")
    crm, other, browser = provider.add_client("CRM"), provider.another(), provider.browser()
    for one in (provider, other, provider):
        browser.app = one.app
        provider.sign_in(browser, crm)
        keeping.flush(one.services)
    assert counted(provider, crm, "code").many == 3
    assert sweep(provider.services.db, clock() + 15 * 24 * HOUR) == 2
