"""I12: an admin sees from which organisations of a federation people may come, and one save is one row (C6)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import federations, providers
from idp.admin.actor import of_shell
from idp.federation.keeping import UnknownProvider
from idp.federation.saml.federations import refreshing
from tests.backends import Clock
from tests.console.conftest import give
from tests.federation.saml.test_federations import Federation, entity_of, organisation
from tests.federation.saml.there import There
from tests.federation.stand_in import StandIn
from tests.provider import Browser, Provider


@pytest.fixture
def federation(open_provider: Callable[..., Provider], there: StandIn, clock: Clock) -> Federation:
    provider = open_provider(outbound={"allow": [there.origin]}, admin={"second_factor": False})
    made = Federation(provider, There(clock), there, clock)
    made.publish(organisation(n) for n in range(1, 41))
    return made


@pytest.fixture
def owner(federation: Federation) -> Browser:
    provider = federation.provider
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    return browser


def test_i12_the_console_has_the_organisations_of_a_federation_and_finds_them(
    federation: Federation, owner: Browser
) -> None:
    one = federation.join()
    page = owner.get(f"admin/providers/{one.id}/organisations")
    assert "Organisations in it 40" in page.dom.text
    assert federation.at.origin in page.dom.text
    assert page.text.count('<th scope="row"') == 30
    assert "There are more" in page.dom.text
    found = owner.get(f"admin/providers/{one.id}/organisations?q=uni17.example")
    assert entity_of(17) in found.dom.text
    assert entity_of(1) + " " not in found.dom.text
    assert "No organisation matches" in owner.get(f"admin/providers/{one.id}/organisations?q=nowhere").dom.text
    assert f"/admin/providers/{one.id}/organisations" in owner.get(f"admin/providers/{one.id}").text
    federation.at.answers.clear()
    refreshing.refresh(federation.provider.services, one)
    assert "Its list cannot be read since" in owner.get(f"admin/providers/{one.id}/organisations").dom.text


def test_i12_only_those_are_shown_from_which_people_may_come(federation: Federation) -> None:
    one, services = federation.join(members=[entity_of(3)]), federation.provider.services
    seen = federations.organisations(services, of_shell("test"), one.id)
    assert [each.entity_id for each in seen.found] == [entity_of(3)]
    assert (seen.standing is not None and seen.standing.many, seen.is_more) == (40, False)


def test_i12_what_is_no_federation_has_no_organisations(federation: Federation, owner: Browser) -> None:
    said = {"name": "Company", "issuer": federation.at.issuer, "client_id": "x"}
    services = federation.provider.services
    one = providers.add(services, of_shell("test"), said, "secret").provider
    assert owner.get(f"admin/providers/{one.id}/organisations").status == 404
    assert "/organisations" not in owner.get(f"admin/providers/{one.id}").text
    with pytest.raises(UnknownProvider):
        federations.organisations(services, of_shell("test"), one.id)


def test_i12_one_save_of_a_federation_is_one_row_of_its_history(federation: Federation, owner: Browser) -> None:
    one = federation.join()
    page = owner.get(f"admin/providers/{one.id}/edit")
    number = next(n for n, form in enumerate(page.dom.forms) if form.action.endswith("/edit"))
    saved = owner.submit(page, form=number, name="The universities", domains="uni1.example")
    assert saved.is_redirect, saved.dom.text
    history = owner.get(f"admin/providers/{one.id}/history")
    assert history.text.count("<li>\n    <p><b>") == 2, history.dom.text  # added, changed
    changed = history.text.partition("<b>Added")[0]
    assert changed.count("<dt>") == 2  # the name and the domains, and nothing that stays as it was
    events = [one.detail for one in federation.provider.events("provider:change")]
    assert json.dumps(events).count("uni1.example") == 1
