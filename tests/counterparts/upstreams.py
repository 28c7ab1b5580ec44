"""Somebody else's provider in front of ours: what people do there, and an application of ours that they go on to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page

from tests.counterparts.conftest import Program
from tests.counterparts.test_keycloak import Home
from tests.provider import App
from tests.server import Server, unique


@contextmanager
def application(server: Server, port: int) -> Iterator[App]:
    """One of ours, where people arrive."""
    web = ThreadingHTTPServer(("127.0.0.1", port), Home)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield server.add_client(unique("App"), redirect_uris=[f"http://127.0.0.1:{port}/cb"])
    web.shutdown()
    web.server_close()


@dataclass
class Upstream:
    """The provider of somebody else. `made`: as `doorward provider add` told of it."""

    server: Server
    app: App
    issuer: str
    made: dict[str, Any]
    program: Program

    def go(self, page: Page, **asked: str) -> None:
        """From our application to the page of the provider, by its button."""
        pairs = self.server.request(self.app, **{"state": unique("s"), **asked})
        url = self.server.services.url("/oauth/authorize")
        page.goto(f"{url}?{urlencode([(name, value) for name, value in pairs if value])}")
        page.click(f"button[name=provider][value={self.made['id']}]")

    def arrived(self, page: Page) -> dict[str, Any]:
        """Back at our application: its tokens."""
        page.wait_for_url("**/cb?**")
        code = dict(parse_qsl(urlsplit(page.url).query))["code"]
        return dict(self.server.redeem(self.app, code).json)

    def sub(self, tokens: dict[str, Any]) -> str:
        """Who it is at our application."""
        return str(self.server.userinfo(tokens["access_token"]).json["sub"])

    def is_in(self, page: Page) -> bool:
        """Whether this browser is signed in at ours."""
        page.goto(self.server.issuer)
        return page.query_selector("#password, #login") is None
