"""U1: operators are told which applications are open to whoever makes an account themselves."""

from __future__ import annotations

from clients.access import Access
from idp.installation.checks.applications import examine_registering
from idp.installation.checks.findings import Finding
from tests.provider import Provider
from tests.registering import post
from tests.registering.conftest import Open

STAFF = Access(everyone=False, groups=frozenset({"Staff"}))


def told(provider: Provider) -> list[Finding]:
    return list(examine_registering(provider.services))


def test_U1_doctor_names_the_applications_that_everyone_may_open(provider: Provider) -> None:
    provider.add_client("Payroll", access=STAFF)
    provider.add_client("Nightly", "machine")
    (none,) = told(provider)
    assert (none.status, none.text) == ("ok", "no application is open to everyone")
    provider.add_client("Intranet")
    (one,) = told(provider)
    assert one.status == "warning"
    assert one.text == "1 application is open to everyone, so to whoever makes an account themselves: Intranet"
    assert "--only --add-group" in one.fix
    for name in ("Wiki", "Chat", "Files"):
        provider.add_client(name)
    (many,) = told(provider)
    assert many.text.startswith("4 applications are open to everyone")
    assert many.text.endswith(": Chat, Files, Intranet …")


def test_U1_doctor_says_nothing_of_it_where_nobody_can_register(open_registering: Open) -> None:
    provider = open_registering(enabled=False)
    provider.add_client("Intranet")
    assert told(provider) == []


def test_U1_what_doctor_warns_of_is_so(provider: Provider) -> None:
    intranet, payroll = provider.add_client("Intranet"), provider.add_client("Payroll", access=STAFF)
    browser = provider.browser()
    post.register(provider, browser)
    opened = provider.authorize(browser, intranet)
    if opened.is_consent_page:
        opened = browser.submit(opened, "allow")
    assert "code=" in opened.location
    assert not provider.authorize(browser, payroll).is_redirect
