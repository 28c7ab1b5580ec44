"""The first page of somebody who is signed in. S59."""

from __future__ import annotations

import pytest

from clients.access import Access
from tests.provider import Browser, Provider


def test_S59_the_launcher_shows_the_applications_that_this_person_may_open_and_no_others(
    provider: Provider, browser: Browser
) -> None:
    ann = provider.add_person("ann", groups=("sales",))
    provider.add_client("Open", launch_url="https://open.example/start")
    provider.add_client("Home", client_uri="https://home.example/")
    provider.add_client("Sales", access=Access.only(groups=["sales"]))
    provider.add_client("Board", access=Access.only(groups=["board"]))
    provider.add_client("Batch", "machine", scope="x")
    provider.services.registry.disable(provider.add_client("Off").id)
    page = browser.follow(browser.log_in(browser.get("")))
    text = page.dom.text
    assert [name in text for name in ("Open", "Home", "Sales")] == [True, True, True]
    assert [name in text for name in ("Board", "Batch")] == [False, False]
    assert page.dom.find("a", href="https://open.example/start")
    assert page.dom.find("a", href="https://home.example/")
    provider.services.directory.set_groups(ann.id, ["board"])
    text = browser.get("").dom.text
    assert ("Board" in text, "Sales" in text) == (True, False)


def test_a_cancel_that_no_page_of_ours_offers_leads_to_the_start(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    page = browser.get("password")
    assert page.is_login_page
    assert browser.submit(page, None, action="cancel").location == provider.issuer + "/"


@pytest.mark.parametrize("path", ["password", "access"])
def test_a_page_that_needs_a_sign_in_is_shown_after_it(provider: Provider, browser: Browser, path: str) -> None:
    provider.add_person()
    assert browser.log_in(browser.get(path)).location == f"{provider.issuer}/{path}"


def test_where_password_managers_look_is_the_change_page(provider: Provider, browser: Browser) -> None:
    assert browser.get(".well-known/change-password").location == provider.issuer + "/password"
