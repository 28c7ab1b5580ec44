"""Sessions: made by an explicit act, new at every proof, ended for good. S55, S58, X21, X24, X27."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.accounts.set_password import set_password
from tests.backends import Clock
from tests.provider import PASSWORD, App, Browser, Provider


def is_signed_in(provider: Provider, browser: Browser, app: App) -> bool:
    return "code" in provider.authorize(browser, app, prompt="none").sent


@pytest.mark.spec("ASVS 7.6.2")
def test_S58_no_session_without_an_explicit_act(provider: Provider, browser: Browser, crm: App) -> None:
    provider.authorize(browser, crm)
    browser.get("")
    browser.log_in(provider.authorize(browser, crm), "ann", "wrong one")
    browser.submit(provider.authorize(browser, crm), "cancel")
    provider.redeem(crm, "x")
    assert browser.cookie("session") == ""
    assert provider.events("session:started") == []


@pytest.mark.spec("ASVS 7.2.4")
def test_S58_X21_every_proof_makes_a_new_secret_and_the_old_one_is_dead(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    """CVE-2024-7341: whoever put a cookie there before the sign-in holds nothing after it."""
    provider.sign_in(browser, crm)
    planted = dict(browser.cookies)
    clock.advance(60)
    browser.log_in(provider.authorize(browser, crm, prompt="login"))
    assert browser.cookie("session") != planted["__Host-doorward_session"]
    thief = provider.browser()
    thief.cookies = planted
    assert not is_signed_in(provider, thief, crm)
    assert is_signed_in(provider, browser, crm)


def test_X21_a_cookie_that_was_planted_before_the_sign_in_is_not_taken_over(
    provider: Provider, browser: Browser, crm: App
) -> None:
    provider.add_person("mallory")
    mallory = provider.browser()
    provider.sign_in(mallory, crm, "mallory")
    browser.cookies = dict(mallory.cookies)  # fixation: ann's browser carries mallory's session
    held = provider.tokens(crm, mallory)
    provider.clock.advance(5)  # type: ignore[attr-defined]
    browser.log_in(provider.authorize(browser, crm, prompt="login"), "ann")
    assert not is_signed_in(provider, mallory, crm)
    assert browser.cookie("session").partition(".")[0] != mallory.cookie("session").partition(".")[0]
    assert provider.userinfo(held["access_token"]).status == 401


@pytest.mark.spec("ASVS 7.3")
@pytest.mark.parametrize(("stay", "idle", "absolute"), [("", 3600, 12 * 3600), ("1", 14 * 86400, 14 * 86400)])
def test_S58_sessions_end_when_idle_and_in_any_case(
    provider: Provider, crm: App, clock: Clock, stay: str, idle: int, absolute: int
) -> None:
    def fresh() -> Browser:
        browser = provider.browser()
        browser.log_in(provider.authorize(browser, crm), stay=stay)
        return browser

    forgotten = fresh()
    clock.advance(idle - 1)
    assert is_signed_in(provider, forgotten, crm)
    forgotten = fresh()
    clock.advance(idle + 1)
    assert not is_signed_in(provider, forgotten, crm)
    used = fresh()
    for _ in range(absolute // (idle // 2) - 1):
        clock.advance(idle // 2)
        assert is_signed_in(provider, used, crm)
    clock.advance(idle // 2 + 1)
    assert not is_signed_in(provider, used, crm)


def _disable(provider: Provider, person: Person) -> None:
    provider.services.directory.disable(person.id)


def _set_password(provider: Provider, person: Person) -> None:
    services = provider.services
    problems = set_password(
        services.directory, services.passwords, services.password_policy, person.id, "seven green bottles hang"
    )
    assert problems == []


@pytest.mark.spec("ASVS 7.4.2")
@pytest.mark.parametrize("end", [_disable, _set_password], ids=["disabled", "new password"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_S58_disabling_and_a_new_password_end_every_session_for_good(
    provider: Provider, crm: App, ann: Person, clock: Clock, end: Callable[[Provider, Person], None], elsewhere: bool
) -> None:
    browsers = [provider.browser(), provider.browser()]
    for browser in browsers:
        provider.sign_in(browser, crm)
    clock.advance(1)
    end(provider.another() if elsewhere else provider, ann)
    assert not any(is_signed_in(provider, browser, crm) for browser in browsers)
    provider.services.directory.enable(ann.id)
    assert not any(is_signed_in(provider, browser, crm) for browser in browsers)


def test_S58_changing_the_password_keeps_this_browser_and_ends_the_others(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    other = provider.browser()
    provider.sign_in(browser, crm)
    provider.sign_in(other, crm)
    before = browser.cookie("session")
    page = browser.get("password")
    form = {"current": PASSWORD, "password": "seven green bottles hang", "confirm": "seven green bottles hang"}
    done = browser.submit(page, **form)
    assert done.is_redirect, done.dom.text
    assert browser.cookie("session") != before
    assert is_signed_in(provider, browser, crm)
    assert not is_signed_in(provider, other, crm)


def test_S54_S58_changing_the_password_needs_the_old_one(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    page = browser.get("password")
    new = "seven green bottles hang"
    for current in ("", "wrong", new):
        answer = browser.submit(page, current=current, password=new, confirm=new)
        assert answer.status == 200
    assert browser.submit(page, current=PASSWORD, password=new, confirm=new + "x").status == 200
    assert is_signed_in(provider, browser, crm)
    visitor = provider.browser()
    assert visitor.log_in(provider.authorize(visitor, crm), "ann", new).is_login_page


# -- a page belongs to the browser that got it -------------------------------------------------------------------------


def test_X24_a_pending_request_is_of_no_use_in_another_browser(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    """CVE-2022-39222: an attacker's pending request, finished by the victim, or the other way round."""
    tool = provider.add_client("Tool", consent="explicit")
    attacker = provider.browser()
    flows = [dict(provider.authorize(attacker, app).form.fields)["flow"] for app in (crm, tool)]
    provider.sign_in(browser, crm)
    for flow in flows:
        for path, data in (
            ("login", {"login": "ann", "password": PASSWORD}), ("login", {"action": "cancel"}),
            ("login/consent", {"decision": "allow"}), ("login/consent", {"decision": "deny"}),
            ("login/account", {"account": browser.cookie("session").partition(".")[0]}),
        ):  # fmt: skip
            answer = browser.post(path, {"flow": flow, **data})
            assert answer.sent == {}, path
            assert "Continue" in answer.dom.text
            if "password" not in data:  # the victim's yes is of no use to the attacker either
                assert "code" not in attacker.post(path, {"flow": flow, **data}).sent, path
    assert provider.events("consent:granted") == []


