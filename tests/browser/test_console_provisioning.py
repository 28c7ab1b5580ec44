"""Provisioning of an application, and directories that write here, in a browser: looked at before anything is sent.

B1, Y1, Y2: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from idp.provisioning import keeping
from idp.provisioning.objects import Object
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor."""
    server = Server(run_pid, admin={"second_factor": False}, factors={"personal": "never"})
    yield server
    server.close()


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_Y2_a_target_is_looked_at_first_and_the_brake_is_let(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services = company.services
    owner, ann = company.add_person(unique("boss")), company.add_person(unique("ann"))
    roles.change(services.db, owner.id, give=[RoleGrant("owner")], by="test", now=services.clock(),
                 record=lambda *_: None)  # fmt: skip
    app = company.add_client(unique("Wiki"))
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/apps/{app.id}/provisioning")
    log_in(page, owner)
    page.get_by_role("link", name="Write people to it").click()
    page.get_by_label("SCIM address").fill("https://wiki.example/scim")
    page.get_by_label("Token, or client secret").fill("token-of-the-wiki")
    windows.keep(page, "new")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Nothing is sent to it")
    windows.keep(page, "off")
    page.get_by_role("button", name="What would be sent").click()
    expect(page.locator("main")).to_contain_text("would be made")
    windows.keep(page, "would")
    problem = "there is one with this userName already, which we did not make: …"
    keeping.put(services.db, Object(client_id=app.id, kind="user", local_id=ann.id, state="refused", problem=problem,
                                    request="GET /Users", status=200, at=1.0))  # fmt: skip
    keeping.turn(services.db, app.id, "stopped", services.clock(), record=lambda *_: None, braked=412,
                 reason="would turn off 412 of 500 people there, and 50 is the most")  # fmt: skip
    page.goto(f"{company.issuer}/admin/apps/{app.id}/provisioning")
    windows.keep(page, "braked")
    page.goto(f"{company.issuer}/admin/directories")
    page.get_by_label("Which directory is it?").fill(unique("Entra"))
    windows.keep(page, "directories")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("main")).to_contain_text("The token is shown this once")
    windows.keep(page, "token")
    page.locator("main .pages a").click()
    windows.keep(page, "directory")
