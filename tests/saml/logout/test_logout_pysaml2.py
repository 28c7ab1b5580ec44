"""Single logout with pysaml2 as the service provider, from each side."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig

from idp.saml.messages import names
from tests.provider import Browser, Dom, Provider
from tests.saml.pairs import rsa_pair
from tests.saml.relying import certificate, facts, register, sign_in

ENTITY, ACS, SLO = "https://notes.example/metadata", "https://notes.example/acs", "https://notes.example/slo"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="pysaml2 runs the xmlsec1 program"),
]


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    made = open_provider()
    made.add_person("ann")
    return made


@pytest.fixture
def client(provider: Provider, tmp_path: Path) -> Any:
    pair = rsa_pair("notes")
    (tmp_path / "key.pem").write_text(pair.key_pem)
    (tmp_path / "cert.pem").write_text(pair.certificate_pem)
    endpoints = [{"binding": binding, "location": SLO} for binding in (names.HTTP_REDIRECT, names.HTTP_POST)]
    said = facts(ENTITY, ACS, slo=endpoints, signing_certificates=[certificate(pair)])
    register(provider, "Notes", said, encrypt="never")
    config = SPConfig()
    config.load({
        "entityid": ENTITY,
        "metadata": {"inline": [provider.browser().get("saml/metadata").text]},
        "key_file": str(tmp_path / "key.pem"),
        "cert_file": str(tmp_path / "cert.pem"),
        "service": {"sp": {
            "endpoints": {
                "assertion_consumer_service": [(ACS, BINDING_HTTP_POST)],
                "single_logout_service": [(SLO, BINDING_HTTP_REDIRECT), (SLO, BINDING_HTTP_POST)],
            },
            "logout_requests_signed": True, "logout_responses_signed": True, "want_response_signed": True,
            "signing_algorithm": names.RSA_SHA256, "digest_algorithm": names.SHA256,
            "allow_unsolicited": False,
        }},
    })  # fmt: skip
    return Saml2Client(config)


def enter(provider: Provider, browser: Browser, client: Any) -> Any:
    """Sign in; answers the NameID as pysaml2 keeps it."""
    request_id, info = client.prepare_for_authenticate(relay_state="x")
    answer = sign_in(browser, browser.get(dict(info["headers"])["Location"]))
    response = client.parse_authn_request_response(
        answer.sent["SAMLResponse"], BINDING_HTTP_POST, outstanding={request_id: "/"}
    )
    return response.name_id


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST])
def test_pysaml2_signs_out_and_hears_success(provider: Provider, browser: Browser, client: Any, binding: str) -> None:
    name_id = enter(provider, browser, client)
    idp = provider.services.settings.saml_entity_id
    sent = client.do_logout(name_id, [idp], "user", None, sign=True, expected_binding=binding)
    kind, info = sent[idp]
    assert kind == binding
    if binding == BINDING_HTTP_REDIRECT:
        answer = browser.get(dict(info["headers"])["Location"])
        query = dict(parse_qsl(urlsplit(answer.location).query))
        response = client.parse_logout_request_response(query["SAMLResponse"], binding)
    else:
        form = Dom(info["data"]).forms[0]
        answer = browser.open("POST", "saml/slo", form.fields, cookies=False)
        response = client.parse_logout_request_response(answer.sent["SAMLResponse"], binding)
    assert response.status_ok()
    assert provider.events("session:ended")


def test_pysaml2_takes_our_request_and_confirms_it(provider: Provider, browser: Browser, client: Any) -> None:
    name_id = enter(provider, browser, client)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    url = page.dom.find("a", id="sign-out-hop")[0]["href"]
    query = dict(parse_qsl(urlsplit(url).query))
    info = client.handle_logout_request(
        query["SAMLRequest"], name_id, BINDING_HTTP_REDIRECT, sign=True, relay_state=query.get("RelayState", ""),
        sigalg=query["SigAlg"], signature=query["Signature"],
    )  # fmt: skip
    answer = browser.get(dict(info["headers"])["Location"])
    assert "Notes It has confirmed" in browser.follow(answer).dom.text
