"""U1, C2: whoever looks after an application does not decide which attributes of people it is told."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import InvalidMetadata
from idp.accounts.roles import RoleGrant
from idp.admin import applications, attributes
from idp.admin.actor import Actor, of_shell
from idp.admin.applications import Change
from idp.admin.histories import applications as history
from tests.provider import Provider
from tests.saml.relying import facts, register

SHELL = of_shell("cli:test")


def define(provider: Provider, name: str, **said: Any) -> None:
    attributes.add(provider.services, SHELL, name, said)


def app_admin(*ids: str) -> Actor:
    return Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", scope=ids or None),))


def update(provider: Provider, actor: Actor, client_id: str, **metadata: Any) -> Any:
    client = provider.services.registry.get(client_id)
    return applications.update(provider.services, actor, client, Change(metadata=metadata))[0]


def refused(provider: Provider, client_id: str, **metadata: Any) -> list[str]:
    """The fields that an app admin of this application is told of."""
    with pytest.raises(InvalidMetadata) as caught:
        update(provider, app_admin(client_id), client_id, **metadata)
    return [one.field for one in caught.value.problems]


def test_U1_an_app_admin_gives_their_application_no_defined_attribute_by_scope_or_table(provider: Provider) -> None:
    app = provider.add_client("HR", scope="openid profile")
    define(provider, "pay", release="scope", scope="hr", sensitive=True)
    define(provider, "desk")
    assert refused(provider, app.id, scope="openid profile hr") == ["scope"]
    assert refused(provider, app.id, claims_map={"x": "desk", "y": "pay#de"}) == ["claims_map", "claims_map"]
    with pytest.raises(InvalidMetadata):  # nor does one of all applications
        update(provider, app_admin(), app.id, scope="openid hr")
    assert provider.services.registry.get(app.id).oidc.scopes == {"openid", "profile"}


def test_U1_what_whoever_defines_has_decided_and_free_claims_are_theirs_to_set_up(provider: Provider) -> None:
    app = provider.add_client("HR", scope="openid profile hr", claims_map={"old": "desk"})
    define(provider, "pay", release="scope", scope="hr")
    define(provider, "level", release="scope", scope="email")
    define(provider, "desk")
    define(provider, "badge", release="apps", apps=[app.id])
    update(provider, app_admin(app.id), app.id, scope="openid profile email hr")  # everybody's scope; and hr was there
    update(provider, app_admin(app.id), app.id, claims_map={"a": "desk", "b": "pay", "c": "badge", "d": "free"})
    update(provider, app_admin(app.id), app.id, scope="openid profile", claims_map={"d": "free"})
    assert refused(provider, app.id, scope="openid profile hr") == ["scope"]


def test_U1_an_undo_brings_back_no_attribute_that_was_taken_away(provider: Provider) -> None:
    app = provider.add_client("HR", scope="openid profile hr")
    define(provider, "pay", release="scope", scope="hr")
    provider.clock.advance(1)
    update(provider, SHELL, app.id, scope="openid profile")
    change = history.of(provider.services, app.id)[0]
    with pytest.raises(InvalidMetadata):
        history.undo(provider.services, app_admin(app.id), app.id, change.id)
    assert "hr" in history.undo(provider.services, SHELL, app.id, change.id).oidc.scopes


def test_U1_a_service_providers_table_is_bound_as_well(provider: Provider) -> None:
    register(provider, said=facts())
    (client_id,) = [one.id for one in applications.entries(provider.services) if one.kind == "saml"]
    provider.add_person("ann", claims={"pay": "E14", "free": "x"})
    define(provider, "pay")
    assert refused(provider, client_id, attributes={"mail": "email", "urn:pay": "pay"}) == ["attributes"]
    update(provider, app_admin(client_id), client_id, attributes={"mail": "email", "urn:free": "free"})
    update(provider, SHELL, client_id, attributes={"urn:pay": "pay"})
    update(provider, app_admin(client_id), client_id, attributes={"urn:pay": "pay", "urn:wage": "pay"})
