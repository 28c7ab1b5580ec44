"""N17, L9: tabs side by side are no loop; a loop comes back after its own answer, whichever process it meets."""

from __future__ import annotations

from typing import Any

import pytest

from clients.client import Client
from tests.backends import Clock
from tests.provider import App, Browser, Provider
from tests.saml.asking import authn_request, by_redirect
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people
from tests.saml.relying import message

HTML = "text/html,application/xhtml+xml"


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", client_uri="https://crm.example/")


@pytest.fixture
def office(provider: Provider, browser: Browser, crm: App, clock: Clock) -> Browser:
    """Somebody's browser, signed in a while ago."""
    if provider.services.directory.find_by_login("ann") is None:
        provider.add_person("ann")
    provider.sign_in(browser, crm, state="first")
    browser.headers["Accept"] = HTML
    clock.advance(60)
    return browser


def tab(browser: Browser) -> Browser:
    """Another window with the cookies of now: it knows of no answer that comes later."""
    other = Browser(browser.app, browser.issuer, browser.address)
    other.cookies, other.headers = dict(browser.cookies), dict(browser.headers)
    return other


@pytest.mark.parametrize("sends", [{}, {"Sec-Fetch-Dest": "document"}])
def test_n17_nine_restored_tabs_all_get_in(
    provider: Provider, office: Browser, crm: App, sends: dict[str, str]
) -> None:
    office.headers |= sends
    tabs = [tab(office) for _ in range(9)]
    assert all(provider.authorize(one, crm, state=f"tab {n}").code for n, one in enumerate(tabs))
    assert provider.events("error:sign_in_loop") == []


def test_n17_nine_saml_tabs_all_get_in(provider: Provider, wiki: Client, signed_in: Browser, clock: Clock) -> None:
    signed_in.headers["Accept"] = HTML
    clock.advance(60)
    for one in [tab(signed_in) for _ in range(9)]:
        assert message(by_redirect(one, authn_request(provider))) is not None
    assert provider.events("error:sign_in_loop") == []


def test_n17_one_after_the_other_within_a_moment_are_tabs_too(provider: Provider, office: Browser, crm: App) -> None:
    """As programs send them; a loop takes its time on the way to the application and back."""
    for n in range(9):
        assert provider.authorize(office, crm, state=f"tab {n}").code


def test_n17_l9_a_loop_is_counted_over_all_processes(
    provider: Provider, office: Browser, crm: App, clock: Clock
) -> None:
    processes = [provider.app, provider.another().app]
    statuses = []
    for n in range(5):
        office.app = processes[n % 2]
        statuses.append(provider.authorize(office, crm, state=f"round {n}").status)
        clock.advance(0.5)
    assert statuses == [302, 302, 302, 302, 429]
    (event,) = provider.events("error:sign_in_loop")
    assert event.client_id == crm.id


def test_n17_l9_a_browser_that_knows_tabs_is_asked_which_it_is(
    provider: Provider, office: Browser, crm: App, clock: Clock
) -> None:
    """Five answers in a row may still be five tabs that waited for one another: the tab says whether it was here."""
    office.headers["Sec-Fetch-Dest"] = "document"
    for n in range(4):
        assert provider.authorize(office, crm, state=f"round {n}").code
        clock.advance(0.05)
    page = provider.authorize(office, crm, state="round 4")
    assert page.status == 200
    (about,) = [a for _, a in page.dom.elements if "data-tab" in a]
    assert provider.events("error:sign_in_loop") == []  # nobody is blamed yet
    assert tab(office).get(about["data-on"]).code  # a tab of its own goes on
    loop = office.get(about["data-loop"])  # the same one is stopped
    assert (loop.status, "CRM keeps sending you back" in loop.dom.text) == (429, True)
    again = [a["href"] for a in loop.dom.find("a", class_="button")]
    assert "doorward_tab" not in again[0]
    assert office.get(again[0]).code


def test_n17_l9_nothing_a_tab_says_keeps_a_loop_going(
    provider: Provider, office: Browser, crm: App, clock: Clock
) -> None:
    office.headers["Sec-Fetch-Dest"] = "document"
    rounds: list[int] = []
    for n in range(12):
        rounds.append(provider.authorize(office, crm, state=f"round {n}", doorward_tab="other").status)
        clock.advance(0.1)
    assert rounds == [302] * 11 + [429]


@pytest.mark.parametrize("junk", ["", "x", "-", "aaaaaaaaaa-" + "9" * 400, "aaaaaaaaaa-٣.٤", "_" * 3000, "a-1.2.3_b-"])
def test_n17_a_made_up_cookie_stops_nobody(provider: Provider, office: Browser, crm: App, junk: str) -> None:
    office.cookies["__Host-doorward_rounds"] = junk
    assert provider.authorize(office, crm, state="another").code


def test_n17_no_hop_pays_a_store_for_it(provider: Provider, office: Browser, crm: App) -> None:
    provider.authorize(office, crm, state="warm")
    sql, verbs, answer = provider.counted(lambda: provider.authorize(office, crm, state="measured"))
    assert answer.code
    assert verbs == ["put"]  # the code
    assert len(sql) == 2


def names(answer: Any) -> set[str]:
    return {line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")}


def test_n17_programs_get_no_cookie(provider: Provider, office: Browser, crm: App) -> None:
    office.headers.pop("Accept")
    assert names(provider.authorize(office, crm, state="x")) == set()


PROGRAMS = ("python-requests/2.32.3", "curl/8.5.0", "Go-http-client/2.0", "")


@pytest.mark.parametrize("agent", PROGRAMS)
def test_l9_a_program_that_shows_no_browser_signs_in_as_often_as_it_likes(
    provider: Provider, office: Browser, crm: App, clock: Clock, agent: str
) -> None:
    """A check that signs in again and again keeps its cookies and takes text/html."""
    office.headers["User-Agent"] = agent
    for n in range(15):
        assert provider.authorize(office, crm, state=f"check {n}").code
        clock.advance(0.5)
    assert provider.events("error:sign_in_loop") == []


@pytest.mark.parametrize(
    "agent",
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 15_7 like Mac OS X) Version/15.6 Safari/604.1",
     "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"],
)  # fmt: skip
def test_l9_a_browser_too_old_for_fetch_metadata_is_still_told_of_its_loop(
    provider: Provider, office: Browser, crm: App, clock: Clock, agent: str
) -> None:
    office.headers["User-Agent"] = agent
    statuses = []
    for n in range(5):
        statuses.append(provider.authorize(office, crm, state=f"round {n}").status)
        clock.advance(0.5)
    assert statuses == [302, 302, 302, 302, 429]


def test_l9_a_program_that_sends_fetch_metadata_is_taken_for_a_browser(
    provider: Provider, office: Browser, crm: App, clock: Clock
) -> None:
    office.headers |= {"User-Agent": "curl/8.5.0", "Sec-Fetch-Dest": "document"}
    for n in range(4):
        provider.authorize(office, crm, state=f"round {n}")
        clock.advance(0.5)
    page = provider.authorize(office, crm, state="round 4")
    assert [a for _, a in page.dom.elements if "data-tab" in a]
