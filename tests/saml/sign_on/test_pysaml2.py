"""pysaml2 is the application: another library, another reading of the same standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import requested_authn_context
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.response import StatusNoPassive

from idp.accounts.person import Person
from idp.saml.messages import names
from tests.provider import Answer, Browser, Provider
from tests.saml.conftest import WHO
from tests.saml.pairs import Pair
from tests.saml.relying import certificate, facts, register, rsa_pair, sign_in

ENTITY, ACS = "https://desk.example/metadata", "https://desk.example/acs"


class Desk:
    """A service provider by pysaml2, which reads our metadata from a file."""

    def __init__(self, provider: Provider, folder: Path, pair: Pair | None = None, **service: Any) -> None:
        metadata = folder / "idp.xml"
        metadata.write_bytes(provider.browser().get("/saml/metadata").body)
        keys = {}
        if pair is not None:
            certificate_file, key_file = pair.write(folder)
            # MEASURED: without signing_algorithm here it signs with SHA-1.
            service |= {"signing_algorithm": names.RSA_SHA256, "digest_algorithm": names.SHA256}
            keys = {"key_file": key_file, "cert_file": certificate_file}
            keys["encryption_keypairs"] = [{"key_file": key_file, "cert_file": certificate_file}]  # type: ignore[assignment]
        sp = {
            "endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST)]},
            "allow_unsolicited": False,
            **service,
        }
        config = {
            "entityid": ENTITY, "service": {"sp": sp}, "metadata": {"local": [str(metadata)]}, **keys,
            "xmlsec_binary": "/usr/bin/xmlsec1", "allow_unknown_attributes": True,
        }  # fmt: skip
        self.client = Saml2Client(config=SPConfig().load(config))
        self.outstanding: dict[str, str] = {}

    def send(self, browser: Browser, binding: str = BINDING_HTTP_REDIRECT, **options: Any) -> Answer:
        request_id, http = self.client.prepare_for_authenticate(relay_state="back", binding=binding, **options)
        self.outstanding = {request_id: "back"}
        if binding == BINDING_HTTP_REDIRECT:
            return browser.get(dict(http["headers"])["Location"])
        from tests.provider import Dom

        form = Dom(str(http["data"])).forms[0]
        return browser.post(urlsplit(form.action).path, form.fields, cookies=False)

    def read(self, answer: Answer) -> Any:
        assert answer.form.action == ACS
        return self.client.parse_authn_request_response(
            answer.sent["SAMLResponse"], BINDING_HTTP_POST, self.outstanding
        )


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_signed_requests_and_every_signed_answer(
    provider: Provider, ann: Person, browser: Browser, tmp_path: Path, binding: str, sign: str
) -> None:
    pair = rsa_pair("desk")
    register(
        provider, "Desk", facts(ENTITY, ACS, signing_certificates=[certificate(pair)], authn_requests_signed=True),
        sign=sign,
    )  # fmt: skip
    desk = Desk(
        provider, tmp_path, pair, authn_requests_signed=True, want_assertions_signed=sign != "response",
        want_response_signed=sign != "assertion",
    )  # fmt: skip
    answer = sign_in(browser, desk.send(browser, binding))
    found = desk.read(answer)
    assert found.get_identity()["displayName"] == [WHO]
    assert answer.sent["RelayState"] == "back"


def test_an_encrypted_assertion(provider: Provider, ann: Person, browser: Browser, tmp_path: Path) -> None:
    pair = rsa_pair("desk")
    # xmlsec1 of Debian reads GCM; what the metadata says is honoured.
    register(provider, "Desk", facts(ENTITY, ACS, encryption_keys=[{"certificate": certificate(pair)}]))
    desk = Desk(provider, tmp_path, pair, want_assertions_signed=True, want_response_signed=True)
    answer = sign_in(browser, desk.send(browser))
    assert desk.read(answer).get_identity()["mail"] == ["ann@example.com"]


@pytest.mark.parametrize("format_uri", [names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, names.NAMEID_EMAIL])
def test_every_name_id_format(
    provider: Provider, ann: Person, browser: Browser, tmp_path: Path, format_uri: str
) -> None:
    register(provider, "Desk", facts(ENTITY, ACS))
    # MEASURED: it sends AllowCreate="false" unless told.
    desk = Desk(provider, tmp_path, want_response_signed=True, name_id_format_allow_create=True)
    found = desk.read(sign_in(browser, desk.send(browser, nameid_format=format_uri)))
    assert found.name_id.format == format_uri


def test_force_authn_passive_and_a_requested_context(
    provider: Provider, ann: Person, signed_in: Browser, browser: Browser, tmp_path: Path, clock: Any
) -> None:
    register(provider, "Desk", facts(ENTITY, ACS))
    desk = Desk(provider, tmp_path, want_response_signed=True)
    clock.advance(1)
    assert desk.send(signed_in, force_authn="true").is_login_page
    with pytest.raises(StatusNoPassive):
        desk.read(desk.send(browser, is_passive="true"))
    wanted = requested_authn_context(names.AC_PASSWORD_PROTECTED, "minimum")
    found = desk.read(desk.send(signed_in, requested_authn_context=wanted))
    assert found.authn_info()[0][0] == names.AC_PASSWORD_PROTECTED


def test_an_answer_is_taken_once_by_the_request_it_answers(
    provider: Provider, ann: Person, signed_in: Browser, tmp_path: Path
) -> None:
    from saml2.response import UnsolicitedResponse

    register(provider, "Desk", facts(ENTITY, ACS))
    desk = Desk(provider, tmp_path, want_response_signed=True)
    answer = desk.send(signed_in)
    assert desk.read(answer)
    desk.outstanding = {}
    with pytest.raises(UnsolicitedResponse):
        desk.read(answer)
