"""I11: what failed at a provider is told as that: no alarm about addresses, no word against the application."""

from __future__ import annotations

import re

from idp import arrivals
from idp.admin import activity, problems, surroundings
from idp.cli.installation import shell
from idp.federation import keeping
from tests.federation.visiting import Office
from tests.provider import Answer, App


def refused(office: Office, crm: App) -> Answer:
    company = office.add(secret="wrong")
    office.there.answers |= {"/token": (401, {"error": "invalid_client"})}
    return office.come(office.provider.browser(), crm, company)


def test_i11_a_refused_answer_is_no_page_at_a_wrong_address(office: Office, crm: App) -> None:
    page = refused(office, crm)
    assert page.status == 400
    assert [one.kind for one in arrivals.patterns(office.provider.services)] == []
    assert "Open the page there" not in page.dom.text
    assert re.search(r'<a class="button main"[^>]*>Try again<', page.text)


def test_q1_the_error_is_on_the_other_providers_side_and_what_changed_there_is_told(office: Office, crm: App) -> None:
    services = office.provider.services
    record = shell().record(services)
    refused(office, crm)
    one = keeping.list_of(services.db)[0].provider
    keeping.change(services.db, services.sealer, keeping.Change(one, "another"), services.clock(), record=record)
    office.provider.services.clock.advance(5)
    office.come(office.provider.browser(), crm, one)
    event = next(one for one in reversed(office.provider.events()) if one.action == "error:upstream_secret")
    found = problems.findings_of(event)
    assert [finding.side for finding in found] == ["upstream"]
    assert activity.SIDES["upstream"]
    before = surroundings.before(services, shell(), event, event.at)
    assert ("provider:change", ("Company", "secret")) in [(row.action, row.fields) for row in before]


def test_p7_somebody_who_came_by_a_provider_reads_its_name_and_of_no_administrator(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    assert office.come(browser, crm, company, preferred_username="bob").code
    text = browser.get("activity").dom.text
    assert "Account elsewhere connected" in text
    assert "An administrator" not in text
    assert "Company" in text
