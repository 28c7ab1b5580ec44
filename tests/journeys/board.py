"""An application that is as strict as OpenID Connect asks: a state is good once, and so is a nonce."""

from __future__ import annotations

import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from flask import Flask, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet
from markupsafe import Markup
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

HEAD = Markup("<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>Board</title>")
SCOPE = "openid profile groups"


@dataclass
class Board:
    """What it knows of its provider and of the people who came, and every complaint it had."""

    issuer: str
    client_id: str
    secret: str
    url: str
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _waiting: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def _cookie(self) -> str:
        """Cookies know no port (RFC 6265 §8.5), and several of these run on one host."""
        return f"board_{urlsplit(self.url).port}"

    def forget(self) -> None:
        """Its own sessions are over, and so is every sign-in that it waits for."""
        self.people.clear()
        self._waiting.clear()

    def create_app(self) -> Flask:
        app = Flask("board")
        app.add_url_rule("/", view_func=self.show, endpoint="home", defaults={"where": "home"})
        app.add_url_rule("/page/<where>", view_func=self.show, endpoint="page")
        app.add_url_rule("/enter/<where>", view_func=lambda where: self.begin(f"/page/{where}"), endpoint="enter")
        app.add_url_rule("/start", view_func=lambda: self.begin("/"), endpoint="start")
        app.add_url_rule("/callback", view_func=self.callback)
        app.add_url_rule("/bye", view_func=lambda: HEAD + Markup("<h1>Signed out of Board</h1>"), endpoint="bye")
        return app

    def show(self, where: str) -> Any:
        """A page for who is signed in, with two forms that give the ID token back as a hint."""
        person = self.people.get(request.cookies.get(self._cookie, ""))
        if person is None:
            return self.begin(request.path)
        silently = self._request("/page/again") | {"prompt": "none", "id_token_hint": person["id_token"]}
        bye = {"id_token_hint": person["id_token"], "post_logout_redirect_uri": f"{self.url}/bye", "state": "s"}
        return (
            HEAD
            + Markup("<h1>{}: {}</h1>").format(where, person["name"])
            + _form("again", f"{self.issuer}/oauth/authorize", silently)
            + _form("leave", f"{self.issuer}/oauth/logout", bye)
        )

    def begin(self, path: str) -> Response:
        return redirect(f"{self.issuer}/oauth/authorize?{urlencode(self._request(path))}")

    def callback(self) -> Any:
        asked = self._waiting.pop(request.args.get("state", ""), None)
        if asked is None:
            self.complaints.append("state error")
            return HEAD + Markup("<h1>Board: state error</h1>"), 403
        if "error" in request.args:
            self.complaints.append(request.args["error"])
            return HEAD + Markup("<h1>Board: {}</h1>").format(request.args["error"]), 403
        key = secrets.token_urlsafe()
        self.people[key] = self._redeem(request.args["code"], asked)
        answer = redirect(asked["path"])
        answer.set_cookie(self._cookie, key, httponly=True, samesite="Lax")
        return answer

    def _request(self, path: str) -> dict[str, str]:
        """The parameters of a new request; what they must be answered with is kept under the state."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._waiting[state] = {"path": path, "nonce": nonce, "verifier": verifier}
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": f"{self.url}/callback",
            "scope": SCOPE, "state": state, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip

    def _redeem(self, code: str, asked: dict[str, str]) -> dict[str, Any]:
        """The tokens for the code, looked at as Core §3.1.3.7 has it, and what userinfo says."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": asked["verifier"],
                "redirect_uri": f"{self.url}/callback"}  # fmt: skip
        answer = requests.post(f"{self.issuer}/oauth/token", form, auth=(self.client_id, self.secret), timeout=60)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        keys = KeySet.import_key_set(requests.get(f"{self.issuer}/oauth/jwks", timeout=60).json())
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (self.issuer, self.client_id, asked["nonce"])
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        told = requests.get(f"{self.issuer}/oauth/userinfo", headers=bearer, timeout=60).json()
        assert told["sub"] == claims["sub"]
        return {"id_token": tokens["id_token"], "name": told["name"], "claims": claims, "userinfo": told}


def _form(name: str, action: str, fields: dict[str, str]) -> Markup:
    hidden = Markup("").join(
        Markup('<input type=hidden name="{}" value="{}">').format(key, value) for key, value in fields.items()
    )
    return Markup('<form method=post action="{}">{}<button id="{}">{}</button></form>').format(
        action, hidden, name, name
    )


@contextmanager
def serving(app: Flask, url: str) -> Iterator[None]:
    """The application on this machine, until the block ends."""
    server = make_server("127.0.0.1", urlsplit(url).port or 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
