"""J5: a session's secret turns and nobody is signed out by it; a cookie that was copied ends the session everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from idp.accounts.factors import trusted_devices
from idp.accounts.person import Person
from idp.db import Database
from idp.login import signout, store
from idp.login.browser.two_places import GRACE
from tests.backends import Clock
from tests.portal.test_security import letters
from tests.provider import Answer, App, Browser, Provider
from tests.receiver import Receiver

TURN = 600.0  # seconds, as the setting's default
CAFE = "198.51.100.4"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
NOTICE = "used from another device"


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email="ann@example.com", email_verified=True)


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM")


@pytest.fixture
def signed_in(provider: Provider, ann: Person, crm: App, browser: Browser) -> Browser:
    assert provider.tokens(crm, browser)
    return browser


def copy_of(browser: Browser, *, address: str = "", user_agent: str = "") -> Browser:
    """The same cookies, wherever."""
    made = Browser(browser.app, browser.issuer, address or browser.address)
    made.cookies = dict(browser.cookies)
    made.headers = {**browser.headers, **({"User-Agent": user_agent} if user_agent else {})}
    return made


def silently(provider: Provider, crm: App, browser: Browser) -> Answer:
    return provider.authorize(browser, crm, prompt="none")


# -- nobody is signed out by chance ------------------------------------------------------------------------------------


def test_j5_nine_tabs_at_once_get_one_secret(provider: Provider, crm: App, signed_in: Browser, clock: Clock) -> None:
    clock.advance(TURN)
    tabs = [copy_of(signed_in) for _ in range(9)]
    assert all(silently(provider, crm, tab).code for tab in tabs)
    assert len({tab.cookie("session") for tab in tabs}) == 1
    assert tabs[0].cookie("session") != signed_in.cookie("session")


def test_j5_a_turn_outlasts_a_crash_of_the_database(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser with the new secret, of which the database knows nothing any more, would be signed out."""
    asked: list[bool] = []
    run = Database.run

    def spied(db: Database, expression: object, /, *, durable: bool = True, **params: object) -> int:
        if expression is store.TURN:
            asked.append(durable)
        return run(db, expression, durable=durable, **params)

    monkeypatch.setattr(Database, "run", spied)
    clock.advance(TURN)
    assert silently(provider, crm, signed_in).code
    assert asked == [True]


