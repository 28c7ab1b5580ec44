"""I2, I9: single logout with a provider that speaks SAML, in both directions."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from lxml import etree

from idp.federation.saml.entity import read, short
from idp.saml.messages import http_redirect, names
from idp.saml.messages.http_redirect import decode_redirect
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signature_gate import SECURE
from idp.saml.messages.signatures import verify_detached, verify_enveloped
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import child, serialize
from tests.backends import Clock
from tests.federation.saml.there import SLO, SLO_ANSWERS, Asked, SamlOffice
from tests.federation.test_attacks import kind_of
from tests.federation.test_signing_out import away, sign_out, window
from tests.provider import Answer, App, Browser
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS


class In:
    """Somebody who has come through the provider, and their tokens at an application."""

    def __init__(self, office: SamlOffice, crm: App, **said: Any) -> None:
        self.office, self.browser = office, window(office)
        self.company = office.add_saml(create=True, **said)
        self.asked: Asked = office.ask(self.browser, crm, self.company)
        answer = office.post(self.browser, self.asked, office.saml.answer(self.asked))
        self.token = office.provider.redeem(crm, answer.code).json["access_token"]

    @property
    def is_in(self) -> bool:
        return self.office.provider.userinfo(self.token).status == 200

    @property
    def here(self) -> str:
        return self.asked.acs.replace("/saml/", "/slo/")

    @property
    def our_key(self) -> Any:
        ours = etree.fromstring(self.browser.get(f"/upstream/metadata/{self.company.id}").body)
        return public_key(b64decode(ours.findtext(".//ds:X509Certificate", "", NS)))

    def told(self, message: Any, *, by: str = "redirect", key: Any = "own", browser: Browser | None = None) -> Answer:
        """The browser brings a LogoutRequest of the provider. `key`: of whom; None for nobody."""
        browser = browser or self.browser
        signer = self.office.saml.pair.signer() if key == "own" else key and key.signer()
        if by == "redirect":
            sent = http_redirect.encode_redirect(self.here, "SAMLRequest", message, "theirs", signer)
            return browser.get(sent.location)
        if signer:
            sign(message, signer)
        fields = {"SAMLRequest": b64encode(serialize(message)).decode(), "RelayState": "theirs"}
        return browser.post(self.here, fields, cookies=False)


@pytest.fixture
def somebody(saml_office: SamlOffice, crm: App) -> In:
    return In(saml_office, crm)


@pytest.mark.spec("SAML2 Prof 4.4")
@pytest.mark.parametrize("by", ["redirect", "post"])
def test_i9_who_signs_out_there_is_out_here_and_in_every_application(somebody: In, by: str) -> None:
    answer = somebody.told(somebody.office.saml.sign_out(somebody.asked.acs), by=by)
    assert not somebody.is_in
    if by == "redirect":
        assert answer.location.startswith(SLO_ANSWERS + "?")
        query = parse_qs(urlsplit(answer.location).query)
        response = etree.fromstring(http_redirect.inflate(b64decode(query["SAMLResponse"][0])))
        relay_state = query["RelayState"][0]
        ours = etree.fromstring(somebody.browser.get(f"/upstream/metadata/{somebody.company.id}").body)
        received = decode_redirect(urlsplit(answer.location).query)
        assert received.signature is not None
        verify_detached(received.signature, [public_key(ours.findtext(".//ds:X509Certificate", "", NS))])
    else:
        assert answer.form.action == SLO
        response, relay_state = etree.fromstring(b64decode(answer.sent["SAMLResponse"])), answer.sent["RelayState"]
        assert response.find("ds:Signature", NS) is not None
    assert relay_state == "theirs"
    assert response.find("samlp:Status/samlp:StatusCode", NS).get("Value") == names.SUCCESS  # type: ignore[union-attr]


def test_without_a_session_index_every_session_of_the_account_ends(somebody: In, crm: App) -> None:
    second = window(somebody.office)
    asked = somebody.office.ask(second, crm, somebody.company)
    answer = somebody.office.post(second, asked, somebody.office.saml.answer(asked))
    token = somebody.office.provider.redeem(crm, answer.code).json["access_token"]
    somebody.told(somebody.office.saml.sign_out(somebody.asked.acs, index=""))
    assert somebody.office.provider.userinfo(token).status == 401
    assert not somebody.is_in


@pytest.mark.parametrize(
    ("about", "key", "kind"),
    [
        ({}, None, "upstream_saml_logout"),
        ({}, "attacker", "upstream_saml_logout"),
        ({"Destination": "https://login.example/upstream/slo/another"}, "own", "upstream_saml_logout"),
        ({"Version": "1.1"}, "own", "upstream_saml_logout"),
        ({"IssueInstant": "2020-01-01T00:00:00Z"}, "own", "upstream_clock"),
        ({"NotOnOrAfter": "2020-01-01T00:00:00Z"}, "own", "upstream_clock"),
    ],
    ids=["unsigned", "another-key", "destination", "version", "old", "ended"],
)
@pytest.mark.parametrize("by", ["redirect", "post"])
def test_i9_a_request_that_is_not_proven_ends_nothing(
    somebody: In, by: str, about: dict[str, str], key: str | None, kind: str
) -> None:
    message = somebody.office.saml.sign_out(somebody.asked.acs, **about)
    pair: Any = rsa_pair(key) if key == "attacker" else key
    assert kind_of(somebody.office, somebody.told(message, by=by, key=pair)) == kind
    assert somebody.is_in


def test_i9_a_request_of_somebody_else_or_another_session_ends_nothing(somebody: In) -> None:
    somebody.told(somebody.office.saml.sign_out(somebody.asked.acs, name_id="there-2"))
    somebody.told(somebody.office.saml.sign_out(somebody.asked.acs, index="_s2"))
    assert somebody.is_in


def test_i9_a_request_is_taken_once(somebody: In, clock: Clock) -> None:
    message = somebody.office.saml.sign_out(somebody.asked.acs, name_id="there-2")
    assert somebody.told(message).is_redirect
    assert kind_of(somebody.office, somebody.told(message)) == "upstream_saml_logout"


# -- from here ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def leaving(saml_office: SamlOffice, crm: App) -> In:
    return In(saml_office, crm, sign_out="always")


def _answer(office: SamlOffice, request: Any, here: str, status: tuple[str, ...] = (names.SUCCESS,)) -> Any:
    about = {"ID": "_answer", "Version": "2.0", "IssueInstant": instant(office.saml.clock()), "Destination": here}
    made = office.saml.sign_out(here, index="")
    made.tag = f"{{{names.SAMLP}}}LogoutResponse"
    for name, value in (about | {"InResponseTo": request.get("ID")}).items():
        made.set(name, value)
    made.remove(made.find("saml:NameID", NS))
    code = child(made, names.SAMLP, "Status")
    for value in status:
        code = child(code, names.SAMLP, "StatusCode", {"Value": value})
    return made


@pytest.mark.spec("SAML2 Prof 4.4.4.1")
@pytest.mark.parametrize("status", [(names.SUCCESS,), (names.SUCCESS, names.PARTIAL_LOGOUT)], ids=["all", "partial"])
def test_i9_signing_out_here_goes_on_there_and_comes_back(leaving: In, status: tuple[str, ...]) -> None:
    page = sign_out(leaving.browser)
    assert not leaving.is_in
    location = away(page)
    assert location.startswith(SLO + "?")
    received = decode_redirect(urlsplit(location).query)
    request = etree.fromstring(received.message)
    assert received.signature is not None
    assert request.findtext("saml:NameID", None, NS) == "there-1"
    assert request.findtext("samlp:SessionIndex", None, NS) == "_s1"
    made = _answer(leaving.office, request, leaving.here, status)
    sent = http_redirect.encode_redirect(
        leaving.here, "SAMLResponse", made, received.relay_state, leaving.office.saml.pair.signer()
    )
    back = leaving.browser.get(sent.location)
    assert urlsplit(back.location).path == "/upstream/signed-out"
    assert dict(parse_qsl(urlsplit(back.location).query))["state"] == received.relay_state
    assert not leaving.browser.follow(back).is_error_page


@pytest.mark.spec("SAML2 Prof 4.4.3.1")
def test_i9_a_provider_that_takes_it_by_post_alone_is_asked_by_a_form(saml_office: SamlOffice, crm: App) -> None:
    there = saml_office.saml
    entity = replace(read(there.metadata().encode(), 0.0), slo={names.HTTP_POST: SLO}, slo_answers={})
    somebody = In(saml_office, crm, sign_out="always", metadata=short(entity))
    page = sign_out(somebody.browser)
    assert not somebody.is_in
    assert page.form.action == SLO  # it sends itself, and has a button where there is no JavaScript
    request = etree.fromstring(b64decode(dict(page.form.fields)["SAMLRequest"]))
    verify_enveloped(request, [somebody.our_key], allowed=SECURE)
    assert request.findtext("saml:NameID", None, NS) == "there-1"
    assert request.get("Destination") == SLO
    made = _answer(somebody.office, request, somebody.here)
    sign(made, there.pair.signer())
    fields = {"SAMLResponse": b64encode(serialize(made)).decode(), "RelayState": dict(page.form.fields)["RelayState"]}
    back = somebody.browser.post(somebody.here, fields, cookies=False)
    assert urlsplit(back.location).path == "/upstream/signed-out"
    end = somebody.browser.follow(somebody.browser.follow(back))
    assert "You are signed out" in end.dom.text


@pytest.mark.parametrize("key", [None, "attacker"], ids=["unsigned", "another-key"])
def test_an_answer_that_is_not_signed_leads_nowhere(leaving: In, key: str | None) -> None:
    request = etree.fromstring(decode_redirect(urlsplit(away(sign_out(leaving.browser))).query).message)
    made = _answer(leaving.office, request, leaving.here)
    signer = key and rsa_pair(key).signer()
    sent = http_redirect.encode_redirect(leaving.here, "SAMLResponse", made, "https://evil.example", signer or None)
    assert kind_of(leaving.office, leaving.browser.get(sent.location)) == "upstream_saml_logout"


def test_an_answer_to_nothing_leads_nowhere(leaving: In) -> None:
    made = _answer(leaving.office, etree.fromstring('<a ID="_other"/>'), leaving.here)
    sent = http_redirect.encode_redirect(
        leaving.here, "SAMLResponse", made, "https://evil.example", leaving.office.saml.pair.signer()
    )
    answer = leaving.browser.get(sent.location)
    assert kind_of(leaving.office, answer) == "upstream_saml_logout"
