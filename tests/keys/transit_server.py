"""A transit engine: a stand-in that answers as OpenBao's and Vault's HTTP API is documented, or OpenBao itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.backends import find_free_port

BEARER = "s.a-token-of-the-tests"


class StandIn:
    """Keys in this process. `sealed`: it answers 503 to everything, as OpenBao does until it is unsealed."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.sealed, self.bearer = False, BEARER
        self._deletable: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, told = outer.answer(
                    self.command, self.path, self.headers.get("X-Vault-Token"), json.loads(body or b"{}")
                )
                content = json.dumps(told).encode() if told is not None else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = do_LIST = _any  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, method: str, path: str, bearer: str | None, body: dict[str, Any]) -> tuple[int, Any]:
        """One call."""
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if bearer != self.bearer:
            return 403, {"errors": ["permission denied"]}
        verb, _, name = path.removeprefix("/v1/transit/").partition("/")
        if method == "LIST":
            return (200, {"data": {"keys": list(self.keys)}}) if self.keys else (404, {"errors": []})
        if verb == "keys" and name.endswith("/config"):
            self._deletable.add(name.removesuffix("/config"))
            return 200, {"data": {}}
        if verb == "keys" and method == "POST":
            self.keys[name] = _made(body["type"])
            return 200, {"data": {"name": name}}
        if name not in self.keys:
            return 404, {"errors": []}
        if method == "GET":
            return 200, {"data": {"keys": {"1": {"public_key": _public(self.keys[name])}}}}
        if method == "DELETE":
            if name not in self._deletable:
                return 400, {"errors": ["deletion is not allowed for this key"]}
            del self.keys[name]
            return 204, None
        return 200, {"data": {"signature": "vault:v1:" + _signed(self.keys[name], body), "key_version": 1}}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _made(kind: str) -> Any:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa-p256" else rsa.generate_private_key(65537, 2048)


def _public(key: Any) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b64encode(key.public_key().public_bytes_raw()).decode()
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def _signed(key: Any, body: dict[str, Any]) -> str:
    message = b64decode(body["input"])
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b64encode(key.sign(message)).decode()
    assert body["hash_algorithm"] == "sha2-256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        assert body["marshaling_algorithm"] == "jws"
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        return urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode().rstrip("=")
    pss = padding.PSS(padding.MGF1(SHA256()), 32)
    scheme = pss if body["signature_algorithm"] == "pss" else padding.PKCS1v15()
    return b64encode(key.sign(message, scheme, SHA256())).decode()


def openbao() -> str:
    """OpenBao's (or Vault's) own program, '' where there is none."""
    return os.environ.get("DOORWARD_TEST_BAO") or shutil.which("bao") or shutil.which("vault") or ""


class OpenBao:
    """The real one, in memory, with a transit engine."""

    def __init__(self, folder: Path) -> None:
        port = find_free_port()
        self.url, self.bearer = f"http://127.0.0.1:{port}", "root-of-the-tests"
        words = ["server", "-dev", f"-dev-root-token-id={self.bearer}", f"-dev-listen-address=127.0.0.1:{port}"]
        self._env = {**os.environ, "HOME": str(folder), "BAO_ADDR": self.url, "BAO_TOKEN": self.bearer,
                     "VAULT_ADDR": self.url, "VAULT_TOKEN": self.bearer}  # fmt: skip
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen([openbao(), *words], stdout=log, stderr=log, env=self._env)
        until = time.monotonic() + 60
        enable = [openbao(), "secrets", "enable", "transit"]
        while subprocess.run(enable, env=self._env, capture_output=True, check=False).returncode:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.2)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
