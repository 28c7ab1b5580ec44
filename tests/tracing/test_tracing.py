"""M2: one trace from the authorization request to tokens and mails, without a secret, and at no price while off."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from idp.tracing import identifiers, spans, starting
from idp.tracing.sending import MAX_WAITING, Sending
from tests.provider import PASSWORD, Provider, bearer
from tests.server import running
from tests.tracing.collector import Collector

Open = Callable[..., Provider]
OF_A_PROXY = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def open_traced(open_provider: Open, collector: Collector) -> Callable[..., Provider]:
    """A provider in this process that traces, here the share that is asked for."""

    def opened(sample: float = 1.0, **sections: object) -> Provider:
        provider = open_provider(tracing={"endpoint": collector.endpoint, "sample": sample}, **sections)
        starting.start(provider.services)
        return provider

    return opened


@pytest.mark.slow
def test_M2_a_sign_in_over_two_workers_is_one_trace_with_its_mail(run_pid: int, collector: Collector) -> None:
    tracing = {"endpoint": collector.endpoint, "sample": 1.0, "token": "a-token-of-the-collector"}
    log, outbound = {"level": "info", "format": "json"}, {"allow": [collector.origin]}
    with running(run_pid, workers=2, tracing=tracing, log=log, outbound=outbound) as server:
        server.later(-7 * 86400).add_person(email="ann@people.example")  # no newcomer, so mail tells of a new device
        app = server.add_client(backchannel_logout_uri=collector.origin + "/told")
        browser = server.browser()
        for _ in range(5):  # until both workers had a part in one sign-in
            told = server.tokens(app, browser := server.browser())
            server.userinfo(told["access_token"])
        collector.wait("POST /oauth/token", 5)
        collector.wait("GET /oauth/userinfo", 5)
        job = collector.wait("job mail")[0]
        kept = [one for one in collector.spans if one.trace == job.trace]
        names = [one.name for one in kept]
        assert {"GET /oauth/authorize", "POST /login", "POST /oauth/token", "job mail"} <= set(names)
        assert {"hash a password", "sign RS256", "COMMIT"} <= set(names)
        assert any(name.startswith("SELECT ") for name in names)

        # One tree: every span hangs on the authorization request's.
        root = next(one for one in kept if one.name == "GET /oauth/authorize")
        by_id = {one.id: one for one in kept}
        assert root.parent == ""
        assert all(one.parent in by_id for one in kept if one is not root)
        login = next(one for one in kept if one.name == "POST /login")
        assert (by_id[login.parent], by_id[job.parent]) == (root, login)
        hashed = next(one for one in kept if one.name == "hash a password")
        assert (by_id[hashed.parent], hashed.seconds < login.seconds) == (login, True)
        for name, status in (("POST /login", 303), ("POST /oauth/token", 200)):
            about = next(one.about for one in kept if one.name == name)
            assert (about["http.route"], about["http.request.method"]) == (name.split()[1], name.split()[0])
            assert about["http.response.status_code"] in (status, 302)
        assert len({one.resource["service.instance.id"] for one in collector.spans}) == 2
        assert {one.resource["service.name"] for one in collector.spans} == {"doorward"}
        assert len({one.trace for one in collector.spans if one.name == "GET /oauth/authorize"}) == 5

        # A sign-out is a trace of its own, with what tells the applications.
        browser.submit(browser.get("logout"), "confirm")
        told_of = collector.wait("job oidc.logout")[0]
        assert told_of.parent in {one.id for one in collector.spans if one.trace == told_of.trace}

        # Who it was, from where, and what opens something, nobody reads there.
        brought = b"".join(one for one in collector.bodies if b"logout_token" not in one).decode("latin-1")
        browser = server.browser("203.0.113.77")
        shown = server.authorize(browser, app, redirect_uri="https://elsewhere.example/")
        assert shown.is_error_page
        (trace,) = re.findall(r"Trace, for your IT</dt><dd class=\"code\">([0-9a-f]{32})<", shown.text)
        collector.wait("GET /oauth/authorize", 6)
        (failed,) = [one for one in collector.spans if one.trace == trace and "http.route" in one.about]
        assert failed.about["doorward.error_id"] == shown.error_id
        lines = [line for line in server.log.splitlines() if trace in line]
        assert any('"trace_id"' in line for line in lines)
        for secret in (PASSWORD, told["access_token"], told["id_token"], "ann", "people.example", "203.0.113", app.id):
            assert secret not in brought
        assert {headers["Authorization"] for headers in collector.headers} == {"Bearer a-token-of-the-collector", None}


def test_M2_of_many_sign_ins_a_share_is_traced_each_whole_or_not_at_all(
    open_traced: Callable[..., Provider], collector: Collector
) -> None:
    provider = open_traced(0.5)
    provider.add_person()
    app = provider.add_client()
    for _ in range(12):
        provider.tokens(app)
    sending = provider.services.part(spans.Tracer).sending
    until = time.monotonic() + 20
    while sending is not None and sending.sent == 0:
        assert time.monotonic() < until
        time.sleep(0.05)
    redeemed = {one.trace for one in collector.spans if one.name == "POST /oauth/token"}
    begun = {one.trace for one in collector.spans if one.name == "GET /oauth/authorize"}
    assert redeemed <= begun
    assert len([one for one in range(2000) if identifiers.root(f"{one:08x}", 0.5).sampled]) in range(850, 1150)
    assert not identifiers.root("12345678", 0.0).sampled
    assert identifiers.root("12345678", 1.0).sampled


def test_M2_a_collector_that_hangs_or_is_gone_holds_nobody_up_and_is_counted() -> None:
    def broken(content: bytes) -> None:
        raise OSError

    sending = Sending(broken, {"service.name": "doorward"})
    tracer = spans.Tracer()
    work = spans.Work(tracer, None, identifiers.read(OF_A_PROXY))
    tracer.done = sending.take
    for _ in range(3 * MAX_WAITING):
        tracer._tell("consumer", "job x", work, None, {})
    assert sending._waiting.qsize() <= MAX_WAITING
    until = time.monotonic() + 20
    while sending.lost < 3 * MAX_WAITING - MAX_WAITING:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert sending.sent == 0


@pytest.mark.spec("W3C Trace Context 3.2.2")
def test_M2_a_program_s_request_hangs_on_the_span_of_a_trusted_proxy_and_of_nobody_else(
    open_traced: Callable[..., Provider], collector: Collector
) -> None:
    provider = open_traced(0.0, server={"issuer": "https://login.example", "trusted_proxies": ["127.0.0.1/32"]})
    provider.add_person()
    app = provider.add_client()
    token = provider.tokens(app)["access_token"]
    for address in ("127.0.0.1", "198.51.100.9"):
        asked = {**bearer(token), "traceparent": OF_A_PROXY}
        environ = {"REMOTE_ADDR": address}
        assert provider.browser().open("GET", "oauth/userinfo", None, asked, environ=environ).status == 200
    (span,) = collector.wait("GET /oauth/userinfo")
    assert (span.trace, span.parent) == tuple(OF_A_PROXY.split("-")[1:3])
    assert {one.trace for one in collector.spans} == {span.trace}  # a share of none, but for what the proxy keeps


@pytest.mark.spec("W3C Trace Context 3.2.2")
@pytest.mark.parametrize(
    "said",
    ["", "00-" + "0" * 32 + "-b7ad6b7169203331-01", OF_A_PROXY.upper(), "ff" + OF_A_PROXY[2:], OF_A_PROXY[:-1], "x"],
)
def test_M2_what_is_no_traceparent_is_left_out(said: str) -> None:
    assert identifiers.read(said) is None
    assert str(identifiers.read(OF_A_PROXY)) == OF_A_PROXY


def test_M2_while_off_nothing_of_it_is_imported_and_no_page_names_a_trace(open_provider: Open) -> None:
    provider = open_provider()
    starting.start(provider.services)
    assert not provider.services.part(spans.Tracer).on
    assert "Trace" not in provider.browser().get("oauth/authorize").text
    told = "import sys, idp.app, idp.cli.worker; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
