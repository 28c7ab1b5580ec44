"""An application that receives security events: it makes a stream, and takes what is pushed or fetches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from idp.signals import serving
from idp.signals.stream import POLL, PUSH
from tests.provider import Answer, App, Provider, bearer
from tests.receiver import Receiver

HEADER = "Bearer what-the-receiver-wants"


@dataclass
class Told:
    """A token as it came, its signature checked by the keys that discovery names."""

    head: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def type(self) -> str:
        (found,) = self.claims["events"]
        return str(found).rpartition("/")[2]

    @property
    def body(self) -> Mapping[str, Any]:
        (found,) = self.claims["events"].values()
        return dict(found)

    @property
    def about(self) -> Mapping[str, Any]:
        return dict(self.claims["sub_id"])


@dataclass
class Listener:
    """A receiver with its application."""

    provider: Provider
    app: App
    server: Receiver
    scope: str = "ssf.read ssf.manage"
    _token: str = ""
    jtis: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        if not self._token:
            answer = self.provider.client_credentials(self.app, scope=self.scope)
            assert answer.status == 200, answer.text
            self._token = answer.json["access_token"]
        return self._token

    def found(self) -> dict[str, Any]:
        """The transmitter's metadata (SSF 1.0 §7.2)."""
        answer = self.provider.browser().get(".well-known/ssf-configuration")
        assert answer.status == 200
        return dict(answer.json)

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        sent = {**bearer(self.token), "Content-Type": "application/json", **headers}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.provider.browser().open(method, url, data, sent, cookies=False)

    def make(self, method: str = PUSH, **said: Any) -> dict[str, Any]:
        delivery: dict[str, Any] = {"method": method}
        if method == PUSH:
            delivery |= {"endpoint_url": f"{self.server.origin}/events", "authorization_header": HEADER}
        answer = self.call("POST", self.found()["configuration_endpoint"], {"delivery": delivery, **said})
        assert answer.status == 201, answer.text
        return dict(answer.json)

    def poll(self, stream: Mapping[str, Any], **said: Any) -> dict[str, Told]:
        body = {"returnImmediately": True, **said}
        answer = self.call("POST", stream["delivery"]["endpoint_url"], body)
        assert answer.status == 200, answer.text
        return {jti: self.open(text) for jti, text in answer.json["sets"].items()}

    def open(self, text: str) -> Told:
        keys = KeySet.import_key_set(self.provider.browser().get("oauth/jwks").json)
        found = jws.deserialize_compact(text, keys, algorithms=["RS256"])
        return Told(found.headers(), json.loads(found.payload))

    def came(self) -> list[Told]:
        """Everything that was pushed, in its order."""
        return [self.open(body.decode()) for body in self.server.bodies]


def work(provider: Provider) -> None:
    """What the background does: notes are told on, and what is due is delivered."""
    serving.look(provider.services)
    while provider.services.jobs._run_next():
        pass


@pytest.fixture
def server() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.status = 202
    yield receiver
    receiver.close()


@pytest.fixture
def transmitter(open_provider: Callable[..., Provider], server: Receiver) -> Provider:
    return open_provider(outbound={"allow": [server.origin]})


@pytest.fixture
def listener(transmitter: Provider, server: Receiver) -> Listener:
    scope = "openid profile email ssf.read ssf.manage"
    app = transmitter.add_client("CRM", grant_types=["authorization_code", "client_credentials"], scope=scope)
    return Listener(transmitter, app, server)


__all__ = ["POLL", "PUSH", "Listener", "Told", "work"]