def test_j5_an_answer_that_is_lost_is_made_again(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    clock.advance(TURN)
    lost = copy_of(signed_in)
    assert silently(provider, crm, lost).code
    for _ in range(6):  # an hour without a network, in the browser's eyes; another one answers the first tab
        clock.advance(TURN - 1)
        again = copy_of(signed_in, address=CAFE)
        assert silently(provider, crm, again).code
        assert again.cookie("session") == lost.cookie("session")


def test_j5_tabs_that_waited_are_answered_after_the_first_has_the_new_one(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    clock.advance(TURN)
    assert silently(provider, crm, copy_of(signed_in)).code  # lost
    clock.advance(1500)
    tabs = [copy_of(signed_in) for _ in range(9)]
    assert silently(provider, crm, tabs[0]).code
    assert silently(provider, crm, tabs[0]).code  # the first use of the new one
    clock.advance(GRACE - 1)
    assert all(silently(provider, crm, tab).code for tab in tabs[1:])
    assert not provider.events("session:copied")


def test_j5_a_browser_that_was_killed_before_it_wrote_its_cookies(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    on_disk = copy_of(signed_in)
    clock.advance(TURN)
    assert silently(provider, crm, signed_in).code
    assert silently(provider, crm, signed_in).code
    clock.advance(3 * GRACE)
    assert silently(provider, crm, on_disk).code
    assert on_disk.cookie("session") == signed_in.cookie("session")


def test_j5_one_telephone_all_day(provider: Provider, crm: App, signed_in: Browser, clock: Clock) -> None:
    """Networks change, versions change, each half hour is another turn."""
    seen = set()
    for hour in range(11):
        for address in (signed_in.address, CAFE, f"192.0.2.{hour}", "2001:db8::7"):
            clock.advance(14 * 60)
            signed_in.address = address
            signed_in.headers["User-Agent"] = f"Mozilla/5.0 (X11; Linux x86_64; rv:14{hour}.0) Firefox/14{hour}.0"
            assert silently(provider, crm, signed_in).code
        seen.add(signed_in.cookie("session"))
    assert len(seen) == 11
    assert len({value.partition(".")[0] for value in seen}) == 1
    assert not provider.events("session:copied")


def test_j5_who_stays_signed_in_keeps_the_cookie_as_long(
    provider: Provider, ann: Person, crm: App, browser: Browser, clock: Clock
) -> None:
    browser.log_in(provider.authorize(browser, crm), stay="1")
    clock.advance(TURN)
    browser.set_cookies.clear()
    assert silently(provider, crm, browser).code
    (line,) = [line for line in browser.set_cookies if "doorward_session=" in line]
    assert re.search(rf"Max-Age={14 * 86400 - int(TURN)}\b", line), line
    assert "; HttpOnly; SameSite=Lax; Secure" in line


def test_j5_an_account_that_is_set_aside_comes_back(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    provider.add_person("bob")
    clock.advance(TURN)
    signed_in.log_in(signed_in.get("accounts?add=1"), "bob")
    bob = signed_in.cookie("session")
    clock.advance(TURN)
    assert silently(provider, crm, signed_in).sent
    page = signed_in.get("accounts")
    assert "ann" in page.text
    assert signed_in.cookie("session").partition(".")[0] == bob.partition(".")[0]


def test_j5_a_page_of_before_the_turn_takes_its_form(provider: Provider, signed_in: Browser, clock: Clock) -> None:
    page = signed_in.get("logout")
    clock.advance(TURN)
    signed_in.get("profile")
    signed_in.submit(page, "confirm")
    assert not signed_in.cookie("session")


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_j5_a_turn_costs_the_write_that_notes_the_use_and_its_first_use_one_more(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    def written() -> list[str]:
        sql, verbs, answer = provider.counted(lambda: silently(provider, crm, signed_in))
        assert (bool(answer.code), verbs) == (True, ["put"])
        assert len([text for text in sql if text.startswith("SELECT")]) == 1
        return [text.split()[1] for text in sql if text.startswith("UPDATE")]

    provider.add_person("bob")
    bob = provider.browser()
    provider.tokens(crm, bob, "bob")
    assert written() == []
    clock.advance(TURN)
    silently(provider, crm, bob)  # what every process looks at once in a while
    assert written() == ["sessions"]
    assert written() == ["sessions"]
    assert written() == []


# -- a copy ------------------------------------------------------------------------------------------------------------


def test_j5_a_cookie_that_is_copied_to_another_machine_ends_with_a_message(
    provider: Provider, crm: App, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    services = provider.services
    with services.db.transaction() as tx:
        secret = trusted_devices.add(tx, ann.id, clock(), 86400.0, signed_in.address, "")
    tokens = provider.tokens(crm, signed_in)
    thief = copy_of(signed_in, address=CAFE, user_agent=CHROME)
    assert silently(provider, crm, thief).error == "login_required"
    assert silently(provider, crm, signed_in).error == "login_required"
    for one in (thief, signed_in):
        page = provider.authorize(one, crm)
        assert (page.is_login_page, NOTICE in page.dom.text) == (True, True)
    assert provider.introspect(crm, tokens["access_token"]) == {"active": False}
    assert not trusted_devices.is_trusted(services.db, ann.id, secret, clock())
    (event,) = provider.events("session:copied")
    assert (event.address, event.detail["before_address"]) == (CAFE, signed_in.address)
    assert [one.detail["why"] for one in provider.events("session:ended")] == ["its cookie was used in two places"]
    assert signed_in.log_in(provider.authorize(signed_in, crm)).code
    assert NOTICE not in signed_in.get("profile").dom.text
    assert "Sign-in used on another device at once" in signed_in.get("activity").dom.text


def test_j5_the_applications_and_the_person_are_told(open_provider: Callable[..., Provider], clock: Clock) -> None:
    receiver = Receiver()
    try:
        provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [receiver.origin]})
        provider.add_person("ann", email="ann@example.com", email_verified=True)
        crm = provider.add_client("CRM", backchannel_logout_uri=receiver.origin + "/logout")
        browser = provider.browser()
        provider.tokens(crm, browser)
        silently(provider, crm, copy_of(browser, address=CAFE, user_agent=CHROME))
        signout.tell_ended(provider.services)
        waiting = provider.services.jobs.pending()
        assert "mail" in {job.name for job in waiting}
        for job in waiting:
            if job.name != "mail":
                provider.services.jobs.perform(job.name, job.payload)
        assert len(receiver.bodies) == 1
    finally:
        receiver.close()


def test_j5_a_thief_who_calls_the_browser_the_same_is_found_by_the_next_turn(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    thief = copy_of(signed_in, address=CAFE)
    assert silently(provider, crm, thief).code  # not noticed: a person who went to the café
    clock.advance(TURN)
    assert silently(provider, crm, signed_in).code
    assert silently(provider, crm, signed_in).code
    clock.advance(GRACE)
    assert silently(provider, crm, thief).error == "login_required"
    assert not provider.events("session:copied")  # so far it may be a computer that was put back to yesterday
    assert silently(provider, crm, signed_in).error == "login_required"
    assert len(provider.events("session:copied")) == 1
    assert NOTICE in provider.authorize(thief, crm).dom.text


def test_j5_a_thief_who_turns_it_first_is_found_when_the_person_comes_back(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    thief = copy_of(signed_in, address=CAFE, user_agent=CHROME)
    clock.advance(3000)  # at night
    assert silently(provider, crm, thief).code
    assert silently(provider, crm, thief).code
    clock.advance(3000)
    assert silently(provider, crm, signed_in).error == "login_required"
    assert silently(provider, crm, thief).error == "login_required"
    assert NOTICE in provider.authorize(signed_in, crm).dom.text


def test_j5_a_computer_that_was_put_back_signs_in_again_and_no_more(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    backup = copy_of(signed_in)
    for _ in range(3):
        clock.advance(TURN)
        assert silently(provider, crm, signed_in).code
    clock.advance(GRACE)
    page = provider.authorize(backup, crm)
    assert (page.is_login_page, NOTICE in page.dom.text) == (True, False)
    assert backup.log_in(page).code
    assert not provider.events("session:copied")


@pytest.mark.parametrize(("setting", "told"), [("tell", 1), ("off", 0)])
def test_j5_an_owner_may_have_it_told_alone_or_not_looked_for(
    open_provider: Callable[..., Provider], clock: Clock, setting: str, told: int
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, session={"copied": setting})
    provider.add_person("ann", email="ann@example.com", email_verified=True)
    crm, browser = provider.add_client("CRM"), provider.browser()
    provider.tokens(crm, browser)
    other = copy_of(browser, address=CAFE, user_agent=CHROME)
    for one in (other, browser, other):
        assert silently(provider, crm, one).code
    assert len(provider.events("session:copied")) == told
    assert [job.name for job in provider.services.jobs.pending()] == ["mail"] * told


def test_j5_made_up_secrets_are_nobodys(provider: Provider, crm: App, signed_in: Browser) -> None:
    made_up = copy_of(signed_in, address=CAFE, user_agent=CHROME)
    name = next(name for name in made_up.cookies if name.endswith("_session"))
    session_id, _, secret = made_up.cookies[name].partition(".")
    for value in ("A" * 43 + secret[43:], "A" * 65, secret[:43], "A"):
        made_up.cookies[name] = f"{session_id}.{value}"
        page = provider.authorize(made_up, crm)
        assert (page.is_login_page, NOTICE in page.dom.text) == (True, False)
    assert silently(provider, crm, signed_in).code
    assert not provider.events("session:copied")


def test_j5_a_thief_by_the_other_version_of_ip_is_noticed_at_once(
    provider: Provider, crm: App, signed_in: Browser
) -> None:
    thief = copy_of(signed_in, address="2001:db8:9::7", user_agent=CHROME)
    assert silently(provider, crm, thief).error == "login_required"
    (event,) = provider.events("session:copied")
    assert event.address == "2001:db8:9::7"


@pytest.mark.parametrize("address", [CAFE, "2001:db8:9::7"])
def test_j5_a_thief_who_comes_again_and_again_does_not_stay_in_step_with_somebody_who_works(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock, address: str
) -> None:
    """It calls its browser the same, and comes within the grace of each turn: it is answered, and given nothing."""
    thief = copy_of(signed_in, address=address)
    clock.advance(TURN)
    assert silently(provider, crm, signed_in).code  # the turn
    had = thief.cookie("session")
    clock.advance(30)
    assert silently(provider, crm, thief).code  # before its first use
    assert thief.cookie("session") == had
    clock.advance(30)
    assert silently(provider, crm, signed_in).code
    for _ in range(4):
        clock.advance(60)
        assert silently(provider, crm, thief).code
        assert silently(provider, crm, signed_in).code
    assert thief.cookie("session") == had
    clock.advance(GRACE)
    assert silently(provider, crm, signed_in).code
    assert silently(provider, crm, thief).error == "login_required"
    ended = silently(provider, crm, signed_in).error == "login_required"
    assert ended == (address == CAFE)  # by the other version of IP it is turned away, and not told from one line's two


def test_j5_the_mail_and_the_record_name_both_places(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:  # fmt: skip
    """The old secret is the copy's as a rule, and who ends it by the latest is the person."""
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    provider.add_person("ann", email="ann@example.com", email_verified=True)
    crm, browser = provider.add_client("CRM"), provider.browser()
    provider.tokens(crm, browser)
    thief = copy_of(browser, address=CAFE)
    clock.advance(TURN)
    assert silently(provider, crm, browser).code
    assert silently(provider, crm, browser).code
    clock.advance(GRACE)
    assert silently(provider, crm, thief).error == "login_required"
    assert silently(provider, crm, browser).error == "login_required"
    (event,) = provider.events("session:copied")
    assert (event.address, event.detail["other_address"]) == (browser.address, CAFE)
    ((_, letter),) = [one for one in letters(provider) if one[0] == "session_copied"]
    assert "198.51.100.x / " in letter


def test_j5_a_stale_copy_that_goes_on_asking_writes_once_a_minute(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:
    old = copy_of(signed_in, address=CAFE)
    for _ in range(2):
        clock.advance(TURN)
        assert silently(provider, crm, signed_in).code
        assert silently(provider, crm, signed_in).code
    verbs = [provider.counted(lambda: silently(provider, crm, copy_of(old)))[1] for _ in range(3)]
    sql = [provider.counted(lambda: silently(provider, crm, copy_of(old)))[0] for _ in range(2)]
    assert not [text for texts in sql for text in texts if text.startswith("UPDATE sessions")], verbs


def test_j5_a_copy_of_an_account_that_is_set_aside_is_given_nothing(
    provider: Provider, crm: App, signed_in: Browser
) -> None:
    provider.add_person("bob")
    signed_in.log_in(signed_in.get("accounts?add=1"), "bob")
    thief = copy_of(signed_in, address=CAFE, user_agent=CHROME)
    thief.cookies = {name: value for name, value in thief.cookies.items() if not name.endswith("_session")}
    page = provider.authorize(thief, crm)
    assert (page.is_login_page, "ann" in page.dom.text) == (True, False)
    assert len(provider.events("session:copied")) == 1


def test_j5_a_place_is_noted_for_the_secret_that_was_read(provider: Provider, signed_in: Browser) -> None:
    """Another process turned it meanwhile: nobody has used the new one yet."""
    db, session_id = provider.services.db, signed_in.cookie("session").partition(".")[0]
    row = db.one(store.CURRENT, session_id=session_id, client_id="")
    db.run(
        store.TURN, session_id=row.id, old_hash=row.secret_hash, secret_hash="new", now=1.0, address="", browser="",
        beside="",
    )  # fmt: skip
    db.run(
        store.SEEN_HERE, session_id=row.id, old_hash=row.secret_hash, now=2.0, address=CAFE, browser="", beside=""
    )  # fmt: skip
    assert db.one(store.CURRENT, session_id=row.id, client_id="").used_at is None


def test_j5_where_a_session_was_used_last_stands_among_the_sessions(
    provider: Provider, crm: App, signed_in: Browser, clock: Clock
) -> None:  # fmt: skip
    """All that tells of a copy that is used when its person has gone."""
    assert "198.51.100.x" not in signed_in.get("sessions").dom.text
    clock.advance(2 * TURN)
    assert silently(provider, crm, copy_of(signed_in, address=CAFE)).code
    text = signed_in.get("sessions").dom.text
    assert "198.51.100.x" in text
