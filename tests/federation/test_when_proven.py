"""S57, P7: when somebody proved who they are elsewhere is what their provider says, and never this moment by itself."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.console.apps.labels import LABELS
from idp.federation import links
from idp.login.browser import sessions
from tests.backends import Clock
from tests.federation.visiting import Office
from tests.login import second_step
from tests.provider import App

OURS = {"email": "ann@example.com", "email_verified": True}


def test_s57_a_silent_sign_on_is_no_proof_of_this_moment(office: Office, crm: App) -> None:
    """Whoever is in without having shown anything changes nothing, and no application is told a time."""
    company, browser = office.add(create=True), office.provider.browser()
    answer = office.come(browser, crm, company)
    assert "auth_time" not in second_step.claims(office.provider, crm, answer)
    page = browser.get("security/elsewhere")
    form = next(form for form in page.dom.forms if "subject" in form.names())
    assert browser.post(form.action, form.filled(None, {})).is_login_page  # asked for a fresh sign-in
    assert office.provider.authorize(browser, crm, max_age="60").is_login_page
    (session,) = sessions.open_of(office.provider.services, office.provider.events("session:started")[0].person_id)
    assert session.auth_time == sessions.UNSAID


def test_s57_a_second_step_makes_an_old_proof_no_younger(office: Office, crm: App, clock: Clock) -> None:
    phone = second_step.enrol(office.provider, clock, email_verified=True)
    company, browser = office.add(join=True, domains=["example.com"]), office.provider.browser()
    before = int(office.provider.clock()) - 3600
    page = office.come(browser, crm, company, auth_time=before, **OURS)
    assert second_step.is_second_step(page)
    answer = browser.submit(page, code=phone.code)
    assert second_step.claims(office.provider, crm, answer)["auth_time"] == before


def test_s57_a_sign_in_rules_limit_is_asked_for_there_once(office: Office, crm: App) -> None:
    office.provider.add_rule(need="none", max_age_minutes=10)
    company, browser = office.add(create=True), office.provider.browser()
    before = int(office.provider.clock()) - 3600
    again = office.come(browser, crm, company, auth_time=before)
    asked = dict(parse_qsl(urlsplit(again.location).query))
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert browser.get(office.there.authorize(again.location, auth_time=int(office.provider.clock()))).code
    stubborn = office.provider.browser()
    again = office.come(stubborn, crm, company, auth_time=before)
    assert stubborn.get(office.there.authorize(again.location, auth_time=before)).is_error_page
    assert office.come(office.provider.browser(), crm, company).is_error_page  # no time at all
    assert office.provider.events("error:upstream_not_fresh")


def test_s57_somebody_else_than_the_application_means_is_told_once(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    company, browser = office.add(create=True), office.provider.browser()
    hint = office.provider.redeem(crm, office.provider.sign_in(office.provider.browser(), crm).code).json["id_token"]
    answer = office.come(browser, crm, company, asked={"id_token_hint": hint}, auth_time=1)
    assert answer.sent["error"] == "login_required"
    assert office.provider.services.directory.count() == 1  # and nobody was made on the way


def test_i6_nobody_is_joined_in_a_sign_in_that_is_for_somebody_else(office: Office, crm: App) -> None:
    ann, carl = office.provider.add_person("ann"), office.provider.add_person("carl", email_verified=True)
    hint = office.provider.redeem(crm, office.provider.sign_in(office.provider.browser(), crm).code).json["id_token"]
    company, browser = office.add(join=True, domains=["example.com"]), office.provider.browser()
    about = {"email": "carl@example.com", "email_verified": True}
    answer = office.come(browser, crm, company, asked={"id_token_hint": hint}, **about)
    assert answer.sent["error"] == "login_required"
    assert links.of_person(office.provider.services.db, carl.id) == ()
    assert office.come(office.provider.browser(), crm, company, **about).code
    assert [link.person_id for link in links.of_person(office.provider.services.db, carl.id)] == [carl.id]
    assert ann.id != carl.id


@pytest.mark.spec("OpenID Core 2")
def test_s57_no_time_is_made_up_for_an_application_that_requires_one(office: Office) -> None:
    """Registration §2, require_auth_time: what nobody said is left out, and the console's form says so."""
    app = office.provider.add_client("Strict", require_auth_time=True)
    company = office.add(create=True)
    assert "auth_time" not in second_step.claims(
        office.provider, app, office.come(office.provider.browser(), app, company)
    )
    at = int(office.provider.clock()) - 60
    answer = office.come(office.provider.browser(), app, company, auth_time=at)
    assert second_step.claims(office.provider, app, answer)["auth_time"] == at
    assert "without saying when" in LABELS["require_auth_time"].hint
