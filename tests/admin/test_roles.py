"""Roles with limits and ends, and what nobody may do with them. C2."""

from __future__ import annotations

import pytest

from idp.accounts import roles
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.applications import check_change
from idp.admin.granting import change_roles
from idp.admin.permissions import Permission
from idp.admin.preview import of_person
from tests.backends import Clock
from tests.provider import Provider

SHELL = of_shell("cli:test")


def _actor(provider: Provider, person: Person) -> Actor:
    person = provider.services.directory.get(person.id)
    grants = roles.grants_of(provider.services.db, person.id, person.roles, provider.clock())
    return Actor(kind="person", id=person.id, name=f"person:{person.id}", grants=grants)


def _give(provider: Provider, name: str, *grants: RoleGrant) -> Person:
    person = provider.services.directory.find_by_login(name) or provider.add_person(name)
    return change_roles(provider.services, SHELL, person, give=grants)


def test_C2_an_owner_for_a_time_leaves_nobody_in_charge(provider: Provider, clock: Clock) -> None:
    ann, bob = _give(provider, "ann", RoleGrant("owner")), _give(provider, "bob", RoleGrant("owner"))
    _give(provider, "bob", RoleGrant("owner", until=clock() + 600))
    directory = provider.services.directory
    for attempt in (
        lambda: directory.remove(ann.id), lambda: directory.disable(ann.id), lambda: directory.set_roles(ann.id, ()),
        lambda: change_roles(provider.services, SHELL, ann, take=("owner",)),
        lambda: _give(provider, "ann", RoleGrant("owner", until=clock() + 600)),
    ):  # fmt: skip
        with pytest.raises(InvalidPerson, match="last owner"):
            attempt()
    clock.advance(601)
    assert roles.end_due(provider.services.db, clock(), SHELL.record(provider.services)) == 1
    assert directory.get(bob.id).roles == ()
    assert directory.get(ann.id).roles == ("owner",)


def test_C2_a_role_that_was_given_for_longer_meanwhile_stays(provider: Provider, clock: Clock) -> None:
    ann = _give(provider, "ann", RoleGrant("admin", until=clock() + 600))
    services, record = provider.services, SHELL.record(provider.services)
    clock.advance(601)
    _give(provider, "ann", RoleGrant("admin", until=clock() + 600))
    roles.change(services.db, ann.id, take=("admin",), by="test", now=clock(), record=record, if_due=True)
    assert services.directory.get(ann.id).roles == ("admin",)


def test_C2_nobody_gives_rights_for_longer_than_they_have_them(provider: Provider, clock: Clock) -> None:
    _give(provider, "ann", RoleGrant("owner"))
    bob = _give(provider, "bob", RoleGrant("owner", until=clock() + 600))
    eve = provider.add_person("eve")
    actor = _actor(provider, bob)
    for until in (None, clock() + 601):
        with pytest.raises(NotAllowed, match="for longer"):
            change_roles(provider.services, actor, eve, give=(RoleGrant("admin", until=until),))
    change_roles(provider.services, actor, eve, give=(RoleGrant("admin", until=clock() + 600),))


def test_C2_nobody_changes_their_own_rights_or_gives_more_than_they_have(provider: Provider) -> None:
    _give(provider, "ann", RoleGrant("owner"))
    boss = _give(provider, "boss", RoleGrant("owner"))
    with pytest.raises(NotAllowed, match="their own"):
        change_roles(provider.services, _actor(provider, boss), boss, take=("owner",))
    for role in ("admin", "help_desk", "auditor"):
        weaker = _give(provider, f"the-{role}", RoleGrant(role))
        with pytest.raises(NotAllowed):
            change_roles(provider.services, _actor(provider, weaker), boss, take=("owner",))
        with pytest.raises(NotAllowed):
            change_roles(provider.services, _actor(provider, weaker), weaker, give=(RoleGrant("owner"),))


def test_C2_the_help_desk_acts_on_nobody_who_may_do_more(provider: Provider) -> None:
    _give(provider, "ann", RoleGrant("owner"))
    desk = _actor(provider, _give(provider, "desk", RoleGrant("help_desk")))
    small = _give(provider, "small", RoleGrant("help_desk", ("Sales",)))
    for name, role in (("adm", "admin"), ("aud", "auditor"), ("own", "owner")):
        with pytest.raises(NotAllowed, match="may do more"):
            desk.check_person(provider.services, Permission.PEOPLE_HELP, _give(provider, name, RoleGrant(role)))
    desk.check_person(provider.services, Permission.PEOPLE_HELP, small)
    other = provider.services.directory.get(desk.id)
    with pytest.raises(NotAllowed):
        _actor(provider, small).check_person(provider.services, Permission.PEOPLE_HELP, other)


def test_C2_a_group_that_is_called_as_an_application_gives_no_right_over_its_members(provider: Provider) -> None:
    crm = provider.add_client("CRM")
    provider.add_person("eve", groups=(crm.id,))
    appy = _actor(provider, _give(provider, "appy", RoleGrant("app_admin", (crm.id,))))
    assert appy.may_app(Permission.ACTIVITY_READ, crm.id)
    assert not appy.may_person(Permission.ACTIVITY_READ, (crm.id,))
    desk = _actor(provider, _give(provider, "desk", RoleGrant("help_desk", (crm.id,))))
    assert not desk.may_app(Permission.ACTIVITY_READ, crm.id)


@pytest.mark.parametrize(
    "key",
    [
        "resources",
        "introspection",
        "profile",
        "may_act",
        "may_impersonate",
        "native_sso_group",
        "exchange_resources",
        "assertion_issuers",
        "id_jag_audiences",
    ],
)
def test_C2_an_app_admin_changes_nothing_that_reaches_beyond_the_application(provider: Provider, key: str) -> None:
    from clients.errors import InvalidMetadata

    crm = provider.add_client("CRM")
    appy = _actor(provider, _give(provider, "appy", RoleGrant("app_admin", (crm.id,))))
    check_change(appy, crm.id, ["redirect_uris", "jwks"])
    with pytest.raises(InvalidMetadata, match="reaches beyond"):
        check_change(appy, crm.id, [key])
    check_change(_actor(provider, _give(provider, "adm", RoleGrant("admin"))), crm.id, [key])


def test_C2_an_app_admin_sees_which_attributes_go_out_and_nobodys_values(provider: Provider) -> None:
    crm = provider.add_client("CRM", claims_map={"salary": "salary"})
    ceo = provider.add_person("ceo", claims={"salary": "a secret figure"})
    person = _give(provider, "appy", RoleGrant("app_admin", (crm.id,)))
    shown = of_person(provider.services, _actor(provider, person), crm.client, ceo)
    assert "salary" in [line.name for line in shown.userinfo]
    assert "a secret figure" not in str(shown)
    assert "a secret figure" in str(of_person(provider.services, SHELL, crm.client, ceo))


def test_C2_the_limit_of_an_approver_counts(provider: Provider) -> None:
    from idp.admin.factors import NoApprover, _approver

    ann = provider.add_person("ann", groups=("Sales",))
    inside = _give(provider, "inside", RoleGrant("help_desk", ("Sales",)))
    outside = _give(provider, "outside", RoleGrant("help_desk", ("Board",)))
    assert _approver(provider.services, inside, ann) == inside.id
    with pytest.raises(NoApprover):
        _approver(provider.services, outside, ann)
