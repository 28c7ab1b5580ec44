"""N24: what a program is told went wrong has an id, and an admin finds more under it."""

from __future__ import annotations

import re

import pytest

from clients.client import Client
from idp.saml.messages import names
from tests.provider import Answer, Provider
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people

ENVELOPE = f'<S:Envelope xmlns:S="{names.SOAP}"><S:Body><a/></S:Body></S:Envelope>'.encode()
BODIES = {"no XML": b"hello", "a DTD": b"<!DOCTYPE a><a/>", "an envelope of nothing": ENVELOPE, "empty": b""}


def found(provider: Provider, answer: Answer) -> str:
    """The action of the one event under the id that an answer has."""
    ids = list(set(re.findall(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", answer.text)))
    assert len(ids) == 1, answer.text
    (event,) = [event for event in provider.events() if event.error_id == ids[0]]
    assert event.detail["fix"]
    return str(event.action)


@pytest.mark.parametrize("path", ["saml/ecp", "saml/slo", "saml/artifact"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_n24_every_fault_has_an_id(provider: Provider, wiki: Client, path: str, body: bytes) -> None:
    answer = provider.browser().open("POST", path, body, {"Content-Type": "text/xml"})
    assert (answer.status, "faultstring" in answer.text) == (500, True)
    assert found(provider, answer).startswith("error:saml_")


@pytest.mark.parametrize("path", ["saml/ecp", "saml/artifact"])
def test_n24_also_where_it_is_no_soap_at_all(provider: Provider, path: str) -> None:
    answer = provider.browser().open("POST", path, b"{}", {"Content-Type": "application/json"})
    assert answer.status == 415
    assert found(provider, answer) == "error:saml_soap"


@pytest.mark.parametrize(
    "path",
    ["oauth/token", "oauth/introspect", "oauth/revoke", "oauth/jwks", ".well-known/openid-configuration", "saml/ecp"],
)
def test_n24_a_wrong_method_has_an_id(provider: Provider, path: str) -> None:
    answer = provider.browser().open("PUT", path)
    assert answer.status == 405
    assert answer.headers["Allow"]
    assert found(provider, answer).startswith("error:")
