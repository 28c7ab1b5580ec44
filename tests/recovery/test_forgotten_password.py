"""P4: a forgotten password, set anew by mail. With L7, W3, S55, S56, X24, X26, X27."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest

from idp.accounts import factors
from idp.accounts.factors import totp
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.login.throttle import Guesser
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, App, Browser, Provider
from tests.recovery.post import MAIL, collect
from tests.recovery.reset_mails import NEW, ask, choose, mails, normal, reset_mail


def can_sign_in(provider: Provider, password: str = NEW, address: str = "192.0.2.99") -> bool:
    browser = provider.browser(address)
    return browser.log_in(browser.get(""), "ann", password).is_redirect


# -- the way in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["ann", " ANN@Example.com ", "ann@example.com"])
def test_P4_a_link_by_mail_sets_a_new_password_and_signs_in(
    provider: Provider, browser: Browser, ann: Person, login: str
) -> None:
    mail = reset_mail(provider, browser, login)
    assert (mail.to, "30 minutes" in mail.text) == ("ann@example.com", True)
    done = choose(browser, mail.link)
    assert done.location == provider.issuer + "/"
    assert "Ann Example" in browser.follow(done).text
    assert (can_sign_in(provider), can_sign_in(provider, PASSWORD)) == (True, False)
    (told,) = collect(provider, "password_changed")
    assert told.to == "ann@example.com"


def test_P4_S56_a_mail_scanner_that_opens_every_link_uses_nothing_up(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    mail = reset_mail(provider, browser)
    for _ in range(20):
        scanner = provider.browser("198.51.100.8")
        for method in ("HEAD", "GET"):
            assert scanner.open(method, mail.link).status == 200
        assert scanner.cookie("session") == ""
    # One that posts what it finds has no form key of its own page's browser.
    assert provider.browser().post(mail.link, {"password": NEW, "confirm": NEW}).status == 403
    assert choose(browser, mail.link).is_redirect


def test_P4_a_code_typed_in_the_asking_browser_does_the_same(provider: Provider, browser: Browser, ann: Person) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    led = browser.submit(page, code=mail.code)
    assert led.location.startswith(f"{provider.issuer}/setup/")
    done = choose(browser, led.location)
    assert done.location == provider.issuer + "/"
    assert browser.get(mail.link).status == 404  # the link of the same mail is used up with it


@pytest.mark.parametrize("typed", [lambda c: c.replace(" ", ""), lambda c: c.replace(" ", "-"), lambda c: f" {c} "])
def test_P4_the_code_may_be_typed_with_or_without_spaces(
    provider: Provider, browser: Browser, ann: Person, typed: Callable[[str], str]
) -> None:
    page = ask(provider, browser)
    assert browser.submit(page, code=typed(mails(provider)[0].code)).is_redirect


def test_P4_the_code_works_in_the_asking_browser_only(provider: Provider, browser: Browser, ann: Person) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    other = provider.browser()
    theirs = ask(provider, other, "nobody")
    ticket = dict(page.dom.forms[0].fields)["ticket"]
    assert other.submit(theirs, code=mail.code, ticket=ticket).location == f"{provider.issuer}/help/password"
    assert other.submit(theirs, code=mail.code).status == 200  # on its own ticket it is nobody's code
    assert browser.submit(page, code=mail.code).is_redirect


def test_X27_five_wrong_codes_end_the_code_but_not_the_link(provider: Provider, browser: Browser, ann: Person) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    for n in range(5):
        page = browser.submit(page, code=f"0000 000{n}")
        assert "not the code" in page.dom.text
    assert browser.submit(page, code=mail.code).status == 200
    assert choose(browser, mail.link).is_redirect


def test_S56_V6_5_5_the_code_works_for_ten_minutes_the_link_for_thirty(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    clock.advance(601)
    assert browser.submit(page, code=mail.code).status == 200
    clock.advance(1798 - 601)
    assert browser.get(mail.link).status == 200
    clock.advance(3)
    late = browser.get(mail.link)
    assert (late.status, "no longer works" in late.dom.text) == (404, True)
    assert late.dom.find("a", href="/help/password")


def test_P4_a_refused_password_uses_the_link_not_up(provider: Provider, browser: Browser, ann: Person) -> None:
    mail = reset_mail(provider, browser)
    page = choose(browser, mail.link, "short")
    assert "at least 15 characters" in page.dom.text
    page = browser.submit(page, password=NEW, confirm=NEW + "x")
    assert "differ" in page.dom.text
    assert browser.submit(page, password=NEW, confirm=NEW).is_redirect


def test_P4_of_racing_completions_one_wins(provider: Provider, ann: Person, browser: Browser) -> None:
    mail = reset_mail(provider, browser)
    racers = [provider.browser(f"192.0.2.{n}") for n in range(8)]
    pages = [racer.get(mail.link) for racer in racers]
    answers: list[Answer] = []
    start = threading.Barrier(len(racers))

    def run(n: int) -> None:
        start.wait()
        answers.append(racers[n].submit(pages[n], password=f"{NEW} number {n}", confirm=f"{NEW} number {n}"))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(racers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [303] + [404] * 7
    assert len(provider.events("password:set")) == 1
    assert sum(can_sign_in(provider, f"{NEW} number {n}", f"10.{n}.0.1") for n in range(8)) == 1


def test_P4_of_racing_codes_one_is_exchanged(provider: Provider, ann: Person, browser: Browser) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    answers: list[Answer] = []
    start = threading.Barrier(5)

    def run() -> None:
        mine = provider.browser()
        mine.cookies = dict(browser.cookies)
        start.wait()
        answers.append(mine.submit(page, code=mail.code))

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.is_redirect for answer in answers) == 1


def forget_on_the_way(provider: Provider, browser: Browser, app: App) -> Answer:
    """From the application's login page to the page that says that a mail is sent."""
    page = provider.authorize(browser, app)
    (href,) = [a["href"] for a in page.dom.find("a") if a["href"].startswith("/help/password")]
    return browser.submit(browser.get(href), login="ann")


