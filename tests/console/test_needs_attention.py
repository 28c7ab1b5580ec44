"""What needs attention: roles that nobody uses, addresses that take no mail, applications that nobody opens. B3."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from idp import mail
from idp.accounts.roles import RoleGrant
from idp.admin import attention
from idp.admin.actor import of_shell
from idp.admin.break_glass import keeping
from tests.backends import Clock
from tests.console.conftest import Enter, give
from tests.mail.conftest import deliver
from tests.mail.server import MailServer
from tests.provider import Answer, Provider

DAY = 86400
AWAY = "with a role"
REFUSED = "Ann Example: mail to this person is refused."


def back(provider: Provider, username: str) -> Answer:
    """The overview of somebody who comes back after their session has ended."""
    browser = provider.browser()
    browser.log_in(browser.get(""), username)
    return browser.get("admin")


def test_B3_a_role_that_nobody_uses_for_90_days_needs_attention(provider: Provider, enter: Enter, clock: Clock) -> None:
    enter("boss", RoleGrant("owner"))
    enter("desk", RoleGrant("help_desk", ("Sales",)))
    enter("plain")
    clock.advance(89 * DAY)
    assert AWAY not in back(provider, "boss").dom.text
    clock.advance(2 * DAY)
    page = back(provider, "boss")
    assert "1 person with a role has not signed in for 90 days, or never." in page.dom.text
    assert "desk" in page.dom.text
    assert 'href="/admin/people?show=role_unused"' in page.text
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    listed = browser.get("admin/people?show=role_unused").text
    assert re.findall(r'<th scope="row"><a href="[^"]+">([^<]*)</a>', listed) == ["Desk Example"]
    back(provider, "desk")
    assert AWAY not in back(provider, "boss").dom.text


def test_B3_a_role_of_somebody_who_never_came_has_a_week(provider: Provider, enter: Enter, clock: Clock) -> None:
    enter("boss", RoleGrant("owner"))
    new = provider.add_person("new")
    give(provider, new.id, RoleGrant("auditor"))
    clock.advance(6 * DAY)
    assert AWAY not in back(provider, "boss").dom.text
    clock.advance(2 * DAY)
    assert "1 person with a role" in back(provider, "boss").dom.text
    provider.services.directory.disable(new.id)
    assert AWAY not in back(provider, "boss").dom.text


def test_B3_a_break_glass_account_is_meant_to_stay_unused(provider: Provider, enter: Enter, clock: Clock) -> None:
    enter("boss", RoleGrant("owner"))
    keeping.make(provider.services, of_shell("test"), "emergency")
    clock.advance(120 * DAY)
    page = back(provider, "boss").dom.text
    assert AWAY not in page
    assert "this break-glass account was never tried" in page  # its own reminder


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer().start()
    yield made
    made.stop()


def test_B3_a_person_whose_address_the_mail_server_refuses_needs_attention(
    open_provider: Callable[..., Provider], server: MailServer, clock: Clock
) -> None:
    provider = open_provider(admin={"second_factor": False}, mail=server.settings)
    services, ann, bob = provider.services, provider.add_person("ann"), provider.add_person("bob")
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))

    def told(person: object, **answers: str) -> str:
        server.answers.clear()
        server.answers.update({f"{name}@example.com": answer for name, answer in answers.items()})
        mail.tell(services, person, "password_changed")  # type: ignore[arg-type]
        deliver(provider)
        clock.advance(1)
        return back(provider, "boss").dom.text

    assert "is refused" not in told(bob, bob="451 4.7.1 greylisted, come back later")  # tried again by itself
    assert "is refused" not in told(bob, bob="554 5.7.1 looks like spam")  # not the person's fault
    page = told(ann, ann="550 5.1.1 no such mailbox")
    assert REFUSED in page
    assert "correct the address of the person" in page
    assert f'href="/admin/people/{ann.id}"' in back(provider, "boss").text
    assert REFUSED not in told(ann, ann="250 OK")  # it takes mail again
    assert REFUSED in told(ann, ann="550 5.1.1 no such mailbox")
    services.directory.update(ann.id, email="anna.example@example.org")
    assert REFUSED not in back(provider, "boss").dom.text


def listed(page: Answer) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]*)</a>', page.text)


def test_B3_applications_that_nobody_opened_for_90_days_need_attention(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    enter("boss", RoleGrant("owner"))
    services, off = provider.services, provider.add_client("Off")
    used, program = provider.add_client("Used"), provider.add_client("Program", "machine")
    silent = provider.add_client("Silent")
    services.registry.disable(off.id)
    provider.add_person("ann")
    provider.sign_in(provider.browser(), silent, "ann")
    clock.advance(60 * DAY)
    provider.sign_in(provider.browser(), used, "ann")
    provider.add_client("New")

    def overview() -> Answer:
        services.uses.flush()
        attention.examine(services)
        return back(provider, "boss")

    assert "opened by nobody" not in overview().dom.text  # the first was opened two months ago
    clock.advance(31 * DAY)
    page = overview()
    assert "1 application has been opened by nobody for 90 days." in page.dom.text
    assert "Silent" in page.dom.text
    assert 'href="/admin/apps?show=unopened"' in page.text
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    assert listed(browser.get("admin/apps?show=unopened")) == ["Silent"]
    assert listed(browser.get("admin/apps?show=unopened&q=lent")) == ["Silent"]
    assert listed(browser.get("admin/apps?show=unopened&q=used")) == []
    admin = enter("appy", RoleGrant("app_admin", (silent.id, used.id, program.id)))
    assert listed(admin.get("admin/apps?show=unopened")) == ["Silent"]
    provider.sign_in(provider.browser(), silent, "ann")
    assert "opened by nobody" not in overview().dom.text


def test_B3_where_uses_are_kept_for_less_nobody_is_said_to_stay_away(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(admin={"second_factor": False}, audit={"retention_by_kind": {"app": 30}})
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    provider.add_client("Silent")
    clock.advance(100 * DAY)
    attention.examine(provider.services)
    assert "opened by nobody" not in back(provider, "boss").dom.text
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    assert listed(browser.get("admin/apps?show=unopened")) == []
