"""U1: what is released to nobody is in no NameID, and nothing that somebody agreed to."""

from __future__ import annotations

from typing import Any

import pytest

from idp.admin import attributes
from idp.admin.actor import of_shell
from idp.saml.messages import names
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_redirect, policy
from tests.saml.relying import NS, facts, message, register


def define(provider: Provider, name: str, **said: Any) -> None:
    attributes.add(provider.services, of_shell("cli:test"), name, said)


@pytest.mark.parametrize("release", ["tables", "nobody"])
def test_U1_a_name_id_tells_what_may_be_released_alone(provider: Provider, browser: Browser, release: str) -> None:
    provider.add_person("ann", claims={"kerberos_principal": "ann@CORP"})
    define(provider, "kerberos_principal", release=release)
    register(provider, said=facts())
    browser.log_in(browser.get("/"))
    told = message(by_redirect(browser, authn_request(provider, policy(names.NAMEID_KERBEROS))))
    name = told.find(".//saml:NameID", NS)
    assert (None if name is None else name.text) == ("ann@CORP" if release == "tables" else None)


def test_U1_nobody_agrees_to_what_they_are_not_shown(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", claims={"pay": "E14"})
    define(provider, "pay", release="nobody")
    register(provider, consent="explicit", attributes={"mail": "email", "pay": "pay"})
    page = browser.log_in(by_redirect(browser, authn_request(provider)))
    assert page.is_consent_page
    assert "E14" not in page.text
    browser.submit(page, press="allow")
    assert not by_redirect(browser, authn_request(provider)).is_consent_page
    attributes.change(provider.services, of_shell("cli:test"), "pay", {"release": "tables"})
    again = by_redirect(browser, authn_request(provider))
    assert again.is_consent_page
    assert "E14" in again.text


def test_U1_the_page_of_consent_shows_no_value_that_somebody_may_not_see(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", claims={"pay": "E14", "desk": "D-9"})
    define(provider, "pay", label="Pay", labels={"de": "Gehalt"}, sees=[])
    define(provider, "desk", label="Desk", labels={"de": "Platz"})
    register(provider, consent="explicit", attributes={"urn:pay": "pay", "urn:desk": "desk"})
    page = browser.log_in(by_redirect(browser, authn_request(provider)))
    assert page.is_consent_page
    assert "E14" not in page.text
    assert "D-9" in page.text
    assert "Pay" in page.dom.text  # that it is told, they read all the same
