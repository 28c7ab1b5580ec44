"""T5, N32: whoever may not open an application is told so here, with ways on; a disabled account is named as such."""

from __future__ import annotations

import pytest

from clients.access import Access
from idp.accounts import cases
from idp.accounts.person import Person
from idp.audit import tail
from tests.provider import Answer, App, Browser, Provider

TITLE = "No access to Board yet"


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann")


@pytest.fixture
def board(provider: Provider) -> App:
    return provider.add_client("Board", access=Access.only(groups=["board"]), contacts=["board@example.com"])


@pytest.fixture
def page(provider: Provider, browser: Browser, board: App, ann: Person) -> Answer:
    return provider.sign_in(browser, board)


def test_t5_the_page_names_who_is_signed_in_why_and_whom_to_ask(page: Answer) -> None:
    text = page.dom.text
    assert page.status == 403
    for told in (TITLE, "Your sign-in worked.", "certain people only", "ann", "board@example.com", "Error id"):
        assert told in text
    assert page.headers["Cache-Control"] == "no-store"


def test_n32_an_admin_reads_under_its_id_which_rule_it_was_and_how_to_change_it(
    provider: Provider, page: Answer, board: App, ann: Person
) -> None:
    (event,) = provider.events("error:no_access")
    assert event.error_id
    assert event.error_id in page.dom.text
    assert (event.person_id, event.client_id) == (ann.id, board.id)
    assert "in none of its groups (board)" in event.detail["fix"]
    assert f"doorward client access {board.id} --add-person {ann.username}" in event.detail["fix"]
    assert "(board)" not in page.dom.text  # the names of groups are for admins


def test_n40_the_refusal_is_recorded_at_the_first_sign_in_and_at_the_next(
    provider: Provider, browser: Browser, page: Answer, board: App
) -> None:
    assert TITLE in provider.authorize(browser, board).dom.text
    assert len(provider.events("error:no_access")) == 2


def test_t5_back_to_the_application_takes_its_error_along(
    provider: Provider, browser: Browser, board: App, ann: Person
) -> None:
    page = provider.sign_in(browser, board, state="s 1")
    answer = browser.submit(page, "back")
    assert answer.location.startswith(board.redirect_uri)
    assert (answer.error, answer.sent["state"], answer.sent["iss"]) == ("access_denied", "s 1", provider.issuer)


def test_n40_the_record_of_what_the_application_was_told_has_the_person_and_nobody_to_blame(
    provider: Provider, browser: Browser, board: App, ann: Person
) -> None:
    browser.submit(provider.sign_in(browser, board), "back")
    (told,) = provider.events("error:access_denied")
    assert (told.person_id, told.detail["side"]) == (ann.id, "nobody")
    assert f"doorward client access {board.id}" in told.detail["fix"]
    (refused,) = provider.events("client:refused")
    assert refused.person_id == ann.id
    (found,) = told.detail["findings"]
    assert found["side"] == told.detail["side"]  # what `explain` says


def test_t5_asking_opens_one_case_for_each_application(
    provider: Provider, browser: Browser, page: Answer, board: App, ann: Person
) -> None:
    told = browser.submit(page, "ask")
    (case,) = cases.list_of(provider.services.db)
    assert (case.person_id, case.kind) == (ann.id, "access")
    assert "asks for access to Board" in case.text
    assert case.id in told.dom.text
    again = provider.authorize(browser, board)
    assert "You have asked for access already." in again.dom.text
    assert case.id in again.dom.text
    assert not [b for b in again.dom.find("button", name="decision") if b.get("value") == "ask"]
    other = provider.add_client("Vault", access=Access.only(groups=["vault"]))
    browser.submit(provider.authorize(browser, other), "ask")
    assert sorted(one.text.split(" access to ")[1][:5] for one in cases.list_of(provider.services.db)) == [
        "Board",
        "Vault",
    ]


def test_t5_who_was_let_in_meanwhile_goes_on_from_the_open_page(
    provider: Provider, browser: Browser, page: Answer, ann: Person
) -> None:
    provider.services.directory.add_to_group(ann.id, "board")
    assert browser.submit(page, "ask").code
    assert cases.list_of(provider.services.db) == ()


def test_t5_another_account_signs_in_beside_this_one(
    provider: Provider, browser: Browser, page: Answer, board: App
) -> None:
    provider.add_person("bea", groups=["board"])
    login = browser.submit(page, "switch")
    assert login.is_login_page
    assert browser.log_in(login, "bea").code
    chooser = provider.authorize(browser, board, prompt="select_account")
    assert "ann" in chooser.dom.text
    assert "bea" in chooser.dom.text


def test_t5_a_page_of_another_browser_asks_in_nobodys_name(provider: Provider, page: Answer) -> None:
    stranger = provider.browser()
    stranger.get("")
    stranger.post("login/access", {**dict(page.form.fields), "decision": "ask"})
    assert cases.list_of(provider.services.db) == ()


def test_t5_a_page_that_outlived_its_session_asks_in_nobodys_name(
    provider: Provider, browser: Browser, page: Answer
) -> None:
    browser.forget("session")
    assert browser.submit(page, "ask").is_login_page
    assert cases.list_of(provider.services.db) == ()


def test_t5_a_silent_request_is_answered_to_the_application(
    provider: Provider, browser: Browser, page: Answer, board: App
) -> None:
    assert provider.authorize(browser, board, prompt="none").error == "access_denied"


def test_t5_an_application_that_is_open_to_nobody_says_so(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("Attic", access=Access.only())
    assert "Attic is open to nobody at the moment." in provider.sign_in(browser, app).dom.text


def test_t5_one_that_was_turned_off_meanwhile_is_no_matter_of_access(
    provider: Provider, browser: Browser, ann: Person, board: App
) -> None:
    page = provider.authorize(browser, board)
    provider.services.registry.disable(board.id)
    answer = browser.log_in(page)
    assert answer.is_error_page
    assert TITLE not in answer.dom.text
    assert provider.events("error:client_changed")


# -- a disabled account ----------------------------------------------------------------------------------------------


def test_n32_who_proves_a_disabled_account_is_told_that_it_is_turned_off(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.services.directory.disable(ann.id)
    page = browser.log_in(browser.get(""))
    assert "This account is turned off" in page.dom.text
    assert not browser.cookie("session")
    (event,) = provider.events("session:failed")
    assert event.detail["right"] is True


def test_s55_a_wrong_password_of_a_disabled_account_tells_nothing(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    provider.services.directory.disable(ann.id)
    wrong = browser.log_in(browser.get(""), password="not it")
    unknown = browser.log_in(browser.get(""), "nobody-here", "not it")
    for page in (wrong, unknown):
        assert "The name or the password is not right." in page.dom.text
    assert "turned off" not in wrong.dom.text


def test_Q1_a_name_stands_in_a_command_as_a_shell_takes_it(provider: Provider, browser: Browser, board: App) -> None:
    """Names of people come from elsewhere, and these commands are copied."""
    provider.add_person("ann$(id)", email="ann@example.com")
    page = provider.sign_in(browser, board, "ann$(id)")
    assert page.status == 403
    [event] = [one for one in tail(provider.services.db, 50) if one.action == "error:no_access"]
    fix = str(event.detail["fix"])
    assert f"doorward client access {board.id} --add-person 'ann$(id)' (" in fix
    assert fix.endswith("doorward user show 'ann$(id)'")
