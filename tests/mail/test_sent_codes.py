"""Six digits by mail or text message. F4, S65, X27."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from idp import audit
from idp.accounts.factors import sent_codes
from idp.accounts.factors.sent_codes import EMAIL, SMS, Sent
from idp.accounts.person import Person
from tests.backends import Clock
from tests.mail.conftest import deliver
from tests.mail.server import MailServer
from tests.provider import Answer, Browser, Provider
from tests.receiver import Receiver


@pytest.fixture
def phones() -> Iterator[Receiver]:
    """The webhook that text messages go to."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], server: MailServer, phones: Receiver) -> Provider:
    """Everybody needs a second factor, and a code by mail is let in as one."""
    return open_provider(
        mail=server.settings,
        sms={"sender": "webhook", "url": phones.origin + "/sms"},
        outbound={"allow": [phones.origin]},
        factors={"email_is_second": True, "rules": [{"need": "second"}]},
    )


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(
        "ann", email_verified=True, claims={"phone_number": "+49 170 1234567", "phone_number_verified": True}
    )


def ask(provider: Provider, person: Person, bound: str = "b1", kind: str = EMAIL) -> Sent:
    return sent_codes.begin(provider.services, kind, person, bound, sent_codes.Wording("en", {}))


def again(provider: Provider, person: Person, bound: str = "b1") -> Sent:
    return sent_codes.send(provider.services, EMAIL, person, bound, sent_codes.Wording("en", {}))


def verify(provider: Provider, person: Person, code: str, bound: str = "b1") -> str:
    return sent_codes.verify(provider.services, EMAIL, person, bound, code)


def mailed(provider: Provider, server: MailServer) -> str:
    """The code of the newest mail."""
    deliver(provider)
    found = re.search(r"^  (\d{6})$", server.received[-1].text, re.MULTILINE)
    assert found, server.received[-1].text
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.spec("NIST-800-63B-4 3.1.3.2")
def test_F4_a_code_works_once_within_ten_minutes(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    sent = ask(provider, ann)
    assert (sent.target, sent.count, sent.left) == ("a…@example.com", 1, 4)
    code = mailed(provider, server)
    clock.advance(599)
    assert verify(provider, ann, f" {code[:3]}-{code[3:]} ") == "right"
    assert verify(provider, ann, code) == "none"
    clock.advance(60)
    again(provider, ann)
    late = mailed(provider, server)
    clock.advance(601)
    assert verify(provider, ann, late) == "none"


def test_F4_showing_the_page_again_sends_nothing_more(provider: Provider, server: MailServer, ann: Person) -> None:
    ask(provider, ann)
    assert ask(provider, ann).count == 1
    deliver(provider)
    assert len(server.received) == 1


def test_S56_of_racing_uses_one_wins(provider: Provider, server: MailServer, ann: Person) -> None:
    ask(provider, ann)
    code = mailed(provider, server)
    racing = Barrier(5)  # all of them have seen the code unused before the first one uses it

    def meet(verb: str) -> None:
        if verb == "count":
            racing.wait(10)

    provider.services.state.observer = meet
    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(lambda _: verify(provider, ann, code), range(5)))
    assert sorted(outcomes) == ["none"] * 4 + ["right"]


def test_X27_racing_guesses_are_no_more_than_five(provider: Provider, server: MailServer, ann: Person) -> None:
    ask(provider, ann)
    code = mailed(provider, server)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: verify(provider, ann, wrong(code)), range(40)))
    assert outcomes.count("wrong") + outcomes.count("void") <= 5
    assert verify(provider, ann, code) == "none"


def test_X27_five_wrong_tries_void_a_code(provider: Provider, server: MailServer, ann: Person) -> None:
    ask(provider, ann)
    code = mailed(provider, server)
    assert [verify(provider, ann, wrong(code)) for _ in range(5)] == ["wrong"] * 4 + ["void"]
    assert verify(provider, ann, code) == "none"


def test_F4_another_code_after_half_a_minute_and_five_at_most(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    ask(provider, ann)
    first = mailed(provider, server)
    clock.advance(29)
    early = again(provider, ann)
    assert (early.count, early.again_at) == (1, clock() + 1)
    for count in range(2, 6):
        clock.advance(31)
        assert again(provider, ann).count == count
    clock.advance(31)
    last = again(provider, ann)
    assert (last.count, last.left) == (5, 0)
    newest = mailed(provider, server)
    assert len(server.received) == 5
    if first != newest:
        assert verify(provider, ann, first) == "wrong"
    assert verify(provider, ann, newest) == "right"


def test_F4_of_racing_wishes_for_a_code_one_is_granted(provider: Provider, server: MailServer, ann: Person) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask(provider, ann), range(8)))
    deliver(provider)
    assert len(server.received) == 1


