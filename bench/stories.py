"""What users do. Each is a `load.Story`, and looks closely enough at every answer to know that it is the right one."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle
from urllib.parse import quote_plus, urlencode

from bench.load import Answer, Story, Unexpected
from bench.prover import Prover
from bench.provider import CALLBACK, PASSWORD, App

VERIFIER = "bench-" + "v" * 44
_CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = "openid profile email groups"
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_FLOW = re.compile(rb'name="flow" value="([^"]+)"')
_FORM_KEY = re.compile(rb'name="form_key" value="([^"]+)"')
_COOKIE = re.compile(rb"(?i)\r\nset-cookie: *([^;\r]+)")
_REQUEST_URI = re.compile(rb'"request_uri":"([^"]+)"')
_CODE = re.compile(rb"[?&]code=([^&\r\n]+)")


def get(path: str, headers: bytes = b"") -> bytes:
    """A GET request."""
    return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (path.encode(), headers)


def post(path: str, body: bytes, headers: bytes = b"") -> bytes:
    """A POST request with a form."""
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%sContent-Length: %d\r\n\r\n"
    return head % (path.encode(), _FORM, headers, len(body)) + body


def check(holds: object, what: str) -> None:
    """Errors: `Unexpected` where it does not hold."""
    if not holds:
        raise Unexpected(what)


def _member(answer: Answer, name: bytes) -> bytes:
    """A text member of a compact JSON object."""
    found = re.search(rb'"%s":"([^"]+)"' % name, answer.body)
    if answer.status != 200 or found is None:
        raise Unexpected(f"no {name.decode()}")
    return found[1]


# -- without a person ------------------------------------------------------------------------------------------------


def discovery() -> Story:
    answer = yield "discovery", get("/.well-known/openid-configuration")
    check(answer.status == 200 and b'"authorization_endpoint":' in answer.body, "not the metadata")


def jwks() -> Story:
    answer = yield "JWKS", get("/oauth/jwks")
    check(answer.status == 200 and answer.body.startswith(b'{"keys":[{'), "not the keys")


def client_credentials(app: App) -> Story:
    request = post("/oauth/token", b"grant_type=client_credentials&scope=api", b"Authorization: " + app.basic + b"\r\n")
    answer = yield "token", request
    _member(answer, b"access_token")


# -- a person --------------------------------------------------------------------------------------------------------


@dataclass
class Person:
    """Somebody with a browser, and with the tokens that one application holds for them."""

    login: str
    app: App
    session: bytes = b""  # the Cookie header's line
    access_token: bytes = b""
    refresh_token: bytes = b""
    prover: Prover | None = None  # of an application whose tokens are bound to its key

    def __post_init__(self) -> None:
        asked = {
            "client_id": self.app.id, "redirect_uri": CALLBACK, "response_type": "code", "scope": SCOPE,
            "state": "af0ifjsldkj", "nonce": "n-0S6_WzA2Mj", "code_challenge": _CHALLENGE,
            "code_challenge_method": "S256",
        }  # fmt: skip
        self.authorize_path = "/oauth/authorize?" + urlencode(asked)
        self.basic = b"Authorization: " + self.app.basic + b"\r\n"
        self._redeem = b"grant_type=authorization_code&redirect_uri=%s&code_verifier=%s&code=" % (
            quote_plus(CALLBACK).encode(), VERIFIER.encode(),
        )  # fmt: skip

    def login_cold(self) -> Story:
        """From nothing to a code: the login page, then the password."""
        page = yield "login page", get(self.authorize_path)
        flow, key = _FLOW.search(page.body), _FORM_KEY.search(page.body)
        if page.status != 200 or flow is None:
            raise Unexpected("no login page")
        form = {"flow": flow[1].decode(), "login": self.login, "password": PASSWORD}
        if key:
            form["form_key"] = key[1].decode()
        cookies = b"Cookie: " + b"; ".join(_COOKIE.findall(page.head)) + b"\r\n"
        answer = yield "password", post("/login", urlencode(form).encode(), cookies)
        check(answer.status == 303 and _CODE.search(answer.head), "no code")
        given = [cookie for cookie in _COOKIE.findall(answer.head) if b"doorward_session=" in cookie]
        self.session = b"Cookie: " + given[0] + b"\r\n"

    def _redeemed(self) -> Generator[tuple[str, bytes], Answer, Answer]:
        answer = yield "authorize", get(self.authorize_path, self.session)
        code = _CODE.search(answer.head)
        if answer.status != 302 or code is None:
            raise Unexpected("no code")
        return (yield "token", post("/oauth/token", self._redeem + code[1], self.basic))

    def sso_bound(self) -> Story:
        """The same with a pushed request (RFC 9126) and a token that is bound to a key (RFC 9449)."""
        assert self.prover is not None
        pushed = yield "PAR", post("/oauth/par", self.authorize_path.partition("?")[2].encode(), self.basic)
        found = _REQUEST_URI.search(pushed.body)
        if pushed.status != 201 or found is None:
            raise Unexpected("not pushed")
        path = f"/oauth/authorize?client_id={quote_plus(self.app.id)}&request_uri={quote_plus(found[1].decode())}"
        answer = yield "authorize", get(path, self.session)
        code = _CODE.search(answer.head)
        if answer.status != 302 or code is None:
            raise Unexpected("no code")
        headers = b"%sDPoP: %s\r\n" % (self.basic, self.prover.proof("POST", "/oauth/token"))
        answer = yield "token", post("/oauth/token", self._redeem + code[1], headers)
        _member(answer, b"id_token")
        check(b'"token_type":"DPoP"' in answer.body, "not bound")

    def sso(self) -> Story:
        """Authorize with a session, redeem the code; the ID token is there."""
        answer = yield from self._redeemed()
        _member(answer, b"id_token")
        self.access_token = _member(answer, b"access_token")

    def sso_keeping_refresh(self) -> Story:
        """The same, to hold a refresh token."""
        answer = yield from self._redeemed()
        self.access_token = _member(answer, b"access_token")
        self.refresh_token = _member(answer, b"refresh_token")

    def refresh(self) -> Story:
        """Rotate; the ID token is there, and another refresh token."""
        body = b"grant_type=refresh_token&refresh_token=" + self.refresh_token
        answer = yield "refresh", post("/oauth/token", body, self.basic)
        _member(answer, b"id_token")
        following = _member(answer, b"refresh_token")
        check(following != self.refresh_token, "not rotated")
        self.refresh_token, self.access_token = following, _member(answer, b"access_token")

    def userinfo(self) -> Story:
        answer = yield "userinfo", get("/oauth/userinfo", b"Authorization: Bearer " + self.access_token + b"\r\n")
        check(answer.status == 200 and b'"sub":"' in answer.body and b'"email":' in answer.body, "not the claims")

    def introspect(self) -> Story:
        answer = yield "introspection", post("/oauth/introspect", b"token=" + self.access_token, self.basic)
        check(answer.status == 200 and answer.body.startswith(b'{"active":true,'), "not active")


class Crowd:
    """More people than connections: each story is told for the next one."""

    def __init__(self, people: list[Person]) -> None:
        self._people = cycle(people)

    def make(self, verb: str) -> Story:
        """The story `verb` of the next person."""
        story: Story = getattr(next(self._people), verb)()
        return story
