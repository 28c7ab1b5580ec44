"""Six digits by a real mail server, and by text message, in a real browser. F4."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from idp.mail import outbox
from tests.browser.windows import Windows, log_in
from tests.mail.server import MailServer
from tests.server import Server, unique


@pytest.fixture(scope="module")
def post_office() -> Iterator[MailServer]:
    """The company's mail server."""
    made = MailServer().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def strict(run_pid: int, post_office: MailServer) -> Iterator[Server]:
    """A provider where everybody shows more than a password."""
    server = Server(
        run_pid,
        mail=post_office.settings,
        sms={"sender": "console"},
        factors={"email_is_second": True, "rules": [{"need": "second"}]},
    )
    yield server
    server.close()


def somebody(server: Server, **claims: object) -> Person:
    return server.add_person(unique("ann"), email_verified=True, claims=claims)


def mailed(post_office: MailServer, person: Person, many: int = 1) -> str:
    """The newest of so many codes."""
    until = time.monotonic() + 20
    while True:
        got = [mail for mail in post_office.received if mail.to == [person.email]]
        if len(got) >= many:
            found = re.search(r"^ {2}(\d{6})$", got[-1].text, re.MULTILINE)
            assert found, got[-1].text
            return found[1]
        assert time.monotonic() < until
        time.sleep(0.1)


def visit(windows: Windows, strict: Server, page: Page, person: Person) -> None:
    windows.welcome.add(strict.issuer)
    page.goto(strict.issuer + "/security")
    log_in(page, person)


def test_F4_a_code_by_mail_lets_in_after_a_wrong_one(windows: Windows, strict: Server, post_office: MailServer) -> None:
    ann, page = somebody(strict), windows.open()
    visit(windows, strict, page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("Code by e-mail")
    expect(page.locator("#code")).to_be_focused()
    expect(page.locator("[role=timer]")).to_contain_text("The next one in")
    windows.shoot(page, "asked")
    code = mailed(post_office, ann)
    page.fill("#code", f"{(int(code) + 1) % 10**6:06}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the digits")
    windows.shoot(page, "wrong")
    page.click("#resend")
    expect(page.get_by_role("alert")).to_contain_text("half a minute")
    windows.shoot(page, "early")
    page.fill("#code", code)
    page.keyboard.press("Enter")
    page.wait_for_url(strict.issuer + "/security")


def test_F4_on_a_phone_in_the_dark_without_javascript(
    windows: Windows, strict: Server, post_office: MailServer
) -> None:
    ann, page = somebody(strict), windows.open(360, 740, "dark", js=False)
    visit(windows, strict, page, ann)
    expect(page.locator("body")).to_contain_text("The next one in")
    windows.shoot(page, "asked")
    page.fill("#code", mailed(post_office, ann))
    page.click("button.main")
    page.wait_for_url(strict.issuer + "/security")


def test_F7_a_phone_without_reception_leads_to_the_code_by_mail(
    windows: Windows, strict: Server, post_office: MailServer
) -> None:
    ann = somebody(strict, phone_number="+491701234567", phone_number_verified=True)
    page = windows.open(360, 740)
    visit(windows, strict, page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("Code by text message")
    windows.shoot(page, "by-text")
    page.click("#other")
    page.click("button[value=email]")
    page.fill("#code", mailed(post_office, ann))
    page.click("button.main")
    page.wait_for_url(strict.issuer + "/security")


def test_the_outbox_can_be_read_by_everybody_who_sits_here(windows: Windows, strict: Server) -> None:
    ann = somebody(strict, phone_number="+491701234567", phone_number_verified=True)
    page = windows.open(360, 740)
    visit(windows, strict, page, ann)
    until = time.monotonic() + 20
    while not outbox.newest(strict.services):
        assert time.monotonic() < until
        time.sleep(0.1)
    page.goto(strict.issuer + "/dev/outbox")
    expect(page.locator("main")).to_contain_text("is your code for Doorward")
    windows.shoot(page, "outbox")
