"""Applications that people are written to: the reference server, and a second Doorward, over HTTP, with faults."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from clients.access import EVERYONE, Access
from idp.admin import provisioning
from idp.admin.actor import of_shell
from idp.provisioning import delivering, keeping
from idp.provisioning.objects import Object
from idp.provisioning.target import Said
from tests.backends import Clock
from tests.provider import App, Provider

SHELL = of_shell("cli:test")
TOKEN = "s3cr3t-token-of-the-app"

#: What is answered in place of the application: status, headers, body. None: the application answers.
Fault = tuple[int, dict[str, str], Any]
Faults = Callable[[str, str, Any], Fault | None]


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing."""


class Served:
    """A WSGI application on a port of its own. `faults` may answer in its place, or do something before it."""

    def __init__(self, app: Any, prefix: str = "") -> None:
        self.app, self.prefix = app, prefix
        self.asked: list[Asked] = []
        self.faults: Faults = lambda method, path, body: None
        self._server = make_server("127.0.0.1", 0, self._answer, _Threading, _Quiet)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return self.origin + self.prefix

    def sent(self, method: str, path: str = "") -> list[Asked]:
        """The requests of a method whose path, below the prefix, begins so."""
        return [one for one in self.asked if one.method == method and one.path.startswith(path)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start: Any) -> Any:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        content = environ["wsgi.input"].read(length) if length else b""
        path = environ["PATH_INFO"].removeprefix(self.prefix + "/")
        body = json.loads(content) if content and "json" in environ.get("CONTENT_TYPE", "") else content.decode()
        query = environ.get("QUERY_STRING", "")
        headers = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
        self.asked.append(Asked(environ["REQUEST_METHOD"], path + (f"?{query}" if query else ""), body, headers))
        fault = self.faults(environ["REQUEST_METHOD"], path, body)
        if fault is not None:
            status, more, answer = fault
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            start(f"{status} Fault", [("Content-Type", "application/scim+json"), *more.items()])
            return [data]
        environ["wsgi.input"] = io.BytesIO(content)
        environ["REMOTE_ADDR"] = "203.0.113.50"
        return self.app(environ, start)


def error(status: int, detail: str = "", kind: str | None = None, **headers: str) -> Fault:
    """An error as RFC 7644 §3.12 has it."""
    said = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, more, {**said, **({"scimType": kind} if kind else {})}


@dataclass
class World:
    """A provider that writes to one application."""

    provider: Provider
    clock: Clock
    served: Served
    app: App
    storage: InMemoryStorage

    @property
    def services(self) -> Any:
        return self.provider.services

    @property
    def id(self) -> str:
        return self.app.id

    def begin(self, token: str = TOKEN, **said: Any) -> None:
        """Write there from now on."""
        wanted = Said(url=self.served.url, **said)
        provisioning.add(self.services, SHELL, self.app.client, wanted, token)

    def begin_again(self, **said: Any) -> None:
        """Say something else of it, and try again what failed."""
        provisioning.change(self.services, SHELL, self.id, lambda before: replace(before, **said))
        provisioning.retry_failed(self.services, SHELL, self.id)

    def deliver(self) -> int:
        """All that is due."""
        return delivering.run(self.services, self.id)

    def wait(self, seconds: float) -> int:
        """The same, so much later."""
        self.clock.advance(seconds)
        return self.deliver()

    def object(self, local_id: str, kind: str = "user") -> Object:
        found = keeping.find_object(self.services.db, self.id, kind, local_id)
        assert found is not None
        return found

    def there(self, kind: str = "User") -> dict[str, Any]:
        """What the application has, by name."""
        found = [one.model_dump() for one in self.storage.resources if type(one).__name__.startswith(kind)]
        return {one.get("userName") or one["displayName"]: one for one in found}

    def target(self) -> Any:
        return keeping.get(self.services.db, self.id)


Serve = Callable[..., Served]
Begin = Callable[..., World]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a WSGI application."""
    with contextlib.ExitStack() as stack:

        def serve_one(app: Any, prefix: str = "") -> Served:
            served = Served(app, prefix)
            stack.callback(served.close)
            return served

        yield serve_one


@pytest.fixture
def make_world(serve: Serve, open_provider: Callable[..., Provider], clock: Clock) -> Begin:
    """A provider, and an application with the reference server behind it: `make_world(access=…)`."""

    def make(access: Access = EVERYONE, also: Sequence[str] = (), **sections: Any) -> World:
        storage = InMemoryStorage()
        served = serve(BearerTokenApplication(storage, load_default_provider(), bearer_tokens=[TOKEN]))
        provider = open_provider(outbound={"allow": [served.origin, *also]}, **sections)
        return World(provider, clock, served, provider.add_client("Wiki", access=access), storage)

    return make


@pytest.fixture
def world(make_world: Begin) -> World:
    return make_world()
