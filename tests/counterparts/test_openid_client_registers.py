"""openid-client for Node.js registers itself, and signs somebody in with what it was answered (RFC 7591). S35, J1."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.accounts.person import Person
from tests.counterparts.conftest import HERE
from tests.server import Server, unique

CALLBACK = "https://library.example/cb"


@pytest.mark.spec("RFC 7591 3.1")
def test_s35_openid_client_registers_itself_by_an_initial_access_token(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    tool("node/node_modules/openid-client/package.json")
    made = server.cli_json(
        "registration", "create", "--name", "Library", "--redirect-host", "library.example", "--json"
    )
    name = unique("Registers itself")
    settings = {"issuer": server.issuer, "token": made["token"], "redirect_uri": CALLBACK, "name": name}
    shutil.copy(HERE / "node" / "openid_client_registers.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "openid_client_registers.mjs"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SETTINGS": json.dumps(settings)},
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1]
        told = json.loads(line)
        browser = server.browser()
        answer = browser.log_in(browser.get(told["url"]), ann.username)
        assert answer.is_consent_page
        assert "registered itself" in answer.dom.text
        assert "library.example" in answer.dom.text
        answer = browser.submit(answer, "allow")
        out, err = program.communicate(answer.location + "\n", timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err
    person = json.loads(out)["person"]
    assert person["email"] == ann.email
    (client,) = [one for one in server.cli_json("registration", "clients", "--json")["clients"] if one["name"] == name]
    assert client["client_id"] == told["registered"]["client_id"]
    assert client["token_name"] == "Library"
