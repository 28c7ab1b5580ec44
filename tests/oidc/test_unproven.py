"""Applications that cannot prove which one they are: nobody gets a code in silence. N8, ASVS 10.7.1."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import App, Browser, Provider

LOOPBACK, SCHEME, CLAIMED = "http://127.0.0.1:4711/cb", "com.example.tool:/cb", "https://tool.example/cb"
URIS = [LOOPBACK, "http://[::1]:9/cb", "http://localhost:5001/cb", "https://localhost/cb", SCHEME]


def tool(provider: Provider, **metadata: Any) -> App:
    return provider.add_client("Tool", "native", redirect_uris=[*URIS, CLAIMED], **metadata)


@pytest.mark.spec("RFC8252 8.6")
@pytest.mark.parametrize("consent", ["explicit", "implicit"])
@pytest.mark.parametrize("uri", [*URIS, "http://127.0.0.1:50001/cb", "http://127.0.0.1/cb"])
def test_n8_each_request_is_asked_about_however_often_it_was_allowed(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, uri: str, consent: str
) -> None:
    app = tool(provider, consent=consent)
    page = browser.log_in(provider.authorize(browser, app, redirect_uri=uri))
    for _ in range(3):
        assert page.is_consent_page
        assert "cannot prove" in page.dom.text
        assert browser.submit(page, "allow").sent["code"]
        clock.advance(1)
        page = provider.authorize(browser, app, redirect_uri=uri)
    assert len(provider.events("consent:granted")) == 3


@pytest.mark.spec("RFC8252 8.6")
@pytest.mark.parametrize("uri", [*URIS, "http://127.0.0.1:50001/cb"])
@pytest.mark.parametrize("overrides", [{}, {"scope": "openid"}, {"scope": None}, {"max_age": "1000"}], ids=str)
def test_n8_prompt_none_never_gets_a_code(
    provider: Provider, browser: Browser, ann: Person, uri: str, overrides: dict[str, Any]
) -> None:
    app = tool(provider, consent="implicit")
    assert provider.sign_in(browser, app, redirect_uri=uri).sent["code"]
    answer = provider.authorize(browser, app, redirect_uri=uri, prompt="none", **overrides)
    assert (answer.error, "code" in answer.sent) == ("consent_required", False)
    assert "prompt=none" in answer.sent["error_description"]


def test_n8_a_yes_is_for_the_conversation_that_asked_and_for_its_person(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    """Two programs ask at once: the yes to one of them is none to the other, whichever began first."""
    provider.add_person("bob")
    app = tool(provider)
    first = browser.log_in(provider.authorize(browser, app, redirect_uri=LOOPBACK))
    second = provider.authorize(browser, app, redirect_uri=SCHEME)
    flow = dict(first.form.fields)["flow"]
    assert browser.submit(second, "allow").sent["code"]
    # The other page is still only a question; what is posted elsewhere than on its buttons is no answer.
    for path, data in (
        ("login/account", {"account": browser.cookie("session").partition(".")[0]}),
        ("login/consent", {"decision": ""}), ("login/consent", {"decision": "deny"}),
        ("login", {"login": "ann", "password": ""}),
    ):  # fmt: skip
        assert "code" not in browser.post(path, {"flow": flow, **data}).sent, path
    clock.advance(5)
    page = browser.submit(provider.authorize(browser, app, redirect_uri=LOOPBACK), "switch")
    assert browser.log_in(page, "bob").is_consent_page


def test_n8_a_host_of_its_own_proves_an_application(provider: Provider, browser: Browser, ann: Person) -> None:
    """RFC 8252 §8.6: claimed https redirects may be taken as a proof; so the consent is remembered."""
    app = tool(provider)
    assert provider.sign_in(browser, app, redirect_uri=CLAIMED).sent["code"]
    assert provider.authorize(browser, app, redirect_uri=CLAIMED, prompt="none").sent["code"]
    spa = provider.add_client("Spa", "spa")
    assert provider.authorize(browser, spa, prompt="none").sent["code"]


def test_n8_a_secret_proves_an_application(open_provider: Any, clock: Clock) -> None:
    """Under development, confidential and browser applications live on this machine; native ones ask there, too."""
    provider = open_provider(server={"issuer": "http://localhost:8000"})
    provider.add_person("ann")
    browser, local = provider.browser(), {"redirect_uris": ["http://localhost:3000/cb"]}
    assert provider.sign_in(browser, provider.add_client("Web", **local)).sent["code"]
    for profile, code in (("web", True), ("spa", True), ("native", False)):
        app = provider.add_client("App " + profile, profile, **local)
        assert ("code" in provider.authorize(browser, app, prompt="none").sent) is code, profile


# -- prompt=consent --------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("consent", ["implicit", "explicit"])
def test_n25_an_admin_may_pass_over_prompt_consent_for_one_application(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, consent: str
) -> None:
    """EspoCRM asks for it at every sign-in, and single sign-on was gone."""
    app = provider.add_client("EspoCRM", consent=consent, ignore_prompt_consent=True)
    page = browser.log_in(provider.authorize(browser, app, prompt="consent"))
    assert page.is_consent_page is (consent == "explicit")  # the first time, as without it
    assert (browser.submit(page, "allow") if page.is_consent_page else page).sent["code"]
    clock.advance(60)
    assert provider.authorize(browser, app, prompt="consent").sent["code"]
    again = provider.authorize(browser, app, prompt="login consent")
    assert again.is_login_page  # nothing else of it is passed over
    other = provider.add_client("Other")
    assert provider.authorize(browser, other, prompt="consent").is_consent_page


@pytest.mark.spec("OIDC-Core 11")
def test_n25_what_is_passed_over_gives_no_offline_access(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("EspoCRM", ignore_prompt_consent=True)
    answer = provider.sign_in(browser, app, prompt="consent", scope="openid offline_access")
    assert provider.redeem(app, answer.code).json["scope"] == "openid"


# -- schemes without a dot -------------------------------------------------------------------------------------------


def test_a_scheme_without_a_dot_is_taken_where_an_admin_says_so_and_asks_each_time(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    uris = ["oc://android.owncloud.com", "oc://ios.owncloud.com"]
    app = provider.add_client("ownCloud", "native", redirect_uris=uris, allow_dotless_scheme=True, consent="implicit")
    page = browser.log_in(provider.authorize(browser, app, redirect_uri=uris[0]))
    assert page.is_consent_page
    assert browser.submit(page, "allow").location.startswith(uris[0] + "?code=")
    assert provider.authorize(browser, app, redirect_uri=uris[1], prompt="none").error == "consent_required"
    assert provider.authorize(browser, app, redirect_uri="oc://evil.example").is_error_page
