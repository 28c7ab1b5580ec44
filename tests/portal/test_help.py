"""Help by trouble, with a way back that keeps the application and the name. N33, T6."""

from __future__ import annotations

import pytest

from idp.accounts import cases
from idp.portal.troubles import TROUBLES
from tests.provider import Answer, App, Browser, Provider

NAMES = [trouble.name for trouble in TROUBLES]


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person()
    return provider.add_client("Zebra CRM")


def typed(provider: Provider, browser: Browser, app: App) -> Answer:
    """The sign-in page after a wrong try."""
    return browser.log_in(provider.authorize(browser, app), "ann", "not the password")


def go(browser: Browser, page: Answer, path: str) -> Answer:
    """Follow the link to that page of help."""
    return browser.get(next(a["href"] for a in page.dom.find("a") if a.get("href", "").partition("?")[0] == path))


def back(browser: Browser, page: Answer) -> Answer:
    """Press the way back."""
    at = next(n for n, form in enumerate(page.dom.forms) if any("show" in one for one in form.buttons))
    return browser.submit(page, "show", form=at)


@pytest.mark.parametrize("path", ["/help", "/help/password", "/help/username"])
def test_N33_help_leads_back_to_the_same_sign_in_with_the_name_that_was_typed(
    provider: Provider, browser: Browser, crm: App, path: str
) -> None:
    page = back(browser, go(browser, typed(provider, browser, crm), path))
    assert page.is_login_page
    assert "Zebra CRM" in page.dom.text
    assert page.dom.find("input", id="login")[0]["value"] == "ann"
    assert browser.log_in(page).code  # and goes on to the application


@pytest.mark.parametrize("name", NAMES)
def test_N33_T6_every_trouble_keeps_them_too_and_ends_in_an_action_or_a_case(
    provider: Provider, browser: Browser, crm: App, name: str
) -> None:
    help_page = go(browser, typed(provider, browser, crm), "/help")
    page = go(browser, help_page, f"/help/{name}")
    assert page.status == 200
    assert "Zebra CRM" not in page.url  # sealed
    assert "ann" not in page.url.partition("?flow=")[0]
    assert back(browser, page).dom.find("input", id="login")[0]["value"] == "ann"
    assert page.dom.find("button", id="open-case")


def test_N33_the_name_stands_in_the_form_for_a_new_password(provider: Provider, browser: Browser, crm: App) -> None:
    page = go(browser, typed(provider, browser, crm), "/help/password")
    if page.dom.find("input", id="login"):  # mail is set up
        assert page.dom.find("input", id="login")[0]["value"] == "ann"
    assert back(browser, page).is_login_page


def test_N33_whoever_is_signed_in_goes_back_to_their_apps_and_whoever_is_not_to_the_sign_in(
    provider: Provider, browser: Browser, crm: App
) -> None:
    assert browser.get("help").dom.find("a", id="back")[0]["href"] == "/login"
    browser.log_in(browser.get(""))
    assert browser.get("help").dom.find("a", id="back")[0]["href"] == "/"


@pytest.mark.parametrize("flow", ["x", "", "%00", "A" * 20000])
def test_N33_a_made_up_request_is_none(provider: Provider, browser: Browser, crm: App, flow: str) -> None:
    page = browser.get(f"help?flow={flow}")
    assert page.status == 200
    assert page.dom.find("a", id="back")


def test_N33_somebody_elses_request_is_not_taken_over(provider: Provider, browser: Browser, crm: App) -> None:
    page = typed(provider, browser, crm)
    href = next(a["href"] for a in page.dom.find("a") if a.get("href", "").startswith("/help?flow="))
    thief = provider.browser("198.51.100.4")
    thief.get("")
    assert "Zebra CRM" not in thief.get(href).dom.text


def test_N33_T6_the_developer_s_outbox_is_never_offered(provider: Provider, browser: Browser, crm: App) -> None:
    for path in ("help", *(f"help/{name}" for name in NAMES), "help/password", "help/username"):
        assert "outbox" not in browser.get(path).text.lower()


def test_T6_a_case_is_opened_with_the_name_that_they_gave_and_tells_nobody_whether_it_exists(
    provider: Provider, browser: Browser, crm: App
) -> None:
    told = []
    for name in ("ann", "nobody at all"):
        page = browser.get("help/error")
        at = next(n for n, form in enumerate(page.dom.forms) if "note" in form.names())
        done = browser.submit(page, "open-case", form=at, login=name, note="E-7K2QM-XW4RT after lunch")
        found = next(case for case in cases.list_of(provider.services.db) if name in case.text)
        assert found.id in done.dom.text
        assert (found.person_id, found.kind) == (None, cases.HELP)
        assert "after lunch" in found.text
        told.append(done.dom.text.replace(found.id, "").replace(name, ""))
    assert told[0] == told[1]


def test_T6_somebody_signed_in_need_not_name_themselves(provider: Provider, browser: Browser, crm: App) -> None:
    browser.log_in(browser.get(""))
    page = browser.get("help/new-phone")
    at = next(n for n, form in enumerate(page.dom.forms) if "note" in form.names())
    browser.submit(page, "open-case", form=at, note="It will not scan")
    (found,) = cases.list_of(provider.services.db)
    assert found.person_id == provider.services.directory.list()[0].id


def test_T6_very_many_cases_from_one_network_end_at_the_telephone(
    provider: Provider, browser: Browser, crm: App
) -> None:
    page = browser.get("help/code")
    at = next(n for n, form in enumerate(page.dom.forms) if "note" in form.names())
    answers = [browser.submit(page, "open-case", form=at, note=str(n)) for n in range(cases.PER_RANGE + 1)]
    assert answers[-2].status == 200
    assert answers[-1].status == 429
    assert "call the help desk" in answers[-1].dom.text


@pytest.mark.parametrize("name", ["nothing", "password2", "%3Cscript%3E"])
def test_T6_a_trouble_that_there_is_not_leads_to_the_list(provider: Provider, browser: Browser, name: str) -> None:
    assert browser.get(f"help/{name}").status in (303, 404)
