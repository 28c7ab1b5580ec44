"""I10: a provider that trickles holds no thread that others need: passwords go on while it is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from idp.federation import crowding, health
from idp.federation.crowding import Crowd
from tests.federation.stand_in import StandIn
from tests.federation.visiting import Office
from tests.provider import Answer, App, Provider, bearer

THREADS = 4  # as a process has them


class Trickling:
    """The stand-in's token endpoint begins to answer and does not end until it is let go."""

    def __init__(self, there: StandIn) -> None:
        self.go, self.held, self._answer = threading.Event(), threading.Semaphore(0), there.post
        there.post = self.post  # type: ignore[method-assign]

    def post(self, path: str, form: dict[str, str], headers: Any) -> tuple[int, Any]:
        self.held.release()
        self.go.wait()
        return self._answer(path, form, headers)


@pytest.fixture
def trickling(there: StandIn) -> Iterator[Trickling]:
    made = Trickling(there)
    yield made
    made.go.set()


def test_i10_passwords_go_on_while_a_provider_hangs(
    office: Office, there: StandIn, crm: App, trickling: Trickling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.provider.services.outbound, "_timeout", 3600.0)  # the answer always comes in time
    company, provider = office.add(create=True), office.provider
    provider.add_person("ann")
    backs = []
    for number in range(THREADS * 2):
        browser = provider.browser()
        location = office.leave(browser, crm, company)
        backs.append((browser, there.authorize(location, f"there-{number}")))
    with ThreadPoolExecutor(THREADS) as workers:  # the worker threads of a process
        waiting: list[Future[Answer]] = [workers.submit(browser.get, back) for browser, back in backs]
        for _ in range(THREADS - 1):
            trickling.held.acquire()
        signed_in = workers.submit(_by_password, office, crm).result()
        assert not trickling.go.is_set()  # it is waited for still
        assert signed_in.code
        trickling.go.set()
    answers = [one.result() for one in waiting]
    assert sum(one.is_redirect for one in answers) == THREADS - 1
    refused = [one for one in answers if one.status == 503]
    assert len(refused) == THREADS + 1
    assert "answers slowly, and many wait for it" in refused[0].dom.text
    assert office.come(provider.browser(), crm, company, "there-new").code  # and it is over


def _by_password(office: Office, crm: App) -> Answer:
    browser = office.provider.browser()
    page = office.provider.authorize(browser, crm)
    return browser.log_in(page, "ann")


def test_i10_one_slow_provider_leaves_places_to_others() -> None:
    now = [0.0]
    crowd = Crowd(lambda: now[0], waits=0.0)
    slow = [crowd.enter("slow", 8) for _ in range(4)]
    assert all(slow)
    now[0] = crowding.HANGS_AFTER + 1
    assert crowd.enter("slow", 8) is None  # half of the threads
    quick = [crowd.enter("quick", 8) for _ in range(3)]
    assert all(quick)
    assert crowd.enter("quick", 8) is None  # one is everybody else's
    for one in (*slow, *quick):
        assert one is not None
        crowd.leave(one)
    assert crowd.enter("slow", 8) is not None


def test_i10_a_rush_waits_for_a_place_where_those_before_are_quick() -> None:
    crowd = Crowd()
    first = crowd.enter("p", 2)
    assert first is not None
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(crowd.enter, "p", 2)
        crowd.leave(first)
        assert second.result() is not None


def test_i10_with_one_thread_alone_one_may_ask() -> None:
    assert Crowd().enter("p", 1) is not None


def test_i10_operators_read_at_readyz_which_provider_does_not_answer(
    open_provider: Callable[..., Provider], there: StandIn
) -> None:
    token = "t" * 30
    office = Office(open_provider(metrics={"token": token}, outbound={"allow": [there.origin]}), there)
    one, browser = office.add(), office.provider.browser()
    for _ in range(health.OPENS_AFTER):
        health.failed(office.provider.services, one, "no answer")
    assert browser.get("readyz").json == {"status": "ready"}
    assert browser.open("GET", "readyz", None, bearer("x" * 30)).json == {"status": "ready"}
    (told,) = browser.open("GET", "readyz", None, bearer(token)).json["detail"]["providers"]
    assert (told["id"], told["name"], told["answers"], told["reason"]) == (one.id, "Company", False, "no answer")
    assert told["failing_since"] == office.provider.services.clock()
