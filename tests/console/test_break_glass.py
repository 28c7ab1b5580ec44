"""U5: break-glass accounts as an owner keeps them in the console and by the API."""

from __future__ import annotations

import re

from idp.accounts.roles import RoleGrant
from idp.admin.actor import of_shell
from idp.admin.break_glass import keeping, watching
from tests.console.conftest import Enter
from tests.console.test_people import _press as press
from tests.provider import Browser, Provider

SHELL = of_shell("cli:test")
PATH = "admin/break-glass"


def test_U5_an_owner_makes_one_and_sees_its_secrets_once(provider: Provider, owner: Browser) -> None:
    assert "There is none yet" in owner.get(PATH).dom.text
    made = press(owner, owner.get(PATH), "make", username="emergency-1")
    found = re.search(r'id="password">([a-z2-7-]{35})<', made.text)
    codes = re.findall(r'<li class="code">([^<]+)</li>', made.text)
    assert found is not None
    assert len(codes) == 10
    again = owner.get(PATH)
    assert found.group(1) not in again.text
    assert codes[0] not in again.text
    browser = provider.browser()
    page = browser.log_in(browser.get(""), "emergency-1", found.group(1))
    browser.submit(page, code=codes[3])
    assert "Needs attention" in browser.get("admin").dom.text


def test_U5_a_name_that_is_taken_is_said_at_the_field(provider: Provider, owner: Browser) -> None:
    said = press(owner, owner.get(PATH), "make", username="boss")
    assert said.status == 422
    assert "already somebody" in said.dom.text


def test_U5_the_warning_stands_on_every_page_of_an_owner_until_one_has_looked(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    made = keeping.make(provider.services, SHELL, "emergency")
    other, admin = enter("other", RoleGrant("owner")), enter("adam", RoleGrant("admin"))
    browser = provider.browser()
    page = browser.log_in(browser.get(""), "emergency", made.password)
    browser.submit(page, code=made.codes[0])
    watching.watch(provider.services)
    warning = "The break-glass account emergency was used, or somebody tried"
    for path in ("admin", "admin/apps", "admin/people", PATH):
        assert warning in owner.get(path).dom.text
    assert warning in other.get("admin").dom.text
    assert warning not in admin.get("admin/apps").dom.text
    own = browser.get(PATH)
    assert "Another owner has to look" in own.dom.text
    assert press(browser, browser.get(PATH), "make", username="second").status == 200  # it may do everything else
    refused = owner.follow(press(owner, owner.get(PATH), "seen", note="fire drill"))
    assert "Noted" in refused.dom.text
    assert "fire drill" in owner.get(PATH).dom.text
    assert warning not in other.get("admin").dom.text


def test_U5_whoever_may_not_give_roles_reads_it_and_changes_nothing(provider: Provider, enter: Enter) -> None:
    keeping.make(provider.services, SHELL, "emergency")
    auditor, desk = enter("aud", RoleGrant("auditor")), enter("desk", RoleGrant("help_desk"))
    page = auditor.get(PATH)
    assert "emergency" in page.dom.text
    assert "Make a break-glass account" not in page.dom.text
    assert desk.get(PATH).status == 403


def test_U5_ending_and_renewing_say_what_they_end(provider: Provider, owner: Browser) -> None:
    made = keeping.make(provider.services, SHELL, "emergency")
    browser = provider.browser()
    browser.submit(browser.log_in(browser.get(""), "emergency", made.password), code=made.codes[0])
    assert "1 open sign-in ends." in owner.get(PATH).dom.text
    assert made.password not in press(owner, owner.get(PATH), "renew").text
    assert "turned off" in owner.follow(press(owner, owner.get(PATH), "end")).dom.text
    assert "There is none yet" in owner.get(PATH).dom.text
    person = provider.services.directory.get(made.person.id)
    assert "emergency" in owner.get(f"admin/people/{person.id}").dom.text
