"""The room Sign-in rules in a browser: a rule is made with its numbers seen, tried out, turned off, undone.

B1, B2, B5, C6: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
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
    """A provider with one rule in its settings, whose console asks for no second factor."""
    rules = [{"need": "second", "name": "The board", "groups": ["board"], "why": "The board decides."}]
    server = Server(run_pid, admin={"second_factor": False}, factors={"personal": "never", "rules": rules})
    yield server
    server.close()


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_B2_B5_an_owner_makes_a_rule_tries_a_sign_in_and_undoes_it(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services, group, name = company.services, unique("finance"), unique("Finance handles payments")
    colleague = company.add_person(unique("ann"), groups=(group,))
    owner = company.add_person(unique("boss"))
    roles.change(services.db, owner.id, give=[RoleGrant("owner")], by="test", now=services.clock(),
                 record=lambda *_: None)  # fmt: skip
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/rules")
    log_in(page, owner)
    expect(page.locator("#fixed")).to_contain_text("The board")
    page.get_by_role("link", name="New rule").click()
    windows.keep(page, "new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Members of one of these groups").fill("no-such-group")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#groups-problem")).to_contain_text("There is no group")
    windows.keep(page, "wrong")
    page.get_by_label("Members of one of these groups").fill(group)
    page.locator("#outside").fill("10.0.0.0/8")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#numbers")).to_contain_text("1 person without such a factor will be asked to set one up.")
    windows.keep(page, "numbers")
    page.get_by_role("button", name="Save it").click()
    rule = page.locator("#kept li").filter(has_text=name)
    expect(rule).to_contain_text(group)
    windows.keep(page, "list")
    page.get_by_role("link", name="Try a sign-in").click()
    page.get_by_label("Person").fill(colleague.username)
    page.get_by_label("From this address").fill("203.0.113.9")
    page.get_by_role("button", name="Think it through").click()
    expect(page.locator("#outcome")).to_contain_text("They set up one of these:")
    expect(page.locator("#verdicts tr").filter(has_text=name)).to_contain_text("It decides what is needed.")
    expect(page.locator("#verdicts tr").filter(has_text="The board")).to_contain_text("They are in none of its groups.")
    windows.keep(page, "try")
    page.get_by_role("navigation", name="Sign-in rules").get_by_role("link", name="History").click()
    windows.keep(page, "history")
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_role("navigation", name="Sign-in rules").get_by_role("link", name="Rules", exact=True).click()
    expect(page.locator("#removed")).to_contain_text(name)
    windows.keep(page, "removed")
