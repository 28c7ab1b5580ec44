"""I6: people see the accounts elsewhere that they sign in with, connect one more, and never remove the last way in."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from idp.federation import links
from tests.federation.visiting import Office
from tests.provider import Answer, App, Browser

PATH = "security/elsewhere"


def connect(office: Office, browser: Browser, provider_id: str) -> Answer:
    """Press the button of a provider on the page."""
    page = browser.get(PATH)
    form = next(form for form in page.dom.forms if any(button[1] == "connect" for button in form.buttons))
    return browser.post(form.action, form.filled(provider_id, {}))


def disconnect(browser: Browser) -> Answer:
    page = browser.get(PATH)
    form = next(form for form in page.dom.forms if "subject" in form.names())
    return browser.post(form.action, form.filled(None, {}))


def test_i6_somebody_connects_an_account_and_disconnects_it(office: Office, crm: App) -> None:
    ann, browser = office.provider.add_person("ann"), office.provider.browser()
    company = office.add()
    office.provider.sign_in(browser, crm)
    assert "Accounts elsewhere" in browser.get("security").dom.text
    away = connect(office, browser, company.id)
    back = browser.get(office.there.authorize(away.location, preferred_username="ann.there"))
    assert back.location == f"{office.provider.issuer}/{PATH}"
    assert "ann.there" in browser.get(PATH).dom.text
    assert office.person(office.come(office.provider.browser(), crm, company), crm).id == ann.id
    disconnect(browser)
    assert "None is connected." in browser.get(PATH).dom.text
    assert [event.action for event in office.provider.events() if event.action.startswith("link:")] == [
        "link:add", "link:remove",
    ]  # fmt: skip


def test_i6_the_last_way_in_stays(office: Office, crm: App) -> None:
    company, browser = office.add(create=True), office.provider.browser()
    bob = office.person(office.come(browser, crm, company, auth_time=int(office.provider.clock())), crm)
    assert "This is the only way in that you have" in disconnect(browser).dom.text
    assert links.of_person(office.provider.services.db, bob.id)


def test_i6_an_account_that_is_somebody_elses_here_is_not_taken(office: Office, crm: App) -> None:
    company = office.add(create=True)
    office.come(office.provider.browser(), crm, company, "bobs")
    office.provider.add_person("ann")
    browser = office.provider.browser()
    office.provider.sign_in(browser, crm)
    away = connect(office, browser, company.id)
    page = browser.get(office.there.authorize(away.location, "bobs"))
    assert "connected to somebody else" in page.dom.text
    assert "None is connected." in browser.get(PATH).dom.text


def test_x_whoever_is_signed_in_when_the_answer_comes_is_who_asked_for_it(office: Office, crm: App) -> None:
    """A link that another person's session began is not made for whoever sits there now."""
    for name in ("ann", "bob"):
        office.provider.add_person(name)
    company, browser = office.add(), office.provider.browser()
    office.provider.sign_in(browser, crm, "ann")
    back = office.there.authorize(connect(office, browser, company.id).location)
    browser.forget("session")
    office.provider.sign_in(browser, crm, "bob")
    assert browser.get(back).is_error_page
    assert not office.provider.events("link:add")


def test_p7_changing_needs_a_fresh_sign_in(office: Office, crm: App) -> None:
    office.provider.add_person("ann")
    company, browser = office.add(), office.provider.browser()
    office.provider.sign_in(browser, crm)
    office.provider.clock.advance(301)  # type: ignore[attr-defined]
    assert connect(office, browser, company.id).is_login_page


def test_i6_a_removed_person_leaves_no_link(office: Office, crm: App) -> None:
    company = office.add(create=True)
    bob = office.person(office.come(office.provider.browser(), crm, company), crm)
    office.provider.services.directory.remove(bob.id)
    assert links.count(office.provider.services.db, company.id) == 0


def test_i5_the_application_names_the_provider_and_people_are_led_straight_there(office: Office, crm: App) -> None:
    company = office.add(domains=["example.com"])
    as_window = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    for hint in ({"idp_hint": "company"}, {"domain_hint": "example.com"}, {"login_hint": "ann@example.com"}):
        browser = office.provider.browser()
        browser.headers |= as_window
        away = office.provider.authorize(browser, crm, **hint)
        assert urlsplit(away.location).netloc == urlsplit(office.there.origin).netloc
        page = office.provider.authorize(browser, crm, **hint)  # Back: every other way
        assert page.status == 200
    assert dict(parse_qsl(urlsplit(away.location).query))["login_hint"] == "ann@example.com"
    assert company.id in away.location


def test_i5_one_provider_for_everybody_leads_on_but_not_after_signing_out(office: Office, crm: App) -> None:
    office.add(at_once=True, create=True)
    browser = office.provider.browser()
    browser.headers |= {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    away = office.provider.authorize(browser, crm)
    assert browser.get(office.there.authorize(away.location)).code
    page = browser.get("")
    leave = next(form for form in page.dom.forms if form.action.endswith("/logout"))
    browser.post(leave.action, leave.filled(None, {}))
    page = office.provider.authorize(browser, crm, state="another", nonce="another")
    assert page.status == 200
    assert "Sign in with Company" in page.dom.text


def test_i5_a_mail_domain_leads_from_the_name_field_and_any_other_name_to_the_password(
    office: Office, crm: App
) -> None:
    office.provider.add_person("ann")
    office.add(domains=["example.com"])
    browser = office.provider.browser()
    page = office.provider.authorize(browser, crm)
    assert not page.dom.find("input", id="password")
    away = browser.submit(page, "next", login="Bob@Example.COM")
    assert urlsplit(away.location).netloc == urlsplit(office.there.origin).netloc
    page = browser.submit(page, "next", login="ann")
    assert page.is_login_page
    assert browser.log_in(page, "ann").code
    other = office.provider.browser()
    assert other.submit(office.provider.authorize(other, crm), "with-password").is_login_page


def test_i5_the_last_choice_comes_first(office: Office, crm: App) -> None:
    one, two = office.add("One", create=True), office.add("Two", create=True)
    browser = office.provider.browser()
    assert _order(office, browser, crm) == [one.id, two.id]
    office.come(browser, crm, two)
    browser.forget("session")
    assert _order(office, browser, crm) == [two.id, one.id]


def _order(office: Office, browser: Browser, crm: App) -> list[str]:
    page = office.provider.authorize(browser, crm)
    return [button["value"] for button in page.dom.find("button", name="provider")]


def test_i10_a_provider_that_is_down_costs_nobody_a_wait_and_says_since_when(office: Office, crm: App) -> None:
    company, browser = office.add(), office.provider.browser()
    office.there.answers["/.well-known/openid-configuration"] = (503, {})
    for _ in range(5):
        page = office.press(browser, office.provider.authorize(browser, crm), company)
        assert page.status == 503
        assert "cannot be reached at the moment" in page.dom.text
    assert len(office.there.asked) == 4  # three failures, and one turn of half a minute
    assert "Company has not answered since" in office.provider.authorize(browser, crm).dom.text
    office.there.answers.clear()
    office.provider.services.state.take(f"upstream:health:{company.id}:turn")
    assert office.press(browser, office.provider.authorize(browser, crm), company).is_redirect
    assert "has not answered" not in office.provider.authorize(browser, crm).dom.text