def test_P4_whoever_came_from_an_app_goes_on_to_it(provider: Provider, ann: Person, browser: Browser) -> None:
    crm = provider.add_client()
    forget_on_the_way(provider, browser, crm)
    (mail,) = mails(provider)
    page = browser.get(mail.link)
    assert "https://crm.example" in page.headers["Content-Security-Policy"]
    done = browser.submit(page, password=NEW, confirm=NEW)
    assert provider.redeem(crm, done.code).status == 200


def test_P4_X24_another_browser_does_not_go_on_to_it(provider: Provider, ann: Person, browser: Browser) -> None:
    crm = provider.add_client()
    forget_on_the_way(provider, browser, crm)
    (mail,) = mails(provider)
    assert choose(provider.browser(), mail.link).location == provider.issuer + "/"


def test_P4_X24_a_flow_of_another_browser_leads_to_our_own_page(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    crm, victim = provider.add_client(), provider.browser()
    theirs = dict(provider.authorize(browser, crm).form.fields)["flow"]
    victim.submit(victim.get(f"help/password?flow={theirs}"), login="ann")
    (mail,) = mails(provider)
    assert choose(victim, mail.link).location == provider.issuer + "/"


# -- what stays, and what ends -----------------------------------------------------------------------------------------


def test_P4_other_sessions_end_by_default(provider: Provider, ann: Person, browser: Browser) -> None:
    crm = provider.add_client()
    tokens = provider.tokens(crm, browser)
    mail = reset_mail(provider, provider.browser())
    assert choose(provider.browser(), mail.link).is_redirect
    assert browser.get("").is_login_page
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"


def test_P4_other_sessions_stay_where_the_person_says_so(provider: Provider, ann: Person, browser: Browser) -> None:
    browser.log_in(browser.get(""))
    mail = reset_mail(provider, provider.browser())
    assert choose(provider.browser(), mail.link, keep_others="1").is_redirect
    assert not browser.get("").is_login_page


def test_P4_W3_a_reset_ends_the_pause_and_the_record_says_so(provider: Provider, ann: Person) -> None:
    stranger, throttle = provider.browser("198.51.100.9"), provider.services.throttle
    guesser = Guesser(throttle.account(ann.id, "ann"), None, stranger.address)
    for n in range(6):
        throttle.failed(guesser, f"wrong {n}", provider.clock())
    assert stranger.log_in(stranger.get(""), "ann", PASSWORD).dom.find("div", id="pause")
    mail = reset_mail(provider, stranger)
    assert choose(stranger, mail.link).is_redirect
    elsewhere = provider.browser("198.51.100.9")
    assert elsewhere.log_in(elsewhere.get(""), "ann", NEW).is_redirect
    (event,) = provider.events("person:unlocked")
    assert event.person_id == ann.id


def test_S56_V6_4_3_after_a_reset_the_second_factor_is_still_asked(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    services, secret = provider.services, pyotp.random_base32()
    with services.db.transaction() as tx:
        sealed = services.sealer.seal(totp.PURPOSE, secret.encode(), ann.id.encode())
        factors.add(tx, clock(), ann.id, "totp", "phone", sealed=sealed)
    mail = reset_mail(provider, browser)
    page = choose(browser, mail.link)
    assert (page.status, browser.cookie("session")) == (200, "")
    assert dict(page.form.fields)["way"] == "totp"
    assert browser.get("").is_login_page  # half proven is nobody yet
    assert browser.submit(page, code="000000").status == 200
    assert browser.cookie("session") == ""
    page = browser.answers[-1]
    done = browser.submit(page, code=pyotp.TOTP(secret).at(int(clock())))
    assert done.location == provider.issuer + "/"
    (event,) = provider.events("session:started")
    assert event.detail["methods"] == ["pwd", "totp"]


def test_S56_a_link_dies_with_the_address_that_it_went_to(provider: Provider, ann: Person, browser: Browser) -> None:
    mail = reset_mail(provider, browser)
    provider.services.directory.update(ann.id, email="ann@elsewhere.example", email_verified=True)
    assert browser.get(mail.link).status == 404


def test_S56_a_reset_opens_nothing_for_somebody_who_was_disabled(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    mail = reset_mail(provider, browser)
    provider.services.directory.disable(ann.id)
    assert browser.get(mail.link).status == 404
    ask(provider, browser)
    assert mails(provider) == []


def test_P4_A3_a_password_that_was_taken_away_is_not_chosen_again(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    provider.services.directory.drop_password(ann.id, detail={})
    mail = reset_mail(provider, browser)
    page = choose(browser, mail.link, PASSWORD)
    assert "had this password before" in page.dom.text
    assert browser.submit(page, password=NEW, confirm=NEW).is_redirect


# -- where it goes -----------------------------------------------------------------------------------------------------


def test_P4_n26_the_address_that_an_admin_gave_is_good_before_it_is_confirmed(
    provider: Provider, browser: Browser
) -> None:
    bob = provider.add_person("bob")
    ask(provider, browser, "bob")
    (mail,) = mails(provider)
    assert mail.to == "bob@example.com"
    assert not provider.services.directory.get(bob.id).email_verified
    assert choose(browser, mail.link).is_redirect
    assert provider.services.directory.get(bob.id).email_verified  # the link was mailed there, and was used


def test_P4_nothing_goes_to_somebody_without_any_address(provider: Provider, browser: Browser) -> None:
    bob = provider.add_person("bob", email=None)
    ask(provider, browser, "bob")
    assert mails(provider) == []
    (event,) = provider.events("recovery:asked")
    assert (event.person_id, event.detail["why"]) == (bob.id, "no address")


def test_P4_P6_the_recovery_address_gets_a_link_of_its_own(provider: Provider, ann: Person, browser: Browser) -> None:
    contacts.change(provider.services, ann, "email", "ann@home.example", {})
    collect(provider)
    page = ask(provider, browser)
    sent = mails(provider)
    assert {mail.to for mail in sent} == {"ann@example.com", "ann@home.example"}
    assert len({mail.link for mail in sent} | {mail.code for mail in sent}) == 4
    assert browser.submit(page, code=sent[1].code).is_redirect


def test_P4_P6_typing_the_recovery_address_finds_the_account(provider: Provider, ann: Person, browser: Browser) -> None:
    contacts.change(provider.services, ann, "email", "ann@home.example", {})
    collect(provider)
    ask(provider, browser, "Ann@Home.example")
    assert {mail.to for mail in mails(provider)} == {"ann@example.com", "ann@home.example"}


def test_P4_P6_the_recovery_number_gets_a_code(provider: Provider, browser: Browser) -> None:
    bob = provider.add_person("bob", email=None)
    contacts.change(provider.services, bob, "phone", "+491701234567", {})
    collect(provider)
    page = ask(provider, browser, "bob")
    (sms,) = collect(provider)
    assert (sms.to, sms.message, "/setup/" in sms.text) == ("+491701234567", "sign_in_code", False)
    led = browser.submit(page, code=sms.values["code"])
    assert choose(browser, led.location).location == provider.issuer + "/"


@pytest.mark.spec("NIST SP 800-63B-4 4.2.2")
def test_S56_V6_4_3_one_phone_is_never_both_the_recovery_and_the_second_step(
    provider: Provider, browser: Browser
) -> None:
    claims = {"phone_number": "+49 170 1234567", "phone_number_verified": True}
    bob = provider.add_person("bob", email=None, claims=claims)
    contacts.change(provider.services, bob, "phone", "+491701234567", {})
    collect(provider)
    ask(provider, browser, "bob")
    assert collect(provider) == []


def test_P4_three_mails_an_hour_go_to_one_account(provider: Provider, ann: Person, clock: Clock) -> None:
    for n in range(6):
        ask(provider, provider.browser(f"192.0.2.{n}"))
    assert len(mails(provider)) == 3
    reasons = sorted(event.detail.get("why", "") for event in provider.events("recovery:asked"))
    assert reasons == [""] * 3 + ["too many mails in this hour"] * 3
    clock.advance(3601)
    ask(provider, provider.browser())
    assert len(mails(provider)) == 1


def test_P4_very_many_forms_from_one_network_are_asked_to_wait_whatever_the_name(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(mail=MAIL, recovery={"asks_per_network": 5})
    provider.add_person("ann", email_verified=True)
    browser = provider.browser()
    assert [ask(provider, browser, login).status for login in ("ann", "x1", "x2", "x3", "x4")] == [200] * 5
    pages = [ask(provider, provider.browser("203.0.113.200"), login) for login in ("ann", "x5")]
    assert [page.status for page in pages] == [429, 429]
    assert ask(provider, provider.browser("192.0.2.1"), "ann").status == 200


# -- what strangers learn ----------------------------------------------------------------------------------------------


def test_L7_S55_V6_3_8_the_answer_is_the_same_for_every_name(provider: Provider, ann: Person) -> None:
    provider.add_person("unconfirmed")
    gone = provider.add_person("gone", email_verified=True)
    provider.services.directory.disable(gone.id)
    answers, work = [], []
    for login in ("ann", "unconfirmed", "gone", "nobody", "nobody@example.com", "ann@example.com"):
        browser = provider.browser()
        browser.get("help/password")
        sql, verbs, page = provider.counted(lambda b=browser, n=login: ask(provider, b, n))
        answers.append((page.status, normal(page), sorted(page.headers.keys())))
        work.append((sql, verbs))
    assert all(answer == answers[0] for answer in answers)
    assert all(one == work[0] for one in work)
    assert not any("people" in text or "identifiers" in text for text in work[0][0])  # nobody is looked up


def test_L7_S55_a_wrong_code_is_answered_alike_for_every_name(provider: Provider, ann: Person) -> None:
    seen = []
    for login in ("ann", "nobody"):
        browser = provider.browser()
        page = ask(provider, browser, login)
        collect(provider)
        for _ in range(7):
            sql, verbs, page = provider.counted(lambda b=browser, p=page: b.submit(p, code="1234 5678"))
            seen.append((login, page.status, normal(page), len(sql), tuple(verbs)))
    assert [one[1:] for one in seen[:7]] == [one[1:] for one in seen[7:]]


def test_X27_no_answer_holds_the_code_or_the_link(provider: Provider, ann: Person, browser: Browser) -> None:
    page = ask(provider, browser)
    (mail,) = mails(provider)
    browser.submit(page, code="0000 0000")
    token = mail.link.partition("/")[2]
    for answer in browser.answers:
        for secret in (token, mail.code, mail.code.replace(" ", "")):
            assert secret not in answer.text
            assert secret not in str(answer.headers)


def test_S56_X27_neither_code_nor_link_nor_typed_name_lies_in_clear_anywhere(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    page = ask(provider, browser)
    ask(provider, browser, "a password typed here by mistake")
    queue = json.dumps([job.payload for job in provider.services.jobs.pending()])
    assert "mistake" not in queue
    assert "ann@" not in queue
    assert '"ann' not in queue  # three letters alone may stand in what is sealed
    mail = mails(provider)[0]
    browser.submit(page, code="1111 2222")
    path = Path(str(provider.services.db.url).removeprefix("sqlite:///"))
    dump = "\n".join(sqlite3.connect(path).iterdump())
    assert "recovery:asked" in dump
    for secret in (mail.link.partition("/")[2], mail.code, mail.code.replace(" ", ""), "mistake"):
        assert secret not in dump


def test_X26_a_spoofed_host_changes_no_link(provider: Provider, ann: Person, browser: Browser) -> None:
    form = browser.get("help/password")
    data = form.form.filled(None, {"login": "ann"})
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    browser.post("help/password", data, headers=evil, host="evil.example")
    (mail,) = mails(provider)
    assert "evil" not in mail.text
    assert mail.values["link"].startswith("https://login.example/setup/")


def test_P4_without_mail_the_page_says_who_helps(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider()
    browser = provider.browser()
    page = browser.get("help/password")
    assert page.dom.forms == [] or "login" not in page.dom.forms[0].names()
    assert "help desk" in page.dom.text
    switched_off = open_provider(mail=MAIL, recovery={"reset_by_mail": False})
    assert "help desk" in switched_off.browser().get("help/password").dom.text
