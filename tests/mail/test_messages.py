"""What messages say: in text and HTML, in the reader's language, and nothing that somebody else put in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from idp import mail
from idp.accounts import not_me
from idp.accounts.person import Person
from idp.mail import rendering
from idp.mail.messages import MESSAGES, check
from idp.texts import LANGUAGES, N_
from tests.backends import Clock
from tests.mail.conftest import deliver
from tests.mail.samples import HOST, SAMPLES, content
from tests.mail.server import MailServer
from tests.provider import Provider

SHOWN = ("name", "label", "code", "case", "place", "reason", "link", "undo_link", "not_me_url", "app", "new")


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_is_whole_in_every_language(provider: Provider, message: str, locale: str) -> None:
    about = MESSAGES[message]
    named = {"name", "zone", *about.required, *about.optional, *(("not_me_url",) if about.security else ())}
    if message == "confirm_number":
        text = rendering.short(provider.services, content(message, locale, **{n: SAMPLES[n] for n in named}))
        assert text.endswith("@login.example #135790")
        return
    for given in (named, set(about.required)):
        letter = rendering.letter(provider.services, content(message, locale, **{n: SAMPLES[n] for n in given}))
        assert letter.subject
        assert "\n" not in letter.subject
        assert f'<html lang="{locale}" dir="ltr">' in letter.html
        for part in (letter.subject, letter.text, letter.html):
            assert not re.search(r"%\(|\{\{|\{%|None|Undefined", part), part
        for name in set(SHOWN) & given:
            assert SAMPLES[name] in letter.text, name
            assert SAMPLES[name].replace("<", "&lt;").replace(">", "&gt;") in letter.html, name
        assert "&lt;" not in letter.text
        assert "&amp;" not in letter.text
        assert "Example & Sons" in letter.text
        assert "Example &amp; Sons" in letter.html
        assert len(letter.html) < 12_000


def test_A5_a_security_mail_says_who_we_are_and_has_a_link_for_not_me(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    device = N_("%(browser)s on %(system)s", browser="Firefox", system="Linux")
    mail.tell(provider.services, ann, "new_device", {"time": clock(), "device": device, "place": "Berlin"})
    assert deliver(provider) == 0
    (got,) = server.received
    assert (got.sender, got.to) == ("no-reply@login.example", ["ann@example.com"])
    message = got.message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["From"] == "Example & Sons <no-reply@login.example>"
    assert message["To"] == "ann@example.com"
    assert got.subject == "New sign-in to your Example & Sons account"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@login.example>")
    for part in (got.text, got.html):
        assert "Firefox on Linux" in part
        assert "Berlin" in part
        assert "Call 4711" in part
    assert "#3b5bdb" in got.html  # the accent
    assert "prefers-color-scheme: dark" in got.html
    (url,) = {link for link in got.links if "/not-me/" in link}
    token = url.removeprefix(HOST + "/not-me/")
    found = not_me.find(provider.services.sealer, token, clock() + 6 * 86400)
    assert found is not None
    assert (found.person_id, found.event) == (ann.id, "new_device")


@pytest.mark.parametrize(
    ("locale", "tag", "day"),
    [("de-AT", "de", "24.10.2026"), ("fr", "fr", "24 oct. 2026"), ("tlh", "en", "Oct 24, 2026")],
)
def test_A6_mail_speaks_the_persons_language_or_the_companys(
    provider: Provider, server: MailServer, locale: str, tag: str, day: str
) -> None:
    bob = provider.add_person("bob", email_verified=True, claims={"locale": locale, "zoneinfo": "Asia/Tokyo"})
    mail.tell(provider.services, bob, "password_changed", {"time": 1792800000.0})  # 2026-10-24 00:00:00 UTC
    deliver(provider)
    (got,) = server.received
    assert got.message["Content-Language"] == tag
    assert day in got.text
    assert "09:00" in got.text or "9:00" in got.text
    assert f'lang="{tag}"' in got.html


def test_the_companys_language_counts_where_the_person_has_chosen_none(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    provider = open_provider(mail=server.settings, brand={"language": "es"})
    mail.tell(provider.services, provider.add_person("ann", email_verified=True), "password_changed")
    mail.send(provider.services, "x@example.com", "test", "")
    deliver(provider)
    assert [got.message["Content-Language"] for got in server.received] == ["es", "es"]


NASTY = "Ann\r\nBcc: eve@evil.example\r\n\r\nPay here: <a href='http://evil.example'>x</a>\u2028\x00end"


def test_nothing_that_people_typed_becomes_a_header_or_markup(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    provider = open_provider(mail=server.settings, brand={"company": "Evil\r\nBcc: eve@evil.example\r\n<i>"})
    typed = dict.fromkeys(("name", "label", "device", "place", "reason", "app", "case", "code"), NASTY)
    for message in ("new_device", "factor_added", "admin_code_issued", "sign_in_code", "case_opened"):
        mail.send(provider.services, "ann@example.com", message, "en", {**SAMPLES, **typed})
    assert deliver(provider) == 0
    assert len(server.received) == 5
    for got in server.received:
        assert got.to == ["ann@example.com"]
        assert set(got.message.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted",
            "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
        }  # fmt: skip
        assert not re.search(r"^(Bcc|Pay here)", got.text, re.MULTILINE)
        assert "<a href='http" not in got.html
        assert "<i>" not in got.html
        assert all(link.startswith(HOST + "/") for link in got.html_links)


@pytest.mark.parametrize(
    "to",
    [
        "ann@example.com, eve@evil.example", "ann@example.com\r\nRCPT TO:<eve@evil.example>", "ann@example.com>",
        "<eve@evil.example>", "Ann <eve@evil.example>", "ann", "@example.com", "ann@", "ann@exa mple.com",
        '"ann"@example.com', "a;b@example.com", "ann@" + "x" * 300 + ".com", "ann@\u2024.com",
    ],
)  # fmt: skip
def test_what_is_not_exactly_one_address_gets_nothing(provider: Provider, server: MailServer, to: str) -> None:
    mail.send(provider.services, to, "test", "en")
    assert deliver(provider) == 0
    assert server.received == []
    (event,) = provider.events("mail:failed")
    assert "not an address" in event.detail["reason"]


def test_X26_a_link_to_any_other_host_is_a_mistake_in_the_code(provider: Provider, ann: Person) -> None:
    for url in (
        "https://evil.example/setup/x",
        HOST + ".evil.example/x",
        "//evil.example",
        "javascript:alert(1)",
        HOST,
    ):
        with pytest.raises(ValueError, match="does not lead to this provider"):
            mail.send(provider.services, "ann@example.com", "reset_password", "en", {"link": url, "minutes": 30})
    with pytest.raises(ValueError, match="needs link"):
        mail.send(provider.services, "ann@example.com", "reset_password", "en", {"minutes": 30})
    with pytest.raises(LookupError):
        mail.tell(provider.services, ann, "no_such_message")
    check("reset_password", {"link": HOST + "/setup/x", "minutes": 30}, HOST)


def test_X26_the_host_of_links_is_the_settings_whatever_the_request_says(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    clock.advance(3 * 86400)  # no newcomer any more
    browser = provider.browser()
    spoofed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    page = browser.open("GET", "", headers=spoofed, host="evil.example")
    data = page.form.filled(None, {"login": "ann", "password": "correct horse battery staple"})
    done = browser.open("POST", "/login", data, headers=spoofed, host="evil.example")
    assert browser.cookie("session"), done.text
    deliver(provider)
    (got,) = server.received
    assert got.subject.startswith("New sign-in")
    assert got.links
    assert all(link.startswith(HOST + "/") for link in got.links)
    assert "evil.example" not in got.raw.decode()


def test_new_device_is_told_once_and_never_to_a_newcomer(
    provider: Provider, server: MailServer, ann: Person, clock: Clock
) -> None:
    def sign_in(browser: Any) -> None:
        browser.log_in(browser.get(""), "ann")
        assert browser.cookie("session")

    sign_in(provider.browser())  # the first day
    clock.advance(3 * 86400)
    phone = provider.browser()
    sign_in(phone)
    phone.forget("session")
    sign_in(phone)  # known by now
    deliver(provider)
    assert [got.subject for got in server.received] == ["New sign-in to your Example & Sons account"]
    assert "Firefox on Linux" in server.received[0].text


@pytest.mark.parametrize(("accent", "text"), [("#ffffff", "#000000"), ("#ffe066", "#000000"), ("#1a237e", "#ffffff")])
def test_A6_the_text_of_buttons_can_be_read_on_any_accent(accent: str, text: str) -> None:
    assert rendering.on(accent) == text
