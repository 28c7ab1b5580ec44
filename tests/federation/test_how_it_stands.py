"""I10, I11: how a provider and whoever comes by it stand, as their admins are told."""

from __future__ import annotations

from idp import personal_data
from idp.admin import providers
from idp.cli.installation import shell
from idp.federation import health
from idp.login import overview
from tests.federation.visiting import Office
from tests.provider import App


def stopped(office: Office) -> str:
    """A provider that nobody asks any more, since it did not answer; its id."""
    company, services = office.add(), office.provider.services
    for _ in range(health.OPENS_AFTER):
        health.failed(services, company, "nothing came")
    assert health.may_ask(services, company) is None  # the one that is let through
    assert health.may_ask(services, company) is not None
    return company.id


def test_i10_a_provider_that_was_changed_is_not_taken_for_the_one_before(office: Office) -> None:
    services, id = office.provider.services, stopped(office)
    said = providers.get(services, shell(), id).provider.said()
    after = providers.change(services, shell(), id, providers.Wanted({**said, "prompts_login": False}))
    assert after.health == health.WELL
    assert health.may_ask(services, after.provider) is None


def test_i11_a_test_by_hand_asks_a_provider_that_was_given_up(office: Office) -> None:
    services, id = office.provider.services, stopped(office)
    assert all(found.ok for found in providers.test(services, shell(), id))
    assert providers.get(services, shell(), id).health == health.WELL


def test_i11_an_address_inside_is_told_with_the_setting_that_lets_it_through(office: Office) -> None:
    company = office.add(issuer="https://127.0.0.1:9")
    for _ in range(health.OPENS_AFTER + 1):  # the last one is told by what is kept
        found = providers.test(office.provider.services, shell(), company.id)
        assert 'add "https://127.0.0.1:9" to outbound.allow in the settings and restart' in found[0].fix
        assert "is up" not in found[0].fix


def test_u3_who_comes_by_a_provider_can_sign_in_without_a_password(office: Office, crm: App) -> None:
    company, services = office.add(create=True), office.provider.services
    person = office.person(office.come(office.provider.browser(), crm, company, preferred_username="bob"), crm)
    about = overview.of(services, person)
    assert about.obstacles == ()
    assert [name for name, _ in about.elsewhere] == ["Company"]
    office.change(company)
    providers.turn(services, shell(), company.id, on=False)
    assert [one.code for one in overview.of(services, person).obstacles] == ["no_password"]


def test_s_personal_data_names_the_provider(office: Office, crm: App) -> None:
    company, services = office.add(create=True), office.provider.services
    person = office.person(office.come(office.provider.browser(), crm, company), crm)
    made = personal_data.document.of(services, person.id)
    assert made["providers"] == {company.id: "Company"}