def test_X24_a_sealed_value_opens_for_its_purpose_only(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    logout = dict(browser.get(f"oauth/logout?client_id={crm.id}").form.fields)["flow"]
    login = dict(provider.authorize(browser, crm, prompt="consent").form.fields)["flow"]
    assert browser.post("login/consent", {"flow": logout, "decision": "allow"}).sent == {}
    browser.post("oauth/logout", {"flow": login, "confirm": "yes"})
    assert is_signed_in(provider, browser, crm)
    browser.post("login/consent", {"flow": browser.cookie("device"), "decision": "allow"})
    assert provider.events("consent:granted") == []


@pytest.mark.parametrize("change", ["cut", "flip", "empty", "other installation"])
def test_X24_X27_a_changed_flow_is_refused(
    provider: Provider,
    browser: Browser,
    crm: App,
    open_provider: Callable[..., Provider],
    change: str,
    tmp_path: Any,
    clock: Clock,
) -> None:
    flow = dict(provider.authorize(browser, crm).form.fields)["flow"]
    if change == "other installation":
        other = Provider.open(tmp_path / "other", clock, None, server={"issuer": provider.issuer})
        other.add_person()
        stranger = other.browser()
        stranger.cookies = dict(browser.cookies)
        flow = dict(other.authorize(stranger, other.add_client()).form.fields)["flow"]
        other.close()
    else:
        flow = {"cut": flow[:-8], "flip": flow[:40] + ("A" if flow[40] != "A" else "B") + flow[41:], "empty": ""}[
            change
        ]
    answer = browser.post("login", {"flow": flow, "login": "ann", "password": PASSWORD})
    assert answer.sent == {}
    assert browser.cookie("session") == ""


def test_our_own_forms_need_the_browsers_key(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    other = provider.browser()
    foreign = dict(other.get("help").form.fields)["form_key"]
    new = "seven green bottles hang"
    change = {"current": PASSWORD, "password": new, "confirm": new}
    for key in ({}, {"form_key": ""}, {"form_key": foreign}, {"form_key": "é"}):
        for path, data in (("password", change), ("logout", {"confirm": "yes"}), ("help/reset-browser", {})):
            answer = browser.post(path, {**data, **key})
            assert answer.status == 403, path
            assert answer.is_error_page
    assert is_signed_in(provider, browser, crm)


# -- nobody learns who has an account ----------------------------------------------------------------------------------


@pytest.mark.spec("ASVS 6.3.8")
def test_S55_L7_unknown_disabled_and_wrong_look_and_cost_the_same(provider: Provider, crm: App) -> None:
    provider.add_person("dora")
    provider.services.directory.disable(provider.services.directory.find_by_login("dora").id)  # type: ignore[union-attr]
    provider.add_person("new", password=None)
    seen: dict[str, tuple[int, str, int, int]] = {}
    for name, password in (
        ("ann", "wrong one"),
        ("nobody", "wrong one"),
        ("dora", "wrong one"),  # with the right one she may know (N32)
        ("new", PASSWORD),
        ("ann@example.com", "wrong two"),
    ):
        browser = provider.browser(f"198.51.{len(seen)}.1")
        page = provider.authorize(browser, crm)
        before = provider.services.passwords.hashes
        sql, _, answer = provider.counted(lambda b=browser, p=page, n=name, w=password: b.log_in(p, n, w))  # type: ignore[misc]
        text = answer.dom.text.replace(name, "NAME")
        seen[name] = (answer.status, text, provider.services.passwords.hashes - before, len(sql))
        assert "The name or the password is not right." in text
        assert browser.cookie("session") == browser.cookie("device") == ""
    assert len(set(seen.values())) == 1, {name: (s, h, n) for name, (s, _, h, n) in seen.items()}
    before = provider.services.passwords.hashes
    browser = provider.browser("198.51.9.1")
    browser.log_in(provider.authorize(browser, crm), "dora")
    assert provider.services.passwords.hashes - before == seen["dora"][2]


def test_S55_the_pause_comes_for_unknown_names_alike(provider: Provider, crm: App) -> None:
    texts = []
    for number, name in enumerate(("ann", "nobody", "nobody@example.com")):
        browser = provider.browser(f"198.51.{number}.1")
        page = provider.authorize(browser, crm)
        for attempt in range(5):
            page = browser.log_in(page, name, f"wrong {attempt}")
        texts.append(
            (
                page.status,
                re.sub(r"E-\w{5}-\w{5}", "ID", page.dom.text.replace(name, "NAME")),
                page.headers["Retry-After"],
            )
        )
    assert len(set(texts)) == 1
    assert "Too many wrong passwords" in texts[0][1]


def test_S55_there_is_no_default_account(open_provider: Callable[..., Provider]) -> None:
    assert open_provider().services.directory.list() == ()


def test_S55_known_devices_are_known_for_their_person_only(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    browser.forget("session")
    page = provider.authorize(browser, crm)
    for attempt in range(5):
        page = browser.log_in(page, "ann", f"wrong {attempt}")
    assert "paused" in page.dom.text
    # The pause is this device's; from elsewhere the same person may sign in, and the other way round.
    assert provider.sign_in(provider.browser("198.51.100.9"), crm).code


def test_S58_a_shared_computer_keeps_nothing(provider: Provider, browser: Browser, crm: App) -> None:
    browser.log_in(provider.authorize(browser, crm), stay="1", shared="1")
    line = next(line for line in browser.set_cookies if "session=" in line)
    assert "Max-Age" not in line
    assert browser.cookie("device") == ""
