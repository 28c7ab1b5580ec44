"""The same documents before python3-saml: what we take, it takes and reads alike; what wraps, neither of both takes."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from idp.saml.messages import names
from tests.backends import Clock
from tests.federation.saml.there import ENTITY, MAIL, SSO, Asked, There
from tests.saml.pairs import rsa_pair
from tests.saml.xsw import ALL, Parts

SP, ACS = "https://login.example/upstream/metadata/p1", "https://login.example/upstream/saml/p1"
_REQUEST = (
    f'<samlp:AuthnRequest xmlns:samlp="{names.SAMLP}" xmlns:saml="{names.SAML}" ID="_r" '
    f'AssertionConsumerServiceURL="{ACS}"><saml:Issuer>{SP}</saml:Issuer></samlp:AuthnRequest>'
)


@pytest.fixture
def read(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], OneLogin_Saml2_Response | None]:
    """What it makes of a document; None where it refuses it. Its clock is the test's."""
    monkeypatch.setattr("onelogin.saml2.utils.OneLogin_Saml2_Utils.now", lambda: int(clock()))
    settings = OneLogin_Saml2_Settings({
        "strict": True,
        "sp": {"entityId": SP, "assertionConsumerService": {"url": ACS, "binding": names.HTTP_POST}},
        "idp": {
            "entityId": ENTITY, "singleSignOnService": {"url": SSO, "binding": names.HTTP_REDIRECT},
            "x509cert": rsa_pair("upstream").certificate_pem,
        },
        "security": {"rejectUnsolicitedResponsesWithInResponseTo": True, "rejectDeprecatedAlgorithm": True},
    })  # fmt: skip
    request = {"https": "on", "http_host": "login.example", "script_name": "/upstream/saml/p1", "get_data": {},
               "post_data": {}}  # fmt: skip

    def read(document: bytes) -> OneLogin_Saml2_Response | None:
        response = OneLogin_Saml2_Response(settings, b64encode(document).decode())
        return response if response.is_valid(request, "_r") else None

    return read


@pytest.mark.parametrize("of", ["assertion", "response", "both"])
def test_it_reads_the_same(clock: Clock, read: Callable[[bytes], Any], of: str) -> None:
    asked: Any = Asked(etree.fromstring(_REQUEST), "")
    found = read(There(clock).answer(asked, of=of, attributes={MAIL: "bob@company.example"}))
    assert found is not None
    assert (found.get_nameid(), found.get_attributes()) == ("there-1", {MAIL: ["bob@company.example"]})


def test_it_refuses_what_wraps_as_well(clock: Clock, read: Callable[[bytes], Any]) -> None:
    there, asked = There(clock), Asked(etree.fromstring(_REQUEST), "")
    signed = there.answer(asked, of="response", attributes={MAIL: "bob@company.example"})
    for make in ALL:
        document = etree.tostring(make(Parts(signed), rsa_pair("attacker")))
        with contextlib.suppress(etree.LxmlError, OneLogin_Saml2_Error):
            assert read(document) is None, make.__name__
