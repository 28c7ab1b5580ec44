"""U1 in a browser: an attribute is defined, and a person's value written in its control.

B1: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor."""
    server = Server(run_pid, admin={"second_factor": False}, factors={"personal": "never"})
    yield server
    server.close()


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_U1_B1_an_attribute_is_defined_and_written(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services, name = company.services, f"colours_{width}"
    ann = company.add_person(unique("ann"))
    owner = company.add_person(unique("boss"))
    roles.change(services.db, owner.id, give=[RoleGrant("owner")], by="test", now=services.clock(),
                 record=lambda *_: None)  # fmt: skip
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/attributes")
    log_in(page, owner)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Label", exact=True).fill(f"Colours of the desk {width}")
    page.get_by_label("Kind").select_option("choices")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#options-problem")).to_contain_text("At least one")
    windows.keep(page, "wrong")
    page.get_by_label("What can be chosen").fill("Red\nGreen")
    page.locator("#edits-person").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("Colours of the desk")
    windows.keep(page, "list")
    page.goto(f"{company.issuer}/admin/people/{ann.id}/attributes")
    page.get_by_role("group", name=f"Colours of the desk {width}").get_by_label("Green").check()
    windows.keep(page, "person")
    page.get_by_role("button", name="Save").click()
    person = services.directory.get(ann.id)
    assert person.claims[name] == ["Green"]
    page.goto(f"{company.issuer}/admin/attributes/history")
    windows.keep(page, "history")
    page.goto(f"{company.issuer}/profile")
    windows.keep(page, "profile")
