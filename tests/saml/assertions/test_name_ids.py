"""Which NameID somebody gets: the first that they can have and that is issued, or the admin's word. N20."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.saml.messages import names
from idp.saml.metadata import reading
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect, policy
from tests.saml.relying import NS, facts, message, register, status

METADATA = Path(__file__).parent.parent / "metadata" / "documents"
X509, WINDOWS, KERBEROS = names.NAMEID_X509, names.NAMEID_WINDOWS, names.NAMEID_KERBEROS
#: Hard-coded in many products; there is no such format (Core §8.3.1 has it under 1.1).
UNSPECIFIED_2 = "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified"


def told(provider: Provider, browser: Browser, *children: Any, issuer: str | None = None) -> tuple[str, str]:
    """Format and value of the NameID."""
    request = authn_request(provider, *children, **({"issuer": issuer} if issuer else {}))  # type: ignore[arg-type]
    found = message(by_redirect(browser, request)).find(".//saml:NameID", NS)
    assert found is not None
    return found.get("Format"), found.text


@pytest.mark.spec("Metadata 2.4.1")
@pytest.mark.parametrize(
    ("file", "claims", "expected"),
    [
        ("nf-x509-first", {}, names.NAMEID_EMAIL),
        ("nf-x509-first", {"x509_subject_name": "CN=ann"}, X509),
        ("nf-windows-kerberos-first", {}, names.NAMEID_TRANSIENT),
        ("nf-windows-kerberos-first", {"kerberos_principal": "ann@EXAMPLE.COM"}, KERBEROS),
        ("nf-windows-kerberos-first", {"windows_account_name": "CORP\\ann"}, WINDOWS),
    ],
)
def test_n20_of_the_metadatas_formats_it_is_the_first_that_this_person_can_have(
    provider: Provider, browser: Browser, file: str, claims: dict[str, Any], expected: str
) -> None:
    provider.add_person("ann", claims=claims)
    found = reading.read((METADATA / f"{file}.xml").read_bytes(), provider.clock(), allow_loopback=True)
    said = {**found.facts, "acs": facts()["acs"]}
    register(provider, said=said)
    browser.log_in(browser.get("/"))
    for _ in range(2):  # and the second time what was kept of the first
        assert told(provider, browser, issuer=found.entity_id)[0] == expected


def test_n20_two_people_may_get_two_formats_and_somebody_without_an_address_gets_the_next(
    provider: Provider, ann: Person
) -> None:
    register(provider, said=facts(name_id_formats=[names.NAMEID_EMAIL, names.NAMEID_PERSISTENT]))
    provider.add_person("bob", email=None)
    got = {}
    for login in ("ann", "bob"):
        browser = provider.browser()
        browser.log_in(browser.get("/"), login)
        got[login] = told(provider, browser)[0]
    assert got == {"ann": names.NAMEID_EMAIL, "bob": names.NAMEID_PERSISTENT}


@pytest.mark.spec("Core 3.4.1.1")
def test_n20_where_nothing_may_be_created_the_next_format_is_taken(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    register(provider, said=facts(name_id_formats=[names.NAMEID_PERSISTENT, names.NAMEID_EMAIL]))
    assert told(provider, signed_in, policy(AllowCreate="false"))[0] == names.NAMEID_EMAIL
    assert told(provider, signed_in)[0] == names.NAMEID_PERSISTENT
    assert told(provider, signed_in, policy(AllowCreate="false"))[0] == names.NAMEID_PERSISTENT


def test_n20_where_nothing_of_the_metadata_is_to_be_had_the_error_says_what_is_missing_and_the_setting(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    register(provider, said=facts(name_id_formats=[X509, KERBEROS]))
    assert status(by_redirect(signed_in, authn_request(provider)))[:2] == ("Requester", "InvalidNameIDPolicy")
    (event,) = provider.events("error:saml_invalidnameidpolicy")
    assert "x509_subject_name" in event.detail["what"]
    assert "name_id_format=email" in event.detail["fix"]


# -- the admin's word ------------------------------------------------------------------------------------------------


@pytest.mark.spec("Core 3.4.1.1")
@pytest.mark.parametrize("asked", [UNSPECIFIED_2, "urn:oasis:names:tc:SAML:1.1:nameid-format:persistent", "urn:mine"])
def test_n20_a_format_that_is_not_issued_can_be_overruled_by_the_admin(
    provider: Provider, ann: Person, signed_in: Browser, asked: str
) -> None:
    client = register(provider)
    answer = by_redirect(signed_in, authn_request(provider, policy(asked)))
    assert status(answer)[:2] == ("Requester", "InvalidNameIDPolicy")
    (event,) = provider.events("error:saml_invalidnameidpolicy")
    assert "name_id_format=email" in event.detail["fix"]
    for own, expected in (
        ("email", (names.NAMEID_EMAIL, "ann@example.com")),
        ("unspecified", (names.NAMEID_UNSPECIFIED, "ann")),
    ):
        provider.services.registry.update(client.id, {"name_id_format": own})
        assert told(provider, signed_in, policy(asked)) == expected
    provider.services.registry.update(client.id, {"name_id_format": "none"})
    root = message(by_redirect(signed_in, authn_request(provider, policy(asked))))
    assert root.find(".//saml:AttributeStatement", NS) is not None
    assert root.find(".//saml:NameID", NS) is None


def test_n20_a_format_that_this_person_has_not_is_overruled_too_and_one_that_all_have_is_not(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    register(provider, name_id_format="email")
    assert told(provider, signed_in, policy(X509))[0] == names.NAMEID_EMAIL
    assert told(provider, signed_in, policy(names.NAMEID_PERSISTENT))[0] == names.NAMEID_PERSISTENT
    assert told(provider, signed_in, policy(names.NAMEID_TRANSIENT))[0] == names.NAMEID_TRANSIENT


def test_n20_it_is_the_same_by_post_and_through_the_sign_in_page(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    register(provider, said=facts(name_id_formats=[X509, names.NAMEID_EMAIL]))
    page = browser.follow(by_post(browser, authn_request(provider)))
    found = message(browser.log_in(page)).find(".//saml:NameID", NS)
    assert found is not None
    assert (found.get("Format"), found.text) == (names.NAMEID_EMAIL, "ann@example.com")
