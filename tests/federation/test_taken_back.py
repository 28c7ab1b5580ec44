"""A3, A5, I7: a way in from elsewhere is told of, ends with "This was not me", and takes along what it gave."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import not_me
from idp.accounts.person import Person
from idp.admin import providers
from idp.admin.actor import of_shell
from idp.federation import links
from tests.federation.stand_in import StandIn
from tests.federation.test_own_page import PATH, connect, disconnect
from tests.federation.visiting import Office
from tests.portal.test_security import LOOPBACK, letters
from tests.provider import App, Browser, Provider

SHELL = of_shell("cli:test")
SALES = {"domains": ["example.com"], "groups_claim": "groups", "groups": {"s": "Sales"}, "owns_groups": True}


@pytest.fixture
def office(open_provider: Callable[..., Provider], there: StandIn) -> Office:
    """On a development machine, so that mail lands in its outbox."""
    return Office(open_provider(server={"issuer": LOOPBACK}, outbound={"allow": [there.origin]}), there)


def connected(office: Office, crm: App, **said: object) -> tuple[Person, str, Browser]:
    """Ann, with a password, who has connected her account there."""
    ann = office.provider.add_person("ann", email_verified=True)
    browser = office.provider.browser()
    office.provider.sign_in(browser, crm)
    company = office.add(**said)
    browser.get(office.there.authorize(connect(office, browser, company.id).location, preferred_username="ann.there"))
    return ann, company.id, browser


def groups_of(office: Office, person: Person) -> tuple[str, ...]:
    return office.provider.services.directory.get(person.id).groups


def mails(office: Office) -> list[str]:
    return sorted(message for message, _ in letters(office.provider) if message.startswith("factor_"))


def test_a5_one_more_way_in_is_told_by_mail_and_in_the_activity(office: Office, crm: App) -> None:
    _, _, browser = connected(office, crm)
    assert mails(office) == ["factor_added"]
    assert "Account elsewhere connected" in browser.get("activity").dom.text
    disconnect(browser)
    assert mails(office) == ["factor_added", "factor_removed"]
    assert "Account elsewhere disconnected" in browser.get("activity").dom.text


def test_a3_this_was_not_me_disconnects_what_was_connected_just_now(office: Office, crm: App) -> None:
    ann, _, _ = connected(office, crm)
    services = office.provider.services
    token = not_me.make(services.sealer, ann.id, "factor_added", services.clock())
    reader = office.provider.browser("192.0.2.99")
    reader.submit(reader.get(f"not-me/{token}"), "secure")
    assert not links.of_person(services.db, ann.id)


def test_i6_an_admin_disconnects_it(office: Office, crm: App) -> None:
    ann, company_id, _ = connected(office, crm)
    assert providers.disconnect(office.provider.services, SHELL, ann, company_id) == 1
    assert not links.of_person(office.provider.services.db, ann.id)
    assert mails(office) == ["factor_added", "factor_removed"]


def test_i7_groups_that_a_provider_gave_leave_with_the_link(office: Office, crm: App) -> None:
    ann, company_id, browser = connected(office, crm, **SALES)
    office.provider.services.directory.add_to_group(ann.id, "Ours")
    one = next(one for one in providers.list_of(office.provider.services, SHELL) if one.provider.id == company_id)
    office.come(office.provider.browser(), crm, one.provider, groups=["s"])
    assert groups_of(office, ann) == ("Ours", "Sales")
    disconnect(browser)
    assert groups_of(office, ann) == ("Ours",)
    assert "None is connected." in browser.get(PATH).dom.text


def test_i7_groups_that_a_provider_gave_leave_with_the_provider(office: Office, crm: App) -> None:
    company = office.add(create=True, **SALES)
    bob = office.person(office.come(office.provider.browser(), crm, company, groups=["s"]), crm)
    assert groups_of(office, bob) == ("Sales",)
    office.remove(company)
    assert groups_of(office, bob) == ()
