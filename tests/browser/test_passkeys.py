"""Passkeys in Chromium, with a virtual authenticator (F3): the browser's own idea of WebAuthn, not ours.

Browsers know no passkeys of an IP address, so this provider is at http://localhost.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from idp.accounts import factors
from idp.accounts.person import Person
from tests.browser.authenticators import Device, Named, enrol, forgotten, launched, without_suggestions
from tests.browser.windows import Windows, log_in


@pytest.fixture(scope="module")
def named(run_pid: int) -> Iterator[Named]:
    server = Named(run_pid, passkeys={"related_origins": ["https://anmeldung.example"], "offer": "never"})
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


def test_F3_a_passkey_is_added_and_signs_in_without_a_name(windows: Windows, named: Named, ann: Person) -> None:
    page, device = enrol(windows, named, ann)
    (kept,) = device.credentials
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    (stored,) = factors.list_of(named.services.db, ann.id)
    assert stored.label.startswith("Passkey on Chrome")
    page.goto(named.issuer + "/security/passkeys")
    windows.shoot(page, "added")
    other = windows.open()
    device.move_to(other)
    without_suggestions(other)
    other.goto(named.issuer)
    windows.shoot(other, "login")
    other.get_by_role("button", name="Sign in with a passkey").click()
    launched(other)
    assert named.events("session:started")[-1].detail["methods"] == ["passkey"]


def test_F3_the_name_field_suggests_the_passkey(windows: Windows, named: Named, ann: Person) -> None:
    """Conditional UI: nobody presses anything but the suggestion, which the virtual authenticator takes at once."""
    _, device = enrol(windows, named, ann)
    page = windows.open()
    device.move_to(page)
    page.goto(named.issuer + "/help")
    assert page.evaluate("PublicKeyCredential.isConditionalMediationAvailable()")
    page.goto(named.issuer)
    launched(page)


def test_F3_a_security_key_is_the_second_step_after_the_password(windows: Windows, named: Named, ann: Person) -> None:
    plain = {"transport": "usb", "hasResidentKey": False, "hasUserVerification": False, "isUserVerified": False}
    _, device = enrol(windows, named, ann, "Blue key", **plain)
    page = windows.open()
    key = device.move_to(page, **plain)
    page.goto(named.issuer)
    log_in(page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("Use your passkey or security key")
    windows.shoot(page, "second")
    page.get_by_role("button", name="Use passkey or security key").click()
    launched(page)
    assert named.events("session:started")[-1].detail["methods"] == ["pwd", "webauthn"]
    (stored,) = factors.list_of(named.services.db, ann.id)
    assert stored.counter == key.credentials[0]["signCount"]
    assert stored.data["discoverable"] is False


def test_F3_what_is_held_already_is_not_added_twice(windows: Windows, named: Named, ann: Person) -> None:
    page, device = enrol(windows, named, ann)
    page.goto(named.issuer + "/security/passkeys")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#passkey-note")).to_have_text(
        "This device or security key is set up for your account already."
    )
    assert len(device.credentials) == len(factors.list_of(named.services.db, ann.id)) == 1


def test_F3_who_gives_up_can_go_on(windows: Windows, named: Named, ann: Person) -> None:
    """No fitting passkey, or the dialog closed: the page says that nothing is lost, and the password works."""
    page = windows.open()
    Device(page)
    page.goto(named.issuer)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#passkey-note")).to_contain_text("No passkey was used.")
    windows.shoot(page, "given up")
    log_in(page, ann)
    launched(page)


def test_S67_without_verification_a_passkey_alone_does_not_sign_in(windows: Windows, named: Named, ann: Person) -> None:
    _, device = enrol(windows, named, ann)
    page = windows.open()
    device.move_to(page).be_verified(False)
    without_suggestions(page)
    page.goto(named.issuer)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#passkey-note")).to_contain_text("No passkey was used.")


def test_S68_the_browser_forgets_a_passkey_that_was_removed(windows: Windows, named: Named, ann: Person) -> None:
    page, device = enrol(windows, named, ann)
    (stored,) = factors.list_of(named.services.db, ann.id)
    other = windows.open()
    without_suggestions(other)
    moved = device.move_to(other)
    with named.services.db.transaction() as tx:
        assert factors.remove(tx, ann.id, stored.id)
    other.goto(named.issuer)
    other.get_by_role("button", name="Sign in with a passkey").click()
    expect(other.locator("#error")).to_contain_text("That passkey did not work here.")
    assert other.evaluate("typeof PublicKeyCredential.signalUnknownCredential") == "function"
    forgotten(other, moved)
    # Signed in by the password, the window in which it was made hears that none is good any more.
    page.goto(named.issuer + "/security")
    forgotten(page, device)


def test_F3_the_passkey_pages_on_a_phone_and_in_the_dark(windows: Windows, named: Named, ann: Person) -> None:
    page = windows.open(360, 740, "dark")
    Device(page)
    page.goto(named.issuer)
    windows.shoot(page, "login")
    log_in(page, ann)
    page.goto(named.issuer + "/security/passkeys")
    windows.shoot(page, "add")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(named.issuer + "/security")
    page.goto(named.issuer + "/security/passkeys")
    windows.shoot(page, "added")


def test_F3_without_javascript_there_is_no_button_and_the_page_says_why(
    windows: Windows, named: Named, ann: Person
) -> None:
    page = windows.open(js=False)
    page.goto(named.issuer)
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    log_in(page, ann)
    page.goto(named.issuer + "/security/passkeys")
    expect(page.locator("noscript p")).to_contain_text("JavaScript is off in this browser, and a passkey needs it.")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()


def test_F3_at_a_number_there_are_no_passkeys_and_the_page_says_so(
    chromium: Browser, request: pytest.FixtureRequest
) -> None:
    site = request.getfixturevalue("site")
    windows = Windows(chromium, site, "F3_at_a_number")
    ann = site.someone()
    page = windows.open()
    page.goto(site.issuer)
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
    log_in(page, ann)
    page.goto(site.issuer + "/security/passkeys")
    expect(page.get_by_role("heading", name="Passkeys need a host name")).to_be_visible()
    windows.shoot(page, "no host name")
    windows.close()
    windows.check()


def test_S68_related_origins_are_served_to_browsers(windows: Windows, named: Named) -> None:
    page = windows.open()
    answer = page.goto(named.issuer + "/.well-known/webauthn")
    assert answer is not None
    assert answer.json() == {"origins": ["https://anmeldung.example"]}
    windows.forgive("favicon.ico")
