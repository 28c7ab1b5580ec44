"""L7, S55: nobody learns by self-registration who has an account; and what a stranger can cause by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from idp.accounts.recovery import contacts
from idp.accounts.registering import asking
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.recovery.post import collect
from tests.registering import post
from tests.registering.conftest import Open
from tests.registering.post import ZOE


def test_L7_the_page_is_the_same_for_an_address_with_an_account_and_the_mail_another(
    provider: Provider, browser: Browser
) -> None:
    provider.add_person("ann")
    known, unknown = post.ask(browser, "ann@example.com"), post.ask(browser, "bob@example.com")
    assert known.status == unknown.status == 200
    assert post.without_noise(known, "ann@example.com") == post.without_noise(unknown, "bob@example.com")
    first, second = collect(provider)
    assert (first.to, first.message) == ("ann@example.com", "registration_known")
    assert "You have one already" in first.text
    assert "/register/" not in first.text
    assert (second.to, second.message) == ("bob@example.com", "registration_confirm")


def test_L7_the_page_asks_the_same_of_the_stores_for_both(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    page = browser.get("register")
    asked = [provider.counted(partial(post.ask, browser, one, page))[:2] for one in ("ann@example.com", ZOE)]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("spelling", ["ANN@Example.COM", " ann@example.com ", "ann@EXAMPLE.com."])
def test_L7_another_spelling_of_a_known_address_is_the_known_address(
    provider: Provider, browser: Browser, spelling: str
) -> None:
    provider.add_person("ann")
    post.ask(browser, spelling)
    assert [mail.message for mail in collect(provider)] == ["registration_known"]


def test_U1_an_address_that_somebody_gets_back_in_by_is_known_too(open_registering: Open) -> None:
    provider = open_registering(domains=["*"])
    ann = provider.add_person("ann")
    contacts.change(provider.services, ann, contacts.EMAIL, "ann@private.example", {})
    collect(provider)
    post.ask(provider.browser(), "ann@private.example")
    assert [mail.message for mail in collect(provider)] == ["registration_known"]


def test_S58_nothing_that_a_stranger_types_stands_in_the_mail(provider: Provider, browser: Browser) -> None:
    page = browser.get("register")
    browser.submit(page, email=ZOE, name="Visit evil.example now", note="evil.example")
    (mail,) = collect(provider)
    assert "evil" not in mail.text + mail.subject


def test_X26_links_in_the_mail_never_follow_a_host_header(provider: Provider, browser: Browser) -> None:
    page = browser.get("register")
    browser.post("register", {**dict(page.form.fields), "email": ZOE}, headers={"X-Forwarded-Host": "evil.example"})
    (mail,) = collect(provider)
    assert "evil" not in mail.text


def test_S55_one_mailbox_gets_a_few_mails_whatever_stands_behind_the_plus(open_registering: Open, clock: Clock) -> None:
    provider = open_registering(asks_per_network=1000)
    sent = []
    for hour in range(3):
        for n in range(4):
            for tag in ("", "+a", f"+{hour}{n}"):
                post.ask(provider.browser(f"198.51.{hour}.{n}"), f"zoe{tag}@example.com")
        sent += collect(provider, "registration_confirm")
        clock.advance(3601)
    assert len(sent) == 8
    assert sum(mail.to == ZOE for mail in sent) <= 3 * 3
    skipped = [one for one in post.event_details(provider, "registration:asked") if not one["mails"]]
    assert skipped
    assert {one["why"] for one in skipped} == {"too many mails to this address"}


def test_S55_another_spelling_of_an_address_gets_no_more_mails(open_registering: Open) -> None:
    provider = open_registering(asks_per_network=1000)
    for n, local in enumerate(("zoe", "Zoe", "ZOE", "zOe", "zoE")):
        post.ask(provider.browser(f"198.51.{n}.1"), f"{local}@example.com")
    assert len(collect(provider, "registration_confirm")) == asking.MAILS_PER_ADDRESS


def test_U1_after_some_forms_from_one_network_somebody_has_to_show_that_they_are_no_program(
    provider: Provider,
) -> None:
    for n in range(3):
        post.ask(provider.browser(), f"p{n}@example.com")
    robot = provider.browser()
    page = robot.get("register")
    stopped = robot.post("register", {**dict(page.form.fields), "email": ZOE})  # does no work
    assert "not a program" in stopped.dom.text
    assert dict(stopped.form.fields)["email"] == ZOE
    assert stopped.dom.find("img", alt="Six digits; hear them by the link above.")  # without JavaScript
    assert len(collect(provider)) == 3
    assert "Look at your mail" in post.ask(robot, page=stopped).dom.text  # does it
    assert len(collect(provider)) == 1


def test_U1_one_network_is_asked_to_wait_and_others_are_not(open_registering: Open) -> None:
    provider = open_registering(asks_per_network=4)
    browser = provider.browser()
    for n in range(4):
        page = post.ask(browser, f"p{n}@example.com")
        if page.dom.find("input", name="work"):
            post.ask(browser, f"p{n}@example.com", page)
    last = post.ask(browser, "p9@example.com")
    assert last.status == 429
    assert post.ask(provider.browser("198.51.100.1"), ZOE).status == 200


def test_U1_the_whole_has_a_limit_told_on_the_page_for_every_address_alike(open_registering: Open) -> None:
    provider = open_registering(mails_per_hour=10)
    provider.add_person("ann")
    for n in range(10):
        assert post.ask(provider.browser(f"198.51.{n}.1"), f"p{n}@example.com").status == 200
    for n, email in enumerate(("ann@example.com", ZOE)):
        assert post.ask(provider.browser(f"203.0.{n}.1"), email).status == 429
    assert len(collect(provider)) == 10


def test_S56_guessing_what_stands_behind_a_link_ends(provider: Provider, browser: Browser) -> None:
    page = browser.get(post.link(provider, browser))
    for _ in range(30):
        assert browser.submit(page, name="").status == 422
    assert browser.submit(page, name="Zoe").status == 404
    assert post.people(provider) == set()


def test_S56_a_used_link_gives_no_end_of_links_to_a_password(provider: Provider, browser: Browser) -> None:
    path = post.link(provider, browser)
    assert post.enter(browser, path).is_redirect  # the first try
    page = browser.get(path)
    made = {browser.submit(page, "go_on").location for _ in range(29)}
    assert len(made) == 29
    assert browser.submit(page, "go_on").status == 404


def test_U1_the_record_has_no_address_of_somebody_who_has_proven_nothing(provider: Provider, browser: Browser) -> None:
    post.ask(browser)
    collect(provider)
    (detail,) = post.event_details(provider, "registration:asked")
    assert detail == {"domain": "example.com", "mails": 1}


def test_L7_the_record_of_a_known_address_is_that_of_an_unknown_one(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    for email in ("ann@example.com", ZOE):
        post.ask(browser, email)
    assert [mail.message for mail in collect(provider)] == ["registration_known", "registration_confirm"]
    known, unknown = post.event_details(provider, "registration:asked")
    assert known == unknown


def test_S17_state_holds_no_token_and_no_code_in_clear(provider: Provider, browser: Browser) -> None:
    post.ask(browser)
    (mail,) = collect(provider, "registration_confirm")
    path = post._LINK.search(mail.text)[1]  # type: ignore[index]
    token, code = path.removeprefix("register/"), mail.code.replace(" ", "")
    assert asking.peek(provider.services, token) is not None
    held = str([tuple(row) for row in _rows(provider)])
    assert token not in held
    assert code not in held
    assert "registering:link:" in held


def _rows(provider: Provider) -> list[tuple[object, ...]]:
    import sqlite3

    with sqlite3.connect(provider.settings.data_dir / "doorward.db") as db:
        return db.execute("SELECT * FROM state").fetchall()


@pytest.mark.parametrize("verb", [lambda b: b.get("register"), lambda b: b.get("register/dwl_x")])
def test_S13_the_pages_are_kept_by_nobody_and_send_no_referrer(
    browser: Browser, verb: Callable[[Browser], object]
) -> None:
    headers = verb(browser).headers  # type: ignore[attr-defined]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
