"""Mistakes of whoever runs Doorward, and of the person's own device: cases 30 to 35 as each reader is told them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from idp import arrivals
from idp.installation import processes
from idp.mail import delivery
from tests.answers.telling import tells
from tests.authenticator import Authenticator
from tests.backends import Clock
from tests.login.passkeys import add_passkey, sign_in
from tests.login.second_step import enrol, wrong
from tests.mail.server import MailServer
from tests.provider import Provider


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer().start()
    yield made
    made.stop()


def told(provider: Provider, action: str) -> dict[str, Any]:
    """The finding that stands under the latest event of an action."""
    finding: dict[str, Any] = provider.events(action)[-1].detail["findings"][0]
    return finding


def test_Q5_case_30_people_come_by_another_host_name(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.open("GET", "/", host="sso.intranet.example")
    browser.cookies.clear()
    form = page.dom.forms[0]
    answer = browser.open("POST", form.action, form.filled(None, {"login": "ann"}), host="sso.intranet.example")
    person = answer.dom.text
    said = person[person.index("This page was opened") : person.index("What to do next")]
    assert "Host : sso.intranet.example" in " ".join(answer.dom.text.replace(":", " :").split())
    finding = told(provider, "error:wrong_address")
    assert (finding["side"], finding["field"]) == ("doorward", "server.issuer")
    tells(30, client="a browser that comes by a second host name", person=said, developer="", finding=finding)


def test_Q5_case_31_every_page_comes_from_the_proxy(provider: Provider) -> None:
    for number in range(6):
        browser = provider.browser("10.0.0.9")
        browser.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        browser.get("/")
    (pattern,) = arrivals.patterns(provider.services)
    seen = arrivals.told(provider.services, pattern)
    finding = {"side": "doorward", "field": seen.field, "code": pattern.kind, "expected": seen.expected,
               "got": seen.got, "fix": seen.fix}  # fmt: skip
    assert seen.field == "server.trusted_proxies"
    assert seen.fix.startswith("If a proxy of yours is at 10.0.0.9: set ")  # anybody may have sent these headers
    tells(31, client="browsers behind a proxy that is not trusted", person="", developer="", finding=finding)


def test_Q5_case_32_one_of_two_processes_has_another_key(
    provider: Provider, open_provider: Callable[..., Provider]
) -> None:
    one = replace(processes.own(provider.services, since=1.0), host="web1", pid=11)
    other = replace(one, host="web2", pid=22, since=2.0, root="another")
    (found,) = processes.judge([one, other])
    finding = {"side": "doorward", "field": "keys.master_key", "code": "processes", "got": found.text, "fix": found.fix}
    tells(32, client="two processes on one State", person="", developer="", finding=finding)


def test_Q5_case_33_the_receiver_does_not_believe_the_sender(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    provider = open_provider(mail={**server.settings, "sender": "login@example.com"})
    server.of_content = "550 5.7.23 SPF check failed: 192.0.2.1 may not send for example.com"
    with pytest.raises(delivery.Rejected):
        delivery.send_now(provider.services, delivery.Sent("ann@example.com", "test"), "en")
    finding = told(provider, "mail:failed")
    assert (finding["side"], "SPF" in finding["field"]) == ("doorward", True)
    tells(33, client="a mail server that checks SPF", person="", developer="", finding=finding)


@pytest.mark.parametrize(
    ("slow", "field", "got", "words"),
    [
        (240, "clock of the phone", "a code of 4 min 0 s from now: the phone is slow", "4 minutes slow"),
        (-120, "clock of the phone", "a code of 2 min 0 s from now: the phone is fast", "2 minutes fast"),
        (None, "entry in the authenticator app", "a code of no app that is set up here", "not right"),
    ],
)
def test_Q5_case_34_the_phone_is_wrong(
    provider: Provider, clock: Clock, slow: int | None, field: str, got: str, words: str
) -> None:
    phone = enrol(provider, clock)
    clock.advance(600)
    code = wrong(phone)
    if slow is not None:
        phone.slow = float(slow)
        code = phone.code
    browser = provider.browser()
    page = browser.submit(browser.log_in(browser.get("")), code=code)
    page = browser.follow(page) if page.status == 303 else page
    assert words in page.dom.text
    finding = told(provider, "factor:failed")
    assert (finding["side"], finding["field"], finding["got"]) == ("person", field, got)
    if slow == 240:
        said = page.dom.text.partition("Your phone")[2].partition("next code.")[0]
        person = f"Your phone{said}next code."
        tells(34, client="an authenticator app", person=person, developer="", finding=finding)


def test_Q5_case_35_a_passkey_from_a_page_at_another_origin(provider: Provider) -> None:
    provider.add_person("ann")
    browser, device = provider.browser(), Authenticator()
    browser.log_in(browser.get(""))
    add_passkey(browser, device)
    other = provider.browser()
    answer = sign_in(other, device, client={"origin": "https://sso.intranet.example"})
    page = other.follow(answer) if answer.status == 303 else answer
    finding = told(provider, "session:failed")
    assert (finding["side"], finding["field"]) == ("doorward", "server.issuer"), json.dumps(finding)
    note = page.dom.find("button", id="passkey")[0]["data-elsewhere-note"]
    assert note == "Passkeys work at login.example only. Open the page at that address."
    tells(35, client="a software authenticator at another origin", person=note, developer="", finding=finding)
