"""GitHub as its public documents describe it: no test reaches the real one.

Errors come with status 200, as a form where JSON was not asked for; scopes that were not granted hide things behind 403
and 404; lists come a hundred rows at once; whoever sends no User-Agent is turned away; rate limits are 403.
"""

from __future__ import annotations

import json
import secrets
import threading
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT, SECRET = "Iv1.doorward", "s3cret of the app"
ACME = {"login": "Acme", "id": 123}


@dataclass
class Account:
    """Somebody at GitHub. `emails`, `orgs`, `teams` as the API has them."""

    id: Any = 4711
    login: str = "octocat"
    email: str | None = "public@anywhere.example"
    emails: list[dict[str, Any]] = field(default_factory=list)
    orgs: list[dict[str, Any]] = field(default_factory=lambda: [ACME])
    teams: list[dict[str, Any]] = field(
        default_factory=lambda: [{"slug": "devs", "id": 456, "name": "Devs", "organization": ACME}]
    )


@dataclass
class Token:
    account: Account
    scopes: set[str]


class GitHub:
    """Its two pages over HTTP; `authorize` is what people do there. On its own port it is an Enterprise Server."""

    def __init__(self) -> None:
        self.grants: dict[str, tuple[dict[str, str], Account, set[str]]] = {}
        self.tokens: dict[str, Token] = {}
        self.asked: list[tuple[str, str]] = []  # host and path
        self.forms: list[dict[str, str]] = []
        self.as_form = False  # it does not hear the Accept header
        self.limited: set[str] = set()  # paths whose rate limit is reached
        self.answers: dict[str, tuple[int, bytes]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._json(*outer.get(self))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, said = outer.post(self, dict(parse_qsl(body)))
                if outer.as_form:
                    self._send(status, "application/x-www-form-urlencoded; charset=utf-8", urlencode(said).encode())
                else:
                    self._json(status, said)

            def _json(self, status: int, value: Any) -> None:
                raw = value if isinstance(value, bytes) else json.dumps(value).encode()
                self._send(status, "application/json; charset=utf-8", raw)

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                for name, value in (
                    ("Content-Type", kind), ("Content-Length", str(len(body))), ("X-GitHub-Media-Type", "github.v3"),
                    ("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "0" if status == 403 else "4999"),
                    ("X-GitHub-Request-Id", "C0DE:1"),
                ):  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    #: As github.com, whose name the tests resolve to this machine; and as a server of a company's own.
    @property
    def public(self) -> str:
        return f"http://github.com:{self.port}"

    @property
    def own(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- what it answers --------------------------------------------------------------------------------------------

    def post(self, request: BaseHTTPRequestHandler, form: dict[str, str]) -> tuple[int, Any]:
        self.forms.append(form)
        if request.path != "/login/oauth/access_token" or form.get("client_id") != CLIENT:
            return 404, {"error": "Not Found"}
        if form.get("client_secret") != SECRET:
            return 200, _error("incorrect_client_credentials", "The client_id and/or client_secret are incorrect.")
        asked, account, scopes = self.grants.pop(form.get("code", ""), ({}, None, set()))
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if account is None or asked["code_challenge"] != challenge:
            return 200, _error("bad_verification_code", "The code passed is incorrect or expired.")
        if asked["redirect_uri"] != form.get("redirect_uri"):
            return 200, _error("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.")
        token = "gho_" + secrets.token_hex(18)
        self.tokens[token] = Token(account, scopes)
        return 200, {"access_token": token, "scope": ",".join(sorted(scopes)), "token_type": "bearer"}

    def get(self, request: BaseHTTPRequestHandler) -> tuple[int, Any]:
        host, path = str(request.headers["Host"]), urlsplit(request.path).path
        self.asked.append((host, request.path))
        is_api = host.startswith("api.github.com:") or path.startswith("/api/v3/")
        name = path.removeprefix("/api/v3")
        if not is_api:
            return 404, b"<html>"
        if not request.headers.get("User-Agent"):
            return 403, {"message": "Request forbidden by administrative rules."}
        if name in self.answers:
            return self.answers[name]
        token = self.tokens.get(str(request.headers.get("Authorization", "")).removeprefix("Bearer "))
        if token is None:
            return 401, {"message": "Requires authentication" if name == "/user" else "Bad credentials"}
        if name in self.limited:
            return 403, {"message": "API rate limit exceeded for user ID 4711."}
        return self._of(token, name, dict(parse_qsl(urlsplit(request.path).query)))

    def _of(self, token: Token, name: str, query: dict[str, str]) -> tuple[int, Any]:
        one = token.account
        if name == "/user":
            return 200, {"id": one.id, "login": one.login, "name": "Mona Lisa", "email": one.email, "type": "User"}
        needs, rows = {
            "/user/emails": ("user:email", one.emails), "/user/orgs": ("read:org", one.orgs),
            "/user/teams": ("read:org", one.teams),
        }.get(name, ("", []))  # fmt: skip
        if not needs or needs not in token.scopes:
            return 404 if name != "/user/orgs" else 403, {"message": "Not Found"}
        many, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        return 200, rows[(page - 1) * many : page * many]

    # -- what the person does there ---------------------------------------------------------------------------------

    def authorize(
        self, location: str, account: Account | None = None, *, without: tuple[str, ...] = (),
        answer: dict[str, str | None] | None = None,
    ) -> str:  # fmt: skip
        """Somebody signs in and agrees, but to the scopes `without`: where their browser is sent back to."""
        parts = urlsplit(location)
        asked = dict(parse_qsl(parts.query))
        assert parts.path == "/login/oauth/authorize", location
        code = secrets.token_hex(10)
        self.grants[code] = (asked, account or Account(), set(asked["scope"].split()) - set(without))
        sent = {"code": code, "state": asked["state"], **(answer or {})}
        return asked["redirect_uri"] + "?" + urlencode({k: v for k, v in sent.items() if v is not None})


def _error(code: str, said: str) -> dict[str, str]:
    return {"error": code, "error_description": said, "error_uri": "https://docs.github.com/"}


def verified(address: str, **more: Any) -> dict[str, Any]:
    """A primary address that GitHub has had proven."""
    return {"email": address, "primary": True, "verified": True, "visibility": "private", **more}
