"""N30: pages about somebody's sign-in speak that person's language, also where no session is asked for or left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import not_me
from idp.accounts.person import Person
from tests.language.readers import likes, spoken
from tests.provider import Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(claims={"locale": "de", "zoneinfo": "Europe/Berlin"})


@pytest.fixture
def german(provider: Provider, browser: Browser, ann: Person) -> Browser:
    """Signed in by an English browser."""
    likes(browser, "en-GB,en")
    browser.log_in(browser.get(""))
    return browser


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("no/such/page", 404), ("oauth/authorize?client_id=nobody", 400), ("oauth/authorize?client_id=%FF", 400),
        ("saml/sso?SAMLRequest=x", 400), ("help/username", 200), ("setup/made-up", 404), ("not-me/made-up", 404),
        ("recovery/undo/made-up", 404),
    ],
)  # fmt: skip
def test_n30_every_page_that_asked_for_no_session_is_in_the_persons_language(
    german: Browser, path: str, status: int
) -> None:
    page = german.get(path)
    assert (page.status, spoken(page)) == (status, "de")


def test_n30_a_form_that_went_stale_is_refused_in_the_persons_language(german: Browser) -> None:
    page = german.post("profile", {"form_key": "forged"})
    assert (page.status, spoken(page)) == (403, "de")


def test_n30_signing_out_is_in_the_persons_language_to_its_end(german: Browser) -> None:
    asked = german.get("logout")
    assert spoken(asked) == "de"
    assert spoken(german.submit(asked)) == "de"
    assert spoken(german.get("help")) == "en"  # the session is gone, and so is whose browser it was


@pytest.mark.spec("RPI 2")
def test_n30_a_sign_out_that_an_application_asks_for_is_in_the_persons_language(
    provider: Provider, german: Browser
) -> None:
    app = provider.add_client()
    asked = german.get(f"oauth/logout?client_id={app.id}")
    assert spoken(asked) == "de"
    assert spoken(german.submit(asked)) == "de"


def test_n30_a_session_that_ran_out_leads_to_a_sign_in_page_in_its_language(
    provider: Provider, german: Browser, ann: Person
) -> None:
    provider.services.directory.disable(ann.id)
    page = german.get("")
    assert (page.is_login_page, spoken(page)) == (True, "de")


def test_n30_a_forged_session_tells_nobodys_language(provider: Provider, german: Browser) -> None:
    mine = german.cookie("session")
    stranger = likes(provider.browser(), "en")
    name = next(name for name, value in german.cookies.items() if value == mine)
    stranger.cookies[name] = mine.partition(".")[0] + ".forged"
    assert spoken(stranger.get("no/such/page")) == "en"


@pytest.mark.parametrize("make", ["reset", "invite"])
def test_n30_the_page_of_a_link_is_in_the_language_of_whom_it_is_for(
    provider: Provider, ann: Person, make: str
) -> None:
    from idp.accounts import links

    token = links.make(provider.services.state, ann, make)
    assert spoken(likes(provider.browser(), "en").get(f"setup/{token}")) == "de"


def test_n30_the_link_of_a_security_mail_opens_in_the_persons_language(
    provider: Provider, ann: Person, clock: Callable[[], float]
) -> None:
    token = not_me.make(provider.services.sealer, ann.id, "new_device", clock())
    assert spoken(likes(provider.browser(), "en").get(f"not-me/{token}")) == "de"
