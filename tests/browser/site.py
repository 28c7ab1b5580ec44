"""The site that the browser visits: the provider as a process, the two demo applications, and people of each test."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from idp.accounts.person import Person
from tests.apps.crm.app import create_app as create_crm
from tests.apps.desk.app import create_app as create_desk
from tests.apps.settings import Settings
from tests.backends import find_free_port
from tests.browser import landing
from tests.provider import App
from tests.server import Server, unique

SUPPORT = "it-help@larkfield.example"


class Served:
    """A small application in a thread of this process."""

    def __init__(self, app: Flask, port: int, tls: Any = None) -> None:
        self.server: BaseWSGIServer = make_server("127.0.0.1", port, app, threaded=True, ssl_context=tls)
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the port."""
        self.server.shutdown()
        self._thread.join(5)
        self.server.server_close()


class Site(Server):
    """One for all tests of a process: whoever and whatever a test adds has a name of its own."""

    def __init__(self, run: int) -> None:
        self.crm, self.desk, self.landing = (f"http://127.0.0.1:{find_free_port()}" for _ in range(3))
        brand = {"company": "Larkfield", "support": SUPPORT, "status_url": "https://status.larkfield.example/"}
        super().__init__(run, brand=brand, outbound={"allow": [self.crm, self.desk]})
        self.owner_link: str = self.first["owner_link"]
        self.applications = {name: self._register(name, url) for name, url in self._demo()}
        self._served = [
            Served(create_crm(self._settings("Larkfield CRM", self.crm, self.desk)), port_of(self.crm)),
            Served(create_desk(self._settings("Desk", self.desk, self.crm)), port_of(self.desk)),
            Served(landing.create_app(), port_of(self.landing)),
        ]

    def close(self) -> None:
        for served in self._served:
            served.stop()
        super().close()

    def someone(self, name: str = "Ann Example", **about: Any) -> Person:
        """Somebody new with a password."""
        return self.add_person(unique(name.split()[0].lower()), name=name, **about)

    def local_app(self, name: str = "Notes", profile: str = "web", **metadata: Any) -> App:
        """An application that lives at the landing place of this test process, unless said."""
        metadata.setdefault("redirect_uris", [self.landing + "/cb"])
        return self.add_client(name, profile, **metadata)

    def authorize_url(self, app: App, **overrides: Any) -> str:
        """An authorization request of an application. An override of None takes a parameter out."""
        return f"{self.issuer}/oauth/authorize?" + urlencode(self.request(app, **overrides))

    # -- the demo's two applications ---------------------------------------------------------------------------------

    def _demo(self) -> tuple[tuple[str, str], ...]:
        return ("Larkfield CRM", self.crm), ("Desk", self.desk)

    def _register(self, name: str, url: str) -> App:
        return self.add_client(
            name, redirect_uris=[url + "/callback"], post_logout_redirect_uris=[url + "/signed-out"],
            launch_url=url + "/", logo_uri=url + "/static/logo.svg", id_token_signed_response_alg="ES256",
        )  # fmt: skip

    def _settings(self, name: str, url: str, neighbour: str) -> Settings:
        app = self.applications[name]
        return Settings(
            issuer=self.issuer, client_id=app.id, client_secret=app.secret or "", redirect_uri=url + "/callback",
            post_logout_redirect_uri=url + "/signed-out", port=port_of(url), neighbour_url=neighbour,
        )  # fmt: skip


def port_of(url: str) -> int:
    """The port of an address."""
    return int(url.rpartition(":")[2])
