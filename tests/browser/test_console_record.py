"""An auditor in a browser: who could open the payroll application in March, as a file; is the record whole. R4, O1, B1.

Journey 4: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from clients.access import Access
from clients.registry import Draft as App
from idp.accounts import roles
from idp.accounts.person import Draft, Person
from idp.accounts.roles import RoleGrant
from idp.audit.chain import sealing
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD
from tests.server import Server, unique

DAY = 86400.0


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor: that has tests of its own."""
    server = Server(run_pid, admin={"second_factor": False})
    yield server
    server.close()


def somebody(company: Server, role: str) -> Person:
    services, name = company.services, unique(role)
    draft = Draft(username=name, name=f"Alex {role.title()}", email=f"{name}@example.com")
    person = services.directory.add(draft, password_hash=services.passwords.hash(PASSWORD))
    roles.change(services.db, person.id, give=[RoleGrant(role)], by="test", now=services.clock(),
                 record=lambda _tx, _action, _detail: None)  # fmt: skip
    return person


def forty_days_ago(company: Server) -> tuple[str, str, list[str]]:
    """An application that a group could open then, one of whom has left; its id, its group, their usernames."""
    services, group = company.services, unique("payroll-team")
    people = [services.directory.add(Draft(username=unique(name), groups=(group,))) for name in ("ann", "ben")]
    draft = App(
        name="Payroll", metadata={"redirect_uris": ["https://pay.example/cb"]}, access=Access.only(groups=[group])
    )
    app = services.registry.register(draft).client
    for table in ("client_past", "person_past", "member_past"):
        services.db.run(text(f"UPDATE {table} SET since = since - :ago"), ago=40 * DAY)
    services.directory.remove_from_group(people[0].id, group)
    return app.id, group, [one.username for one in people]


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_R4_B1_journey_4_an_auditor_exports_who_could_open_the_payroll_application(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    app_id, group, people = forty_days_ago(company)
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/apps/{app_id}/access")
    log_in(page, somebody(company, "auditor"))
    page.get_by_role("link", name="At another time").click()
    since, until = time.time() - 30 * DAY, time.time() - 10 * DAY
    page.get_by_label("From").fill(day(since))
    page.get_by_label("To", exact=True).fill(day(until))
    page.get_by_role("button", name="Show").click()
    for name in people:
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(f"In the group {group}")
    windows.keep(page, "past")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all as CSV").click()
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["username"] for line in lines} == set(people)
    assert {line["rule"] for line in lines} == {f"group:{group}"}
    page.get_by_label("Only this person").fill(people[0])
    page.get_by_label("To", exact=True).fill("")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#main")).to_contain_text("Could not open it: Neither named for it nor in one of its groups")
    windows.keep(page, "why")
    page.get_by_label("From").fill("March")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#from-problem")).to_contain_text("Expected a day such as")
    windows.keep(page, "wrong")


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_O1_B1_the_record_is_looked_at_and_taken_as_a_file(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services = company.services
    gone = services.directory.add(Draft(username=unique("gone")), record=_told(company))
    services.directory.remove(gone.id, record=_told(company))
    sealing.seal_all(services.db, services.clock)
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/activity")
    log_in(page, somebody(company, "owner"))
    page.get_by_role("link", name="Is the record whole?").click()
    page.get_by_role("button", name="Look at all of it now").click()
    for _ in range(30):  # the job of the server's own: each look waits for the page, and for a second
        if page.get_by_text("The record is whole.").count():
            break
        page.wait_for_timeout(1000)
        page.goto(f"{company.issuer}/admin/activity/record")
    expect(page.get_by_text("The record is whole.")).to_be_visible()
    windows.keep(page, "whole")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the signed end").click()
    assert re.fullmatch(r"record-\d+\.jws", download.value.suggested_filename)
    page.goto(f"{company.issuer}/admin/activity/export?action=person:removed")
    windows.keep(page, "export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    assert gone.id in download.value.path().read_text("utf-8")
    page.goto(f"{company.issuer}/admin/activity/blank?person={gone.username}")
    expect(page.get_by_role("button", name="Blank it for good")).to_be_visible()
    windows.keep(page, "blank")


def _told(company: Server):  # type: ignore[no-untyped-def]
    from idp import audit

    return audit.recorder(company.services.clock, "test")


def test_R4_B1_access_for_a_time_in_a_form(windows: Windows, company: Server) -> None:
    app_id, group, _ = forty_days_ago(company)
    windows.welcome.add(company.issuer)
    owner = somebody(company, "owner")
    for width, scheme, js in ((1280, "dark", True), (360, "light", False)):
        page = windows.open(width, 800, scheme, js)
        page.goto(f"{company.issuer}/admin/apps/{app_id}/access")
        log_in(page, owner)
        page.get_by_text("For a time only").first.click()
        page.get_by_label("Until").first.fill("2099-01-31T18:00")
        windows.keep(page, "term-form")
        page.locator("details").get_by_role("button", name="Save").first.click()
        expect(page.locator("#main")).to_contain_text("until")
        windows.keep(page, "term")
    assert company.services.registry.get(app_id).access.term_of(f"group:{group}").until is not None
