"""Mail and text messages in their reader's language (A6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp import formats, mail
from idp.accounts.recovery import contacts
from idp.mail import rendering
from tests.backends import Clock
from tests.mail.samples import SAMPLES, content
from tests.provider import Browser, Provider
from tests.recovery.post import MAIL, collect
from tests.recovery.reset_mails import choose, reset_mail


@pytest.mark.parametrize(
    ("locale", "subject", "not_me"),
    [
        ("en", "New sign-in to your Doorward account", "This was not me"),
        ("de", "Neue Anmeldung an Ihrem Konto bei Doorward", "Das war ich nicht"),
        ("fr-BE", "Nouvelle connexion à votre compte Doorward", "Ce n’était pas moi"),
        ("es_AR", "Nuevo inicio de sesión en su cuenta de Doorward", "No fui yo"),
        ("zh-CN", "您的 Doorward 账户有新的登录", "不是我本人"),
        ("tlh", "New sign-in to your Doorward account", "This was not me"),
    ],
)
def test_A6_a_mail_is_in_its_reader_s_language(provider: Provider, locale: str, subject: str, not_me: str) -> None:
    letter = rendering.letter(provider.services, content("new_device", locale, **SAMPLES))
    assert letter.subject == subject
    assert not_me in letter.html


AT = 1795000000.0  # 2026-11-18 11:06:40 UTC


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({}, "Nov 18, 2026, 11:06"),
        ({"locale": "en-GB"}, "18 Nov 2026, 11:06"),
        ({"locale": "en_GB"}, "18 Nov 2026, 11:06"),  # OpenID Connect Core §5.1: sometimes an underscore
        ({"locale": "en-US"}, "Nov 18, 2026, 11:06"),
        ({"locale": "en", "zoneinfo": "Europe/London"}, "18 Nov 2026, 11:06"),
        ({"locale": "en-US", "zoneinfo": "Europe/London"}, "Nov 18, 2026, 11:06"),
        ({"zoneinfo": "Australia/Sydney"}, "18 Nov 2026, 10:06"),
        ({"locale": "de-AT"}, "18.11.2026, 11:06"),
        ({"locale": "fr-CA", "zoneinfo": "America/Toronto"}, "18 nov. 2026, 06"),
        ({"locale": "zh-Hans-CN"}, "2026年11月18日"),
        ({"locale": "en-XX"}, "Nov 18, 2026, 11:06"),
    ],
)
def test_N37_a_date_in_a_mail_is_written_as_its_reader_s_region_does(
    open_provider: Callable[..., Provider], clock: Clock, claims: dict[str, str], shown: str
) -> None:
    clock.now = AT
    provider = open_provider(mail=MAIL)
    ann = provider.add_person("ann", claims=claims)
    mail.tell(provider.services, ann, "password_changed", {"time": AT})
    (letter,) = collect(provider)
    assert shown in letter.text.replace("\u202f", " "), letter.text


def test_N37_the_language_of_a_mail_is_named_without_the_region_of_its_dates(provider: Provider) -> None:
    letter = rendering.letter(provider.services, content("new_device", "en-GB", **SAMPLES))
    assert letter.locale == "en"


def test_N37_the_day_a_password_was_changed_is_written_as_the_page_s_other_dates(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    ann = provider.add_person("ann")
    services = provider.services
    browser.log_in(browser.get(""))  # it is told on devices that are known
    browser.submit(browser.get("logout"), "confirm")
    services.directory.store_password(ann.id, services.passwords.hash("another horse battery staple"), detail={})
    browser.headers["Accept-Language"] = "en-GB,en;q=0.9"
    page = browser.log_in(browser.get(""))  # by the earlier password
    day = formats.date("en-GB", clock())
    assert day != formats.date("en", clock())
    assert day in page.dom.text


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BRITISH, GERMAN = "en-GB,en;q=0.9", "de-DE,de;q=0.9,en;q=0.5"


@pytest.mark.parametrize(
    ("accepts", "claims", "subject", "date", "device"),
    [
        (GERMAN, {}, "Ihr Passwort bei Doorward wurde geändert", "18.11.2026, 11:06", "Firefox unter Linux"),
        (BRITISH, {}, "Your Doorward password was changed", "18 Nov 2026, 11:06", "Firefox on Linux"),
        (BRITISH, {"locale": "en"}, "Your Doorward password was changed", "18 Nov 2026, 11:06", "Firefox on Linux"),
        (BRITISH, {"locale": "de"}, "Ihr Passwort bei Doorward wurde geändert", "18.11.2026, 11:06", "Firefox unter"),
        ("tlh", {}, "Your Doorward password was changed", "Nov 18, 2026, 11:06", "Firefox on Linux"),
    ],
)
def test_N30_N37_a_mail_about_what_somebody_did_is_in_the_language_of_the_page_where_they_did_it(
    open_provider: Callable[..., Provider],
    clock: Clock,
    accepts: str,
    claims: dict[str, str],
    subject: str,
    date: str,
    device: str,
) -> None:
    clock.now = AT
    provider = open_provider(mail=MAIL)
    provider.add_person("ann", email_verified=True, claims=claims)
    browser = provider.browser()
    browser.headers |= {"Accept-Language": accepts, "User-Agent": FIREFOX}
    asked = reset_mail(provider, browser)
    assert device in asked.text, asked.text
    assert choose(browser, asked.link).is_redirect
    (told,) = collect(provider, "password_changed")
    assert told.subject == subject
    assert date in told.text.replace("\u202f", " "), told.text
    assert device in told.text, told.text


def test_N30_a_recovery_address_from_a_german_page_is_confirmed_and_told_in_german(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    clock.now = AT
    provider = open_provider(mail=MAIL)
    ann = provider.add_person("ann", email_verified=True)
    about = {"page": "de-DE", "device": "Firefox on Linux"}
    contacts.change(provider.services, ann, "email", "ann@home.example", about)
    (told,) = collect(provider, "recovery_address_changed")
    assert "18.11.2026, 11:06" in told.text.replace("\u202f", " "), told.text
    assert "Firefox unter Linux" in told.text, told.text


def test_N30_the_warning_of_an_unknown_device_is_not_in_the_language_of_whoever_holds_it(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(mail=MAIL)
    provider.add_person("ann")
    clock.advance(2 * 86400)
    thief = provider.browser("198.51.100.7")
    thief.headers["Accept-Language"] = "zh-CN"
    assert thief.log_in(thief.get("")).is_redirect
    (told,) = collect(provider, "new_device")
    assert told.subject == "New sign-in to your Doorward account"
