"""Script in every value that reaches a page: it is shown as text, and nothing of it runs (X17, X28, S3, S13)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect

from idp.accounts.person import Person
from tests.browser.arriving import landed
from tests.browser.injections import ALL, PAYLOADS, assert_inert
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import write_address
from tests.server import unique

PARAMETERS = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "login_hint", "acr_values",
    "claims", "ui_locales", "display", "max_age", "id_token_hint", "response_mode", "code_challenge",
    "code_challenge_method", "resource", "request", "request_uri", "registration", "nobody_knows_this",
)  # fmt: skip
#: Send the page's form with one more value.
SEND = """([name, value]) => {
  const form = document.querySelector("form");
  form.querySelectorAll(`[name=${name}]`).forEach((field) => field.remove());
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_X17_script_in_a_parameter_of_authorize_is_text(windows: Windows, site: Site, parameter: str) -> None:
    app, page = site.local_app("Notes"), windows.open()
    for payload in PAYLOADS if parameter == "login_hint" else ALL:
        page.goto(site.authorize_url(app, **{parameter: payload}), wait_until="domcontentloaded")
        if page.url.startswith(site.issuer):
            assert_inert(page)
        if parameter == "login_hint":
            expect(page.locator("#login")).to_have_value(payload)


def test_X17_script_in_what_people_type_is_text(windows: Windows, site: Site) -> None:
    page = windows.open()
    for payload in PAYLOADS:
        page.goto(site.issuer)
        page.fill("#login", payload)
        page.fill("#password", payload)
        page.click("button.main")
        expect(page.locator("#login")).to_have_value(payload)
        assert_inert(page)


def test_X17_script_in_any_address_is_text(windows: Windows, site: Site) -> None:
    page = windows.open()
    for payload in ALL:
        text = quote(payload, safe="")
        for path in ("/{}", "/setup/{}", "/app-logo/{}", "/static/{}", "/help?x={}", "/?x={}#{}", "/login?x={}"):
            page.goto(site.issuer + path.format(text, text), wait_until="domcontentloaded")
            if not page.url.startswith("data:"):
                assert_inert(page)


def test_X17_script_in_a_posted_flow_is_text(windows: Windows, site: Site) -> None:
    page = windows.open()
    for name in ("flow", "action", "form_key"):
        page.goto(site.authorize_url(site.local_app("Notes")))
        page.evaluate(SEND, [name, ALL[0]])
        page.wait_for_url(site.issuer + "/login")
        assert_inert(page)


def test_X17_names_of_apps_people_and_scopes_are_text_on_every_page(windows: Windows, site: Site) -> None:
    hostile = '<x-canary></x-canary><img src=x onerror="alert(1)">'
    person = site.add_person(unique(hostile.split()[0]), name=hostile, email=f"{unique('canary')}@example.com")
    write_address(site.services.db, person, f"{person.username}@example.com")
    app = site.local_app(
        hostile, consent="explicit", scope="openid profile <x-canary></x-canary>",
        post_logout_redirect_uris=[site.landing + "/welcome"], client_uri="https://notes.example/?a=%22%3E%3Cx-canary%3E",
    )  # fmt: skip
    page = windows.open()
    page.goto(site.authorize_url(app, scope="openid profile <x-canary></x-canary>"))
    assert_inert(page)
    expect(page.locator(".lede")).to_contain_text("<x-canary>")
    log_in(page, person)
    expect(page.locator("#allow")).to_be_visible()
    assert_inert(page)
    windows.shoot(page, "consent")
    page.click("#allow")
    landed(page, site)
    for path in ("/", "/access", "/password", "/logout", f"/oauth/logout?client_id={app.id}"):
        page.goto(site.issuer + path)
        assert_inert(page)
    page.click("#confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert_inert(page)
    page.goto(site.authorize_url(app, redirect_uri="https://elsewhere.example/"))
    assert_inert(page)
    windows.shoot(page, "error")


@pytest.mark.parametrize("js", [True, False])
def test_X28_script_in_state_arrives_byte_for_byte_and_never_runs(
    windows: Windows, site: Site, ann: Person, js: bool
) -> None:
    """form_post renders state into a page of ours; the application gets what it sent."""
    app, page = site.local_app("Notes"), windows.open(js=js)
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    for payload in ALL:
        page.goto(site.authorize_url(app, state=payload, response_mode="form_post"), wait_until="domcontentloaded")
        if not js:
            assert page.locator("x-canary, img").count() == 0
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url(site.landing + "/cb")
        got = page.evaluate("JSON.parse(document.getElementById('got').textContent)")
        assert got["state"] == payload
        assert got["method"] == "POST"


def test_X28_script_in_the_state_of_a_sign_out_never_runs(windows: Windows, site: Site, ann: Person) -> None:
    app = site.local_app("Notes", post_logout_redirect_uris=[site.landing + "/welcome"])
    page = windows.open()
    for payload in ALL:
        page.goto(site.issuer)
        log_in(page, ann)
        page.wait_for_url(site.issuer + "/")
        query = {"client_id": app.id, "post_logout_redirect_uri": site.landing + "/welcome", "state": payload}
        page.goto(f"{site.issuer}/oauth/logout?" + urlencode(query))
        assert_inert(page)
        page.click("#confirm")
        page.wait_for_url(site.landing + "/welcome?state=**")
        assert page.evaluate("new URL(location).searchParams.get('state')") == payload
    for name in ("client_id", "id_token_hint", "post_logout_redirect_uri", "logout_hint", "ui_locales"):
        page.goto(f"{site.issuer}/oauth/logout?" + urlencode({"client_id": app.id, name: ALL[0]}))
        assert_inert(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_S13_no_page_breaks_its_policy_or_asks_anybody_else(
    windows: Windows, site: Site, ann: Person, scheme: str
) -> None:
    """Every page that there is; what the console says and who is asked is looked at when the window closes."""
    app = site.local_app("Notes", consent="explicit", logo_uri=site.crm + "/static/logo.svg")
    page = windows.open(scheme=scheme)
    for path in ("/", "/help", "/help/password", "/help/username", "/register", "/logout", "/nothing", "/setup/x"):
        page.goto(site.issuer + path)
    for wrong in ({"redirect_uri": "https://elsewhere.example/"}, {"client_id": "nobody"}, {}):
        page.goto(site.authorize_url(app, **wrong))
    log_in(page, ann, "not the password that it is")
    log_in(page, ann)
    expect(page.locator("#allow")).to_be_visible()
    page.click("#allow")
    landed(page, site)
    for path in ("/", "/password", "/access", "/logout"):
        page.goto(site.issuer + path)
    page.goto(site.authorize_url(app, prompt="select_account"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose an account")
    windows.shoot(page, "account")
    page.goto(site.authorize_url(app, prompt="login"))
    page.goto(site.authorize_url(app, response_mode="form_post"))
    page.wait_for_url(site.landing + "/cb")
    page.goto(site.issuer + "/logout")
    page.click("#confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert len([url for url in windows.requests if url.startswith(site.issuer)]) > 20


def test_the_watch_sees_script_that_runs(windows: Windows, site: Site) -> None:
    """The tests above would notice: a dialog, a broken policy and a stranger are all heard."""
    page = windows.open()
    page.goto(site.landing + "/welcome")
    page.evaluate("setTimeout(() => alert('ran'))")
    page.wait_for_timeout(100)
    page.goto(site.issuer)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://app.example/x onerror=alert(1)>')")
    page.wait_for_timeout(100)
    heard = "\n".join(windows.complaints)
    assert "dialog: ran" in heard
    assert "policy broken: img-src" in heard
    assert "policy broken: script-src" in heard
    page.goto("https://app.example/welcome")
    with pytest.raises(AssertionError):
        windows.check()
    windows.complaints.clear()
    windows.requests.clear()
