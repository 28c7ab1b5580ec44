"""A provider that people sign in through, as its documents describe it: by default a plain one that keeps all rules.

It stands in for Entra, Google, Okta and the others, which no test reaches. Each test says where it strays.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.provider import public_jwk

CLIENT, SECRET = "doorward-there", "s3cret of Doorward+there"
_RSA = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})  # one for the run: 60 ms


@dataclass
class Grant:
    """A code that waits to be redeemed."""

    asked: Mapping[str, str]
    id_token: str
    userinfo: Mapping[str, Any] = field(default_factory=dict)


class StandIn:
    """Discovery, keys, token endpoint and userinfo over HTTP; its authorization endpoint is `authorize`."""

    def __init__(self, clock: Callable[[], float], path: str = "") -> None:
        self.clock, self.path = clock, path
        self.key: Any = _RSA
        self.published: list[dict[str, Any]] = [public_jwk(self.key)]
        self.said: dict[str, Any] = {}  # what its discovery document says otherwise
        self.answers: dict[str, tuple[int, Any]] = {}  # a path's answer, whatever is asked
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Grant] = {}
        self.forms: list[dict[str, str]] = []  # what its token endpoint was sent
        self.asked: list[str] = []  # every path that was asked for
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*outer.get(self.path, self.headers))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(*outer.post(self.path, dict(parse_qsl(body)), self.headers))

            def _answer(self, status: int, value: Any) -> None:
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def issuer(self) -> str:
        return self.origin + self.path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- what it answers --------------------------------------------------------------------------------------------

    def get(self, path: str, headers: Any) -> tuple[int, Any]:
        name = urlsplit(path).path.removeprefix(self.path)
        self.asked.append(path)
        if name in self.answers:
            return self.answers[name]
        if name == "/.well-known/openid-configuration":
            return 200, self.document()
        if name == "/keys":
            return 200, {"keys": self.published}
        if name == "/userinfo":
            grant = self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer "))
            return (200, grant.userinfo) if grant is not None else (401, {"error": "invalid_token"})
        return 404, {}

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
            "userinfo_endpoint": self.issuer + "/userinfo", "end_session_endpoint": self.issuer + "/logout",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            **self.said,
        }  # fmt: skip

    def post(self, path: str, form: dict[str, str], headers: Any) -> tuple[int, Any]:
        self.asked.append(path)
        self.forms.append(form)
        name = urlsplit(path).path.removeprefix(self.path)
        if name in self.answers:
            return self.answers[name]
        if not self.knows(form, headers):
            return 401, {"error": "invalid_client", "error_description": "who are you?"}
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or not self.fits(grant, form):
            return 400, {"error": "invalid_grant", "error_description": "no such code"}
        token = secrets.token_urlsafe(16)
        self.tokens[token] = grant
        return 200, {"id_token": grant.id_token, "access_token": token, "token_type": "Bearer", "expires_in": 300}

    def knows(self, form: Mapping[str, str], headers: Any) -> bool:
        given = headers.get("Authorization", "")
        if given.startswith("Basic "):
            name, _, password = b64decode(given[6:]).decode().partition(":")
            return (unquote_plus(name), unquote_plus(password)) == (CLIENT, SECRET)
        given = form.get("client_secret", "")
        return given == SECRET or given.count(".") == 2 or "client_assertion" in form

    @staticmethod
    def fits(grant: Grant, form: Mapping[str, str]) -> bool:
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        return (
            grant.asked["code_challenge"] == challenge
            and grant.asked["code_challenge_method"] == "S256"
            and grant.asked["redirect_uri"] == form.get("redirect_uri")
        )

    # -- what the person does there ---------------------------------------------------------------------------------

    def authorize(
        self, location: str, sub: str = "there-1", *, userinfo: Mapping[str, Any] | None = None,
        answer: Mapping[str, str | None] | None = None, token: Callable[[dict[str, Any]], str] | None = None,
        **claims: Any,
    ) -> str:  # fmt: skip
        """Somebody signs in there: where their browser is sent back to. A claim of None is left out."""
        asked = dict(parse_qsl(urlsplit(location).query))
        assert location.startswith(self.issuer + "/authorize?"), location
        code = secrets.token_urlsafe(16)
        now = int(self.clock())
        values = {
            "iss": self.issuer, "sub": sub, "aud": asked["client_id"], "nonce": asked["nonce"], "iat": now,
            "exp": now + 300, **claims,
        }  # fmt: skip
        values = {name: value for name, value in values.items() if value is not None}
        signed = token(values) if token else self.sign(values)
        self.grants[code] = Grant(asked, signed, {"sub": sub, **(userinfo or {})})
        sent = {"code": code, "state": asked["state"], **(answer or {})}
        return asked["redirect_uri"] + "?" + urlencode({k: v for k, v in sent.items() if v is not None})

    def sign(self, claims: Mapping[str, Any], key: Any = None, **header: Any) -> str:
        key = key or self.key
        head = {"alg": "RS256" if isinstance(key, RSAKey) else "ES256", "kid": key.as_dict().get("kid"), **header}
        return jwt.encode({k: v for k, v in head.items() if v is not None}, dict(claims), key)


def by_public_key(stand_in: StandIn, claims: Mapping[str, Any]) -> str:
    """HS256 under the public key, as if it were a secret (RFC 8725 §2.1)."""
    parts = ({"alg": "HS256", "kid": "k1"}, claims)
    message = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    mac = hmac.new(stand_in.key.as_pem(private=False), message.encode(), sha256).digest()
    return f"{message}.{_base64(mac)}"


def unsigned(claims: Mapping[str, Any]) -> str:
    """alg none."""
    parts = ({"alg": "none"}, claims)
    return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def another_key(kid: str = "k1") -> ECKey:
    """Somebody else's, under the same id."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
