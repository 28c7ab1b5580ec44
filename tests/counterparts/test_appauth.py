"""AppAuth for JavaScript, the library of apps on phones and computers (RFC 8252), with native single sign-on (J6)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.accounts.person import Person
from idp.oidc.grants import token_exchange
from tests.counterparts.conftest import HERE
from tests.server import Server, unique

SCOPE = "openid email device_sso offline_access"
GRANTS = ["authorization_code", "refresh_token", token_exchange.GRANT_TYPE]


@pytest.mark.spec("RFC 8252 7.3")
@pytest.mark.spec("Native SSO 1.0 4.1")
def test_J6_a_second_app_is_signed_in_by_the_first_with_AppAuth(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    tool("node/node_modules/@openid/appauth/package.json")
    group, uri = unique("field"), "http://127.0.0.1:{}/cb"
    first, second = (
        server.add_client(
            unique(name), "native", redirect_uris=[uri.format(1)], scope=SCOPE, grant_types=GRANTS,
            native_sso_group=group, consent="implicit",
        )
        for name in ("Mail", "Chat")
    )  # fmt: skip
    settings = {
        "issuer": server.issuer, "scope": SCOPE,
        "first": {"client_id": first.id, "redirect_uri": uri.format(49152)},  # the port is the app's choice
        "second": {"client_id": second.id, "redirect_uri": uri.format(49153)},
    }  # fmt: skip
    shutil.copy(HERE / "node" / "appauth.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "appauth.mjs"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "SETTINGS": json.dumps(settings)},
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
    assert len(set(told["secrets"])) == 3  # each answer brings the next one
    assert all(one.startswith("dws_") for one in told["secrets"])
    assert server.userinfo(told["access_token"]).json["email"] == ann.email
