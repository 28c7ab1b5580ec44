"""J2: Chromium's own dialog signs somebody in to the demo's CRM (FedCM), and out of it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.apps.crm.app import create_app
from tests.apps.settings import Settings
from tests.backends import find_free_port
from tests.browser.site import Served, port_of
from tests.provider import PASSWORD, App
from tests.server import Server


@pytest.fixture
def server(run_pid: int) -> Iterator[Server]:
    made = Server(run_pid, oauth={"fedcm": True})
    yield made
    made.close()


@pytest.fixture
def crm(server: Server) -> Iterator[str]:
    """Where the demo's CRM stands."""
    url = f"http://127.0.0.1:{find_free_port()}"
    app: App = server.add_client(
        "Larkfield CRM", redirect_uris=[url + "/callback"], post_logout_redirect_uris=[url + "/signed-out"], fedcm=True,
        scope="openid profile email groups",
    )  # fmt: skip
    served = Served(
        create_app(Settings(
            issuer=server.issuer, client_id=app.id, client_secret=app.secret or "", redirect_uri=url + "/callback",
            post_logout_redirect_uri=url + "/signed-out", port=port_of(url), neighbour_url=url,
        )), port_of(url),
    )  # fmt: skip
    yield url
    served.stop()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context()
    yield opened
    opened.close()


def dialog(context: BrowserContext, page: Page) -> tuple[CDPSession, list[dict[str, Any]]]:
    """What the browser shows above the page, which is none of the page's own."""
    session, shown = context.new_cdp_session(page), list[dict[str, Any]]()
    session.on("FedCm.dialogShown", lambda event: shown.append(event))
    session.send("FedCm.enable", {"disableRejectionDelay": True})
    return session, shown


def choose(
    page: Page, browser: CDPSession, shown: list[dict[str, Any]], crm: str, email: str = "ann@example.com"
) -> list[str]:
    """Wait for the dialog, choose an account, and arrive; the addresses that were shown, in their order."""
    while not any(one["dialogType"] == "AccountChooser" for one in shown):
        page.evaluate("1")  # the browser's events come in between
    accounts = [str(one["email"]) for one in shown[-1]["accounts"]]
    place = {"dialogId": shown[-1]["dialogId"], "accountIndex": accounts.index(email)}
    browser.send("FedCm.selectAccount", place)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Contacts")
    assert page.url == f"{crm}/"
    return accounts


def sign_in(window: Page, login: str = "ann") -> None:
    window.get_by_role("textbox").first.fill(login)
    window.locator("input[type=password]").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").first.click()


def test_J2_chromium_signs_in_to_the_CRM_by_its_own_dialog(context: BrowserContext, server: Server, crm: str) -> None:
    server.add_person("ann", name="Ann Example")
    home, page = context.new_page(), context.new_page()
    home.goto(f"{server.issuer}/sessions")
    sign_in(home)
    expect(home.get_by_role("heading", level=1)).to_have_text("Where you are signed in")
    browser, shown = dialog(context, page)
    page.goto(f"{crm}/signed-out")
    page.get_by_role("button", name="Sign in with this browser").click()
    assert choose(page, browser, shown, crm) == ["ann@example.com"]
    expect(page.get_by_text("Ann Example").first).to_be_visible()
    # Signed out here, the browser knows: it opens our window, which closes by itself, and the dialog goes on.
    home.goto(f"{server.issuer}/logout")
    home.locator("#confirm").click()
    expect(home.get_by_role("heading", level=1)).to_contain_text("signed out")
    shown.clear()
    page.goto(f"{crm}/signed-out")
    with context.expect_page() as opened:
        page.get_by_role("button", name="Sign in with this browser").click()
    with opened.value.expect_event("close"):
        sign_in(opened.value)
    choose(page, browser, shown, crm)


def test_J2_A9_chromium_shows_every_account_of_the_browser(context: BrowserContext, server: Server, crm: str) -> None:
    for login in ("ann", "bob"):
        server.add_person(login, name=f"{login.title()} Example")
    home, page = context.new_page(), context.new_page()
    home.goto(f"{server.issuer}/sessions")
    sign_in(home)
    expect(home.get_by_role("heading", level=1)).to_have_text("Where you are signed in")
    home.goto(f"{server.issuer}/accounts")
    home.locator("button[value=other]").click()
    sign_in(home, "bob")
    expect(home.get_by_text("Bob Example").first).to_be_visible()
    browser, shown = dialog(context, page)
    page.goto(f"{crm}/signed-out")
    page.get_by_role("button", name="Sign in with this browser").click()
    assert sorted(choose(page, browser, shown, crm)) == ["ann@example.com", "bob@example.com"]
    expect(page.get_by_text("Ann Example").first).to_be_visible()
