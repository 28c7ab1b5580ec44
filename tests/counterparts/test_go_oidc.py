"""go-oidc with x/oauth2, what most programs in Go sign people in by."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from idp.accounts.person import Person
from tests.server import Server, unique

CALLBACK = "https://gopher.example/cb"


def test_go_oidc_signs_in_checks_the_tokens_and_renews(
    server: Server, ann: Person, tool: Callable[[str], Path]
) -> None:
    app = server.add_client(unique("Gopher"), redirect_uris=[CALLBACK])
    program = subprocess.Popen(
        [str(tool("bin/go-oidc")), "-issuer", server.issuer, "-id", app.id, "-secret", app.secret or "",
         "-redirect", CALLBACK],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1]
        browser = server.browser()
        answer = browser.log_in(browser.get(json.loads(line)["url"]), ann.username)
        out, err = program.communicate(answer.location + "\n", timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err
    told = json.loads(out)
    assert told["person"]["sub"] == told["sub"]
    assert told["person"]["email_verified"] is True
    assert told["renewed"]