def test_X27_nobodys_mailbox_is_flooded_by_many_sign_ins(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    for n in range(15):
        sent = ask(provider, ann, f"sign-in {n}")
    assert (sent.count, sent.left, sent.full) == (0, 0, True)
    deliver(provider)
    assert len(server.received) == 10
    clock.advance(3601)
    assert ask(provider, ann, "later").count == 1


def test_S56_a_code_is_bound_to_the_sign_in_that_asked_and_to_its_person(
    provider: Provider, server: MailServer, ann: Person
) -> None:
    ask(provider, ann, "mine")
    code = mailed(provider, server)
    bob = provider.add_person("bob", email_verified=True)
    assert verify(provider, ann, code, "another") == "none"
    assert verify(provider, bob, code, "mine") == "none"
    assert sent_codes.verify(provider.services, SMS, ann, "mine", code) == "none"
    assert verify(provider, ann, code, "mine") == "right"


def test_F4_a_code_to_an_address_that_was_changed_is_void(provider: Provider, server: MailServer, ann: Person) -> None:
    ask(provider, ann)
    code = mailed(provider, server)
    provider.services.directory.update(ann.id, email="new@example.com", email_verified=True)
    assert verify(provider, provider.services.directory.get(ann.id), code) == "none"


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({"email_verified": False}, EMAIL), ({"email": None, "email_verified": False}, EMAIL),
        ({"claims": {"phone_number": "+491701234567"}}, SMS),
        ({"claims": {"phone_number": "+491701234567", "phone_number_verified": False}}, SMS),
        ({"claims": {"phone_number_verified": True}}, SMS),
    ],
)  # fmt: skip
def test_F4_codes_go_to_verified_targets_only(provider: Provider, about: dict[str, Any], kind: str) -> None:
    bob = provider.add_person("bob", **about)
    assert sent_codes.target(provider.services, bob, kind) == ""
    assert ask(provider, bob, kind=kind).count == 0
    assert [job for job in provider.services.jobs.pending() if job.name in ("mail", "sms")] == []


# -- on the pages ------------------------------------------------------------------------------------------------------


def form_with(page: Answer, name: str) -> int:
    return next(at for at, form in enumerate(page.dom.forms) if name in form.names())


def type_code(browser: Browser, page: Answer, code: str) -> Answer:
    return browser.submit(page, None, form=form_with(page, "code"), code=code)


def press(browser: Browser, page: Answer, value: str) -> Answer:
    """Press the one button of the page that has this value."""
    at = next(at for at, form in enumerate(page.dom.forms) if value in [v for _, _, v in form.buttons])
    return browser.submit(page, value, form=at)


def pick(browser: Browser, way: str) -> Answer:
    """Name and password, then the page of this way."""
    page = browser.log_in(browser.get(""))
    assert page.status == 200, page.location
    if page.dom.find("input", name="way", value=way):
        return page
    return press(browser, press(browser, page, "other"), way)


def test_F4_a_code_by_mail_completes_the_sign_in(
    provider: Provider, server: MailServer, ann: Person, browser: Browser
) -> None:
    page = pick(browser, "email")
    assert "a…@example.com" in page.dom.text
    assert "ann@example.com" not in page.text
    (field,) = page.dom.find("input", name="code")
    assert (field["autocomplete"], field["inputmode"]) == ("one-time-code", "numeric")
    code = mailed(provider, server)
    assert "Firefox on Linux" in server.received[-1].text
    bad = type_code(browser, page, wrong(code))
    assert bad.status == 200
    assert "not the digits" in bad.dom.text
    assert not browser.cookie("session")
    done = type_code(browser, bad, code)
    assert done.location == provider.issuer + "/"
    assert browser.cookie("session")
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "email"]


def test_F4_a_code_by_text_message_completes_the_sign_in(
    provider: Provider, phones: Receiver, ann: Person, browser: Browser
) -> None:
    page = pick(browser, "sms")
    assert "ends in …67" in page.dom.text
    assert "1234567" not in page.text
    deliver(provider)
    code = json.loads(phones.bodies[-1])["text"][:6]
    done = type_code(browser, page, code)
    assert done.location == provider.issuer + "/"
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "sms"]


def test_F4_send_it_again_says_what_happened_and_costs_no_try(
    provider: Provider, server: MailServer, ann: Person, browser: Browser, clock: Clock
) -> None:
    page = pick(browser, "email")
    page = press(browser, page, "resend")
    assert "half a minute" in page.dom.text
    clock.advance(31)
    page = press(browser, page, "resend")
    assert "A new one was sent" in page.dom.text
    assert "2 of 5 sent." in page.dom.text
    deliver(provider)
    assert len(server.received) == 2
    assert provider.events("factor:failed") == []
    assert type_code(browser, page, mailed(provider, server)).is_redirect


def test_X27_tries_are_capped_over_many_sign_ins(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    tried = 0
    for _ in range(5):
        clock.advance(31)
        browser = provider.browser()
        page = pick(browser, "email")
        code = mailed(provider, server)
        page = type_code(browser, page, "000000" if code != "000000" else "000001")  # the same guess at each new code
        tried += "not the digits" in page.dom.text
    assert tried == 4  # the fifth begins the pause
    assert "Too many wrong codes" in type_code(browser, page, code).dom.text  # the right one, too, waits


def test_X27_a_code_stands_in_no_answer_no_event_no_log_and_no_store(
    provider: Provider, server: MailServer, ann: Person, browser: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    page = pick(browser, "email")
    code = mailed(provider, server)
    type_code(browser, page, code)
    for answer in browser.answers:
        assert code not in answer.text
        assert code not in str(answer.headers)
    for event in audit.tail(provider.services.db, 500):
        assert code not in json.dumps(dict(event.detail))
    files = [file for file in provider.settings.data_dir.iterdir() if file.is_file()]
    assert not [file.name for file in files if code.encode() in file.read_bytes()]
    assert code not in "".join(capfd.readouterr())


def test_S65_mail_is_no_second_factor_unless_the_settings_say_so(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    provider = open_provider(mail=server.settings, factors={"rules": [{"need": "second"}]})
    provider.add_person("ann", email_verified=True)
    browser = provider.browser()
    page = browser.log_in(browser.get(""))
    assert "a…@example.com" not in page.text
    deliver(provider)
    assert server.received == []
