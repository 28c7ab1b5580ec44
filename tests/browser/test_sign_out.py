"""Single logout in a real browser: the chain leads on by itself, and a silent service provider does not stall it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, redirect, request
from lxml import etree
from playwright.sync_api import expect

from idp.accounts.person import Person
from idp.saml.messages import http_redirect, names
from idp.saml.messages.schema_types import instant
from idp.saml.messages.xml import child, element
from tests.backends import find_free_port
from tests.browser.landing import HEAD
from tests.browser.site import Served, Site, port_of
from tests.browser.windows import Windows, log_in
from tests.saml.pairs import rsa_pair
from tests.saml.relying import certificate, facts, register
from tests.server import unique


def create_app(issuer: str) -> Flask:
    """Two service providers: `silent` never answers a LogoutRequest, `live` does."""
    app = Flask(__name__)

    @app.post("/<name>/acs")
    def acs(name: str) -> str:
        return f"{HEAD}<title>{name}</title><h1>Signed in at {name}</h1>"

    @app.get("/<name>/slo")
    def slo(name: str) -> Any:
        if name == "silent":
            time.sleep(20)
            return HEAD
        received = http_redirect.decode_redirect(request.query_string.decode())
        about = {
            "ID": "_" + unique("id"), "Version": "2.0", "IssueInstant": instant(time.time()),
            "Destination": issuer + "/saml/slo", "InResponseTo": etree.fromstring(received.message).get("ID", ""),
        }  # fmt: skip
        root = element(names.SAMLP, "LogoutResponse", about)
        child(root, names.SAML, "Issuer", None, f"{request.host_url}{name}/metadata")
        child(child(root, names.SAMLP, "Status"), names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
        key = rsa_pair("live").signer()
        return redirect(http_redirect.encode_redirect(issuer + "/saml/slo", "SAMLResponse", root, None, key).location)

    return app


@pytest.fixture
def applications(site: Site) -> Iterator[str]:
    url = f"http://127.0.0.1:{find_free_port()}"
    served = Served(create_app(site.issuer), port_of(url))
    yield url
    served.stop()


def add(site: Site, url: str, name: str, logout: str = "") -> str:
    slo = [{"binding": names.HTTP_REDIRECT, "location": f"{logout or url}/{name}/slo"}]
    said = facts(
        f"{url}/{name}/metadata", f"{url}/{name}/acs", slo=slo, signing_certificates=[certificate(rsa_pair("live"))]
    )
    return register(site, name.title(), said).id


def test_the_chain_goes_on_without_a_silent_service_provider(
    windows: Windows, site: Site, ann: Person, applications: str
) -> None:
    windows.welcome.add(applications)
    page = windows.open()
    for number, name in enumerate(("silent", "live")):
        page.goto(f"{site.issuer}/saml/start/{add(site, applications, name)}")
        page.get_by_role("button").last.click()
        if number == 0:
            log_in(page, ann)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Signed in at {name}")
    page.goto(site.issuer + "/logout")
    page.locator("#confirm").click(no_wait_after=True)
    page.wait_for_url(site.issuer + "/logout/next**", wait_until="commit")
    # The page stays while the browser waits for the silent one, and gives it up after HOP_SECONDS.
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out", timeout=25000)
    windows.shoot(page, "done")
    expect(page.locator("li", has_text="Silent")).to_contain_text("Not confirmed")
    expect(page.locator("li", has_text="Live")).to_contain_text("Signed out")


@pytest.mark.parametrize("way", ["back", "again"])
def test_the_chain_goes_on_for_who_comes_back_from_a_dead_service_provider(
    windows: Windows, site: Site, ann: Person, applications: str, way: str
) -> None:
    """The browser's own error page leads nowhere; Back does, and so does signing out once more."""
    windows.welcome.add(applications)
    dead = f"http://127.0.0.1:{find_free_port()}"
    windows.welcome.add(dead)
    page = windows.open()
    for number, (name, slo) in enumerate((("dead", dead), ("live", applications))):
        page.goto(f"{site.issuer}/saml/start/{add(site, applications, name, slo)}")
        page.get_by_role("button").last.click()
        if number == 0:
            log_in(page, ann)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Signed in at {name}")
    page.goto(site.issuer + "/logout")
    with page.expect_event("requestfailed", lambda request: request.url.startswith(dead)):
        page.locator("#confirm").click(no_wait_after=True)
    expect(page.locator("#sign-out-hop")).to_have_count(0)  # the browser's own error page is there
    if way == "back":
        page.evaluate("history.back()")
    else:
        page.goto(site.issuer + "/logout")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out", timeout=25000)
    expect(page.locator("li", has_text="Dead")).to_contain_text("Not confirmed")
    expect(page.locator("li", has_text="Live")).to_contain_text("Signed out")
    windows.forgive("ERR_CONNECTION_REFUSED")
