"""The pages of the sign-in, as a person meets them. L1–L5, L7–L11, W1, E1, E2."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, App, Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email="Ann.Miller@example.com", employee_number="E-0042")


@pytest.fixture
def crm(provider: Provider, ann: Person) -> App:
    return provider.add_client(
        "CRM", policy_uri="https://crm.example/privacy", tos_uri="https://crm.example/terms",
        client_uri="https://crm.example/",
        logo_uri="https://crm.example/logo.png",
    )  # fmt: skip


def main_link(page: Answer) -> str:
    """Where the page's one big button leads."""
    (link,) = [a["href"] for a in page.dom.find("a") if "main" in a.get("class", "").split()]
    return link


# -- the login page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["ann", "ANN", "  ann ", "Ann.Miller@example.com", "ann.miller@EXAMPLE.COM", "E-0042", "e-0042", "\tann\n",
    "ＡＮＮ", "ａｎｎ.miller@example.com"],
)  # fmt: skip
def test_L1_one_field_takes_each_of_a_persons_names(provider: Provider, browser: Browser, crm: App, typed: str) -> None:
    assert browser.log_in(provider.authorize(browser, crm), typed).code


def test_L1_the_hint_beside_the_field_is_a_setting(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(brand={"login_hint": "Your badge number"})
    page = provider.browser().get("")
    assert "Your badge number" in page.dom.text
    assert page.dom.find("span", id="login-hint")


def test_L2_the_page_names_company_host_and_application(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(brand={"company": "Acme & Sons"})
    provider.add_person()
    app = provider.add_client(
        "CRM",
        policy_uri="https://crm.example/privacy",
        tos_uri="https://crm.example/terms",
        logo_uri="https://crm.example/logo.png",
    )
    page = provider.authorize(provider.browser(), app)
    for words in ("Acme & Sons", "login.example", "CRM", "Privacy policy", "Terms"):
        assert words in page.dom.text
    links = [a["href"] for a in page.dom.find("a")]
    assert "https://crm.example/privacy" in links
    assert "https://crm.example/terms" in links
    # The logo comes through us: no third party learns who signs in where.
    assert [image["src"] for image in page.dom.find("img")] == [f"/app-logo/{app.id}"]
    plain = provider.authorize(provider.browser(), provider.add_client("Plain"))
    assert plain.dom.find("img") == []


def test_L3_password_managers_find_their_fields(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    (name,) = page.dom.find("input", name="login")
    (password,) = page.dom.find("input", name="password")
    assert name["autocomplete"] == "username webauthn"
    assert (password["autocomplete"], password["type"]) == ("current-password", "password")
    for attributes in (name, password):
        assert not {"onpaste", "oncopy", "readonly", "maxlength"} & set(attributes)
    moved = browser.get(".well-known/change-password")
    assert (moved.status, moved.location) == (302, "https://login.example/password")
    browser.log_in(page)
    change = browser.get("password")
    kinds = {i["name"]: i.get("autocomplete") for i in change.dom.find("input") if i.get("name")}
    assert kinds["current"] == "current-password"
    assert kinds["password"] == kinds["confirm"] == "new-password"
    assert "username" in kinds.values()


def test_L4_show_password_and_caps_lock_have_their_places(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    assert page.dom.find("button", data_reveal="password")
    assert page.dom.find("p", data_caps="password")[0]["data-text"] == "Caps Lock is on."


@pytest.mark.parametrize(
    ("stored", "typed", "right"),
    [
        ("correct horse battery", "correct horse battery", True),
        ("correct horse battery", " correct horse battery\n", True),
        ("correct horse battery", "correct  horse battery", False),
        ("correct horse battery", "Correct horse battery", False),
        (" padded password ", " padded password ", True),
        (" padded password ", "padded password", False),
        ("x" * 200, "x" * 200, True),
        ("x" * 200, "x" * 199, False),
        ("café au lait encore", "cafe\u0301 au lait encore", True),
        ("nul\x00 in the middle", "nul", False),
    ],
)
def test_L4_a_password_is_verified_as_received_then_without_outer_space(
    provider: Provider, browser: Browser, crm: App, stored: str, typed: str, right: bool
) -> None:
    provider.add_person("zoe", stored)
    before = len(provider.events("session:failed"))
    answer = browser.log_in(provider.authorize(browser, crm), "zoe", typed)
    assert ("code" in answer.sent) is right
    assert len(provider.events("session:failed")) - before == (not right)  # both tries are one


def test_L5_every_way_out_stands_on_the_page(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(brand={"support": "help@acme.example", "status_url": "https://status.acme.example/"})
    browser = provider.browser()
    page = browser.get("")
    ways = {a["href"] for a in page.dom.find("a")}
    assert {"/help", "/help/password", "/help/username"} <= ways
    for words in ("Forgot password?", "Forgot username?", "I can’t sign in"):
        assert words in page.dom.text
    for path in ("/help/password", "/help/username"):
        assert browser.get(path).status == 200
    help_page = browser.get("/help")
    assert "help@acme.example" in help_page.dom.text
    assert "https://status.acme.example/" in [a["href"] for a in help_page.dom.find("a")]


def test_L5_resetting_the_browser_clears_our_cookies_and_ends_nothing_elsewhere(
    provider: Provider, browser: Browser, crm: App
) -> None:
    provider.sign_in(browser, crm)
    other = provider.browser()
    provider.sign_in(other, crm)
    done = browser.submit(browser.get("help"))
    assert done.is_redirect
    assert browser.cookies == {}
    assert browser.follow(done).is_login_page
    assert provider.authorize(other, crm, prompt="none").code


def test_L7_a_wrong_name_and_a_wrong_password_read_the_same(provider: Provider, crm: App) -> None:
    pages = []
    for name in ("ann", "nobody"):
        browser = provider.browser()
        answer = browser.log_in(provider.authorize(browser, crm), name, "wrong one")
        pages.append((answer.status, answer.dom.text.replace(name, "NAME"), sorted(n for n, _ in answer.headers)))
        assert answer.dom.find("input", name="login")[0]["value"] == name
        assert answer.dom.find("input", name="password")[0].get("value", "") == ""
    assert pages[0] == pages[1]


@pytest.mark.parametrize(("login", "password"), [("", ""), ("ann", ""), ("", PASSWORD), ("   ", PASSWORD)])
def test_an_empty_field_is_told_and_counts_for_nothing(
    provider: Provider, browser: Browser, crm: App, login: str, password: str
) -> None:
    page = provider.authorize(browser, crm)
    for _ in range(7):
        answer = browser.log_in(page, login, password)
        assert "Please type your name and your password." in answer.dom.text
    assert provider.events("session:failed") == []
    assert browser.log_in(page).code


# -- never a dead end --------------------------------------------------------------------------------------------------


def goes_on(provider: Provider, browser: Browser, page: Answer) -> str:
    """Follow the button of a page that went stale, sign in; the code that the application gets."""
    again = browser.get(main_link(page))
    if again.is_login_page:
        again = browser.log_in(again)
    return again.code


def test_L8_a_page_posted_within_the_day_simply_works(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    page = provider.authorize(browser, crm, state="kept")
    clock.advance(23 * 3600)
    done = browser.log_in(page)
    assert done.sent["state"] == "kept"
    assert provider.redeem(crm, done.code).status == 200


@pytest.mark.parametrize("days", [1, 6, 8, 400])
def test_L8_a_page_posted_days_later_leads_on(
    provider: Provider, browser: Browser, crm: App, clock: Clock, days: int
) -> None:
    page = provider.authorize(browser, crm, state="kept")
    clock.advance(days * 86400)
    stale = browser.log_in(page)
    assert stale.status == 200
    assert "Continue to CRM" in stale.dom.text
    assert browser.get(main_link(stale)).is_login_page
    assert goes_on(provider, browser, stale)


def test_L8_a_page_opened_twice_works_in_both_tabs(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    first, second = provider.authorize(browser, crm), provider.authorize(browser, crm)
    one = browser.log_in(first)
    clock.advance(5)
    two = browser.log_in(second)
    assert provider.redeem(crm, one.code).status == 200
    assert provider.redeem(crm, two.code).status == 200


def test_L8_back_after_success_works_too(provider: Provider, browser: Browser, crm: App, clock: Clock) -> None:
    page = provider.authorize(browser, crm)
    first = browser.log_in(page).code
    clock.advance(30)
    assert browser.log_in(page).code != first
    wrong = browser.log_in(page, "ann", "wrong one")
    assert wrong.is_login_page
    assert browser.submit(page, "cancel").error == "access_denied"


@pytest.mark.parametrize("consent", ["implicit", "explicit"])
def test_L8_a_page_of_a_browser_that_was_closed_meanwhile_leads_on(
    provider: Provider, browser: Browser, ann: Person, consent: str
) -> None:
    app = provider.add_client("Tool", consent=consent)
    page = provider.authorize(browser, app)
    if consent == "explicit":
        page = browser.log_in(page)
        assert page.is_consent_page
        browser.forget("session")
    browser.forget("browser")
    stale = browser.submit(page, "allow" if consent == "explicit" else None, login="ann", password=PASSWORD)
    assert stale.sent == {}
    again = browser.get(main_link(stale))
    assert again.is_login_page
    assert "Tool" in again.dom.text


def test_L8_a_page_posted_from_another_browser_leads_on(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    other = provider.browser()
    other.get("help")
    stale = other.log_in(page)
    assert stale.status == 200
    assert other.cookie("session") == ""
    assert goes_on(provider, other, stale)


def test_L8_a_bookmark_or_reload_of_a_form_address_is_no_dead_end(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for path in ("login", "login/consent", "login/account"):
        answer = browser.get(path)
        assert answer.is_redirect or answer.is_login_page, (path, answer.status)
    provider.sign_in(browser, crm)
    answer = browser.get("login")
    page = browser.follow(answer) if answer.is_redirect else answer
    assert "Your apps" in page.dom.text


def test_L8_an_unreadable_flow_leads_to_the_start(provider: Provider, browser: Browser, crm: App) -> None:
    browser.get("")
    stale = browser.post("login", {"flow": "junk", "login": "ann", "password": PASSWORD})
    assert stale.status == 200
    assert browser.get(main_link(stale)).is_login_page


def test_L8_a_decision_counts_only_for_whom_the_page_was_shown_to(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    provider.add_person("bob")
    tool = provider.add_client("Tool", consent="explicit")
    anns_page = browser.log_in(provider.authorize(browser, tool))
    assert anns_page.is_consent_page
    clock.advance(5)
    browser.log_in(provider.authorize(browser, tool, prompt="login"), "bob")
    after = browser.submit(anns_page, "allow")
    assert "code" not in after.sent
    assert after.is_consent_page  # bob is asked for himself
    assert provider.events("consent:granted") == []


# -- loops, cookies, shared computers ----------------------------------------------------------------------------------


def test_L9_an_application_that_keeps_sending_people_back_is_stopped_and_named(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    browser.headers["Accept"] = "text/html,application/xhtml+xml"
    provider.sign_in(browser, crm)
    clock.advance(60)
    rounds = []
    for _ in range(5):
        rounds.append(provider.authorize(browser, crm))
        clock.advance(1)
    assert [answer.status for answer in rounds] == [302, 302, 302, 302, 429]
    loop = rounds[-1]
    assert "CRM keeps sending you back" in loop.dom.text
    (event,) = provider.events("error:sign_in_loop")
    assert (event.error_id, event.client_id, event.detail["side"]) == (loop.error_id, crm.id, "application")
    assert "CRM" in event.detail["fix"]
    again = [a["href"] for a in loop.dom.find("a") if "/oauth/authorize?" in a["href"]]
    assert browser.get(again[0]).code  # by hand it may be tried again


def test_L9_other_rounds_are_no_loop(provider: Provider, browser: Browser, crm: App, clock: Clock) -> None:
    other = provider.add_client("Other")
    browser.headers["Accept"] = "text/html"
    provider.sign_in(browser, crm)
    clock.advance(60)
    for _ in range(6):  # slowly
        clock.advance(6)
        assert provider.authorize(browser, crm).code
    clock.advance(60)
    for _ in range(4):  # two applications
        assert provider.authorize(browser, crm).code
        assert provider.authorize(browser, other).code
    clock.advance(60)
    for _ in range(8):  # silent ones in a frame
        assert provider.authorize(browser, crm, prompt="none").code
    clock.advance(60)
    browser.headers["Sec-Fetch-Dest"] = "iframe"
    for _ in range(8):
        assert provider.authorize(browser, crm).code


def test_L10_blocked_cookies_are_said_with_what_to_do(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    assert page.dom.find("div", role="alert", data_no_cookies="")
    browser.cookies = {}
    answer = browser.log_in(page)
    assert answer.status == 400
    assert "blocks cookies" in answer.dom.text
    assert "Allow cookies for login.example" in answer.dom.text
    assert browser.get(main_link(answer)).is_login_page


def test_L10_missing_javascript_is_said(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    assert "JavaScript is off in this browser" in "".join(re.findall(r"<noscript>(.*?)</noscript>", page.text, re.S))


def test_L11_staying_signed_in_is_a_choice_and_says_for_how_long(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    page = provider.authorize(browser, crm)
    (stay,), (shared,) = page.dom.find("input", name="stay"), page.dom.find("input", name="shared")
    assert "checked" not in stay
    assert "checked" not in shared
    assert "14 days" in page.dom.text
    browser.log_in(page)
    assert "Max-Age" not in next(line for line in browser.set_cookies if "doorward_session=" in line)
    staying = provider.browser()
    staying.log_in(provider.authorize(staying, crm), stay="1")
    assert "Max-Age=1209600" in next(line for line in staying.set_cookies if "doorward_session=" in line)
    clock.advance(13 * 86400)
    assert provider.authorize(staying, crm, prompt="none").code
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"


def test_L11_a_company_may_take_staying_signed_in_away(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(session={"stay_days": 0})
    provider.add_person()
    crm, browser = provider.add_client(), provider.browser()
    page = provider.authorize(browser, crm)
    assert page.dom.find("input", name="stay") == []
    browser.post("login", {**dict(page.form.fields), "login": "ann", "password": PASSWORD, "stay": "1"})
    assert "Max-Age" not in next(line for line in browser.set_cookies if "doorward_session=" in line)


# -- pauses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_W1_the_pauses_grow_and_are_told_with_the_clock_time(
    provider: Provider, browser: Browser, crm: App, clock: Clock, name: str
) -> None:
    tried = 0

    def log_in(password: str = PASSWORD) -> Answer:
        return browser.log_in(provider.authorize(browser, crm), name, password)

    def wrong() -> Answer:
        nonlocal tried
        tried += 1
        return log_in(f"wrong {tried}")

    for _ in range(4):
        assert "paused" not in wrong().dom.text
    for minutes in (1, 5, 15, 30, 30):
        words = f"About {minutes} minute{'s' if minutes != 1 else ''} left."
        answer = wrong()
        until = datetime.fromtimestamp(-(-(clock.now + minutes * 60) // 60) * 60, UTC)
        text = answer.dom.text
        assert "Too many wrong passwords" in text
        assert f"paused until {until:%-I:%M %p} UTC" in text.replace("\u202f", " ")
        assert words in text
        assert "Less than a minute" not in text
        assert answer.headers["Retry-After"] in (str(minutes * 60), str(minutes * 60 + 1))
        (timer,) = answer.dom.find("b", role="timer")
        assert int(timer["data-seconds"]) in (minutes * 60, minutes * 60 + 1)
        for way in ("/help/password", "/help"):
            assert answer.dom.find("a", href=way)
        clock.advance(20)
        assert "paused" in log_in().dom.text  # right or wrong, nothing is looked at
        clock.advance(minutes * 60)
    assert ("code" in log_in().sent) is (name == "ann")


def test_W1_the_last_minute_is_called_so(provider: Provider, browser: Browser, crm: App, clock: Clock) -> None:
    page = provider.authorize(browser, crm)
    for attempt in range(5):
        page = browser.log_in(page, "ann", f"wrong {attempt}")
    clock.advance(30)
    assert "Less than a minute left." in browser.log_in(page, "ann", PASSWORD).dom.text


def test_W3_a_pause_is_lifted_by_an_admin(provider: Provider, browser: Browser, crm: App, ann: Person) -> None:
    page = provider.authorize(browser, crm)
    for attempt in range(5):
        page = browser.log_in(page, "ann", f"wrong {attempt}")
    page = browser.log_in(page)
    assert "paused" in page.dom.text
    provider.services.throttle.lift(ann.id, provider.clock())
    assert browser.log_in(page).code


def test_too_many_hashes_at_once_are_a_page_that_says_when_to_come_back(
    open_provider: Callable[..., Provider],
) -> None:
    import threading

    provider = open_provider(passwords={"queue": 1})
    provider.add_person()
    crm, browser = provider.add_client(), provider.browser()
    page = provider.authorize(browser, crm)
    free = threading.Event()
    busy = [threading.Thread(target=provider.services.passwords._run, args=(free.wait,)) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        while provider.services.passwords._room._value:  # type: ignore[attr-defined]
            pass
        answer = browser.log_in(page)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert provider.authorize(browser, crm, prompt="none").error == "login_required"  # the rest goes on
    finally:
        free.set()
        for thread in busy:
            thread.join()
    assert browser.get(main_link(answer)).is_login_page
    assert browser.log_in(page).code


# -- events ------------------------------------------------------------------------------------------------------------


def test_signing_in_failing_and_signing_out_are_recorded_without_what_was_typed(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    browser.log_in(provider.authorize(browser, crm), "ann", "my old password 1")
    clock.advance(1)
    browser.log_in(provider.authorize(browser, crm), "my-password-typed-as-name", "x")
    clock.advance(1)
    provider.sign_in(browser, crm)
    clock.advance(1)
    browser.submit(browser.get("logout"), "confirm")
    events = [e for e in provider.events() if e.action.startswith("session:")]
    assert [e.action for e in events] == ["session:failed", "session:failed", "session:started", "session:ended"]
    assert [e.person_id for e in events] == [ann.id, None, ann.id, ann.id]
    assert {e.address for e in events} == {"203.0.113.7"}
    assert "my old password" not in str(events)
    assert "typed-as-name" not in str(events)
