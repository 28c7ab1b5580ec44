"""Whole sign-ins: python3-saml is the application, a browser goes between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.access import Access
from clients.client import Client
from idp.accounts.factors import totp
from idp.accounts.person import Person
from idp.login.authn import PHISHING_RESISTANT
from idp.saml.messages import names
from tests.backends import Clock
from tests.phone import Phone
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect, policy, requested_context, subject
from tests.saml.conftest import WHO
from tests.saml.relying import NS, Toolkit, certificate, facts, message, register, rsa_pair, sign_in, status


def test_IIP_SSO02_sign_in_by_redirect(provider: Provider, wiki: Client, browser: Browser) -> None:
    application = Toolkit(provider)
    page = browser.get(application.login_url("https://wiki.example/page?a=1&b=2"))
    assert page.is_login_page
    assert "Wiki" in page.dom.text
    answer = browser.log_in(page)
    auth = application.accept(answer)
    assert auth.get_nameid() == "ann"
    assert answer.sent["RelayState"] == "https://wiki.example/page?a=1&b=2"
    assert auth.get_friendlyname_attributes() == {
        "mail": ["ann@example.com"], "displayName": [WHO], "givenName": ["Älice"], "sn": ["& <Bob>"], "uid": ["ann"],
        "eduPersonPrincipalName": ["ann@login.example"],
    }  # fmt: skip


def test_IIP_SSO02_a_request_by_post_from_another_site_finds_the_session(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    request = authn_request(provider)
    hop = by_post(signed_in, request)
    assert hop.status == 303
    assert hop.location.startswith("https://login.example/saml/continue?request=")
    answer = signed_in.follow(hop)
    assert status(answer)[0] == "Success"  # without a prompt
    assert message(answer).get("InResponseTo") == request.get("ID")
    assert answer.sent["RelayState"] == "rs"


def test_a_request_by_post_leads_to_the_sign_in_page_and_on(provider: Provider, wiki: Client, browser: Browser) -> None:
    request = authn_request(provider)
    answer = sign_in(browser, by_post(browser, request))
    assert message(answer).get("InResponseTo") == request.get("ID")


def test_a_request_by_post_that_is_too_long_for_a_url_waits_in_state(
    provider: Provider, wiki: Client, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.saml.sign_on.pending_authn_request.MAX_URL", 100)
    request = authn_request(provider)
    hop = by_post(signed_in, request, "x" * 2000)
    assert "/saml/continue?handle=" in hop.location
    answer = signed_in.follow(hop)
    assert message(answer).get("InResponseTo") == request.get("ID")
    assert answer.sent["RelayState"] == "x" * 2000


def test_a_kept_request_is_gone_after_five_minutes(
    provider: Provider, wiki: Client, browser: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.saml.sign_on.pending_authn_request.MAX_URL", 100)
    hop = by_post(browser, authn_request(provider))
    clock.advance(301)
    page = browser.follow(hop)
    assert page.is_error_page
    assert "start again" in page.dom.text.lower()


def test_with_a_session_a_hop_is_two_reads_and_one_write(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    by_redirect(signed_in, authn_request(provider))
    request = authn_request(provider)
    sql, verbs, answer = provider.counted(lambda: by_redirect(signed_in, request))
    assert status(answer)[0] == "Success"
    assert [text.split()[0] for text in sql] == ["SELECT", "SELECT", "INSERT"], sql
    assert verbs == ["add"]


def test_IIP_SSO04_signed_requests_by_either_binding(provider: Provider, ann: Person, browser: Browser) -> None:
    pair = rsa_pair()
    register(provider, said=facts(signing_certificates=[certificate(pair)], authn_requests_signed=True))
    application = Toolkit(provider, pair=pair, security={"authnRequestsSigned": True})
    application.accept(sign_in(browser, browser.get(application.login_url())))
    request = authn_request(provider)
    answer = sign_in(browser, by_post(browser, request, pair=pair))
    assert message(answer).get("InResponseTo") == request.get("ID")


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_IIP_SSO04_every_way_to_sign_and_encrypt(
    provider: Provider, ann: Person, browser: Browser, sign: str, encrypted: bool
) -> None:
    pair = rsa_pair()
    keys = [{"certificate": certificate(pair)}] if encrypted else []
    register(provider, said=facts(encryption_keys=keys), sign=sign)
    security = {
        "wantAssertionsSigned": sign != "response", "wantMessagesSigned": sign != "assertion",
        "wantAssertionsEncrypted": encrypted,
    }  # fmt: skip
    application = Toolkit(provider, pair=pair, security=security)
    answer = sign_in(browser, browser.get(application.login_url()))
    assert (message(answer).find("saml:EncryptedAssertion", NS) is not None) is encrypted
    assert application.accept(answer).get_friendlyname_attributes()["displayName"] == [WHO]


@pytest.mark.parametrize(
    ("format_uri", "shape"),
    [
        (names.NAMEID_PERSISTENT, r"[a-z2-7]{32}"),
        (names.NAMEID_TRANSIENT, r"_[0-9a-f]{40}"),
        (names.NAMEID_EMAIL, r"ann@example\.com"),
        (names.NAMEID_UNSPECIFIED, r"ann"),
    ],
)
def test_every_name_id_format_that_is_asked_for_is_given(
    provider: Provider, wiki: Client, browser: Browser, format_uri: str, shape: str
) -> None:
    import re

    application = Toolkit(provider, sp={"NameIDFormat": format_uri})
    auth = application.accept(sign_in(browser, browser.get(application.login_url())))
    assert auth.get_nameid_format() == format_uri
    assert re.fullmatch(shape, auth.get_nameid())
    qualified = format_uri in (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT)
    assert (auth.get_nameid_spnq() == "https://wiki.example/metadata") is qualified
    assert (auth.get_nameid_nq() == "https://login.example/saml/metadata") is qualified


@pytest.mark.spec("SAML2 Core 3.4.1")
def test_IIP_IDP06_force_authn_asks_again_and_tells_the_true_time(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    clock.advance(60)
    before = message(by_redirect(signed_in, authn_request(provider)))
    page = by_redirect(signed_in, authn_request(provider, ForceAuthn="true"))
    assert page.is_login_page
    clock.advance(30)
    after = message(signed_in.log_in(page))
    old, new = (m.find(".//saml:AuthnStatement", NS).get("AuthnInstant") for m in (before, after))
    assert old < new == after.get("IssueInstant")


def test_SDP_IDP07_force_authn_takes_the_same_person_only(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    provider.add_person("eve")
    clock.advance(60)
    page = by_redirect(signed_in, authn_request(provider, ForceAuthn="1"))
    assert status(signed_in.log_in(page, "eve"))[:2] == ("Responder", "AuthnFailed")


@pytest.mark.spec("SAML2 Core 3.4.1")
def test_IIP_IDP07_is_passive_with_a_session_and_without(
    provider: Provider, wiki: Client, signed_in: Browser, browser: Browser, clock: Clock
) -> None:
    clock.advance(1)
    assert status(by_redirect(browser, authn_request(provider, IsPassive="true")))[:2] == ("Responder", "NoPassive")
    assert status(by_redirect(signed_in, authn_request(provider, IsPassive="1")))[0] == "Success"
    both = authn_request(provider, IsPassive="true", ForceAuthn="true")
    assert status(by_redirect(signed_in, both))[:2] == ("Responder", "NoPassive")


def test_is_passive_never_shows_the_consent_page(provider: Provider, ann: Person, signed_in: Browser) -> None:
    register(provider, consent="explicit")
    answer = by_redirect(signed_in, authn_request(provider, IsPassive="true"))
    assert status(answer)[:2] == ("Responder", "NoPassive")


def test_a_person_signed_in_by_openid_connect_opens_a_saml_application_without_a_prompt(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    crm = provider.add_client("CRM")
    assert provider.sign_in(browser, crm).code
    application = Toolkit(provider)
    application.accept(browser.get(application.login_url()))


def test_and_the_other_way_round(provider: Provider, wiki: Client, browser: Browser) -> None:
    application = Toolkit(provider)
    application.accept(sign_in(browser, browser.get(application.login_url())))
    assert provider.authorize(browser, provider.add_client("CRM")).code


def test_relay_state_is_echoed_byte_for_byte(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    for state in ("x" * 200, "Älice & <Bob>\"'+%20 %", "https://wiki.example/?a=b&c=d#e", " ", ""):
        answer = by_redirect(signed_in, authn_request(provider), state)
        assert answer.sent["RelayState"] == state
        posted = signed_in.follow(by_post(signed_in, authn_request(provider), state))
        assert posted.sent["RelayState"] == state
    assert "RelayState" not in by_redirect(signed_in, authn_request(provider), None).sent


def test_the_settings_can_hold_relay_state_to_80_bytes(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(saml={"strict_relay_state": True})
    provider.add_person("ann")
    register(provider)
    browser = provider.browser()
    assert by_redirect(browser, authn_request(provider), "x" * 80).is_login_page
    assert by_redirect(browser, authn_request(provider), "x" * 81).is_error_page


# -- begun here ------------------------------------------------------------------------------------------------------

OWN = {"Sec-Fetch-Site": "same-origin"}


def test_a_sign_in_begins_at_the_launcher(provider: Provider, ann: Person, signed_in: Browser) -> None:
    wiki = register(provider, default_relay_state="/start")
    home = signed_in.get("/")
    link = f"https://login.example/saml/start/{wiki.id}"
    assert home.dom.find("a", href=link)
    answer = signed_in.get(link, headers=OWN)
    root = message(answer)
    # Prof §4.1.5: unsolicited, so nothing says that it answers anything.
    assert not root.xpath("//@InResponseTo")
    assert answer.sent["RelayState"] == "/start"
    Toolkit(provider).accept(answer, solicited=False)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_T16_a_link_from_elsewhere_shows_what_it_opens_first(
    provider: Provider, wiki: Client, signed_in: Browser, site: str | None
) -> None:
    page = signed_in.get(f"/saml/start/{wiki.id}", headers={"Sec-Fetch-Site": site} if site else {})
    assert page.status == 200
    assert not page.sent
    assert "Open Wiki?" in page.dom.text
    Toolkit(provider).accept(signed_in.submit(page, "open"), solicited=False)


def test_T16_a_form_of_another_site_opens_nothing(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    for form in ({}, {"form_key": "x" * 43}):
        answer = signed_in.post(f"/saml/start/{wiki.id}", form)
        assert answer.status == 403
        assert not answer.sent


def test_T16_each_application_can_turn_it_off(provider: Provider, ann: Person, signed_in: Browser) -> None:
    wiki = register(provider, allow_idp_initiated=False)
    assert "saml/start" not in signed_in.get("/").text
    for page in (signed_in.get(f"/saml/start/{wiki.id}", headers=OWN), signed_in.get(f"/saml/start/{wiki.id}")):
        assert page.status == 403
        assert page.is_error_page


def test_T16_neither_a_disabled_application_nor_a_disabled_person(
    provider: Provider, wiki: Client, ann: Person, signed_in: Browser
) -> None:
    provider.services.directory.disable(ann.id)
    assert signed_in.get(f"/saml/start/{wiki.id}", headers=OWN).is_login_page
    provider.services.registry.disable(wiki.id)
    assert signed_in.get(f"/saml/start/{wiki.id}", headers=OWN).is_error_page
    assert signed_in.get("/saml/start/cnobody", headers=OWN).is_error_page
    crm = provider.add_client("CRM")
    assert signed_in.get(f"/saml/start/{crm.id}", headers=OWN).is_error_page


def test_it_asks_for_the_password_where_nobody_is_signed_in(provider: Provider, wiki: Client, browser: Browser) -> None:
    page = browser.get(f"/saml/start/{wiki.id}", headers=OWN)
    assert page.is_login_page
    Toolkit(provider).accept(browser.log_in(page), solicited=False)


# -- who may, and who agreed -----------------------------------------------------------------------------------------


def test_cancel_is_authn_failed(provider: Provider, wiki: Client, browser: Browser) -> None:
    page = by_redirect(browser, authn_request(provider))
    assert status(browser.submit(page, "cancel"))[:2] == ("Responder", "AuthnFailed")


def test_who_may_not_use_the_application_is_request_denied(provider: Provider, ann: Person, browser: Browser) -> None:
    register(provider, access=Access.only(groups=["admins"]))
    page = sign_in(browser, by_redirect(browser, authn_request(provider)))
    assert status(browser.submit(page, "back"))[:2] == ("Responder", "RequestDenied")
    assert provider.events("client:refused")


def test_consent_shows_the_values_is_remembered_and_asked_again_for_more(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    wiki = register(provider, consent="explicit", attributes={"mail": "email", "displayName": "name"})
    page = browser.log_in(by_redirect(browser, authn_request(provider)))
    assert page.is_consent_page
    assert "ann@example.com" in page.dom.text
    assert WHO in page.dom.text
    assert "<Bob>" not in page.text
    answer = browser.submit(page, "allow")
    assert message(answer).get("Consent") == names.CONSENT_OBTAINED
    clock.advance(1)
    assert message(by_redirect(browser, authn_request(provider))).get("Consent") == names.CONSENT_PRIOR
    assert "E-mail address" in browser.get("/access").dom.text
    provider.services.registry.update(
        wiki.id, {"attributes": {"mail": "email", "displayName": "name", "uid": "username"}}
    )
    page = by_redirect(browser, authn_request(provider))
    assert page.is_consent_page
    assert "asks for more" in page.dom.text
    # Not agreed: the application hears it, and gets nothing.
    assert status(browser.submit(page, "deny"))[:2] == ("Responder", "RequestDenied")
    browser.submit(browser.get("/access"), form=0)
    assert by_redirect(browser, authn_request(provider)).is_consent_page  # taken back


def test_nobody_hears_of_consent_where_none_is_asked(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    assert message(by_redirect(signed_in, authn_request(provider))).get("Consent") is None


# -- what is asked of the sign-in ------------------------------------------------------------------------------------


SET_UP = "set up"


@pytest.mark.spec("SAML2 Core 3.3.2.2.1")
@pytest.mark.parametrize(
    ("comparison", "classes", "expected"),
    [
        (None, [names.AC_PASSWORD_PROTECTED], names.AC_PASSWORD_PROTECTED),
        ("exact", [names.AC_PASSWORD], names.AC_PASSWORD),
        ("exact", [names.AC_X509, names.AC_PASSWORD, names.AC_PASSWORD_PROTECTED], names.AC_PASSWORD),
        ("exact", [names.AC_UNSPECIFIED], names.AC_UNSPECIFIED),
        ("exact", [names.REFEDS_MFA], SET_UP),
        ("exact", [names.AC_X509], None),
        ("minimum", [names.AC_PASSWORD], names.AC_PASSWORD),
        ("minimum", [names.REFEDS_MFA], SET_UP),
        ("better", [names.AC_PASSWORD], names.AC_PASSWORD_PROTECTED),
        ("better", [names.AC_PASSWORD_PROTECTED], SET_UP),
        ("better", [names.AC_PASSWORD, names.AC_PASSWORD_PROTECTED], SET_UP),
        ("better", [PHISHING_RESISTANT], None),
        ("maximum", [names.AC_PASSWORD], names.AC_PASSWORD),
        ("maximum", [names.AC_PASSWORD_PROTECTED], names.AC_PASSWORD_PROTECTED),
        ("maximum", [names.REFEDS_MFA], names.AC_PASSWORD_PROTECTED),
    ],
)
def test_IIP_IDP08_one_class_is_asserted_and_it_was_asked_for(
    provider: Provider,
    wiki: Client,
    signed_in: Browser,
    comparison: str | None,
    classes: list[str],
    expected: str | None,
) -> None:
    answer = by_redirect(signed_in, authn_request(provider, requested_context(*classes, comparison=comparison)))
    if expected is None:
        assert status(answer)[:2] == ("Responder", "NoAuthnContext")
    elif expected == SET_UP:  # there is no second factor yet, and the person may set one up on the way
        assert answer.dom.find("a", href="/security/totp")
    else:
        found = message(answer).findall(".//saml:AuthnContextClassRef", NS)
        assert [ref.text for ref in found] == [expected]


def test_a_subject_is_authenticated_or_nobody_is(
    provider: Provider, wiki: Client, signed_in: Browser, browser: Browser, clock: Clock
) -> None:
    """IIP-SSO07."""
    clock.advance(60)
    persistent = message(by_redirect(signed_in, authn_request(provider, policy(names.NAMEID_PERSISTENT))))
    value = persistent.findtext(".//saml:NameID", None, NS)
    transient = message(by_redirect(signed_in, authn_request(provider, policy(names.NAMEID_TRANSIENT))))
    passing = transient.findtext(".//saml:NameID", None, NS)
    for name, format_uri in (
        ("ann@example.com", names.NAMEID_EMAIL), ("ann", None), (value, names.NAMEID_PERSISTENT),
        (passing, names.NAMEID_TRANSIENT),
    ):  # fmt: skip
        answer = by_redirect(signed_in, authn_request(provider, subject(name, format_uri)))
        assert message(answer).findtext(".//saml:NameID", None, NS) == name
    provider.add_person("eve")
    for name in ("eve@example.com", "nobody@example.com", "ann"):  # "ann" is no e-mail address
        request = authn_request(provider, subject(name, names.NAMEID_EMAIL))
        page = by_redirect(signed_in, request)
        assert page.is_login_page  # the same for names that nobody has
        silent = authn_request(provider, subject(name, names.NAMEID_EMAIL), IsPassive="true")
        assert status(by_redirect(signed_in, silent))[:2] == ("Responder", "NoPassive")
    wrong = by_redirect(browser, authn_request(provider, subject("nobody@example.com", names.NAMEID_EMAIL)))
    assert wrong.form.fields[0]
    assert status(browser.log_in(wrong))[:2] == ("Responder", "UnknownPrincipal")
    other = authn_request(provider, subject("eve@example.com", names.NAMEID_EMAIL))
    assert status(signed_in.log_in(by_redirect(signed_in, other)))[:2] == ("Responder", "AuthnFailed")


def test_a_persistent_identifier_of_another_service_provider_names_nobody(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    clock.advance(60)
    request = authn_request(provider, policy(names.NAMEID_PERSISTENT))
    value = message(by_redirect(signed_in, request)).findtext(".//saml:NameID", None, NS)
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))
    theirs = authn_request(provider, subject(value, names.NAMEID_PERSISTENT), issuer="https://other.example/md")
    assert by_redirect(signed_in, theirs).is_login_page


def test_an_encrypted_subject_is_decrypted(provider: Provider, ann: Person, signed_in: Browser) -> None:
    """IIP-IDP19: with any of our keys."""
    from cryptography import x509

    from idp.saml.messages.encryption import Recipient, encrypted_id
    from idp.saml.messages.xml import element

    pair = rsa_pair("wiki")
    register(provider, said=facts(signing_certificates=[certificate(pair)]))
    key = provider.services.certificates.active("encryption")
    recipient: Any = x509.load_der_x509_certificate(key.certificate).public_key()
    name_id = element(names.SAML, "NameID", {"Format": names.NAMEID_EMAIL}, "ann@example.com")
    sealed = element(names.SAML, "Subject", None, encrypted_id(name_id, Recipient(recipient)))
    answer = by_redirect(signed_in, authn_request(provider, sealed), pair=pair)
    assert message(answer).findtext(".//saml:NameID", None, NS) == "ann@example.com"
    foreign = element(names.SAML, "Subject", None, encrypted_id(name_id, Recipient(rsa_pair("x").key.public_key())))
    answer = by_redirect(signed_in, authn_request(provider, foreign), pair=pair)
    assert status(answer)[:2] == ("Requester", "RequestUnsupported")


def test_a_page_that_lay_open_leads_back_to_the_same_request(
    provider: Provider, wiki: Client, browser: Browser, clock: Clock
) -> None:
    request = authn_request(provider)
    page = by_redirect(browser, request)
    clock.advance(2 * 3600)
    assert message(browser.log_in(page)).get("InResponseTo") == request.get("ID")
    clock.advance(1)
    late = by_redirect(browser, authn_request(provider, ForceAuthn="true"))
    clock.advance(25 * 3600)
    stale = browser.log_in(late)
    assert "start this again" in stale.dom.text


@pytest.mark.spec("SAML2 Core 3.3.2.2.1")
def test_F9_an_sp_that_asks_for_two_factors_gets_them_after_a_step_up(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    ann = provider.services.directory.find_by_login("ann")
    assert ann is not None
    enrolment = totp.begin(provider.services, ann, "test")
    phone = Phone(enrolment.uri, clock)
    with provider.services.db.transaction() as tx:
        totp.keep(tx, provider.services, ann, enrolment, phone.code, "Phone", lambda *_: None)
    clock.advance(30)
    asked = authn_request(provider, requested_context(names.REFEDS_MFA))
    page = by_redirect(signed_in, asked)
    answer = signed_in.submit(page, code=phone.code)
    found = message(answer).findall(".//saml:AuthnContextClassRef", NS)
    assert [ref.text for ref in found] == [names.REFEDS_MFA]
    again = by_redirect(signed_in, authn_request(provider, requested_context(names.REFEDS_MFA)))
    assert message(again).find(".//saml:AuthnStatement", NS) is not None  # now without a page
