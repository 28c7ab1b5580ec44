"""N10: refused documents cost their senders' network; nobody else, and nothing that is taken, waits for that."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from idp.errors import Refused
from idp.saml.document_flood import FREE, LONG, RETRY_AFTER, SHARE, Debts, at_senders_cost
from idp.wire import Raw, Request, Response
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.relying import register, status

NEIGHBOUR, ELSEWHERE = "203.0.113.9", "198.51.100.7"
SHORT, LONGER = ("203.0.113.0/24", False), ("203.0.113.0/24", True)


class Slow(Clock):
    """A clock that goes on by so much whenever it is looked at, while `tick` is set: all that is done takes time."""

    tick = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.fixture
def clock() -> Slow:
    return Slow()


@pytest.fixture
def flooded(provider: Provider, clock: Slow) -> Provider:
    """A provider that has refused too much of long rubbish from the network of 203.0.113.7."""
    clock.tick = 0.1
    answers = [rubbish(provider.browser()) for _ in range(8)]
    clock.tick = 0.0
    assert [answers[0].status, answers[-1].status] == [400, 429]
    return provider


def rubbish(browser: Browser, size: int = LONG, path: str = "saml/sso", **options: str) -> Answer:
    message = b64encode(b"<a>" + b"x" * size + b"</b>").decode()
    return browser.post(path, {"SAMLRequest": message}, **options)


# -- who waits -------------------------------------------------------------------------------------------------------


def test_n10_a_flood_is_told_to_wait_without_a_page_and_without_a_record(flooded: Provider) -> None:
    before = len(flooded.events())
    answer = rubbish(flooded.browser(NEIGHBOUR))  # the same line of a provider
    assert (answer.status, answer.headers["Retry-After"]) == (429, str(RETRY_AFTER))
    assert "Too many requests came from your network" in answer.text
    assert len(answer.body) < 400
    flooded.services.faults.flush()
    assert len(flooded.events()) == before


def test_n10_other_networks_are_not_concerned(flooded: Provider) -> None:
    assert rubbish(flooded.browser(ELSEWHERE)).status == 400
    assert rubbish(flooded.browser("2001:db8::1")).status == 400


def test_n10_short_requests_of_the_same_network_are_read_while_long_ones_wait(flooded: Provider) -> None:
    """Honest neighbours: what an application sends is short."""
    register(flooded)
    flooded.add_person("ann")
    browser = flooded.browser()
    page = by_redirect(browser, authn_request(flooded))
    assert page.is_login_page
    assert status(browser.log_in(page))[0] == "Success"
    assert by_post(flooded.browser(), authn_request(flooded)).status == 303


def test_n10_the_network_is_heard_again_as_it_pays_off(flooded: Provider, clock: Slow) -> None:
    owed = flooded.services.part(Debts).owed(LONGER, clock())
    clock.advance((owed - FREE) / SHARE - 0.5)
    assert rubbish(flooded.browser()).status == 429
    clock.advance(1.0)
    assert rubbish(flooded.browser()).status == 400


@pytest.mark.parametrize("path", ["saml/slo", "saml/artifact", "saml/ecp"])
def test_n10_every_endpoint_that_reads_documents_counts_and_waits(flooded: Provider, path: str) -> None:
    soap = {"Content-Type": "text/xml"}
    body = b"<a>" + b"x" * LONG + b"</b>"
    answer = flooded.browser().open("POST", path, data=body, headers=soap)
    assert (answer.status, answer.headers["Content-Type"]) == (429, "text/xml; charset=utf-8")
    assert "Fault" in answer.text


def test_n10_a_browser_that_is_told_to_wait_comes_again_by_itself(provider: Provider, clock: Slow) -> None:
    clock.tick = 0.1
    query = urlencode({"SAMLRequest": "x" * (LONG // 8)})
    answers = [provider.browser().get(f"saml/sso?{query}") for _ in range(8)]
    assert answers[0].status == 400
    assert (answers[-1].status, answers[-1].headers["Refresh"]) == (429, str(RETRY_AFTER))
    german = provider.browser().get(f"saml/sso?{query}", headers={"Accept-Language": "de"})
    assert 'lang="de"' in german.text
    assert "Refresh" not in rubbish(provider.browser()).headers  # a form would lose what it sent


# -- what counts -----------------------------------------------------------------------------------------------------


def test_n10_what_is_taken_costs_nothing_however_long_it_took(provider: Provider, clock: Slow) -> None:
    register(provider)
    clock.tick = 0.2
    for _ in range(12):
        answer = by_redirect(provider.browser(), authn_request(provider))
        assert answer.is_login_page


def work(clock: Clock, seconds: float, end: Callable[[], Response]) -> Callable[..., Response]:
    def handler(_: object, __: Request) -> Response:
        clock.advance(seconds)
        return end()

    return handler


def ends_badly() -> Response:
    raise Refused("bad", "Bad.")


def ends_with_a_store_that_is_down() -> Response:
    raise OSError("down")


@pytest.mark.parametrize(
    ("end", "error", "counts"),
    [(ends_badly, Refused, True), (ends_with_a_store_that_is_down, OSError, False),
     (lambda: Raw(status=500), None, True), (lambda: Raw(status=303), None, False)],
)  # fmt: skip
def test_n10_what_was_refused_counts_and_what_failed_by_our_own_does_not(
    provider: Provider, clock: Slow, end: Callable[[], Response], error: type[Exception] | None, counts: bool
) -> None:
    request = Request({"REQUEST_METHOD": "POST", "REMOTE_ADDR": "203.0.113.7", "CONTENT_LENGTH": "10"})
    handler = at_senders_cost(work(clock, FREE * 1.1, end))
    for _ in range(2 if not counts else 1):
        if error is not None:
            with pytest.raises(error):
                handler(provider.services, request)
        else:
            assert handler(provider.services, request).status in (303, 500)
    (key,) = provider.services.part(Debts)._debts or [None]
    assert (key is not None) is counts
    if counts:
        assert handler(provider.services, request).status == 429


# -- the count -------------------------------------------------------------------------------------------------------


def test_n10_half_way_to_the_limit_one_of_a_range_is_read_at_a_time() -> None:
    debts = Debts()
    with debts.one_of_few(LONGER, 0.0) as first, debts.one_of_few(LONGER, 0.0) as second:
        assert (first, second) == (True, True)  # nothing was refused yet
    assert not debts.add(LONGER, FREE * 0.6, 0.0)
    with (
        debts.one_of_few(LONGER, 0.0) as first,
        debts.one_of_few(LONGER, 0.0) as second,
        debts.one_of_few(SHORT, 0.0) as other,
    ):
        assert (first, second, other) == (True, False, True)
    with debts.one_of_few(LONGER, 0.0) as third:
        assert third


def test_n10_a_range_is_told_of_once_as_it_begins_to_wait() -> None:
    debts = Debts()
    assert [debts.add(LONGER, FREE * 0.6, 0.0) for _ in range(4)] == [False, True, False, False]
    assert debts.owed(LONGER, FREE / SHARE) == pytest.approx(FREE * 1.4)
    assert debts.owed(LONGER, 1000.0) == 0.0


def test_n10_threads_that_race_leave_nothing_under_way() -> None:
    debts = Debts()
    debts.add(LONGER, FREE * 0.6, 0.0)

    def read(_: int) -> bool:
        with debts.one_of_few(LONGER, 0.0) as is_read:
            return is_read

    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(read, range(200)))
    assert not debts._under_way


def test_n10_ranges_are_forgotten_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.saml.document_flood.MAX_KEPT", 3)
    debts = Debts()
    for number in range(5):
        debts.add((f"10.0.{number}.0/24", True), 1.0, 0.0)
    assert len(debts._debts) == 3
    assert debts.owed(("10.0.0.0/24", True), 0.0) == 0.0
