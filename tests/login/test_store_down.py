"""A store that is silent: a request without a page hears so by its application, everybody else by a page (E2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.client import Client
from tests.backends import Clock, find_free_port
from tests.provider import App, Browser, Provider, make_settings
from tests.saml.asking import authn_request, by_redirect
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people
from tests.saml.relying import status


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM")


def without_state(provider: Provider, clock: Clock) -> Provider:
    """Another process of the same provider, whose Redis answers nobody."""
    folder = Path(provider.settings.storage.data_dir)
    storage = {"state_url": f"redis://127.0.0.1:{find_free_port()}/0"}
    other = Provider(make_settings(folder, server={"issuer": provider.issuer}, storage=storage), clock)
    provider._others.append(other)
    return other


def test_redis_is_down_and_prompt_none_is_told_to_the_application(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.add_person("ann")
    provider.sign_in(browser, crm)
    browser.app = without_state(provider, clock).app
    for mode in ("query", "fragment", "form_post"):
        answer = provider.authorize(browser, crm, prompt="none", response_mode=mode)
        told = answer.sent
        assert (told["error"], told["state"], told["iss"]) == ("temporarily_unavailable", "st 8", provider.issuer)


def test_redis_is_down_and_a_person_sees_a_page_that_says_so(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.add_person("ann")
    provider.sign_in(browser, crm)
    browser.app = without_state(provider, clock).app
    page = provider.authorize(browser, crm)
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert page.is_error_page


def test_redis_is_down_and_nobody_is_signed_in_which_needs_no_redis(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    browser.app = without_state(provider, clock).app
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"


def test_redis_is_down_and_is_passive_is_told_to_the_service_provider(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    signed_in.app = without_state(provider, clock).app
    answer = by_redirect(signed_in, authn_request(provider, IsPassive="true"))
    assert status(answer)[0] == "Responder"
