"""openid-client for Node.js, its client authenticated by private_key_jwt, without any switch (N14)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.accounts.person import Person
from tests.counterparts.conftest import HERE
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
