"""Keycloak as the provider that people come through: in, out on either side, and the same person for ever (I1, I9)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.counterparts.conftest import Program
from tests.counterparts.upstreams import Upstream, application
from tests.server import Server, unique

REALM, SECRET, PASSWORD_THERE = "company", "doorward-secret", "Kestrel-7-lantern"


def realm(made: dict[str, Any], signed_out: str) -> dict[str, Any]:
    """As its import file has it: what an admin fills in on "Create client", and one person."""
    client = {
        "clientId": "doorward", "secret": SECRET, "enabled": True, "protocol": "openid-connect",
        "redirectUris": [made["redirect_uri"]],
        "attributes": {
            "post.logout.redirect.uris": signed_out, "backchannel.logout.url": made["logout_uri"],
            "backchannel.logout.session.required": "true", "pkce.code.challenge.method": "S256",
        },
    }  # fmt: skip
    person = {
        "username": "kim", "enabled": True, "email": "kim@example.com", "emailVerified": True, "firstName": "Kim",
        "lastName": "Example", "credentials": [{"type": "password", "value": PASSWORD_THERE, "temporary": False}],
    }  # fmt: skip
    return {"realm": REALM, "enabled": True, "sslRequired": "none", "clients": [client], "users": [person]}


@pytest.fixture(scope="module")
def keycloak(
    server: Server, ports: list[int], tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upstream]:
    """One for the module: it takes half a minute to start."""
    folder = tmp_path_factory.mktemp("keycloak-there") / "kc"
    shutil.copytree(tool("keycloak-*/bin").parent, folder, symlinks=True)
    issuer = f"http://127.0.0.1:{ports[2]}/realms/{REALM}"
    words = ("--name", unique("Keycloak"), "--template", "keycloak", "--issuer", issuer, "--client-id", "doorward")
    more = ("--secret-file", "-", "--set", "create=yes", "--set", "sign_out=always", "--json")
    made = server.cli_json("provider", "add", *words, *more, input=SECRET)
    (folder / "data" / "import").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "import" / "realm.json").write_text(json.dumps(realm(made, made["signed_out_uri"])))
    start = ["bin/kc.sh", "start", "--optimized", "--import-realm", "--http-enabled=true", "--hostname-strict=false"]
    start += ["--cache=local", f"--http-port={ports[2]}", "--http-host=127.0.0.1"]
    program = Program(start, folder, {"JAVA_OPTS_APPEND": "-Xmx512m"})
    try:
        program.wait_until_it_says("Listening on: http://127.0.0.1", 900)
        with application(server, ports[3]) as app:
            yield Upstream(server, app, issuer, made, program)
    finally:
        program.stop()


def sign_in_there(page: Page) -> None:
    page.fill("#username", "kim")
    page.fill("#password", PASSWORD_THERE)
    page.click("#kc-login")


def test_i1_it_can_be_tried_without_a_person(server: Server, keycloak: Upstream) -> None:
    found = server.cli_json("provider", "test", keycloak.made["id"], "--json")
    assert found["ok"], found


def test_i1_somebody_of_keycloak_is_the_same_person_each_time(
    page: Page, server: Server, keycloak: Upstream
) -> None:  # fmt: skip
    keycloak.go(page)
    sign_in_there(page)
    first = keycloak.sub(keycloak.arrived(page))
    page.context.clear_cookies()
    keycloak.go(page)
    sign_in_there(page)
    assert keycloak.sub(keycloak.arrived(page)) == first
    assert server.services.directory.get(first).name == "Kim Example"


def test_i8_a_new_sign_in_is_asked_for_there_and_shows(page: Page, keycloak: Upstream) -> None:
    keycloak.go(page)
    sign_in_there(page)
    keycloak.arrived(page)
    keycloak.go(page, prompt="login")
    page.wait_for_selector("#kc-login")
    page.fill("#password", PASSWORD_THERE)
    page.click("#kc-login")
    assert "access_token" in keycloak.arrived(page)


@pytest.mark.spec("OpenID BCL 2.5")
def test_i9_who_signs_out_at_keycloak_is_out_here_and_in_the_application(page: Page, keycloak: Upstream) -> None:
    keycloak.go(page)
    sign_in_there(page)
    tokens = keycloak.arrived(page)
    assert keycloak.is_in(page)
    page.goto(f"{keycloak.issuer}/protocol/openid-connect/logout")
    page.click("#kc-logout")
    page.wait_for_selector("text=You are logged out")
    assert not keycloak.is_in(page)
    again = keycloak.server.refresh(keycloak.app, tokens["refresh_token"]).json
    assert again["error"] == "invalid_grant"


@pytest.mark.spec("OpenID RPI 2")
def test_i9_who_signs_out_here_is_out_at_keycloak(page: Page, server: Server, keycloak: Upstream) -> None:
    keycloak.go(page)
    sign_in_there(page)
    keycloak.arrived(page)
    page.goto(server.issuer + "/logout")
    page.click("#confirm")
    page.wait_for_selector("text=It has confirmed that you are signed out")
    keycloak.go(page)
    page.wait_for_selector("#kc-login")  # it asks, since nobody is signed in there
