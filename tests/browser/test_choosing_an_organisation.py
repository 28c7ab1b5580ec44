"""I12: the page on which people choose their organisation: wide, on a phone, dark, without JavaScript, by keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.federation import checking, keeping
from idp.federation.saml.federations import members
from idp.federation.saml.federations.describing import Member
from idp.saml.messages import names
from tests.browser.windows import Windows
from tests.saml.documents import certificate
from tests.saml.pairs import rsa_pair
from tests.server import Server, unique

_MD = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture(scope="module")
def federated(run_pid: int) -> Iterator[Server]:
    """A provider with a federation of forty organisations."""
    server = Server(run_pid)
    services = server.services
    said = {
        "name": unique("eduGAIN"), "kind": "federation", "subject": ["subject-id"],
        "federation_url": "https://mds.example/list.xml", "metadata_keys": rsa_pair("federation").certificate_pem,
    }  # fmt: skip
    one = keeping.add(services.db, services.sealer, checking.checked(said), "", 1.0, record=lambda *_: None)
    members.put(services, one.provider, map(organisation, range(40)), services.clock())
    yield server
    server.close()


def organisation(n: int) -> Member:
    entity = f"https://idp{n}.example/saml"
    document = (
        f'<md:EntityDescriptor xmlns:md="{_MD}" xmlns:ds="{names.DS}" entityID="{entity}"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="{names.SAMLP}"><md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{certificate('upstream')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f'<md:SingleSignOnService Binding="{names.HTTP_REDIRECT}" Location="https://idp{n}.example/sso"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
    long = "Rheinisch-Westfälische Hochschule für angewandte Wissenschaften " if n == 3 else "University "
    return Member(entity, {"en": f"{long}{n}"}, (), document, (f"uni{n}.example",))


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_i12_people_find_their_organisation_and_go_there(
    windows: Windows, federated: Server, width: int, scheme: str, js: bool
) -> None:
    windows.welcome |= {federated.issuer, "https://idp17.example"}
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{federated.issuer}/")
    page.get_by_role("button", name="eduGAIN").click()
    expect(page.get_by_role("heading", name="Where do you sign in?")).to_be_visible()
    windows.keep(page, "first")
    page.get_by_label("Name or domain of your organisation").fill("uni17")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="University 17")).to_be_visible()
    expect(page.get_by_role("link", name="University 18")).to_have_count(0)
    windows.keep(page, "found")
    with page.expect_request(lambda request: request.url.startswith("https://idp17.example/sso?SAMLRequest=")):
        page.get_by_role("link", name="University 17").press("Enter")
