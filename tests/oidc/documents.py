"""A host that publishes client-ID metadata documents, in place of the outside world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey

from clients import rules, store
from clients.access import EVERYONE
from clients.client import build
from clients.documents import reading
from clients.documents.address import read as read_address
from clients.self_registered.policy import Policy
from idp.admin import client_hosts
from idp.admin.actor import of_shell
from idp.http import Outbound, OutboundFailed
from idp.http.client import Fetched
from tests.provider import App, Provider

HOST = "agent.example"
URL = f"https://{HOST}/client.json"
CALLBACK = f"https://{HOST}/callback"
RESOURCE = "https://tools.example/mcp"


@dataclass
class Hosts:
    """What is published where, and how often it was asked for."""

    pages: dict[str, Any] = field(default_factory=dict)
    caching: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, accept: str = "", *, max_bytes: int = 0, **_: Any) -> Fetched:
        """What the guarded client answers."""
        self.asked.append(url)
        page = self.pages.get(url)
        if isinstance(page, Exception):
            raise page
        if page is None:
            return Fetched(404, "text/html", b"")
        body = json.dumps(page).encode() if isinstance(page, Mapping) else page
        if len(body) > max_bytes:
            raise OutboundFailed(f"its answer is longer than {max_bytes} bytes")
        return Fetched(200, "application/json", body, self.caching)

    def publish(self, url: str = URL, **said: Any) -> dict[str, Any]:
        """A document at an address."""
        document = {
            "client_id": url, "client_name": "Agent", "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none", **said,
        }  # fmt: skip
        self.pages[url] = {key: value for key, value in document.items() if value is not None}
        return dict(self.pages[url])


def visited(provider: Provider) -> Hosts:
    """The hosts that this provider asks from now on."""
    found, outbound = Hosts(), provider.services.outbound
    assert isinstance(outbound, Outbound)
    outbound.get = found.get  # type: ignore[method-assign]
    return found


def allow(provider: Provider, host: str = HOST, **said: Any) -> None:
    """An admin lets a host in."""
    client_hosts.allow(provider.services, of_shell("test"), host, **said)


def app_of(document: Mapping[str, Any], key: ECKey | None = None) -> App:
    """The application as it knows itself."""

    wanted = reading.read(document, read_address(document["client_id"]), Policy())
    said = rules.validate(wanted.profile, dict(wanted.said), allow_loopback=True)
    name = said.pop("client_name")
    row = store.Row(document["client_id"], "oidc", name, wanted.profile, True, said, EVERYONE, 0.0, 0.0, None)
    return App(build(row), None, key)
