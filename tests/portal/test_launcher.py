"""The first page of somebody who is signed in: tiles, pins, search, notices. A1, A10, S59."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from clients.access import Access
from idp.accounts import notices
from idp.accounts.own import pins
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider


def test_S59_the_launcher_shows_the_applications_that_this_person_may_open_and_no_others(
    provider: Provider, browser: Browser
) -> None:
    ann = provider.add_person("ann", groups=("sales",))
    provider.add_client("Open", launch_url="https://open.example/start")
    provider.add_client("Home", client_uri="https://home.example/")
    provider.add_client("Sales", access=Access.only(groups=["sales"]))
    provider.add_client("Board", access=Access.only(groups=["board"]))
    provider.add_client("Batch", "machine", scope="x")
    provider.services.registry.disable(provider.add_client("Off").id)
    page = browser.follow(browser.log_in(browser.get("")))
    text = page.dom.text
    assert [name in text for name in ("Open", "Home", "Sales")] == [True, True, True]
    assert [name in text for name in ("Board", "Batch")] == [False, False]
    assert page.dom.find("a", href="https://open.example/start")
    assert page.dom.find("a", href="https://home.example/")
    provider.services.directory.set_groups(ann.id, ["board"])
    text = browser.get("").dom.text
    assert ("Board" in text, "Sales" in text) == (True, False)


@pytest.mark.spec("OIDC-Core 4")
def test_a_tile_that_starts_a_sign_in_at_the_application_says_whom_to_ask(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    provider.add_client("CRM", initiate_login_uri="https://crm.example/login?from=portal")
    page = browser.follow(browser.log_in(browser.get("")))
    where = "https://crm.example/login?" + urlencode({"from": "portal", "iss": provider.issuer})
    assert page.dom.find("a", href=where)


def test_a_cancel_that_no_page_of_ours_offers_leads_to_the_start(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    page = browser.get("password")
    assert page.is_login_page
    assert browser.submit(page, None, action="cancel").location == provider.issuer + "/"


@pytest.mark.parametrize("path", ["password", "access"])
def test_a_page_that_needs_a_sign_in_is_shown_after_it(provider: Provider, browser: Browser, path: str) -> None:
    provider.add_person()
    assert browser.log_in(browser.get(path)).location == f"{provider.issuer}/{path}"


def test_where_password_managers_look_is_the_change_page(provider: Provider, browser: Browser) -> None:
    assert browser.get(".well-known/change-password").location == provider.issuer + "/password"


# -- A1: search, pins, last use -------------------------------------------------------------------------------------


def tiles(page: Answer) -> list[str]:
    """The names on the tiles, in their order."""
    names = [app for app in ("CRM", "Café", "Desk", "Wiki") if app in page.dom.text]
    return sorted(names, key=page.dom.text.index)


@pytest.fixture
def four(provider: Provider, browser: Browser) -> dict[str, App]:
    """Four applications, and Ann signed in."""
    provider.add_person()
    texts = {"CRM": "Customers and deals", "Café": "Lunch", "Desk": "Ask for help", "Wiki": "What we know"}
    made = {
        name: provider.add_client(name, redirect_uris=[f"https://{n}.example/cb"], description=text)
        for n, (name, text) in enumerate(texts.items())
    }
    browser.log_in(browser.get(""))
    return made


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["CRM", "Café", "Desk", "Wiki"]),
        ("wiki", ["Wiki"]),
        ("  CAFE ", ["Café"]),
        ("help desk", ["Desk"]),
        ("customers", ["CRM"]),
        ("desk wiki", []),
        ("<script>alert(1)</script>", []),
        ("%00\ud800", []),
        ("x" * 5000, []),
    ],
)
def test_A1_tiles_are_searched_without_javascript(
    browser: Browser, four: dict[str, App], typed: str, found: list[str]
) -> None:
    page = browser.get("?" + urlencode({"q": typed.encode("utf-8", "replace")}))
    assert page.status == 200
    assert tiles(page) == found
    assert ("matches" in page.dom.text) == (not found)
    assert "<script>alert" not in page.text


def test_A1_a_description_is_shown_in_the_persons_language(provider: Provider, browser: Browser) -> None:
    provider.add_person(claims={"locale": "de"})
    texts: dict[str, Any] = {"description": "Customers", "description#de": "Kunden"}
    provider.add_client("CRM", **texts)
    assert "Kunden" in browser.follow(browser.log_in(browser.get(""))).dom.text


def test_A1_a_person_pins_and_orders_and_nobody_elses_tiles_move(
    provider: Provider, browser: Browser, four: dict[str, App]
) -> None:
    def press(name: str, move: str) -> None:
        page = browser.get("apps")
        (at,) = [
            n
            for n, form in enumerate(page.dom.forms)
            if dict(form.fields).get("client_id") == four[name].id and any(b[2] == move for b in form.buttons)
        ]
        assert browser.submit(page, move, form=at).location == provider.issuer + "/apps"

    press("Wiki", "pin")
    press("Desk", "pin")
    assert tiles(browser.get("")) == ["Wiki", "Desk", "CRM", "Café"]
    press("Desk", "up")
    assert tiles(browser.get("")) == ["Desk", "Wiki", "CRM", "Café"]
    press("Desk", "down")
    assert tiles(browser.get("apps")) == ["Wiki", "Desk", "CRM", "Café"]
    press("Wiki", "unpin")
    assert tiles(browser.get("")) == ["Desk", "CRM", "Café", "Wiki"]
    provider.add_person("bob")
    bob = provider.browser()
    bob.log_in(bob.get(""), "bob")
    assert tiles(bob.get("")) == ["CRM", "Café", "Desk", "Wiki"]


@pytest.mark.parametrize(
    ("client", "move"), [("nobody", "pin"), ("CRM", ""), ("CRM", "sideways"), ("CRM", "up"), ("Secret", "pin")]
)
def test_A1_a_made_up_press_changes_nothing(
    provider: Provider, browser: Browser, four: dict[str, App], client: str, move: str
) -> None:
    secret = provider.add_client("Secret", access=Access.only(groups=["board"]))
    ids = {name: app.id for name, app in four.items()} | {"Secret": secret.id}
    page = browser.get("apps")
    data = [("form_key", dict(page.form.fields)["form_key"]), ("client_id", ids.get(client, client)), ("move", move)]
    assert browser.post("apps", data).location == provider.issuer + "/apps"
    assert tiles(browser.get("")) == ["CRM", "Café", "Desk", "Wiki"]
    assert pins.of(provider.services.db, provider.services.directory.list()[0].id) == []


def test_A1_a_tile_tells_when_it_was_last_opened_and_opening_writes_at_most_once_a_minute(
    provider: Provider, browser: Browser, four: dict[str, App], clock: Clock
) -> None:
    uses = provider.services.uses
    assert "Opened today" not in browser.get("").dom.text
    provider.sign_in(browser, four["CRM"])
    assert browser.get("").dom.text.count("Opened today") == 1  # seen at once, written later
    assert uses.flush() == 1
    for _ in range(3):
        clock.advance(10)
        provider.sign_in(browser, four["CRM"])
    assert uses.flush() == 0
    clock.advance(61)
    provider.sign_in(browser, four["CRM"])
    assert uses.flush() == 1
    person = provider.services.directory.list()[0]
    assert provider.another().services.uses.of(person.id) == {four["CRM"].id: clock()}
    clock.advance(86400)
    browser.log_in(browser.get(""))
    assert "Opened yesterday" in browser.get("").dom.text
    clock.advance(86400)
    browser.log_in(browser.get(""))
    assert "Last opened: " in browser.get("").dom.text


def test_A1_noting_a_use_costs_the_hop_no_statement(provider: Provider, browser: Browser, four: dict[str, App]) -> None:
    provider.sign_in(browser, four["CRM"])
    sql, _, _ = provider.counted(lambda: provider.sign_in(browser, four["Wiki"]))
    assert not [text for text in sql if "app_uses" in text]


# -- A10 -------------------------------------------------------------------------------------------------------------


def test_A10_a_notice_is_shown_where_and_when_it_was_meant(
    provider: Provider, browser: Browser, four: dict[str, App], clock: Clock
) -> None:
    db = provider.services.db
    hidden = provider.add_client("Secret", access=Access.only(groups=["board"]))
    told: dict[str, dict[str, Any]] = {
        "Everywhere": {}, "Only on the login page": {"place": "login"}, "Only on the launcher": {"place": "launcher"},
        "For the wiki": {"client_id": four["Wiki"].id}, "For the board": {"client_id": hidden.id},
        "From Monday": {"starts_at": clock() + 3600}, "Until noon": {"ends_at": clock() + 60},
    }  # fmt: skip
    for text, more in told.items():
        notices.add(db, clock(), text, "cli:test", **more)
    clock.advance(notices.STALE_AFTER)

    def shown(page: Answer) -> set[str]:
        texts = ("Everywhere", "Only on the login page", "Only on the launcher", "For the wiki", "For the board",
                 "From Monday", "Until noon")  # fmt: skip
        return {text for text in texts if text in page.dom.text}

    stranger = provider.browser()
    everywhere = {"Everywhere", "Until noon"}
    assert shown(browser.get("")) == everywhere | {"Only on the launcher", "For the wiki"}
    assert shown(stranger.get("")) == everywhere | {"Only on the login page"}
    assert shown(provider.authorize(stranger, four["Wiki"])) == everywhere | {"Only on the login page", "For the wiki"}
    assert shown(provider.authorize(stranger, four["CRM"])) == everywhere | {"Only on the login page"}
    clock.advance(61)
    assert "Until noon" not in shown(browser.get(""))
    clock.advance(3600)
    assert "From Monday" in shown(browser.get(""))


def test_A10_notices_are_read_every_five_seconds_at_most_and_never_by_a_hop(
    provider: Provider, browser: Browser, four: dict[str, App], clock: Clock
) -> None:
    def reads(call: Callable[[], object]) -> int:
        return len([text for text in provider.counted(call)[0] if "FROM notices" in text])

    clock.advance(notices.STALE_AFTER)
    stranger = provider.browser()
    assert [reads(lambda: stranger.get("")) for _ in range(3)] == [1, 0, 0]
    made = notices.add(provider.services.db, clock(), "Maintenance", "cli:test")
    clock.advance(notices.STALE_AFTER)
    assert reads(lambda: provider.sign_in(browser, four["CRM"])) == 0
    assert "Maintenance" in stranger.get("").dom.text
    notices.remove(provider.services.db, made.id)
    clock.advance(notices.STALE_AFTER)
    assert "Maintenance" not in stranger.get("").dom.text


def test_A10_what_is_told_is_text(provider: Provider, browser: Browser, clock: Clock) -> None:
    notices.add(provider.services.db, clock(), "<b>1 < 2</b>", "cli:test")
    page = provider.browser().get("")
    assert "<b>1 < 2</b>" in page.dom.text


# -- the frame -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", "apps", "security", "security/passkeys", "activity", "sessions", "profile", "access"]
)
def test_a_persons_own_pages_load_less_than_30_kB_of_styles_and_scripts(
    provider: Provider, browser: Browser, path: str
) -> None:
    provider.add_person()
    browser.log_in(browser.get(""))
    page = browser.get(path)
    assert page.status == 200
    wanted = [about["href"] for about in page.dom.find("link", rel="stylesheet")]
    wanted += [about["src"] for about in page.dom.find("script") if "src" in about]
    weights = {url: len(browser.get(url).body) for url in wanted}
    assert len(weights) >= 4
    assert sum(weights.values()) < 30_000, weights


@pytest.mark.parametrize(
    ("path", "here"),
    [("", "Apps"), ("apps", "Apps"), ("security", "Security"), ("activity", "Activity"), ("sessions", "Activity"),
     ("profile", "Profile"), ("access", "Access")],
)  # fmt: skip
def test_the_way_around_says_where_one_is(provider: Provider, browser: Browser, path: str, here: str) -> None:
    provider.add_person()
    browser.log_in(browser.get(""))
    page = browser.get(path)
    (marked,) = page.dom.find("a", aria_current="page")
    assert marked["href"] == {"Apps": "/"}.get(here, f"/{here.lower()}")
    assert page.dom.find("nav", aria_label="Your account")
