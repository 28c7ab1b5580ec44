"""Two applications, one sign-in, one sign-out; as people see it."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in


@pytest.mark.parametrize(
    ("width", "scheme", "js"),
    [(1280, "light", True), (1280, "dark", True), (360, "light", True), (360, "dark", True), (1280, "light", False),
     (360, "dark", False)],
)  # fmt: skip
def test_one_login_opens_two_apps_and_one_logout_ends_both(
    windows: Windows, site: Site, ann: Person, width: int, scheme: str, js: bool
) -> None:
    page = windows.open(width, 800 if width > 500 else 740, scheme, js)
    page.goto(site.crm)
    assert page.url.startswith(site.issuer)
    assert page.title() == "Sign in to Larkfield CRM · Larkfield"
    windows.shoot(page, "login")
    log_in(page, ann)
    page.wait_for_url(site.crm + "/")
    assert page.get_by_text(ann.name).count()
    windows.shoot(page, "crm")

    desk = page.context.new_page()
    desk.goto(site.desk)
    assert desk.url == site.desk + "/"  # no second sign-in
    windows.shoot(desk, "desk")

    home = page.context.new_page()
    home.goto(site.issuer)
    assert home.locator(".tile").all_inner_texts()
    assert home.get_by_role("link", name="Larkfield CRM", exact=True).get_attribute("href") == site.crm + "/"
    windows.shoot(home, "launcher")

    page.locator("form[action$='sign-out'] button, form[action$='sign-out'] [type=submit]").first.click()
    page.wait_for_url(site.crm + "/signed-out**")
    windows.shoot(page, "signed-out")
    for address in (site.desk, site.crm, site.issuer):
        desk.goto(address)
        assert desk.url.startswith(site.issuer)
        assert desk.locator("#password").is_visible(), address
