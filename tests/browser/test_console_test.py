"""Journey 1 to its end: an owner tests EspoCRM, sees every value that it will get, and which side is wrong. R3, B1.

Wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from clients.client import Client
from clients.registry import Draft as App
from idp.accounts import roles
from idp.accounts.person import Draft, Person
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD
from tests.server import Server, unique

CALLBACK = "https://crm.larkfield.example/oauth-callback.php"


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor: that has tests of its own."""
    server = Server(run_pid, admin={"second_factor": False})
    yield server
    server.close()


def _person(company: Server, *grants: RoleGrant) -> Person:
    services, name = company.services, unique("boss")
    person = services.directory.add(
        Draft(username=name, name="Olivia Owner", email=f"{name}@example.com"),
        password_hash=services.passwords.hash(PASSWORD),
    )
    roles.change(services.db, person.id, give=grants, by="test", now=services.clock(),
                 record=lambda _tx, _action, _detail: None)  # fmt: skip
    return person


def _crm(company: Server) -> Client:
    metadata = {"redirect_uris": [CALLBACK], "scope": "openid profile email", "id_token_claims": True}
    return company.services.registry.register(App(name="EspoCRM", profile="legacy", metadata=metadata)).client


def _asks(company: Server, crm: Client, redirect_uri: str) -> str:
    """Where EspoCRM sends a browser."""
    asked = {"client_id": crm.id, "response_type": "code", "scope": "openid profile email", "state": "s"}
    return f"{company.issuer}/oauth/authorize?{urlencode({**asked, 'redirect_uri': redirect_uri})}"


@pytest.mark.parametrize(
    ("width", "scheme", "js", "role"), [(1280, "light", True, "owner"), (360, "dark", False, "app_admin")]
)
def test_R3_B1_journey_1_an_owner_tests_the_crm_and_sees_which_side_is_wrong(
    windows: Windows, company: Server, width: int, scheme: str, js: bool, role: str
) -> None:
    crm = _crm(company)
    owner = _person(company, RoleGrant(role, (crm.id,)) if role == "app_admin" else RoleGrant(role))
    colleague_of_theirs = _person(company)
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/apps/{crm.id}")
    log_in(page, owner)
    page.get_by_role("navigation", name="EspoCRM").get_by_role("link", name="Test", exact=True).click()
    windows.keep(page, "before")

    page.get_by_role("button", name="Start the check").click()
    expect(page.locator("#changed")).to_contain_text("another tab")
    windows.keep(page, "started")
    colleague = windows.open(width, 800, scheme, js)
    colleague.goto(_asks(company, crm, f"{CALLBACK}/"))
    expect(colleague.get_by_role("heading", level=1)).to_contain_text("cannot go on")
    if not js:
        page.get_by_role("link", name="Look again").click()
    wrong = page.locator("#live .say.bad")
    expect(wrong).to_contain_text("redirect_uri", timeout=20_000)  # by itself, where there is JavaScript
    expect(wrong).to_contain_text("the slash at the end is one too many", ignore_case=True)
    expect(wrong.locator("mark")).to_have_text("/")
    windows.keep(page, "wrong")

    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#link").inner_text()
    windows.keep(page, "link")
    stranger = windows.open(width, 800, scheme, js)
    stranger.goto(link)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("The test of EspoCRM")
    expect(stranger.locator("main")).to_contain_text("redirect_uri")
    expect(stranger.locator("body")).not_to_contain_text("Olivia")
    windows.keep(stranger, "stranger")
    page.get_by_role("button", name="Withdraw the link").click()
    stranger.reload()
    expect(stranger.locator("main")).to_contain_text("opens nothing")
    page.get_by_role("button", name="End the check").click()
    expect(page.locator("#live")).to_contain_text("The check ended")

    page.get_by_role("link", name="Sign in to test it").click()
    expect(page.locator("main")).to_contain_text("EspoCRM")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("^(Sign in|Continue)$")).first.click()
    later = page.get_by_role("button", name=re.compile("Not now|Later"))
    sent = page.locator("#sent")
    expect(sent.or_(later).first).to_be_visible()
    if later.count():
        later.first.click()
    for told in ("ID token", "Userinfo", "Access token", "preferred_username", owner.username, "scope email"):
        expect(sent).to_contain_text(told)
    expect(sent).to_contain_text("would not get them: given_name, family_name, groups")
    windows.keep(page, "sent")
    page.get_by_label("Or look at the way of a colleague").fill(owner.username)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#foreseen")).to_contain_text("back in the application")
    windows.keep(page, "colleague")
    page.get_by_label("Or look at the way of a colleague").fill(colleague_of_theirs.username)
    page.get_by_role("button", name="Show").click()
    foreseen = page.locator("#foreseen")
    expect(foreseen).to_contain_text(f"What {colleague_of_theirs.username} would meet")
    sees = expect(foreseen).to_contain_text if role == "owner" else expect(foreseen).not_to_contain_text
    sees(f"{colleague_of_theirs.username}@example.com")
    windows.keep(page, "another")
