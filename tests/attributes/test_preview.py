"""U1, R5: whoever may see people, but not an attribute of theirs, is not shown it by way of an application."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import applications, attributes, preview, trial
from idp.admin.actor import Actor, of_shell
from idp.wire import Request
from tests.provider import Provider
from tests.saml.relying import facts, register

HELP_AND_APPS = Actor(kind="person", id="u9", name="person:u9", grants=(RoleGrant("help_desk"), RoleGrant("app_admin")))
AUDITOR = Actor(kind="person", id="u8", name="person:u8", grants=(RoleGrant("auditor"),))


@pytest.fixture
def ann(provider: Provider) -> Person:
    for name, said in (("pay", {"sees": [], "sensitive": True}), ("kerberos_principal", {"sees": ["person"]})):
        attributes.add(provider.services, of_shell("cli:test"), name, said)
    return provider.add_person("ann", claims={"pay": "E14", "desk": "D-9", "kerberos_principal": "ann@CORP"})


def shown(provider: Provider, actor: Actor, client_id: str, person: Person) -> str:
    client = provider.services.registry.get(client_id)
    return repr(preview.of_person(provider.services, actor, client, person))


def foreseen(provider: Provider, actor: Actor, client_id: str, person: Person) -> str:
    client = provider.services.registry.get(client_id)
    request = Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.9"})
    return repr(trial.foresee(provider.services, actor, request, client, person).trial)


def service_provider(provider: Provider, **said: Any) -> str:
    register(provider, said=facts(), **said)
    return next(one.id for one in applications.entries(provider.services) if one.kind == "saml")


@pytest.mark.parametrize("look", [shown, foreseen])
def test_U1_two_roles_together_show_no_value_that_neither_may_see(provider: Provider, ann: Person, look: Any) -> None:
    app = provider.add_client("Pay", claims_map={"salary": "pay", "desk": "desk"}, id_token_claims=True)
    told = look(provider, HELP_AND_APPS, app.id, ann)
    assert "E14" not in told
    assert "D-9" in told
    assert "salary" in told  # that they have one, and under which name it is told
    assert "E14" in look(provider, AUDITOR, app.id, ann)


@pytest.mark.parametrize("look", [shown, foreseen])
def test_U1_nor_does_a_service_providers_assertion(provider: Provider, ann: Person, look: Any) -> None:
    table = {"urn:pay": "pay", "urn:desk": "desk"}
    sp = service_provider(provider, attributes=table, name_id_format="kerberos")
    told = look(provider, HELP_AND_APPS, sp, ann)
    assert "E14" not in told
    assert "ann@CORP" not in told
    assert "D-9" in told
    whole = look(provider, AUDITOR, sp, ann)
    assert "E14" in whole
    assert "ann@CORP" in whole


def test_U1_of_themselves_they_see_what_the_person_sees(provider: Provider, ann: Person) -> None:
    app = provider.add_client("Pay", claims_map={"salary": "pay", "principal": "kerberos_principal"})
    own = Actor(kind="person", id=ann.id, name="person:ann", grants=(RoleGrant("app_admin"),))
    told = shown(provider, own, app.id, ann)
    assert "ann@CORP" in told
    assert "E14" not in told
