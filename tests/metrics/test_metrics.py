"""M1: what happens is counted, shown to whoever has the token, and costs no hop a round trip."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from idp.answers import symptoms
from idp.db import Database, Unavailable
from idp.meters.board import HALF, Board, Seat, TooLarge
from idp.meters.endpoints import endpoint_of
from idp.meters.families import FAMILIES
from idp.meters.notes import MAX_APPS, MAX_SERIES, Meters
from idp.metrics import reading
from tests.provider import Answer, Browser, Provider, bearer
from tests.receiver import Receiver
from tests.server import running

TOKEN = "a-token-of-the-tests-0123456789"
Open = Callable[..., Provider]


@pytest.fixture
def watched(open_provider: Open) -> Provider:
    """A provider that somebody may watch."""
    return open_provider(server={"issuer": "https://login.example"}, metrics={"token": TOKEN})


def scrape(browser: Browser, token: str = TOKEN, **headers: str) -> Answer:
    return browser.open("GET", "metrics", None, {**bearer(token), **headers}, cookies=False)


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every number by its name and labels."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def read(provider: Provider) -> Callable[..., float]:
    """Ask now; answers what finds a number, 0 where there is none."""
    symptoms.keep(provider.services)
    answer = scrape(provider.browser())
    assert answer.status == 200
    found = samples(answer.text)

    def number(name: str, /, **labels: str) -> float:
        return found.get((f"doorward_{name}", tuple(sorted(labels.items()))), 0.0)

    return number


# -- who may read them -------------------------------------------------------------------------------------------------


def test_m1_nothing_is_there_until_a_token_is_set(provider: Provider) -> None:
    answer = scrape(provider.browser())
    assert answer.status == 404
    assert not provider.services.part(Meters).on


@pytest.mark.spec("RFC6750 3")
@pytest.mark.parametrize("shown", ["", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xfc", TOKEN])
def test_m1_without_the_token_nothing_is_told(watched: Provider, shown: str) -> None:
    answer = watched.browser().open("GET", "metrics", None, {"Authorization": shown}, cookies=False)
    assert (answer.status, "doorward_" in answer.text) == (401, False)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_m1_a_short_token_is_no_token(open_provider: Open) -> None:
    with pytest.raises(ValueError, match="24 characters"):
        open_provider(metrics={"token": "short"})


def test_m1_both_formats_are_spoken(watched: Provider) -> None:
    assert scrape(watched.browser()).headers["Content-Type"].startswith("text/plain")
    answer = scrape(watched.browser(), Accept="application/openmetrics-text;version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_m1_sign_ins_tokens_and_refusals_are_counted_with_their_application(watched: Provider) -> None:
    app, browser = watched.add_client(), watched.browser()
    watched.add_person()
    page = watched.authorize(browser, app)
    page = browser.log_in(page, password="wrong horse")
    assert browser.log_in(page).is_redirect
    watched.refresh(app, watched.tokens(app, browser, scope="openid offline_access", prompt="consent")["refresh_token"])
    watched.redeem(app, "no-such-code")
    number = read(watched)
    assert number("sign_ins_total", app=app.id, method="pwd", result="wrong") == 1
    assert number("sign_ins_total", app=app.id, method="pwd", result="started") == 1
    assert number("sign_ons_total", app=app.id, protocol="oidc") == 2
    assert number("tokens_total", app=app.id, grant="authorization_code") == 1
    assert number("tokens_total", app=app.id, grant="refresh_token") == 1
    assert number("refusals_total", kind="code_unknown") == 1
    assert number("requests_total", endpoint="/oauth/token", status="400") == 1


def test_m1_an_answer_is_split_into_store_signature_and_hash(watched: Provider) -> None:
    app = watched.add_client()
    watched.add_person()
    watched.tokens(app)
    number = read(watched)
    assert number("request_seconds_count", endpoint="/oauth/token") == 1
    whole = number("request_seconds_sum", endpoint="/oauth/token")
    parts = [number("request_part_seconds_sum", endpoint="/oauth/token", part=part) for part in ("store", "sign")]
    assert all(parts)
    assert sum(parts) < whole
    assert number("request_part_seconds_count", endpoint="/login", part="hash") == 1
    assert number("request_part_seconds_count", endpoint="/oauth/token", part="hash") == 0
    assert number("request_seconds_bucket", endpoint="/oauth/token", le="+Inf") == 1


def test_m1_told_sign_outs_are_counted(open_provider: Open) -> None:
    receiver = Receiver()
    watched = open_provider(
        server={"issuer": "http://127.0.0.1:8000"}, metrics={"token": TOKEN}, outbound={"allow": [receiver.origin]}
    )
    try:
        app = watched.add_client(backchannel_logout_uri=f"{receiver.origin}/out")
        watched.add_person()
        browser = watched.browser()
        watched.tokens(app, browser)
        browser.submit(browser.get("logout"))
        number = read(watched)
    finally:
        receiver.close()
    assert len(receiver.bodies) == 1
    assert number("logout_deliveries_total", result="confirmed") == 1


def test_m1_what_the_installation_stands_on_is_shown(watched: Provider) -> None:
    watched.services.certificates.active()
    watched.services.jobs.register("test.work", lambda payload: None)
    watched.services.jobs.enqueue("test.work", {})
    number = read(watched)
    assert number("store_up", store="database") == number("store_up", store="state") == 1
    assert number("jobs", name="test.work", state="waiting") == 1
    assert number("signing_key_since_timestamp_seconds", alg="RS256", state="active") > 0
    assert number("backup_last_success_timestamp_seconds") == 0
    assert number("worker_database_connections", worker="0") >= 1
    ends = [one for one in FAMILIES if one.name == "certificate_end_timestamp_seconds"]
    assert ends
    assert "doorward_certificate_end_timestamp_seconds{" in scrape(watched.browser()).text


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_m1_made_up_applications_get_no_name_and_many_share_one() -> None:
    meters = Meters()
    meters.on, meters.knows = True, lambda client_id: client_id.startswith("app-")
    for number in range(MAX_APPS + 50):
        meters.count("tokens", f"made-up-{number}", "refresh_token")
        meters.count("tokens", f"app-{number}", "refresh_token")
    sums, _ = meters.all_workers()
    assert len(sums["tokens"]) == MAX_APPS + 1
    assert sums["tokens"]["other", "refresh_token"] == MAX_APPS + 100


def test_m1_what_has_no_series_left_is_counted_under_other() -> None:
    meters = Meters()
    meters.on, meters.knows = True, lambda client_id: True
    for number in range(100):
        for result in range(MAX_SERIES // 100 + 1):
            meters.count("sign_ins", f"app-{number}", "password", str(result))
    sums, _ = meters.all_workers()
    assert sum(sums["sign_ins"].values()) == 100 * (MAX_SERIES // 100 + 1)
    assert meters.lost == 100 * (MAX_SERIES // 100 + 1) - MAX_SERIES
    assert {labels[0] for labels in list(sums["sign_ins"])[MAX_SERIES:]} == {"other"}


def test_m1_who_takes_a_dead_ones_place_goes_on_with_its_names() -> None:
    seat, known = Seat(Board(2), 0), lambda client_id: True
    for apps in ([f"old-{number}" for number in range(MAX_APPS)], ["new", "old-1"]):
        meters = Meters()
        meters.on, meters.knows = True, known
        meters.share(seat)
        for app in apps:
            meters.count("tokens", app, "refresh_token")
        sums, _ = meters.all_workers()
    assert sums["tokens"]["old-1", "refresh_token"] == 2
    assert sums["tokens"]["other", "refresh_token"] == 1


def test_m1_a_database_that_is_gone_is_asked_once(watched: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each try takes seconds, and Prometheus waits for ten."""
    asked: list[str] = []

    def gone(*_: object, **__: object) -> None:
        asked.append("x")
        raise Unavailable("no route to host")

    for name in ("one", "all", "run", "transaction"):
        monkeypatch.setattr(Database, name, gone)
    found = {(name, labels): value for name, labels, value in reading.Kept().current(watched.services)}
    assert found["store_up", ("database",)] == found["store_up", ("state",)] == 0
    assert len(asked) == 1


