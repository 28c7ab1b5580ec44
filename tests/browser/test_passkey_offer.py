"""A passkey is offered after a sign-in by password, in Chromium with a virtual authenticator (T2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.accounts import factors
from idp.accounts.person import Person
from tests.browser.authenticators import Device, Named, launched
from tests.browser.windows import Windows, log_in


@pytest.fixture(scope="module")
def named(run_pid: int) -> Iterator[Named]:
    server = Named(run_pid)
    yield server
    server.close()


@pytest.fixture
def windows(chromium: Browser, named: Named, request: pytest.FixtureRequest) -> Iterator[Windows]:
    opened = Windows(chromium, named, request.node.name.removeprefix("test_"))  # type: ignore[arg-type]
    yield opened
    opened.close()
    opened.check()


@pytest.fixture
def ann(named: Named) -> Person:
    return named.someone()


def offered(windows: Windows, named: Named, person: Person, **more: object) -> tuple[Page, Device]:
    """Sign in by password in a browser that can make passkeys."""
    page = windows.open(**more)  # type: ignore[arg-type]
    device = Device(page)
    page.goto(named.issuer)
    expect(page.locator("[name=makes_passkeys]")).not_to_have_value("")
    log_in(page, person)
    expect(page.get_by_role("heading", level=1)).to_have_text("Next time without a password?")
    return page, device


def test_T2_it_is_made_by_one_press_and_signs_in(windows: Windows, named: Named, ann: Person) -> None:
    page, device = offered(windows, named, ann)
    windows.shoot(page, "offer")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your backup codes")
    (kept,) = device.credentials
    assert kept["isResidentCredential"] is True
    page.get_by_role("link", name="I have them").click()
    expect(page.locator("#factors li")).to_have_count(1)
    other = windows.open()
    device.move_to(other)
    other.goto(named.issuer)  # the virtual authenticator takes the suggestion of the name field at once
    launched(other)


@pytest.mark.parametrize("button", ["Not now", "Never ask this again"])
def test_T2_one_press_and_on(windows: Windows, named: Named, ann: Person, button: str) -> None:
    page, device = offered(windows, named, ann)
    page.get_by_role("button", name=button).click()
    launched(page)
    assert device.credentials == []
    again = windows.open()
    Device(again)
    again.goto(named.issuer)
    log_in(again, ann)
    launched(again)


def test_T2_who_closes_the_browsers_dialog_reads_that_nothing_is_lost(
    windows: Windows, named: Named, ann: Person
) -> None:
    page, device = offered(windows, named, ann)
    device.be_verified(False)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator("#passkey-note")).to_contain_text("No passkey was used.")
    page.get_by_role("button", name="Not now").click()
    launched(page)


#: A browser whose password manager makes passkeys without a question: what Chromium does with a saved password only,
#: which a test has none of. The credential itself is made by its virtual authenticator.
BY_ITSELF = """
const can = PublicKeyCredential.getClientCapabilities.bind(PublicKeyCredential);
PublicKeyCredential.getClientCapabilities = async () => ({...await can(), conditionalCreate: true});
const create = navigator.credentials.create.bind(navigator.credentials);
navigator.credentials.create = ({mediation, ...options}) => {
  if (mediation !== "conditional") throw new DOMException("only by itself", "NotAllowedError");
  return create(options);
};
"""


def test_T2_where_the_browser_can_it_is_made_without_a_question(windows: Windows, named: Named, ann: Person) -> None:
    page = windows.open()
    page.add_init_script(BY_ITSELF)
    device = Device(page)
    page.goto(named.issuer)
    expect(page.locator("[name=makes_passkeys]")).to_have_value("unasked")
    log_in(page, ann)
    launched(page)
    expect(page.locator("#changed")).to_contain_text("You have a passkey now.")
    assert len(device.credentials) == 1
    (stored,) = factors.list_of(named.services.db, ann.id)
    assert stored.data["unasked"] is True
    assert named.events("session:started")[-1].detail["methods"] == ["pwd"]


def test_T2_on_a_phone_in_the_dark_and_in_german(windows: Windows, named: Named) -> None:
    for width, height, scheme in ((360, 740, "dark"), (360, 740, "light"), (1280, 650, "dark"), (1920, 1080, "light")):
        page = windows.open(width, height, scheme, locale="de-DE")
        Device(page)
        page.goto(named.issuer)
        expect(page.locator("[name=makes_passkeys]")).not_to_have_value("")
        log_in(page, named.someone())
        expect(page.get_by_role("heading", level=1)).to_have_text("Nächstes Mal ohne Passwort?")
        windows.shoot(page, f"offer {width} {scheme}")


def test_T2_a_browser_without_an_authenticator_is_offered_nothing(windows: Windows, named: Named, ann: Person) -> None:
    page = windows.open()
    page.goto(named.issuer)
    log_in(page, ann)
    launched(page)


def test_T2_without_javascript_nothing_is_offered(windows: Windows, named: Named, ann: Person) -> None:
    page = windows.open(js=False)
    page.goto(named.issuer)
    log_in(page, ann)
    launched(page)
