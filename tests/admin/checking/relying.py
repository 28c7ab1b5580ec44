"""An application by Authlib's own client, in this process: each thing that it does can be broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import BaseAdapter

from tests.provider import App, Browser, Provider

SERVER = "198.51.100.20"  # where the application's server is
VERIFIER = "a-verifier-of-the-application-that-is-long-enough"


class InThisProcess(BaseAdapter):
    """Requests that leave by no network: the provider of this very process answers."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._browser = provider.browser(SERVER)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body or b""
        parts = urlsplit(request.url or "")
        answer = self._browser.open(
            request.method or "GET", f"{parts.path}?{parts.query}", body.encode() if isinstance(body, str) else body,
            dict(request.headers), cookies=False,
        )  # fmt: skip
        found = requests.Response()
        found.status_code, found._content, found.url = answer.status, answer.body, answer.url
        found.headers.update(dict(answer.headers))
        return found

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Application:
    """Authlib's client, set up as somebody set it up. `authorize`: parameters in place of its own; None: left out."""

    provider: Provider
    app: App
    client_id: str = ""
    secret: str | None = None
    method: str = "client_secret_basic"
    redirect_uri: str = ""
    scope: str = "openid profile email"
    pkce: bool = True
    authorize: Mapping[str, Any] = field(default_factory=dict)
    token: Mapping[str, Any] = field(default_factory=dict)
    person: str = "ann"

    def __post_init__(self) -> None:
        self.client_id = self.client_id or self.app.id
        self.secret = self.app.secret if self.secret is None else self.secret
        self.redirect_uri = self.redirect_uri or self.app.redirect_uri
        self.http = OAuth2Session(
            self.client_id, self.secret or None, token_endpoint_auth_method=self.method, scope=self.scope,
            redirect_uri=self.redirect_uri, code_challenge_method="S256" if self.pkce else None,
        )  # fmt: skip
        self.http.mount("https://", InThisProcess(self.provider))

    def sign_in(self, browser: Browser | None = None) -> dict[str, str]:
        """Send a browser to us and back; what it brings to the redirect URI."""
        browser = browser or self.provider.browser()
        more = {"code_verifier": VERIFIER} if self.pkce else {}
        url, _ = self.http.create_authorization_url(f"{self.provider.issuer}/oauth/authorize", nonce="n1", **more)
        answer = browser.get(self._changed(url))
        if answer.status == 200 and answer.is_login_page:
            answer = browser.log_in(answer, self.person)
        return dict(parse_qsl(urlsplit(answer.location).query))

    def _changed(self, url: str) -> str:
        pairs = dict(parse_qsl(urlsplit(url).query))
        pairs |= {name: value for name, value in self.authorize.items() if value is not None}
        kept = {name: value for name, value in pairs.items() if self.authorize.get(name, "") is not None}
        return f"/oauth/authorize?{urlencode(kept)}"

    def redeem(self, code: str) -> dict[str, Any]:
        """The token request by Authlib; what went wrong as its code."""
        more = {"code_verifier": VERIFIER} if self.pkce else {}
        try:
            return dict(
                self.http.fetch_token(
                    f"{self.provider.issuer}/oauth/token", code=code, grant_type="authorization_code",
                    **{**more, **self.token},
                )
            )  # fmt: skip
        except OAuthError as error:
            return {"error": error.error}

    def run(self) -> dict[str, Any]:
        """All of it: sign in, redeem, keys, userinfo."""
        brought = self.sign_in()
        if "code" not in brought:
            return brought
        token = self.redeem(brought["code"])
        if "access_token" in token:
            self.http.get(f"{self.provider.issuer}/oauth/jwks", withhold_token=True)
            self.http.get(f"{self.provider.issuer}/oauth/userinfo")
        return token
