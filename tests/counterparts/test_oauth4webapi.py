"""oauth4webapi for Node.js: a pushed request, PKCE and a sender-constrained token, as FAPI 2.0 has them (N14)."""

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

HOME = "https://library.example"


@pytest.mark.spec("RFC 9126 2")
@pytest.mark.spec("RFC 9449 5")
def test_n14_oauth4webapi_pushes_its_request_and_binds_its_token(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    tool("node/node_modules/oauth4webapi/package.json")
    app = server.add_client(
        unique("Library"), redirect_uris=[HOME + "/cb"], require_pushed_authorization_requests=True,
        dpop_bound_access_tokens=True,
    )  # fmt: skip
    settings = {"issuer": server.issuer, "client_id": app.id, "secret": app.secret, "redirect_uri": HOME + "/cb"}
    shutil.copy(HERE / "node" / "oauth4webapi.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "oauth4webapi.mjs"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SETTINGS": json.dumps(settings)},
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1]
        browser = server.browser()
        answer = browser.log_in(browser.get(json.loads(line)["url"]), ann.username)
        answer = browser.submit(answer, "allow") if answer.is_consent_page else answer
        out, err = program.communicate(answer.location + "\n", timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err
    told = json.loads(out)
    assert told == {"sub": ann.id, "email": ann.email, "type": "dpop", "stolen": 401}