def test_m1_pages_of_a_room_are_one_endpoint(watched: Provider) -> None:
    browser = watched.browser()
    for path in ("admin/people/1", "admin/people/2", "admin/apps/x"):
        browser.get(path)
    assert read(watched)("requests_total", endpoint="console", status="200") == 3
    assert endpoint_of("/scim/v2/Users") == "scim"


def test_m1_a_hop_asks_the_store_for_no_more(watched: Provider, open_provider: Open) -> None:
    def hop(provider: Provider) -> tuple[list[str], list[str]]:
        app, browser = provider.add_client(), provider.browser()
        provider.add_person()
        provider.tokens(app, browser)
        sql, verbs, _ = provider.counted(lambda: provider.tokens(app, browser))
        return sql, verbs

    assert hop(watched) == hop(open_provider())


# -- the workers of one machine ----------------------------------------------------------------------------------------


def test_m1_workers_are_added_up_and_a_successor_goes_on_from_there() -> None:
    board = Board(places=3)

    def worker(place: int) -> Meters:
        meters = Meters()
        meters.on, meters.gauges = True, lambda: {"worker_memory_bytes": 1.0}
        meters.share(Seat(board, place))
        return meters

    first, second = worker(0), worker(1)
    for meters, times in ((first, 2), (second, 3)):
        for _ in range(times):
            meters.count("refusals", "grant_type")
            meters.end("/oauth/token", 200, meters.begin())
        meters.add_up()
    successor = worker(1)
    successor.count("refusals", "grant_type")
    sums, workers = first.all_workers()
    assert sums["refusals"]["grant_type",] == 5
    successor.add_up()
    sums, workers = first.all_workers()
    assert sums["refusals"]["grant_type",] == 6
    assert sum(sums["request_seconds"]["/oauth/token",][1:]) == 5
    assert sorted(workers) == ["0", "1"]


def test_m1_a_place_holds_the_last_whole_text_whatever_is_being_written() -> None:
    board = Board(places=2)
    assert board.read(1) == b""
    board.write(1, b"first")
    with pytest.raises(TooLarge):
        board.write(1, b"x" * HALF)
    assert board.others(0) == [(1, b"first")]


@pytest.mark.slow
def test_m1_one_worker_answers_for_all_and_a_kill_takes_nothing_back(run_pid: int) -> None:
    with running(run_pid, workers=2, metrics={"token": TOKEN}) as server:

        def asked(least: float) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
            until = time.monotonic() + 20
            while True:
                found = samples(scrape(server.browser()).text)
                value = found.get(("doorward_requests_total", (("endpoint", "/oauth/jwks"), ("status", "200"))), 0.0)
                assert value <= 40
                if value >= least:
                    return found
                assert time.monotonic() < until, (value, least)
                time.sleep(0.1)

        for _ in range(40):
            server.browser().get("oauth/jwks")
        found = asked(40)
        assert len([key for key in found if key[0] == "doorward_worker_memory_bytes"]) == 2
        assert server.process is not None
        workers = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        until = time.monotonic() + 20
        while True:
            try:
                asked(40)
                break
            except Exception:
                assert time.monotonic() < until
                time.sleep(0.1)
