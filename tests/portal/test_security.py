"""The person's own security page, by HTTP, with an authenticator app that scans. F1, F2, F5, F6, F10, P7, A5, S58."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import factors
from idp.accounts.factors import admin_codes, backup_codes
from idp.accounts.person import Person
from idp.login import holding
from idp.login.authn import MFA
from idp.mail import outbox
from tests.backends import Clock
from tests.phone import Phone, form_with, set_up
from tests.phone import backup_codes as shown_codes
from tests.provider import PASSWORD, Answer, Browser, Provider

STEP = 30
LOOPBACK = "http://localhost:8000"


@pytest.fixture
def provider(open_provider: Callable[..., Provider], clock: Clock) -> Provider:
    """A development machine, so that mail lands in its outbox."""
    clock.now = clock.now // STEP * STEP + 10
    return open_provider(server={"issuer": LOOPBACK}, brand={"company": "Larkfield"})


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email_verified=True)


def letters(provider: Provider) -> list[tuple[str, str]]:
    """(message, text) of every mail so far."""
    jobs = provider.services.jobs
    for job in jobs.pending():
        if job.id not in _delivered:
            _delivered.add(job.id)
            jobs.perform(job.name, job.payload)
    return [(kept.message, kept.text) for kept in outbox.newest(provider.services)]


_delivered: set[str] = set()


def sign_in(browser: Browser, login: str = "ann") -> Answer:
    """Name and password; what comes then."""
    return browser.log_in(browser.get("security"), login)


def with_app(browser: Browser, clock: Clock, label: str = "My phone") -> tuple[Phone, list[str]]:
    """Sign in and set up an app; its next code is good. Answers the phone and the backup codes."""
    sign_in(browser)
    phone, page = set_up(browser, clock, label)
    clock.advance(STEP)
    return phone, shown_codes(page)


def second_step(provider: Provider, login: str = "ann") -> tuple[Browser, Answer]:
    """Another browser, where the password was right."""
    browser = provider.browser()
    page = browser.log_in(browser.get("security"), login)
    return browser, page


def type_code(browser: Browser, page: Answer, code: str) -> Answer:
    return browser.submit(page, None, form=form_with(page, "code"), code=code)


def is_in(browser: Browser) -> bool:
    return "Second step and passkeys" in browser.get("security").text


# -- an authenticator app ------------------------------------------------------------------------------------------


def test_F1_an_app_is_set_up_by_scanning_and_asked_for_at_the_next_sign_in(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    phone, _ = with_app(browser, clock)
    assert phone.uri.startswith("otpauth://totp/Larkfield:ann?")
    page = browser.get("security")
    assert "My phone" in page.dom.text
    assert "Not used yet" not in page.dom.text  # its code was asked for just now
    other, asked = second_step(provider)
    assert "Code from your app" in asked.dom.text
    assert not is_in(other)
    done = type_code(other, asked, phone.code)
    assert done.location == provider.issuer + "/security"
    assert "Last used" in other.follow(done).dom.text
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "totp"]


def test_F1_the_seed_is_written_out_for_phones_that_cannot_scan(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    sign_in(browser)
    page = browser.get("security/totp")
    phone = Phone.scan(page, clock)
    assert phone.app.secret.lower() in page.dom.text.replace(" ", "")
    (picture,) = page.dom.find("img", id="qr")
    assert picture["alt"]
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert Phone.scan(browser.get("security/totp"), clock).uri == phone.uri  # a reload breaks nothing


@pytest.mark.parametrize("slow", [240.0, -240.0])
def test_F2_a_wrong_clock_is_named_while_setting_up(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, slow: float
) -> None:
    sign_in(browser)
    page = browser.get("security/totp")
    phone = Phone.scan(page, clock, slow)
    page = type_code(browser, page, phone.code)
    assert f"Your phone’s clock is about 4 minutes {'slow' if slow > 0 else 'fast'}" in page.dom.text
    assert factors.list_of(provider.services.db, ann.id) == ()
    phone.slow = 0
    assert "Your backup codes" in type_code(browser, page, phone.code).dom.text


@pytest.mark.parametrize("slow", [240.0, -240.0])
def test_F2_a_wrong_clock_is_named_at_sign_in_once_the_password_was_right(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, slow: float
) -> None:
    phone, _ = with_app(browser, clock)
    clock.advance(600)
    other, asked = second_step(provider)
    phone.slow = slow
    page = type_code(other, asked, phone.code)
    assert f"Your phone’s clock is about 4 minutes {'slow' if slow > 0 else 'fast'}" in page.dom.text
    assert not is_in(other)
    page = type_code(other, page, phone.wrong)
    assert "clock" not in page.dom.text
    assert "This code is not right" in page.dom.text


@pytest.mark.parametrize("code", ["000", "not a code", ""])
def test_F1_something_else_than_six_digits_is_asked_for_again_and_nothing_is_lost(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, code: str
) -> None:
    sign_in(browser)
    page = browser.get("security/totp")
    again = browser.submit(page, None, form=form_with(page, "code"), code=code, label="Old <b>Nokia</b>")
    assert "Type the six digits" in again.dom.text
    assert Phone.scan(again, clock).uri == Phone.scan(page, clock).uri
    assert dict(again.dom.forms[form_with(again, "label")].fields)["label"] == "Old <b>Nokia</b>"


def test_F1_a_page_posted_twice_sets_up_one_app(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    sign_in(browser)
    page = browser.get("security/totp")
    code = Phone.scan(page, clock).code
    for _ in range(2):
        answer = type_code(browser, page, code)
    assert answer.location == provider.issuer + "/security"
    assert len(factors.list_of(provider.services.db, ann.id)) == 1


def test_F1_a_page_that_lay_open_for_too_long_shows_a_new_code(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    sign_in(browser)
    page = browser.get("security/totp")
    phone = Phone.scan(page, clock)
    clock.advance(1000)
    late = browser.log_in(type_code(browser, page, phone.code))  # P7: signed in again first
    fresh = browser.follow(late)
    assert Phone.scan(fresh, clock).uri != phone.uri
    assert factors.list_of(provider.services.db, ann.id) == ()


def test_S58_a_new_factor_changes_the_sessions_secret_and_offers_to_end_the_others(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    crm, elsewhere = provider.add_client(), provider.browser("198.51.100.3")
    tokens = provider.tokens(crm, elsewhere)
    sign_in(browser)
    before = browser.cookie("session")
    set_up(browser, clock)
    assert browser.cookie("session") != before
    browser.cookies["doorward_done"] = "added"  # as behind the page with the codes
    page = browser.get("security")
    done = browser.submit(page, "others", form=_with_button(page, "others"))
    assert done.location == provider.issuer + "/security"
    assert "signed out everywhere else" in browser.follow(done).dom.text
    assert elsewhere.get("security").is_login_page
    assert provider.introspect(crm, tokens["access_token"]) == {"active": False}
    (event,) = provider.events("session:ended_others")
    assert (event.person_id, event.detail["sessions"]) == (ann.id, 1)


def _with_button(page: Answer, button: str) -> int:
    return next(n for n, form in enumerate(page.dom.forms) if any(button in one for one in form.buttons))


# -- whoever is not fresh --------------------------------------------------------------------------------------------


CHANGING = ("security/totp", "security/codes", "security/factor/{}")


@pytest.mark.parametrize("path", CHANGING)
def test_P7_changes_ask_for_the_password_again_after_five_minutes(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, path: str
) -> None:
    phone, _ = with_app(browser, clock)
    (factor,) = factors.list_of(provider.services.db, ann.id)
    path = path.format(factor.id)
    page = browser.get(path)
    assert page.status == 200
    assert not page.is_login_page
    clock.advance(301)
    assert browser.get("security").status == 200
    asked = browser.get(path)
    assert asked.is_login_page
    for form in page.dom.forms:  # and no POST slips through
        if form.method == "POST" and path in form.action:
            for button in form.buttons or [("", "", "")]:
                sent = form.filled(button[0] or button[2] or None, {"code": phone.code, "label": "x"})
                assert browser.post(form.action, sent).is_login_page
    assert provider.events("factor:removed") == provider.events("factor:renamed") == []
    back = type_code(browser, browser.log_in(asked), phone.code)
    assert back.location == f"{provider.issuer}/{path}"


@pytest.mark.parametrize("path", CHANGING)
def test_P7_a_session_without_the_second_factor_changes_nothing_once_there_is_one(
    provider: Provider, ann: Person, browser: Browser, clock: Clock, path: str
) -> None:
    """Somebody else with the password, signed in a minute before the owner set up the app."""
    thief = provider.browser("198.51.100.66")
    sign_in(thief)
    with_app(browser, clock)
    (factor,) = factors.list_of(provider.services.db, ann.id)
    asked = thief.get(path.format(factor.id))
    assert asked.is_login_page
    assert "Code from your app" in thief.log_in(asked).dom.text
    assert factors.list_of(provider.services.db, ann.id) == (factor,)


@pytest.mark.parametrize("path", ["security", *CHANGING])
def test_S59_nobody_sees_these_pages_without_a_sign_in(provider: Provider, browser: Browser, path: str) -> None:
    assert browser.get(path.format("x")).is_login_page


@pytest.mark.parametrize("path", ["security/totp", "security/codes", "security/codes/save", "security/others"])
def test_S59_a_post_of_another_site_changes_nothing(
    provider: Provider, ann: Person, browser: Browser, path: str
) -> None:
    sign_in(browser)
    assert browser.post(path, {"action": "remove"}).status == 403


def test_S59_somebody_elses_factor_is_neither_shown_nor_changed(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    with_app(browser, clock)
    (factor,) = factors.list_of(provider.services.db, ann.id)
    provider.add_person("eve")
    eve = provider.browser()
    sign_in(eve, "eve")
    key = dict(eve.get("security/totp").dom.forms[-1].fields)["form_key"]
    for action in ("rename", "remove"):
        answer = eve.post(f"security/factor/{factor.id}", {"form_key": key, "action": action, "label": "mine"})
        assert answer.location == provider.issuer + "/security"
    assert factors.list_of(provider.services.db, ann.id) == (factor,)


# -- backup codes ----------------------------------------------------------------------------------------------------


def test_F5_ten_backup_codes_come_with_the_first_second_factor_and_each_use_is_told_by_mail(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    _, codes = with_app(browser, clock)
    assert len(codes) == 10
    _, page = set_up(browser, clock, "Second phone")
    assert page.location.endswith("/security")  # there are codes already
    clock.advance(1)
    other, asked = second_step(provider)
    chosen = other.submit(asked, "other", form=_with_button(asked, "other"))
    asked = other.submit(chosen, "backup", form=_with_button(chosen, "backup"))
    assert "10 codes are left" in asked.dom.text
    assert type_code(other, asked, codes[3]).location == provider.issuer + "/security"
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "backup"]
    assert "9 of 10 are left" in browser.get("security").dom.text
    told = [text for message, text in letters(provider) if message == "backup_code_used"]
    assert len(told) == 1
    assert "9 backup codes left" in told[0]
    again, asked = second_step(provider)
    chosen = again.submit(asked, "other", form=_with_button(asked, "other"))
    asked = again.submit(chosen, "backup", form=_with_button(chosen, "backup"))
    assert "none of your unused backup codes" in type_code(again, asked, codes[3]).dom.text


def test_F5_the_codes_are_shown_once_and_can_be_saved_from_that_page(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    sign_in(browser)
    _, page = set_up(browser, clock)
    codes = shown_codes(page)
    file = browser.submit(page, "save", form=_with_button(page, "save"))
    assert file.headers["Content-Disposition"] == 'attachment; filename="backup-codes.txt"'
    assert file.headers["Cache-Control"] == "no-store"
    assert [code for code in codes if code in file.text.split()] == codes
    for path in ("security", "security/codes", "security/totp"):
        assert not any(code in browser.get(path).text for code in codes)
    blob = dict(page.dom.forms[_with_button(page, "save")].fields)
    provider.add_person("eve")
    eve = provider.browser()
    sign_in(eve, "eve")
    stolen = {**blob, "form_key": dict(eve.get("security/totp").dom.forms[-1].fields)["form_key"]}
    assert eve.post("security/codes/save", stolen).location == provider.issuer + "/security"
    clock.advance(1801)
    assert browser.submit(page, "save", form=_with_button(page, "save")).is_redirect
    assert not any(code in answer.url for answer in browser.answers for code in codes)


def test_F5_a_note_stands_on_the_page_when_three_are_left_and_new_ones_void_the_old(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    _, codes = with_app(browser, clock)
    for number, code in enumerate(codes[:7]):
        page = browser.get("security")
        assert bool(page.dom.find("div", id="few")) is (number > 6)
        backup_codes.use(provider.services, ann.id, code, lambda *told: None)
    assert "Only 3 backup codes are left" in browser.get("security").dom.text
    assert "You have 3 backup codes left" in browser.get("").dom.text
    page = browser.get("security/codes")
    new = shown_codes(browser.submit(page, "make", form=_with_button(page, "make")))
    assert len(new) == 10
    assert backup_codes.use(provider.services, ann.id, codes[9], lambda *told: None) is None
    assert backup_codes.use(provider.services, ann.id, new[9], lambda *told: None) == 9
    assert [(e.detail["codes"], e.detail["replaced"]) for e in provider.events("backup_codes:made")] == [
        (10, 0),
        (10, 3),
    ]


def test_F5_there_are_no_backup_codes_without_a_second_factor(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    sign_in(browser)
    assert browser.get("security/codes").location == provider.issuer + "/security"
    assert "Backup codes" not in browser.get("security").dom.text


# -- renaming and removing -----------------------------------------------------------------------------------------


def _manage(browser: Browser) -> Answer:
    page = browser.get("security")
    (link,) = [a["href"] for tag, a in page.dom.elements if tag == "a" and "/security/factor/" in a.get("href", "")]
    return browser.get(link)


def test_A5_a_factor_that_comes_or_goes_is_told_by_mail_and_recorded(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    with_app(browser, clock)
    clock.advance(1)
    page = _manage(browser)
    renamed = browser.submit(page, "rename", form=_with_button(page, "rename"), label="Work <phone>")
    assert "Work <phone>" in browser.follow(renamed).dom.text
    clock.advance(1)
    page = _manage(browser)
    removed = browser.submit(page, "remove", form=_with_button(page, "remove"))
    assert removed.location.endswith("/security")
    assert "Nothing is set up yet" in browser.follow(removed).dom.text
    assert backup_codes.left(provider.services.db, ann.id) == 0
    told = sorted(message for message, _ in letters(provider))
    assert told == ["factor_added", "factor_removed"]
    assert all("/not-me/" in text for _, text in letters(provider))
    actions = [e.action for e in provider.events() if e.action.startswith("factor:")]
    assert actions == ["factor:added", "factor:renamed", "factor:removed"]
    assert second_step(provider)[1].location == provider.issuer + "/security"  # the password is enough again


def rules(open_provider: Callable[..., Provider], **rule: Any) -> Provider:
    return open_provider(server={"issuer": LOOPBACK}, brand={"company": "Larkfield"}, factors={"rules": [rule]})


def test_F10_what_the_rules_ask_for_is_not_removed(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = rules(open_provider, need="second", groups=["finance"])
    ann = provider.add_person("ann", groups=("finance",))
    browser = provider.browser()
    sign_in(browser)
    _, _ = set_up(browser, clock)
    page = _manage(browser)
    assert "Larkfield asks for a second step" in page.dom.text
    key = dict(page.dom.forms[_with_button(page, "rename")].fields)["form_key"]
    (factor,) = factors.list_of(provider.services.db, ann.id)
    forced = browser.post(f"security/factor/{factor.id}", {"form_key": key, "action": "remove"})
    assert "asks for a second step" in forced.dom.text
    assert factors.list_of(provider.services.db, ann.id) == (factor,)
    clock.advance(STEP)
    set_up(browser, clock, "Another")
    page = browser.get(f"security/factor/{factor.id}")
    assert browser.submit(page, "remove", form=_with_button(page, "remove")).location.endswith("/security")


def test_F10_the_last_passkey_of_an_account_without_a_password_stays(provider: Provider, browser: Browser) -> None:
    from idp.login.authenticators import removal

    bob = provider.add_person("bob", password=None)
    services = provider.services
    with services.db.transaction() as tx:
        verified, present = (
            factors.add(
                tx,
                provider.clock(),
                bob.id,
                "webauthn",
                name,
                key=name,
                data={"user_verified": name == "a", "rp_id": "localhost"},
            )
            for name in ("a", "b")
        )
    assert removal.check_removable(services, bob, verified) == removal.LAST_WAY_IN
    assert removal.remove(services, bob, verified.id, lambda *told: None).refused == removal.LAST_WAY_IN
    assert removal.check_removable(services, bob, present) is None


def id_token(tokens: dict[str, Any]) -> dict[str, Any]:
    """The claims of an ID token; its signature is looked at elsewhere."""
    payload = tokens["id_token"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


# -- a code of the help desk -----------------------------------------------------------------------------------------


def test_F6_a_code_of_the_help_desk_lets_in_once_and_claims_nothing(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    with_app(browser, clock)
    issued = admin_codes.issue(provider.services, ann.id, "lost her phone", "cli:root")
    other, asked = second_step(provider)
    chosen = other.submit(asked, "other", form=_with_button(asked, "other"))
    asked = other.submit(chosen, "admin", form=_with_button(chosen, "admin"))
    done = type_code(other, asked, issued.code.replace("-", " ").lower())
    page = other.follow(done) if done.is_redirect else done
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "admin"]
    (event,) = provider.events("admin_code:used")
    assert (event.actor, event.person_id, event.detail["reason"]) == (ann.id, ann.id, "lost her phone")
    told = dict(letters(provider))["admin_code_issued"]
    assert "lost her phone" in told
    assert issued.code not in told
    assert "second step" in page.dom.text  # set up anew, right away
    assert "You came in with a code from the help desk" in other.get("security").dom.text
    crm = provider.add_client()
    asked = provider.authorize(other, crm)
    assert "Set up a second step" in asked.dom.text
    tokens = provider.redeem(crm, other.submit(asked, "later", form=_with_button(asked, "later")).code).json
    claims = id_token(tokens)
    assert claims["amr"] == ["pwd", "otp"]
    assert claims["acr"] != MFA
    third, asked = second_step(provider)
    chosen = third.submit(asked, "other", form=_with_button(asked, "other"))
    assert "Code from the help desk" not in chosen.dom.text


def test_F7_a_code_that_the_help_desk_issues_meanwhile_works_in_the_same_sign_in(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    with_app(browser, clock)
    other, asked = second_step(provider)
    chosen = other.submit(asked, "other", form=_with_button(asked, "other"))
    case = other.submit(chosen, "stuck", form=_with_button(chosen, "stuck"))
    issued = admin_codes.issue(provider.services, ann.id, "has case number", "cli:root")
    asked = other.submit(case, "admin", form=_with_button(case, "admin"))
    done = type_code(other, asked, issued.code)
    assert done.status in (200, 303)
    assert is_in(other)


def test_F6_what_is_set_up_after_a_code_of_the_help_desk_is_asked_for_from_then_on(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    with_app(browser, clock, "The lost one")
    issued = admin_codes.issue(provider.services, ann.id, "lost her phone", "cli:root")
    other, asked = second_step(provider)
    chosen = other.submit(asked, "other", form=_with_button(asked, "other"))
    type_code(other, other.submit(chosen, "admin", form=_with_button(chosen, "admin")), issued.code)
    new, _ = set_up(other, clock, "The new one")
    page = other.get("security")
    assert "came in with a code" not in page.dom.text
    lost = next(f for f in factors.list_of(provider.services.db, ann.id) if f.label == "The lost one")
    page = other.get(f"security/factor/{lost.id}")
    assert other.submit(page, "remove", form=_with_button(page, "remove")).location.endswith("/security")
    clock.advance(STEP)
    third, asked = second_step(provider)
    assert type_code(third, asked, new.code).location == provider.issuer + "/security"


def test_X27_wrong_codes_are_counted_over_all_sign_ins_of_a_person(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    phone, _ = with_app(browser, clock)
    pages = []
    for number in range(5):  # five browsers, a password each, a wrong code each
        stranger, asked = second_step(provider)
        pages.append(type_code(stranger, asked, f"{int(phone.wrong) + number:06}"))
    stranger, asked = second_step(provider)
    assert "Too many wrong codes" in type_code(stranger, asked, phone.code).dom.text
    assert not is_in(stranger)
    assert PASSWORD not in "".join(page.text for page in pages)
    assert len(provider.events("factor:failed")) == 5


def test_X27_one_code_typed_again_with_every_step_is_a_guess_each_time(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    """A password that was wrong stays wrong; six digits are right every few weeks, and somebody may wait for that."""
    phone, _ = with_app(browser, clock)
    wrong = phone.wrong
    stranger, page = second_step(provider)
    for _ in range(5):
        page = type_code(stranger, page, wrong)
        clock.advance(STEP)
    assert "Too many wrong codes" in page.dom.text


def test_W3_one_click_of_an_admin_ends_the_pause_after_wrong_codes(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    phone, _ = with_app(browser, clock)
    stranger, page = second_step(provider)
    for number in range(5):
        page = type_code(stranger, page, f"{int(phone.wrong) + number:06}")
    assert "Too many wrong codes" in type_code(stranger, page, phone.code).dom.text
    holding.lift_second(provider.services, ann.id)
    assert type_code(stranger, page, phone.code).is_redirect
