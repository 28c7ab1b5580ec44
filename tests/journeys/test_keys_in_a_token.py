"""K3: an installation whose signing keys lie in a PKCS#11 token, from `init` to a token that was pulled out."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from tests.server import Server, running
from tests.softhsm import LABEL, PIN, SoftHSM

pytestmark = pytest.mark.slow


def workers(server: Server) -> str:
    """What anybody on the machine sees of its processes."""
    assert server.process is not None
    every = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return b" ".join(every).decode("utf-8", "replace")


def test_K3_people_sign_in_by_keys_of_a_token_and_its_absence_is_told_and_passes(
    run_pid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    softhsm = SoftHSM(tmp_path / "softhsm")
    for name, value in softhsm.env.items():
        monkeypatch.setenv(name, value)
    pin = tmp_path / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o600)
    keys = {
        "new_keys_in": "pkcs11", "pkcs11_module": softhsm.module, "pkcs11_token": LABEL, "pkcs11_pin_file": str(pin),
    }  # fmt: skip
    with running(run_pid, workers=2, keys=keys) as server:
        listed = server.cli_json("key", "list", "--json")["keys"]
        assert {key["kept_in"] for key in listed} == {"pkcs11"}
        server.add_person()
        app = server.add_client()
        jwks = jwt.PyJWKSet.from_dict(server.browser().get("oauth/jwks").json)
        for _ in range(4):  # both workers get some
            told = server.tokens(app)
            header = jwt.get_unverified_header(told["id_token"])
            claims = jwt.decode(told["id_token"], jwks[header["kid"]].key, ["RS256"], audience=app.id)
            assert claims["iss"] == server.issuer
        assert server.cli("key", "rotate", "--saml").returncode == 0
        assert server.browser().get("saml/metadata").status == 200

        code = server.sign_in(server.browser(), app).code
        softhsm.remove()
        refused = server.redeem(app, code)
        assert (refused.status, refused.json["error"]) == (503, "temporarily_unavailable")
        story = server.cli_json("audit", "show", refused.json["error_id"], "--json")
        assert story["code"] == "keys_unavailable"
        assert LABEL in str(story)
        found = server.cli("doctor", "--json").stdout
        assert "plug it in" in found
        assert server.userinfo(told["access_token"]).status == 200  # what needs no signature goes on
        assert server.browser().get("oauth/jwks").status == 200

        softhsm.put_back()
        for _ in range(4):
            assert server.tokens(app)["id_token"]
        assert "pkcs11: doorward-test" in server.cli("doctor").stdout
        for told_anywhere in (server.log, workers(server), found, str(story)):
            assert PIN not in told_anywhere
        assert server.process is not None
