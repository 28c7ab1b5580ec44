"""Chromium with virtual authenticators, and a provider whose host can have passkeys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Page, expect

from idp.accounts.person import Person
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique


class Named(Server):
    """A provider whose issuer has a host name."""

    def __init__(self, run: int, **sections: Any) -> None:
        self.crm = self.desk = self.landing = ""
        super().__init__(run, brand={"company": "Larkfield"}, **sections)

    def _sections(self, sections: Any) -> dict[str, dict[str, Any]]:
        found = super()._sections(sections)
        found["server"]["issuer"] = f"http://localhost:{self.port}"
        return found

    def someone(self, name: str = "Ann Example") -> Person:
        return self.add_person(unique(name.split()[0].lower()), name=name)


class Device:
    """A virtual authenticator behind one window."""

    def __init__(self, page: Page, **options: Any) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable", {"enableUI": False})
        given = {
            "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True, **options,
        }  # fmt: skip
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": given})["authenticatorId"]

    @property
    def credentials(self) -> list[dict[str, Any]]:
        return list(self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"])

    def move_to(self, page: Page, **options: Any) -> Device:
        """The same credentials in another window."""
        other = Device(page, **options)
        for credential in self.credentials:
            other.session.send("WebAuthn.addCredential", {"authenticatorId": other.id, "credential": credential})
        return other

    def be_verified(self, verified: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})


def enrol(windows: Windows, named: Named, person: Person, label: str = "", **options: Any) -> tuple[Page, Device]:
    """Sign in by password and add a passkey."""
    page = windows.open()
    device = Device(page, **options)
    page.goto(named.issuer)
    log_in(page, person)
    page.goto(named.issuer + "/security/passkeys")
    if label:
        page.fill("#label", label)
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url(named.issuer + "/security")
    return page, device


def launched(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def without_suggestions(page: Page) -> None:
    """A browser that has passkeys but no conditional UI: else the authenticator answers before a button is pressed."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false;")


def forgotten(page: Page, device: Device) -> None:
    """The authenticator drops what it was told to drop, within a few seconds."""
    for _ in range(50):
        if not device.credentials:
            return
        page.wait_for_timeout(100)
    raise AssertionError(device.credentials)
