"""I2: Doorward as the service provider of somebody else's identity provider."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.http_redirect import decode_redirect
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signatures import verify_detached, verify_enveloped
from idp.saml.messages.xml import parse
from tests.federation.saml.there import ENTITY, GROUPS, MAIL, SamlOffice
from tests.federation.test_attacks import kind_of
from tests.provider import App
from tests.saml.relying import NS


@pytest.mark.parametrize("of", ["assertion", "response", "both"])
def test_i2_somebody_signs_in_and_is_the_same_person_the_next_time(saml_office: SamlOffice, crm: App, of: str) -> None:
    company = saml_office.add_saml(create=True, domains=["company.example"], vouches=True)
    said = {MAIL: "bob@company.example", "uid": "bob", "displayName": "Bob B"}
    answers = [
        saml_office.come_saml(saml_office.provider.browser(), crm, company, of=of, attributes=said) for _ in range(2)
    ]
    first, second = (saml_office.person(answer, crm) for answer in answers)
    assert first.id == second.id
    assert (first.username, first.name, first.email, first.email_verified) == ("bob", "Bob B", said[MAIL], True)


@pytest.mark.spec("SAML2 Core 3.4.1")
def test_our_request_is_signed_and_says_what_the_application_asks_for(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(step_up="https://refeds.org/profile/mfa")
    browser = saml_office.provider.browser()
    asked = saml_office.ask(browser, crm, company, prompt="login", acr_values="phr")
    received = decode_redirect(asked.raw)
    assert received.signature is not None
    ours = saml_office.provider.browser().get(f"/upstream/metadata/{company.id}")
    certificate = etree.fromstring(ours.body).findtext(".//ds:X509Certificate", None, NS)
    verify_detached(received.signature, [public_key(str(certificate))])
    request = asked.request
    assert request.get("Destination") == "https://idp.company.example/sso"
    assert request.get("ForceAuthn") == "true"
    assert asked.issuer == f"https://login.example/upstream/metadata/{company.id}"
    assert asked.acs == f"https://login.example/upstream/saml/{company.id}"
    assert request.find("samlp:NameIDPolicy", NS).get("Format") == names.NAMEID_PERSISTENT
    assert request.findtext(".//saml:AuthnContextClassRef", None, NS) == "https://refeds.org/profile/mfa"


@pytest.mark.spec("SAML2 Bind 3.5")
def test_a_request_goes_by_post_where_it_is_said_or_there_is_nothing_else(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(metadata=saml_office.saml.metadata(post_only=True))
    browser = saml_office.provider.browser()
    page = saml_office.press(browser, saml_office.provider.authorize(browser, crm), company)
    assert page.form.action == "https://idp.company.example/sso"
    root = etree.fromstring(b64decode(page.sent["SAMLRequest"]))
    certificate = root.findtext(".//ds:X509Certificate", None, NS)
    verify_enveloped(parse(etree.tostring(root)), [public_key(str(certificate))])


def test_an_encrypted_assertion_is_read_where_its_maker_is_proven(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    ours = saml_office.provider.services.certificates.active("encryption").certificate
    for of in ("response", "assertion", "both"):
        browser = saml_office.provider.browser()
        asked = saml_office.ask(browser, crm, company)
        assert saml_office.post(browser, asked, saml_office.saml.encrypted(asked, ours, of=of)).code


@pytest.mark.spec("SAML2 Core 8.3.7")
def test_the_key_of_an_account_is_a_persistent_name_id_with_its_qualifiers(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    people = [
        saml_office.person(saml_office.come_saml(saml_office.provider.browser(), crm, company, **who), crm).id
        for who in ({}, {"qualifier": ENTITY}, {"qualifier": "urn:another"}, {"name_id": "there-2"})
    ]  # fmt: skip
    assert people[0] == people[1]
    assert len({*people}) == 3


@pytest.mark.parametrize("format", [names.NAMEID_TRANSIENT, names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED])
def test_no_other_name_id_is_a_key_and_the_error_says_what_to_do(
    saml_office: SamlOffice, crm: App, format: str
) -> None:
    company = saml_office.add_saml(create=True)
    answer = saml_office.come_saml(saml_office.provider.browser(), crm, company, format=format)
    assert kind_of(saml_office, answer) == "upstream_saml_name_id"
    assert not saml_office.provider.events("session:started")


def test_a_named_attribute_is_a_key_whatever_the_name_id_is(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True, subject=["urn:oasis:names:tc:SAML:attribute:subject-id"])
    people = []
    for number in range(2):
        answer = saml_office.come_saml(
            saml_office.provider.browser(), crm, company, format=names.NAMEID_TRANSIENT, name_id=f"_t{number}",
            attributes={"urn:oasis:names:tc:SAML:attribute:subject-id": "7@company.example"},
        )  # fmt: skip
        people.append(saml_office.person(answer, crm).id)
    assert people[0] == people[1]


def test_groups_and_proof_follow_the_tables(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(
        create=True, groups_claim=GROUPS, groups={"cn=sales": "Sales"},
        proof={"https://refeds.org/profile/mfa": "second"},
    )  # fmt: skip
    answer = saml_office.come_saml(
        saml_office.provider.browser(), crm, company,
        context="https://refeds.org/profile/mfa", attributes={GROUPS: ["cn=sales", "cn=others"]},
    )  # fmt: skip
    assert "Sales" in saml_office.person(answer, crm).groups


def test_who_did_not_sign_in_there_is_back_on_our_page(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    status: Any = (names.RESPONDER, names.AUTHN_FAILED)
    answer = saml_office.come_saml(saml_office.provider.browser(), crm, company, of="nothing", status=status)
    assert answer.is_login_page
    assert "Nobody signed in at Company" in answer.dom.text


def test_another_no_is_an_error_with_its_status(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    status: Any = (names.REQUESTER, names.INVALID_NAMEID_POLICY)
    answer = saml_office.come_saml(saml_office.provider.browser(), crm, company, of="response", status=status)
    assert kind_of(saml_office, answer) == "upstream_saml_status"


def test_the_way_there_is_open_though_an_entity_id_says_nothing_of_it(saml_office: SamlOffice, crm: App) -> None:
    saml_office.add_saml(metadata=saml_office.saml.metadata().replace(ENTITY, "urn:company:idp"))
    saml_office.provider.add_person("ann")
    browser = saml_office.provider.browser()
    for page in (saml_office.provider.authorize(browser, crm), None):
        if page is None:
            saml_office.provider.sign_in(browser, crm, "ann")
            page = browser.get("security/elsewhere")
        said = page.headers["Content-Security-Policy"].partition("form-action")[2].partition(";")[0]
        assert "https:" in said.split()


@pytest.mark.spec("SAML2 Core 2.7.2")
def test_an_older_proof_than_was_asked_for_is_not_taken(saml_office: SamlOffice, crm: App) -> None:
    company = saml_office.add_saml(create=True)
    answer = saml_office.come_saml(
        saml_office.provider.browser(), crm, company, wish={"prompt": "login"}, authn_instant=-3600.0
    )
    assert kind_of(saml_office, answer) == "upstream_not_fresh"
