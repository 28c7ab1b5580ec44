"""N24: what strangers send in SAML leaves one row for one service provider and one kind of fault, counted."""

from __future__ import annotations

import pytest

from clients.client import Client
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.saml.asking import SSO, authn_request, by_redirect, policy
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people
from tests.saml.relying import facts, register, status

ELSEWHERE = {"Destination": "https://other.example/sso"}


def test_n24_a_hundred_refused_requests_are_one_row_that_counts_them(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    texts = {status(by_redirect(browser, authn_request(provider, **ELSEWHERE)))[2] for _ in range(100)}
    (event,) = provider.events("error:saml_requestdenied")
    assert event.detail["times"] == 100
    assert texts == {f"The Destination of the request is another place than the one it was sent to: "
                         f"{provider.services.url(SSO)}. "
                     f"{provider.services.url('/errors/destination')} (Error {event.error_id})"}  # fmt: skip
    assert 'Destination="https://other.example/sso"' in event.detail["evidence"]


def test_n24_other_faults_and_other_service_providers_have_rows_of_their_own(
    provider: Provider, wiki: Client, browser: Browser, clock: Clock
) -> None:
    register(provider, "Desk", facts("https://desk.example/metadata", "https://desk.example/acs"))
    for _ in range(3):
        by_redirect(browser, authn_request(provider, **ELSEWHERE))
        by_redirect(browser, authn_request(provider, issuer="https://desk.example/metadata", **ELSEWHERE))
        by_redirect(browser, authn_request(provider, Version="2.1"))
        by_redirect(browser, authn_request(provider, policy("urn:mine")))
    errors = [event for event in provider.events() if event.action.startswith("error:saml")]
    assert [event.detail["times"] for event in errors] == [3, 3, 3, 3]
    assert len({event.error_id for event in errors}) == 4
    clock.advance(3601)
    by_redirect(browser, authn_request(provider, **ELSEWHERE))
    assert len(provider.events("error:saml_requestdenied")) == 3


def test_n24_nothing_is_written_while_a_stranger_waits(provider: Provider, wiki: Client, browser: Browser) -> None:
    by_redirect(browser, authn_request(provider, **ELSEWHERE))
    sql, _, _ = provider.counted(lambda: by_redirect(browser, authn_request(provider, **ELSEWHERE)))
    assert [statement for statement in sql if not statement.startswith("SELECT")] == []


@pytest.mark.parametrize("path", ["saml/ecp", "saml/artifact", "saml/slo"])
def test_n24_from_server_to_server_too(provider: Provider, wiki: Client, browser: Browser, path: str) -> None:
    body = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<p:ArtifactResolve xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/></s:Body></s:Envelope>'
    )
    for _ in range(20):
        browser.post(path, body, headers={"Content-Type": "text/xml"})
    errors = [event for event in provider.events() if event.action.startswith("error:saml")]
    assert [event.detail["times"] for event in errors] == [20], errors
