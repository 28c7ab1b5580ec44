"""SAML with Debian's Chromium between: what cookies, policies and forms do in a browser, nothing else can show."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from tests.browser.injections import ALL, assert_inert
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.saml.asking import authn_request, encoded, redirect_query
from tests.saml.relying import facts, register
from tests.server import Server, unique

#: As an application's own page sends its request by HTTP-POST.
POST = """([action, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  for (const [name, value] of Object.entries(fields))
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.submit();
}"""


def got(page: Page) -> dict[str, str]:
    page.wait_for_selector("#got")
    values = page.evaluate("JSON.parse(document.getElementById('got').textContent)")
    assert isinstance(values, dict)
    return values


@pytest.fixture
def person(secure: Server) -> Person:
    return secure.add_person(unique("ann"))


def sign_in(page: Page, person: Person) -> None:
    page.goto("https://login.example/")
    log_in(page, person)
    page.wait_for_url("https://login.example/")


def test_a_request_by_post_from_another_site_finds_the_lax_session(
    windows: Windows, secure: Server, person: Person
) -> None:
    windows.welcome |= {"https://login.example", "https://app.example"}
    entity = f"https://app.example/{unique('md')}"
    register(secure, "Wide", facts(entity, "https://app.example/cb"))
    page = windows.open()
    sign_in(page, person)
    page.goto("https://app.example/welcome")
    form = {"SAMLRequest": encoded(authn_request(secure, issuer=entity)), "RelayState": "rs"}
    page.evaluate(POST, ["https://login.example/saml/sso", form])
    page.wait_for_url("https://app.example/cb")  # and no page to type anything into
    values = got(page)
    assert (values["method"], values["RelayState"]) == ("POST", "rs")
    assert values["SAMLResponse"]


def test_an_application_may_answer_on_one_host_and_live_on_another(
    windows: Windows, secure: Server, person: Person
) -> None:
    windows.welcome |= {"https://login.example", "https://app.example", "https://home.example"}
    entity = f"https://app.example/{unique('md')}"
    register(secure, "Wide", facts(entity, "https://app.example/moving"))
    page = windows.open()
    sign_in(page, person)
    page.goto("https://login.example/saml/sso?" + redirect_query(authn_request(secure, issuer=entity)))
    page.wait_for_url("https://home.example/welcome**")


@pytest.mark.parametrize("js", [True, False])
def test_T18_script_in_relay_state_arrives_byte_for_byte_and_never_runs(
    windows: Windows, site: Site, ann: Person, js: bool
) -> None:
    entity = f"{site.landing}/{unique('md')}"
    register(site, "Notes", facts(entity, f"{site.landing}/cb?a='b&amp=c"))
    page = windows.open(js=js)
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    for payload in ALL:
        query = redirect_query(authn_request(site, issuer=entity), payload)
        page.goto(f"{site.issuer}/saml/sso?{query}", wait_until="domcontentloaded")
        if not js:
            assert page.locator("x-canary, img").count() == 0
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url(site.landing + "/cb?**")
        assert got(page)["RelayState"] == payload


def test_T18_script_in_an_applications_name_is_text_on_the_start_page(
    windows: Windows, site: Site, ann: Person
) -> None:
    entity = f"{site.landing}/{unique('md')}"
    client = register(site, ALL[0][:200], facts(entity, f"{site.landing}/cb"))
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    page.goto(f"{site.issuer}/saml/start/{client.id}")  # as a link in a mail does
    assert_inert(page)
    windows.shoot(page, "start")
    page.click("#open")
    assert got(page)["SAMLResponse"]


def test_T16_the_launcher_opens_it_at_once_and_another_site_does_not(
    windows: Windows, secure: Server, person: Person
) -> None:
    windows.welcome |= {"https://login.example", "https://app.example"}
    entity, name = f"https://app.example/{unique('md')}", unique("Wiki")
    client = register(secure, name, facts(entity, "https://app.example/cb"))
    page = windows.open()
    sign_in(page, person)
    page.locator("a.tile", has_text=name).click()
    page.wait_for_url("https://app.example/cb")
    assert got(page)["SAMLResponse"]
    page.goto("https://app.example/welcome")
    page.evaluate("url => { location.href = url }", f"https://login.example/saml/start/{client.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Open {name}?")
