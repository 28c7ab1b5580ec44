"""I5, I10: our own page is never behind somebody else's; and a provider is for those whom it is meant for."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.federation import attempts, checking, links
from tests.federation.visiting import Office
from tests.provider import App, Browser

WINDOW = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
OURS = {"email": "ann@example.com", "email_verified": True}


def window(office: Office) -> Browser:
    browser = office.provider.browser()
    browser.headers |= WINDOW
    return browser


def test_i5_a_provider_that_is_set_up_wrongly_leaves_our_own_page_to_everybody(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    office.add(at_once=True)
    office.there.answers["/.well-known/openid-configuration"] = (404, {})
    browser = window(office)
    page = office.provider.authorize(browser, crm)
    assert page.is_login_page
    assert browser.log_in(page, "ann").code


def test_i5_whoever_comes_back_with_nothing_is_led_there_no_more(office: Office, crm: App) -> None:
    office.add(at_once=True)
    browser = window(office)
    away = office.provider.authorize(browser, crm)
    browser.forget("stay")  # it took them long
    answer = {"code": None, "error": "access_denied"}
    page = browser.get(office.there.authorize(away.location, answer=answer))
    assert page.is_login_page
    assert "Nobody signed in at Company" in page.dom.text
    assert office.provider.authorize(browser, crm, state="another").is_login_page


def test_i5_a_provider_for_one_application_is_not_for_our_own_pages(office: Office, crm: App) -> None:
    limited, other = office.add("Partners", create=True, apps=[crm.id]), office.add("Company")
    browser = office.provider.browser()
    page = browser.get("")
    button = page.dom.find("button", name="provider", value=other.id)[0]
    assert not page.dom.find("button", name="provider", value=limited.id)
    data = dict(page.form.filled(None, {})) | {"provider": limited.id}
    assert browser.post(button["formaction"], data).is_error_page
    assert office.come(office.provider.browser(), crm, limited).code


def test_i7_only_an_address_that_the_provider_vouches_for_is_taken_over(office: Office, crm: App) -> None:
    """Recovery writes there: what anybody types elsewhere would be a way in here."""
    company = office.add(join=True, domains=["example.com"], attributes={"email": "email"})
    ann = office.provider.add_person("ann", email_verified=True)
    people = office.provider.services.directory
    office.come(office.provider.browser(), crm, company, **OURS)
    for email, verified in (("thief@elsewhere.example", True), ("ceo@example.com", False)):
        office.come(office.provider.browser(), crm, company, email=email, email_verified=verified)
        assert (people.get(ann.id).email, people.get(ann.id).email_verified) == ("ann@example.com", True)
    office.come(office.provider.browser(), crm, company, email="ann.new@example.com", email_verified=True)
    assert people.get(ann.id).email == "ann.new@example.com"
    people.set_roles(ann.id, ["auditor"])
    office.come(office.provider.browser(), crm, company, email="another@example.com", email_verified=True)
    assert people.get(ann.id).email == "ann.new@example.com"


def test_s5_very_many_cost_the_provider_nothing(office: Office, crm: App, monkeypatch: pytest.MonkeyPatch) -> None:
    company, browser = office.add(), office.provider.browser()
    page = office.provider.authorize(browser, crm)
    monkeypatch.setattr(attempts, "MOST", 0)
    assert office.press(browser, page, company).status == 429
    assert not office.there.asked


def test_i10_codes_that_somebody_made_up_shut_the_provider_to_nobody(office: Office, crm: App) -> None:
    company = office.add(create=True)
    office.there.answers["/token"] = (500, {})
    for _ in range(4):
        assert office.come(office.provider.browser(), crm, company).status == 503
    office.there.answers.clear()
    assert office.come(office.provider.browser(), crm, company).code
    browser, asked = office.provider.browser(), len(office.there.forms)
    location = office.leave(browser, crm, company)
    assert browser.get(office.there.authorize(location, answer={"code": "x" * 5000})).is_error_page
    assert len(office.there.forms) == asked


def test_s5_one_answer_waits_for_each_state_and_no_longer_than_an_answer_is(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    back = office.there.authorize(office.leave(browser, crm, company))
    address, _, sent = back.partition("?")
    answer, stranger = dict(parse_qsl(sent)), office.provider.browser()
    first, second = (stranger.post(address, {**answer, "more": "x" * 5000}).location for _ in range(2))
    assert first == second
    assert stranger.post(address, {**answer, "code": "x" * 9000}).is_error_page
    assert browser.get(first).code


def test_i6_a_link_that_was_taken_away_meanwhile_is_not_made_again(office: Office, crm: App) -> None:
    company, db = office.add(create=True), office.provider.services.db
    bob = office.person(office.come(office.provider.browser(), crm, company), crm)
    (link,) = links.of_person(db, bob.id)
    with db.transaction() as tx:
        links.drop(tx, link, 0.0, record=lambda *_: None)
        links.used(tx, link)
    assert not links.of_person(db, bob.id)


def test_i6_characters_that_nobody_sees_are_left_out(office: Office, crm: App) -> None:
    company = office.add(create=True)
    about = {"preferred_username": "b\0ob", "email": "b\0ob@example.org", "name": "Bob\0"}
    bob = office.person(office.come(office.provider.browser(), crm, company, **about), crm)
    (link,) = links.of_person(office.provider.services.db, bob.id)
    assert (bob.username, link.label) == ("bob", "bob")


def test_i5_whoever_sat_here_last_is_not_told_to_any_provider(office: Office, crm: App) -> None:
    office.provider.add_person("ann", email_verified=True)
    browser = office.provider.browser()
    office.provider.sign_in(browser, crm, "ann@example.com")
    browser.forget("session")
    public = office.add("Public")
    assert "login_hint" not in dict(parse_qsl(urlsplit(office.leave(browser, crm, public)).query))
    ours = office.add("Ours", domains=["example.com"])
    asked = dict(parse_qsl(urlsplit(office.leave(browser, crm, ours)).query))
    assert asked["login_hint"] == "ann@example.com"


def test_x_entra_for_every_tenant_names_those_that_may_come_however_it_is_typed() -> None:
    said = {
        "name": "E",
        "template": "entra",
        "client_id": "c",
        "issuer": "https://login.microsoftonline.com/Common/v2.0",
    }
    with pytest.raises(checking.InvalidProvider, match="tenants"):
        checking.checked(said)
