"""A provisioning client, as directories call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from idp.accounts.provisioning.clients import Provisioner, Wanted
from idp.admin import provisioners
from idp.admin.actor import of_shell
from idp.scim import schemas
from tests.provider import Answer, Browser, Provider, bearer

SHELL = of_shell("cli:test")
USER = schemas.USER
ENTERPRISE = schemas.ENTERPRISE


@dataclass
class Scim:
    """Who calls. `token`: what they show."""

    browser: Browser
    token: str
    client: Provisioner

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One call; `path` below the prefix."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {**bearer(self.token), **({"Content-Type": "application/scim+json"} if data is not None else {})}
        return self.browser.open(method, f"scim/v2/{path}", data, {**sent, **(headers or {})})

    def get(self, path: str) -> Any:
        """What it answers with 200."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    def make(self, kind: str, **resource: Any) -> Any:
        """A person or a group that it makes."""
        answer = self.call("POST", kind, resource)
        assert answer.status == 201, answer.text
        return answer.json

    def patch(self, path: str, *operations: Mapping[str, Any]) -> Answer:
        """A change, in the words of Entra's and Okta's documents."""
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        return self.call("PATCH", path, {"schemas": [schema], "Operations": list(operations)})


Connect = Callable[..., Scim]


@pytest.fixture
def connect(provider: Provider) -> Connect:
    """Makes a client with these rights: `connect(adopts=True)`."""

    def connect(name: str = "Entra", **wanted: Any) -> Scim:
        made = provisioners.make(provider.services, SHELL, Wanted(name=name, **wanted))
        return Scim(provider.browser(), made.value, made.client)

    return connect


@pytest.fixture
def scim(connect: Connect) -> Scim:
    return connect()


def refused(answer: Answer, status: int, kind: str | None = None) -> str:
    """An error as RFC 7644 §3.12 has it; answers its detail."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    said = answer.json
    assert said["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (str(said["status"]), said.get("scimType")) == (str(status), kind)
    return str(said["detail"])
