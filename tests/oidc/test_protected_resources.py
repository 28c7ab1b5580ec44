"""Our own protected resources lead whoever knows only their address to us (RFC 9728). J1."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from idp.accounts.person import Person
from idp.oidc.protected_resources import RESOURCES
from tests.provider import App, Browser, Provider

_METADATA = re.compile(r'resource_metadata="([^"]+)"')


@pytest.mark.spec("RFC 9728 5.1")
@pytest.mark.parametrize("issuer", ["https://login.example", "https://login.example/sso"])
@pytest.mark.parametrize("path", RESOURCES)
def test_j1_a_refusal_leads_to_the_metadata_and_that_to_us(
    open_provider: Callable[..., Provider], issuer: str, path: str
) -> None:
    provider = open_provider(server={"issuer": issuer})
    browser = provider.browser()
    called = f"{path}/caller" if path == "/api/v1" else path
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = browser.open("GET", issuer + called, headers=headers)
        assert refused.status == 401
        found = _METADATA.search(refused.headers["WWW-Authenticate"])
        assert found, refused.headers["WWW-Authenticate"]
        document = browser.open("GET", found[1])
        assert document.status == 200, found[1]
        assert document.headers["Access-Control-Allow-Origin"] == "*"
        assert document.json["resource"] == issuer + path  # §3.3: or it must not be used
        assert document.json["authorization_servers"] == [issuer]
    well_known = issuer + "/.well-known/openid-configuration"
    assert browser.open("GET", well_known).json["issuer"] == issuer


@pytest.mark.spec("RFC 9728 2")
def test_j1_a_token_that_is_asked_for_by_the_resources_name_opens_it(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    for path in ("/oauth/userinfo", "/oauth/whoami"):
        resource = provider.services.url(path)
        code = provider.sign_in(browser, crm, resource=resource).code
        got = provider.redeem(crm, code, resource=resource).json
        answer = browser.get(path[1:], headers={"Authorization": f"Bearer {got['access_token']}"})
        assert answer.status == 200, answer.text
    other = provider.authorize(browser, crm, resource="https://other.example/")
    assert other.error == "invalid_target"  # of others nothing is left out


def test_j1_a_machine_asks_for_our_resource_by_its_name(provider: Provider) -> None:
    robot = provider.add_client("Robot", "machine", scope="read")
    got = provider.client_credentials(robot, resource=provider.services.url("/oauth/whoami"))
    assert got.status == 200, got.text
    headers = {"Authorization": f"Bearer {got.json['access_token']}"}
    assert provider.browser().get("oauth/whoami", headers=headers).json["client_id"] == robot.id


@pytest.mark.spec("RFC 9728 3")
def test_j1_nothing_is_told_of_resources_that_are_not_ours(browser: Browser) -> None:
    for path in ("", "/oauth/token", "/x"):
        assert browser.get(f".well-known/oauth-protected-resource{path}").status == 404, path


def test_j1_what_was_told_of_a_refusal_still_stands_in_its_challenge(browser: Browser) -> None:
    challenge = browser.get("oauth/userinfo", headers={"Authorization": "Bearer wrong"}).headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in challenge
    assert "(E-" in challenge
    assert 'error_uri="' in challenge
