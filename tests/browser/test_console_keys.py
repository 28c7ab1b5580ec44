"""An owner turns a leaver off and prints the evidence, sees which applications have not yet fetched the new key, and
promotes it when all have: journey 6; K1, K2, U2, B1."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.provider import App
from tests.receiver import Receiver
from tests.server import HttpBrowser, Server, unique

CRM_AT, WIKI_AT = "198.51.100.7", "198.51.100.8"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """The CRM's server, where it is told of sign-outs."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def company(run_pid: int, receiver: Receiver) -> Iterator[Server]:
    """A provider of the test's own: keys roll for everybody. They may sign at once, where all have fetched them."""
    server = Server(run_pid, admin={"second_factor": False}, outbound={"allow": [receiver.origin]})
    yield server
    server.close()


@pytest.fixture
def open_to(company: Server, windows: Windows) -> Windows:
    windows.welcome.add(company.issuer)
    return windows


def _owner(company: Server) -> Person:
    person = company.add_person(unique("owner"), name="Olga Owner")
    services = company.services
    grant = (RoleGrant("owner"),)
    roles.change(services.db, person.id, give=grant, by="test", now=services.clock(), record=lambda *_: None)
    return person


def _come(company: Server, app: App, address: str) -> HttpBrowser:
    """The machine that an application runs on, from where it has proven itself."""
    machine = HttpBrowser(company.issuer, address)
    data, headers = company.proof(app)
    data = [*data, ("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", app.redirect_uri)]
    machine.open("POST", "oauth/token", data, headers, cookies=False)
    return machine


def _until(page: Page, holds: Callable[[], bool]) -> None:
    """Load the page again until what every server writes within seconds has come."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, page.inner_text("body")
        page.wait_for_timeout(500)
        page.reload()


@pytest.mark.parametrize(
    ("width", "js", "scheme"),
    [(1280, True, "light"), (360, False, "dark")],
    ids=["wide", "phone-dark-no-js"],
)
def test_journey_6_an_owner_turns_a_leaver_off_prints_the_evidence_and_promotes_the_key_when_all_have_it(
    company: Server, open_to: Windows, receiver: Receiver, width: int, js: bool, scheme: Any
) -> None:
    owner, leaver = _owner(company), company.add_person(unique("leaver"), name="Lea Leaver")
    crm = company.add_client("CRM", backchannel_logout_uri=receiver.origin + "/logout")
    wiki = company.add_client("Wiki")
    for app in (crm, wiki):
        company.tokens(app, company.browser(), leaver.username)
    crm_server, wiki_server = _come(company, crm, CRM_AT), _come(company, wiki, WIKI_AT)
    receiver.status = 500
    page = open_to.open(width, js=js, scheme=scheme)
    page.goto(f"{company.issuer}/admin/people/{leaver.id}/off")
    log_in(page, owner)
    expect(page.get_by_text("2 sign-ins at applications")).to_be_visible()
    open_to.shoot(page, "what-ends")
    page.get_by_role("button", name="Turn Lea Leaver off").click()
    evidence = page.locator("#evidence")
    expect(evidence).to_contain_text("It has no way to be told")
    _until(page, lambda: "it answered with status 500" in evidence.inner_text())
    open_to.shoot(page, "evidence-waits")
    receiver.status = 200
    # With JavaScript the page says so by itself; without, it is loaded again.
    if js:
        expect(evidence).to_contain_text("It has confirmed that they are signed out there.", timeout=90_000)
    else:
        _until(page, lambda: "It has confirmed" in evidence.inner_text())
    open_to.shoot(page, "evidence")
    page.emulate_media(media="print")
    assert evidence.is_visible()
    assert not page.locator(".rooms").is_visible()
    assert not page.get_by_role("button", name="Turn on again").is_visible()
    expect(evidence).to_contain_text(leaver.id)
    open_to.shoot(page, "printed")
    page.emulate_media(media="screen", color_scheme=scheme)

    page.goto(f"{company.issuer}/admin/keys")
    page.get_by_role("button", name="Publish the next keys").click()
    expect(page.get_by_role("status")).to_contain_text("Every server sees it within seconds.")
    open_to.shoot(page, "keys")
    (kid,) = [k.kid for k in company.services.ring.list_keys() if (k.alg, k.state) == ("RS256", "next")]
    line = page.locator(f'a[href$="/admin/keys/{kid}"]')
    expect(line).to_contain_text("0 of 2 applications have it · 2 without it")
    page.wait_for_timeout(6000)  # until every process gives the new key out, which pages promise within five seconds
    crm_server.open("GET", "oauth/jwks", cookies=False)
    _until(page, lambda: "1 of 2 applications have it" in line.inner_text())
    page.goto(f"{company.issuer}/admin")
    expect(page.get_by_text("1 application has not fetched the next key.")).to_be_visible()
    open_to.shoot(page, "attention")
    page.goto(f"{company.issuer}/admin/keys/{kid}")
    expect(page.get_by_role("row").filter(has_text="Wiki")).to_contain_text("No fetch ever came from its address.")
    expect(page.get_by_role("row").filter(has_text="CRM")).to_contain_text(CRM_AT)
    open_to.shoot(page, "who-has-it")
    page.goto(f"{company.issuer}/admin/keys")
    page.get_by_role("button", name=f"Let it sign now ({kid[:8]})").click()
    asked = page.locator("form.say.warn")
    expect(asked).to_contain_text("1 application is not known to have it, and would refuse every sign-in by it: Wiki")
    open_to.shoot(page, "asked")
    asked.get_by_role("link", name="Leave it").click()
    wiki_server.open("GET", "oauth/jwks", cookies=False)
    _until(page, lambda: "2 of 2 applications have it" in line.inner_text())
    page.get_by_role("button", name=f"Let it sign now ({kid[:8]})").click()
    page.locator("form.say.warn").get_by_role("button", name="Do it all the same").click()
    expect(page.get_by_role("status")).to_contain_text("Every server sees it within seconds.")
    expect(page.get_by_role("button", name=f"Back to the one before ({kid[:8]})")).to_be_visible()
    open_to.shoot(page, "promoted")
