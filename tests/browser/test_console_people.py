"""The help desk at work in a browser: U3, B1, journey 2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique

NAME = "Maximiliane-Alexandra Freifrau von Hohenberg"


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor, and whose pauses outlast a slow machine."""
    server = Server(run_pid, admin={"second_factor": False}, throttle={"pauses_minutes": [60]})
    yield server
    server.close()


@pytest.fixture
def open_to(company: Server, windows: Windows) -> Windows:
    windows.welcome.add(company.issuer)
    return windows


def _with_role(company: Server, grant: RoleGrant) -> Person:
    person = company.add_person(unique(grant.role.replace("_", "-")), name="Sam Desk")
    services = company.services
    roles.change(services.db, person.id, give=(grant,), by="test", now=services.clock(), record=lambda *_: None)
    return person


def _guess(company: Server, username: str, times: int) -> None:
    """Somebody types wrong passwords on a phone that is not known."""
    stranger = company.browser()
    for number in range(times):
        stranger.log_in(stranger.get(""), username, f"wrong number {number}")


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
def test_journey_2_the_help_desk_finds_somebody_by_half_of_the_name_and_unlocks_them(
    company: Server, open_to: Windows, js: bool
) -> None:
    group = unique("group")
    locked = company.add_person(unique("max"), name=NAME, groups=(group,))
    other = company.add_person(unique("max"), name=NAME, groups=("elsewhere",))
    desk = _with_role(company, RoleGrant("help_desk", (group,)))
    _guess(company, locked.username, 5)
    page = open_to.open(360 if js else 1280, js=js, scheme="dark" if js else "light")
    page.goto(company.issuer + "/admin/people")
    log_in(page, desk)
    page.fill("#q", "berg alexandra")
    page.press("#q", "Enter")
    expect(page.get_by_role("row").filter(has_text=locked.username)).to_contain_text("Paused")
    assert other.username not in page.content()
    open_to.shoot(page, "found")
    page.get_by_role("link", name=NAME).click()
    failures = page.locator("#failures")
    expect(failures).to_contain_text("Wrong password ×")
    expect(failures).to_contain_text("then a pause until")
    expect(failures).to_contain_text("new device")
    open_to.shoot(page, "paused")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("status")).to_contain_text("can try again now")
    expect(page.get_by_text("nothing is in the way")).to_be_visible()
    open_to.shoot(page, "unlocked")
    visitor = open_to.open()
    visitor.goto(company.issuer + "/")
    log_in(visitor, locked)
    expect(visitor.get_by_role("heading", level=1)).to_be_visible()
    expect(visitor.locator("#password")).to_have_count(0)
    assert page.goto(f"{company.issuer}/admin/people/{other.id}").status == 403  # type: ignore[union-attr]


@pytest.mark.parametrize("width", [360, 1280])
def test_B1_every_page_of_people_groups_and_cases_is_one_that_axe_finds_nothing_on(
    company: Server, open_to: Windows, width: int
) -> None:
    group = unique("group")
    anna = company.add_person(unique("anna"), name=NAME, groups=(group,), claims={"department": "Sales"})
    boss = _with_role(company, RoleGrant("owner"))
    _guess(company, anna.username, 5)
    page = open_to.open(width)
    page.goto(company.issuer + "/admin/people")
    log_in(page, boss)
    for path in (
        "",
        f"/{anna.id}",
        *(f"/{anna.id}/{one}" for one in ("edit", "apps", "roles", "history", "off")),
        "/new",
    ):
        page.goto(company.issuer + "/admin/people" + path)
        open_to.shoot(
            page, path.rpartition("/")[2] if path.count("/") > 1 or path == "/new" else "person" if path else "list"
        )
    page.goto(company.issuer + "/admin/groups?q=" + group)
    open_to.shoot(page, "groups")
    page.get_by_role("link", name=group).click()
    open_to.shoot(page, "group")
    for path in ("cases", "requests"):
        page.goto(f"{company.issuer}/admin/{path}")
        open_to.shoot(page, path)
