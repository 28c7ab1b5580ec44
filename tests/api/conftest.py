"""Programs and people's scripts, as they call the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import programs, tokens
from idp.admin.actor import of_shell
from idp.oidc.scopes import ADMIN
from tests.provider import Answer, App, Browser, Provider, bearer

SHELL = of_shell("cli:test")


@dataclass
class Api:
    """Somebody who calls: `token` is what they show; empty: nothing."""

    browser: Browser
    token: str = ""

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """One call; `path` below the prefix, `body` as JSON."""
        sent = {**(bearer(self.token) if self.token else {})}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        return self.browser.open(method, f"api/v1{path}", data, {**sent, **(headers or {})}, **options)

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def with_edition(self, method: str, path: str, body: Any = None, *, of: str = "") -> Answer:
        """A change of what was read just now; `of`: where its edition is read, if elsewhere."""
        return self.call(method, path, body, {"If-Match": self.get(of or path).headers["ETag"]})


def make_program(provider: Provider, *grants: RoleGrant, name: str = "Script") -> App:
    """A program with these roles."""
    app = provider.add_client(name, profile="machine")
    if grants:
        app.secret = programs.change_roles(provider.services, SHELL, app.client, give=grants).secret
        app.client = provider.services.registry.get(app.id)
    return app


def token_of(provider: Provider, app: App) -> str:
    """An access token that a program got for the API."""
    answer = provider.client_credentials(app, scope=ADMIN)
    assert answer.status == 200, answer.text
    return str(answer.json["access_token"])


def give(provider: Provider, person: Person, *grants: RoleGrant) -> Person:
    """Give a person roles."""
    services = provider.services
    return roles.change(
        services.db, person.id, give=grants, by="test", now=services.clock(), record=lambda *_: None
    )  # fmt: skip


def personal(provider: Provider, person: Person, **wanted: Any) -> str:
    """A personal token of somebody."""
    made = tokens.create(provider.services, SHELL, person, wanted.pop("name", "script"), days=30, **wanted)
    return made.value


Program = Callable[..., Api]


@pytest.fixture
def program(provider: Provider) -> Program:
    """A program that calls: `program(RoleGrant("owner"))`."""

    def calls(*grants: RoleGrant, name: str = "Script") -> Api:
        return Api(provider.browser(), token_of(provider, make_program(provider, *grants, name=name)))

    return calls


@pytest.fixture
def owner(program: Program) -> Api:
    return program(RoleGrant("owner"), name="Owner's script")


@pytest.fixture
def stranger(provider: Provider) -> Api:
    return Api(provider.browser())
