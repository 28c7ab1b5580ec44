"""People from a file, and the same done to many, in a browser: U1, B1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor, and whose job queue runs."""
    server = Server(run_pid, admin={"second_factor": False})
    server.services.jobs.start()
    yield server
    server.services.jobs.stop()
    server.close()


@pytest.fixture
def open_to(company: Server, windows: Windows) -> Windows:
    windows.welcome.add(company.issuer)
    return windows


def _boss(company: Server) -> Person:
    person = company.add_person(unique("owner"), name="Sam Owner")
    services = company.services
    roles.change(
        services.db, person.id, give=(RoleGrant("owner"),), by="test", now=services.clock(), record=lambda *_: None
    )  # fmt: skip
    return person


def _wait_for(page: Page, selector: str) -> None:
    """The page comes again by itself while there is work: by its header, so without a script, too."""
    expect(page.locator(selector)).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(("width", "js"), [(360, False), (1280, True)], ids=["narrow-no-js", "wide-js"])
def test_u1_an_owner_imports_people_and_turns_some_of_them_off(
    company: Server, open_to: Windows, tmp_path: Path, width: int, js: bool
) -> None:
    mark = unique("crew")
    rows = [f"{mark}-{n:04};{mark}-{n:04}@example.com;Ñandú {n};Élan;{'x' * 1200}" for n in range(150)]
    rows[3] = f"{mark} broken;no address;;;=cmd()"
    file = tmp_path / "people.csv"
    file.write_bytes(("Benutzername;Mail;Vorname;Nachname;Notiz\r\n" + "\r\n".join(rows)).encode("utf-16"))
    assert file.stat().st_size > 256 * 1024  # more than any other form may have
    page = open_to.open(width, js=js, scheme="light" if js else "dark")
    page.goto(company.issuer + "/admin/people/import")
    log_in(page, _boss(company))
    open_to.shoot(page, "import")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Look at the file").click()
    _wait_for(page, "#outcome")
    expect(page.locator("#numbers")).to_contain_text("149 will be added")
    expect(page.locator("#numbers")).to_contain_text("1 cannot be taken")
    open_to.shoot(page, "import tried out")
    page.get_by_role("button", name="Take 149 people in").click()
    _wait_for(page, "#outcome")
    expect(page.locator("#numbers")).to_contain_text("149 added")
    open_to.shoot(page, "import done")
    with page.expect_download() as given:
        page.get_by_role("link", name="These lines as a file").click()
    assert b"'=cmd()" in given.value.path().read_bytes()
    page.goto(f"{company.issuer}/admin/people?q={mark}")
    open_to.shoot(page, "people to choose from")
    for box in page.locator("input[name=person]").all()[:3]:
        box.check()
    page.select_option("#action", "off")
    page.get_by_role("button", name="Go on…").click()
    expect(page.locator("#numbers")).to_contain_text("3 will be turned off")
    open_to.shoot(page, "many tried out")
    page.get_by_role("button", name="Do it to 3 people").click()
    _wait_for(page, "#outcome")
    expect(page.locator("#numbers")).to_contain_text("3 were turned off")
    open_to.shoot(page, "many done")
    page.get_by_role("button", name="Undo: Turn on").click()
    expect(page.locator("#numbers")).to_contain_text("3 will be turned on")
