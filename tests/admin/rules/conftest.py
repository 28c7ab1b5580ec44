"""Rules, changed by an owner at the keyboard and by somebody in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor
from tests.provider import Provider

As = Callable[..., Actor]


@pytest.fixture
def shell() -> Actor:
    """An owner by the command line."""
    return Actor(kind="shell", id="cli:test", name="cli:test", grants=(RoleGrant("owner"),))


@pytest.fixture
def acting(provider: Provider) -> As:
    """A person who acts: `acting("boss", "owner")`."""

    def act(username: str, *roles: str, address: str = "192.0.2.10") -> Actor:
        services = provider.services
        person = services.directory.find_by_login(username) or provider.add_person(username)
        services.directory.set_roles(person.id, roles)
        grants = tuple(RoleGrant(role) for role in roles)
        return Actor(kind="person", id=person.id, name=f"person:{person.id}", grants=grants, address=address)

    return act
