"""Keycloak as broker: people sign in to its applications by us, and sign out of either side (N16, N25)."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page

from idp.accounts.person import Person
from tests.counterparts.conftest import Program, sign_in
from tests.provider import App
from tests.server import Server, unique

REALM, APP, SECRET = "tests", "app", "app-secret"


class Home(BaseHTTPRequestHandler):
    """The application: it shows that somebody has come."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@dataclass
class Broker:
    """A Keycloak with one realm, one application, and us as identity provider."""

    url: str
    home: str  # the application's
    client: App
    program: Program

    @property
    def protocol(self) -> str:
        return f"{self.url}/realms/{REALM}/protocol/openid-connect"

    def sign_in_url(self) -> str:
        """The application's own request, straight on to us."""
        asked = {
            "client_id": APP, "response_type": "code", "scope": "openid", "redirect_uri": self.home + "/cb",
            "kc_idp_hint": "doorward",
        }  # fmt: skip
        return f"{self.protocol}/auth?{urlencode(asked)}"

    def tokens(self, **form: str) -> dict[str, Any]:
        """What its token endpoint says to the application, errors included."""
        data = urlencode({"client_id": APP, "client_secret": SECRET, **form}).encode()
        try:
            with urlopen(Request(self.protocol + "/token", data), timeout=30) as answer:
                return dict(json.load(answer))
        except OSError as error:
            return dict(json.load(error))  # type: ignore[arg-type]


def realm(server: Server, client: App, home: str) -> dict[str, Any]:
    """The realm as its import file has it: what an admin fills in on "Add OpenID Connect provider"."""
    provider = {
        "alias": "doorward", "providerId": "oidc", "enabled": True, "trustEmail": True,
        "config": {
            "issuer": server.issuer,
            "authorizationUrl": server.services.url("/oauth/authorize"),
            "tokenUrl": server.services.url("/oauth/token"),
            "userInfoUrl": server.services.url("/oauth/userinfo"),
            "logoutUrl": server.services.url("/oauth/logout"),
            "jwksUrl": server.services.url("/oauth/jwks"),
            "useJwksUrl": "true", "validateSignature": "true",
            "clientId": client.id, "clientSecret": client.secret, "clientAuthMethod": "client_secret_basic",
            "defaultScope": "openid profile email", "pkceEnabled": "true", "pkceMethod": "S256",
            "backchannelSupported": "false", "syncMode": "FORCE",
        },
    }  # fmt: skip
    application = {
        "clientId": APP, "secret": SECRET, "enabled": True, "protocol": "openid-connect",
        "redirectUris": [home + "/*"], "attributes": {"post.logout.redirect.uris": home + "/*"},
    }  # fmt: skip
    return {
        "realm": REALM, "enabled": True, "sslRequired": "none", "identityProviders": [provider],
        "clients": [application],
    }  # fmt: skip


@pytest.fixture(scope="module")
def broker(
    server: Server, ports: list[int], tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """One for the module: it takes half a minute to start."""
    folder = tmp_path_factory.mktemp("keycloak") / "kc"
    shutil.copytree(tool("keycloak-*/bin").parent, folder, symlinks=True)
    url, home = f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
    endpoint = f"{url}/realms/{REALM}/broker/doorward/endpoint"
    client = server.add_client(
        unique("Keycloak"), redirect_uris=[endpoint], post_logout_redirect_uris=[endpoint + "/logout_response"],
        backchannel_logout_uri=f"{url}/realms/{REALM}/protocol/openid-connect/logout/backchannel-logout",
        backchannel_logout_session_required=True,
    )  # fmt: skip
    (folder / "data" / "import").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "import" / "realm.json").write_text(json.dumps(realm(server, client, home)))
    words = ["bin/kc.sh", "start", "--optimized", "--import-realm", "--http-enabled=true", "--hostname-strict=false"]
    words += ["--cache=local"]  # no cluster: nothing but the loopback address
    words += [f"--http-port={ports[0]}", "--http-host=127.0.0.1"]
    program = Program(words, folder, {"JAVA_OPTS_APPEND": "-Xmx512m"})
    web = ThreadingHTTPServer(("127.0.0.1", ports[1]), Home)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        program.wait_until_it_says("Listening on: http://127.0.0.1", 900)
        yield Broker(url, home, client, program)
    finally:
        program.stop()
        web.shutdown()
        web.server_close()


def arrive(page: Page, broker: Broker, person: Person) -> dict[str, Any]:
    """The person signs in to Keycloak's application by us; answers its tokens."""
    page.goto(broker.sign_in_url())
    sign_in(page, person)
    page.wait_for_url(f"{broker.home}/cb**")
    code = dict(parse_qsl(urlsplit(page.url).query))["code"]
    return broker.tokens(grant_type="authorization_code", code=code, redirect_uri=broker.home + "/cb")


def test_n25_people_arrive_with_their_names_and_keycloak_asks_them_for_nothing(
    page: Page, server: Server, broker: Broker
) -> None:
    cara = server.add_person(unique("cara"), name="Cara Example", email_verified=True)
    assert "access_token" in arrive(page, broker, cara)


@pytest.mark.spec("RPI 3")
def test_n16_a_sign_out_that_begins_at_keycloak_comes_back_and_signs_out_here(
    page: Page, server: Server, broker: Broker, ann: Person
) -> None:
    for _ in range(3):
        tokens = arrive(page, broker, ann)
        asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": broker.home + "/bye"}
        page.goto(f"{broker.protocol}/logout?{urlencode(asked)}")
        page.wait_for_url(broker.home + "/bye**")
        assert "error" in broker.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        page.goto(server.issuer)
        page.wait_for_selector("#password")
        page.context.clear_cookies()


@pytest.mark.spec("BCL 2.5")
def test_a_sign_out_that_begins_here_ends_keycloaks_session(
    page: Page, server: Server, broker: Broker, ann: Person
) -> None:
    tokens = arrive(page, broker, ann)
    again = broker.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert "access_token" in again
    page.goto(server.issuer + "/logout")
    page.click("#confirm")
    assert "not every app" not in page.inner_text("body")
    ended = broker.tokens(grant_type="refresh_token", refresh_token=again["refresh_token"])
    assert ended.get("error") == "invalid_grant"


def test_n16_the_reminder_that_follows_is_taken_by_a_keycloak_that_has_signed_out_already(
    page: Page, server: Server, broker: Broker, ann: Person
) -> None:
    tokens = arrive(page, broker, ann)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": broker.home + "/bye"}
    page.goto(f"{broker.protocol}/logout?{urlencode(asked)}")
    page.wait_for_url(broker.home + "/bye**")
    jobs = server.services.jobs
    reminder = [job for job in jobs.pending() if job.name == "oidc.logout.reminder"][-1]
    jobs.perform(reminder.name, reminder.payload)
    # Whoever signed in again meanwhile stays so.
    page.context.clear_cookies()
    tokens = arrive(page, broker, ann)
    jobs.perform(reminder.name, reminder.payload)
    time.sleep(0.5)
    assert "access_token" in broker.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
