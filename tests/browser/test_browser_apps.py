"""What only a real browser enforces: response modes, CORS, form-action, openers."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from idp.accounts.person import Person
from tests.browser.arriving import landed
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import VERIFIER
from tests.server import Server, unique


@pytest.mark.spec("OAuth 2.0 Form Post Response Mode 2")
@pytest.mark.parametrize("js", [True, False])
def test_form_post_arrives_with_and_without_javascript(windows: Windows, site: Site, ann: Person, js: bool) -> None:
    app, page = site.local_app("Notes"), windows.open(js=js)
    page.goto(site.authorize_url(app, response_mode="form_post"))
    log_in(page, ann)
    if not js:
        expect(page.get_by_role("heading", level=1)).to_have_text("Going on to Notes")
        windows.shoot(page, "going-on")
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url(site.landing + "/cb")
    got = page.evaluate("JSON.parse(document.getElementById('got').textContent)")
    assert (got["method"], got["state"], got["iss"]) == ("POST", "st 8", site.issuer)
    assert site.redeem(app, got["code"]).status == 200


def test_form_post_is_not_sent_twice_by_back(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    page.goto(site.authorize_url(app, response_mode="form_post"))
    page.wait_for_url(site.landing + "/cb")
    page.go_back()
    page.wait_for_load_state()
    assert page.url.startswith(site.issuer)  # here it rests; the button sends it on


@pytest.mark.spec("RFC6749 4.1", "RFC10017")
def test_S22_a_one_page_app_gets_its_tokens_by_itself(windows: Windows, site: Site, ann: Person) -> None:
    home = site.landing + "/spa"
    app, page = site.local_app("One page", "spa", redirect_uris=[home]), windows.open()
    page.goto(site.authorize_url(app, response_mode="fragment"))
    log_in(page, ann)
    page.wait_for_url(home + "#**")
    page.evaluate("([...given]) => redeem(...given)", [site.issuer, app.id, VERIFIER, home])
    result = page.evaluate("JSON.parse(document.getElementById('result').textContent)")
    assert result["person"]["sub"] == ann.id
    assert result["tokens"]["id_token"]


@pytest.mark.spec("RFC9700 4.17")
def test_S22_another_origin_is_kept_out_by_the_browser(windows: Windows, site: Site, ann: Person) -> None:
    home = site.landing + "/spa"
    app = site.local_app("One page", "spa", redirect_uris=[home])
    page = windows.open()
    page.goto(home)
    answers = {"/.well-known/openid-configuration": 200, "/oauth/jwks": 200}
    for path, status in answers.items():
        assert page.evaluate("(url) => ask(url)", site.issuer + path) == status
    token = {"method": "POST", "body": f"grant_type=authorization_code&code=x&client_id={app.id}",
             "headers": {"Content-Type": "application/x-www-form-urlencoded"}}  # fmt: skip
    assert page.evaluate("([url, options]) => ask(url, options)", [site.issuer + "/oauth/token", token]) == 400
    assert "Failed to fetch" in page.evaluate("(url) => ask(url)", site.authorize_url(app))
    stranger = windows.open()
    windows.welcome.add(site.landing.replace("127.0.0.1", "localhost"))
    stranger.goto(home.replace("127.0.0.1", "localhost"))
    for path in ("/oauth/token", "/oauth/userinfo", "/oauth/revoke"):
        answer = stranger.evaluate("([url, options]) => ask(url, options)", [site.issuer + path, token])
        assert "Failed to fetch" in str(answer), (path, answer)
    headers = {"headers": {"Authorization": "Bearer x"}}
    answer = stranger.evaluate("([url, options]) => ask(url, options)", [site.issuer + "/oauth/userinfo", headers])
    assert "Failed to fetch" in str(answer)
    windows.forgive("CORS policy", "net::ERR_FAILED", "status of 400")


def test_a_popup_keeps_its_opener(windows: Windows, site: Site, ann: Person) -> None:
    """COOP same-origin-allow-popups: applications that sign people in by a popup hear from it."""
    app, page = site.local_app("Popup", redirect_uris=[site.landing + "/popup"]), windows.open()
    page.goto(f"{site.landing}/opener")
    page.evaluate("(to) => history.replaceState(null, '', '?to=' + encodeURIComponent(to))", site.authorize_url(app))
    with page.expect_popup() as popped:
        page.click("#open")
    popup = popped.value
    log_in(popup, ann)
    expect(page.locator("#heard")).to_have_text("signed in: true")
    expect(popup.locator("#opener")).to_have_text("true")


@pytest.mark.parametrize("step", ["login", "consent", "deny"])
def test_form_action_lets_an_app_answer_on_one_host_and_live_on_another(
    windows: Windows, site: Site, ann: Person, step: str
) -> None:
    windows.welcome |= {"https://app.example", "https://home.example"}
    app = site.add_client(
        "Wide", redirect_uris=["https://app.example/moving"], consent="implicit" if step == "login" else "explicit"
    )
    page = windows.open()
    page.goto(site.authorize_url(app))
    log_in(page, ann)
    if step != "login":
        page.click("#allow" if step == "consent" else "#deny")
    page.wait_for_url("https://home.example/welcome?**")
    assert ("code=" in page.url) == (step != "deny")


def test_form_action_lets_a_cancelled_sign_in_go_back(windows: Windows, site: Site) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.authorize_url(app))
    page.get_by_role("button", name="Cancel and go back to Notes").click()
    assert landed(page, site)["error"] == "access_denied"


def test_form_action_lets_a_sign_out_return_to_another_host(windows: Windows, site: Site, ann: Person) -> None:
    windows.welcome |= {"https://app.example", "https://home.example"}
    app = site.add_client(
        "Wide", redirect_uris=["https://app.example/cb"], post_logout_redirect_uris=["https://app.example/moving"]
    )
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    page.goto(f"{site.issuer}/oauth/logout?client_id={app.id}&post_logout_redirect_uri=https://app.example/moving")
    page.click("#confirm")
    page.wait_for_url("https://home.example/welcome**")


@pytest.mark.spec("RFC6265bis 4.1.3.2")
def test_X27_on_https_every_cookie_is_of_this_host_alone(windows: Windows, secure: Server) -> None:
    """`__Host-`, Secure, HttpOnly, Lax: the browser keeps them, and the whole way works with them."""
    windows.welcome |= {"https://login.example", "https://app.example", "https://home.example"}
    ann = secure.add_person(unique("ann"))
    app = secure.add_client("Wide", redirect_uris=["https://app.example/moving"], consent="explicit")
    page = windows.open()
    answer = page.goto("https://login.example/oauth/authorize?" + urlencode(secure.request(app)))
    assert answer is not None
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    page.check("#stay")
    log_in(page, ann)
    page.click("#allow")
    page.wait_for_url("https://home.example/welcome?**")
    cookies = {cookie.get("name"): cookie for cookie in page.context.cookies("https://login.example")}
    kinds = [re.sub("_[0-9a-f]{10}$", "", name or "") for name in cookies]  # an answered request is a cookie's name
    assert sorted(kinds) == [f"__Host-doorward_{name}" for name in ("answered", "browser", "device", "last", "session")]
    for cookie in cookies.values():
        assert (cookie.get("secure"), cookie.get("httpOnly"), cookie.get("sameSite")) == (True, True, "Lax")
        assert (cookie.get("domain"), cookie.get("path")) == ("login.example", "/")
    page.goto("https://login.example/logout")
    page.click("#confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.goto("https://login.example/")
    expect(page.locator("#password")).to_be_visible()


def test_Q5_30_a_form_at_another_name_of_the_host_leads_to_the_right_one(
    windows: Windows, site: Site, ann: Person
) -> None:
    """Where its cookies work the form is sent, and the browser would hold its answer back without a word."""
    parts = urlsplit(site.issuer)
    other = "localhost" if parts.hostname != "localhost" else "127.0.0.1"
    page = windows.open()
    windows.welcome.add(f"{parts.scheme}://{other}:{parts.port}")
    page.goto(f"{parts.scheme}://{other}:{parts.port}/")
    expect(page.locator(".elsewhere")).to_be_visible()
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/**")
