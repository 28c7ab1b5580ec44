"""openid-client for Node.js, its client authenticated by private_key_jwt, without any switch (N14)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.accounts.person import Person
from tests.counterparts.conftest import HERE
from tests.oidc import devices
from tests.provider import new_key, public_jwk
from tests.server import Server, unique

HOME = "https://library.example"


RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "enc"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "enc"})
#: What the library is to expect: userinfo and introspection (RFC 9701) as JWTs.
SIGNED = {"userinfo_signed_response_alg": "RS256", "introspection_signed_response_alg": "RS256"}
#: ID token and the answer itself (JARM) for one key, signed userinfo for another.
SEALED = {
    **SIGNED,
    "id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM",
    "userinfo_encrypted_response_alg": "ECDH-ES+A256KW", "authorization_encrypted_response_alg": "RSA-OAEP-256",
}  # fmt: skip


@pytest.mark.spec("RFC 7523 2.2")
@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
def test_n14_openid_client_signs_in_renews_asks_revokes_and_signs_out_with_its_own_key(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path, sealed: bool
) -> None:
    tool("node/node_modules/openid-client/package.json")
    key, metadata = new_key(), SEALED if sealed else {}
    keys = [public_jwk(one) for one in ((key, RSA, EC) if sealed else (key,))]
    app = server.add_client(
        unique("Library"), key=key, redirect_uris=[HOME + "/cb"], post_logout_redirect_uris=[HOME + "/bye"],
        jwks={"keys": keys}, **metadata,
    )  # fmt: skip
    private = {"rsa": RSA.as_dict(private=True), "ec": EC.as_dict(private=True)}
    settings = {
        **({"metadata": SIGNED, "decryption": private} if sealed else {}),
        "issuer": server.issuer, "client_id": app.id, "redirect_uri": HOME + "/cb",
        "post_logout_redirect_uri": HOME + "/bye", "key": key.as_dict(private=True),
    }  # fmt: skip
    shutil.copy(HERE / "node" / "openid_client.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "openid_client.mjs"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SETTINGS": json.dumps(settings)},
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1]
        browser = server.browser()
        answer = browser.get(json.loads(line)["url"])
        answer = browser.log_in(answer, ann.username)
        answer = browser.submit(answer, "allow") if answer.is_consent_page else answer
        out, err = program.communicate(answer.location + "\n", timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err
    told = json.loads(out)
    assert told["person"]["sub"] == told["sub"]
    assert told["person"]["email"] == ann.email
    assert (told["active"], told["after"]) == (True, False)
    assert browser.get(told["bye"]).location == HOME + "/bye"


#: What is wrong, as openid-client is given it; the field and the words that must stand under the id.
MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a line break behind the secret": ({"secret": "{secret}\n"}, "client_secret", "ends in a line break"),
    "a secret of elsewhere": ({"secret": "x" * 40}, "client_secret", ""),
    "behind a proxy that it does not trust": (
        {"callback": HOME.replace("https", "http") + "/cb"}, "redirect_uri", "The scheme is http instead of https"),
    "one verifier for all": ({"verifier": "v" * 43}, "code_verifier", "verifier of another sign-in"),
    "the callback twice": ({"twice": True}, "code", "The code came twice"),
    "the access token to refresh by": ({"refresh": "access_token"}, "refresh_token", "is an access token"),
    "the ID token to refresh by": ({"refresh": "id_token"}, "refresh_token", "is a JWT"),
}  # fmt: skip


def test_Q5_what_openid_client_throws_bears_an_id_and_under_it_stands_the_fix(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    """Cases 4, 7, 8 and their like, with the library that most servers in JavaScript use."""
    app = server.add_client(unique("Library"), redirect_uris=[HOME + "/cb"])
    mistakes = [
        {"name": name, **{key: value.format(secret=app.secret) if isinstance(value, str) else value
                          for key, value in given.items()}}
        for name, (given, _, _) in MISTAKES.items()
    ]  # fmt: skip
    settings = {"issuer": server.issuer, "client_id": app.id, "secret": app.secret, "redirect_uri": HOME + "/cb",
                "mistakes": mistakes}  # fmt: skip
    shutil.copy(HERE / "node" / "openid_client_wrong.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "openid_client_wrong.mjs"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, "SETTINGS": json.dumps(settings)},
    )  # fmt: skip
    browser, thrown = server.browser(), dict[str, dict[str, str]]()
    try:
        assert program.stdin is not None
        assert program.stdout is not None
        for line in program.stdout:
            said = json.loads(line)
            if "url" not in said:
                thrown[said["name"]] = said
                continue
            answer = browser.get(said["url"])
            answer = (
                browser.log_in(answer, ann.username) if not (answer.is_redirect or answer.is_consent_page) else answer
            )
            answer = browser.submit(answer, "allow") if answer.is_consent_page else answer
            program.stdin.write(answer.location + "\n")
            program.stdin.flush()
        assert program.wait(60) == 0, program.communicate()[1]
    finally:
        program.kill()
    assert list(thrown) == list(MISTAKES)
    for name, (_, field, words) in MISTAKES.items():
        error_id = re.search(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", thrown[name]["told"])
        assert error_id is not None, thrown[name]
        assert app.secret not in str(thrown[name])
        told = server.cli_json("explain", error_id[0], "--json")
        findings = [one for each in (told, *told.get("also", ())) for one in each["findings"]]
        assert any((one["side"], one["field"]) == ("application", field) and words in one["fix"] for one in findings), (
            name, findings)  # fmt: skip


@pytest.mark.spec("RFC 8628 3.4")
def test_S36_openid_client_signs_a_device_in_at_our_pace(
    server: Server, ann: Person, tool: Callable[[str], Path], tmp_path: Path
) -> None:
    app = server.add_client(unique("TV"), "native", grant_types=[devices.GRANT, "refresh_token"], redirect_uris=[])
    shutil.copy(HERE / "node" / "openid_client_device.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    program = subprocess.Popen(
        ["node", "openid_client_device.mjs"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "SETTINGS": json.dumps({"issuer": server.issuer, "client_id": app.id})},
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1]
        devices.approve(server.browser(), json.loads(line), ann.username)
        out, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err
    assert json.loads(out) == {"name": ann.username, "renewed": True}
