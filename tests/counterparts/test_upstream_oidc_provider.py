"""oidc-provider for Node.js as the provider that people come through, and its back-channel logout to us (I1, I9)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.counterparts.conftest import HERE, Program
from tests.counterparts.upstreams import Upstream, application
from tests.server import Server, unique

SECRET = "a secret of 32 characters or more"


@pytest.fixture(scope="module")
def there(
    server: Server, ports: list[int], tool: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upstream]:
    """A process of node with one client: ours."""
    tool("node/node_modules/oidc-provider/package.json")
    folder, issuer = tmp_path_factory.mktemp("oidc-provider"), f"http://127.0.0.1:{ports[4]}"
    words = ("--name", unique("Node"), "--issuer", issuer, "--client-id", "doorward", "--secret-file", "-")
    more = ("--set", "create=yes", "--set", "sign_out=always", "--json")
    made = server.cli_json("provider", "add", *words, *more, input=SECRET)
    client = {
        "client_id": "doorward", "client_secret": SECRET, "redirect_uris": [made["redirect_uri"]],
        "post_logout_redirect_uris": [made["signed_out_uri"]], "backchannel_logout_uri": made["logout_uri"],
        "backchannel_logout_session_required": True,
    }  # fmt: skip
    shutil.copy(HERE / "node" / "oidc_provider.mjs", folder)
    (folder / "node_modules").symlink_to(tool("node/node_modules"))
    settings = json.dumps({"port": ports[4], "client": client})
    program = Program(["node", "oidc_provider.mjs"], folder, {"SETTINGS": settings})
    try:
        program.wait_until_it_says("listening")
        with application(server, ports[5]) as app:
            yield Upstream(server, app, issuer, made, program)
    finally:
        program.stop()


def sign_in_there(page: Page, name: str) -> None:
    """Its development pages: a name and any password, then the scopes."""
    page.fill("[name=login]", name)
    page.fill("[name=password]", "any")
    page.click("button[type=submit]")
    page.click("text=Continue")


def test_i1_it_can_be_tried_without_a_person(server: Server, there: Upstream) -> None:
    found = server.cli_json("provider", "test", there.made["id"], "--json")
    assert found["ok"], found


@pytest.mark.spec("OpenID BCL 2.5")
def test_i9_in_and_out_there(page: Page, there: Upstream) -> None:
    name = unique("kay")
    there.go(page)
    sign_in_there(page, name)
    tokens = there.arrived(page)
    assert there.server.services.directory.get(there.sub(tokens)).username == name
    assert there.is_in(page)
    page.goto(there.issuer + "/session/end")
    page.click("button[name=logout]")
    there.program.wait_until_it_says("backchannel.success")
    assert not there.is_in(page)
    assert there.server.refresh(there.app, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.spec("OpenID RPI 2")
def test_i9_a_sign_out_here_goes_on_there_and_comes_back(page: Page, server: Server, there: Upstream) -> None:
    there.go(page)
    sign_in_there(page, unique("kay"))
    there.arrived(page)
    page.goto(server.issuer + "/logout")
    page.click("#confirm")
    page.click("button[name=logout]")  # it asks once more, on a page of its own
    page.wait_for_selector("text=It has confirmed that you are signed out")
    there.go(page)
    page.wait_for_selector("[name=login]")
