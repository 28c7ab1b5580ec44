"""C2: an admin weakens no rule that protects an owner, whatever the way; the rest they change freely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from idp.accounts import groups as accounts_groups
from idp.accounts.person import Person
from idp.admin import groups
from idp.admin.actor import Actor, NotAllowed
from idp.admin.configuration.applying import apply
from idp.admin.configuration.document import File, read
from idp.admin.configuration.kinds import KINDS
from idp.admin.configuration.planning import plan
from idp.admin.histories import rules as history
from idp.admin.rules import changing
from idp.admin.rules.protecting import AsksLess
from tests.admin.rules.conftest import As
from tests.provider import Provider


@pytest.fixture
def boss(provider: Provider) -> Person:
    """An owner, who belongs to a group."""
    person = provider.add_person("boss", groups=["board"])
    provider.services.directory.set_roles(person.id, ("owner",))
    provider.add_person("staff", groups=["sales"])
    return provider.services.directory.get(person.id)


@pytest.fixture
def admin(acting: As, boss: Person) -> Actor:
    return acting("adele", "admin")


STRONG: Mapping[str, Any] = {"name": "Strong", "need": "phishing-resistant", "max_age_minutes": 60}

#: What is said of a rule that holds for everybody, and loosens it for an owner, somewhere or at some time.
LOOSER: Mapping[str, Mapping[str, Any]] = {
    "weaker": {"need": "second"},
    "none": {"need": "none"},
    "older sign-ins": {"max_age_minutes": 600},
    "no age": {"max_age_minutes": 0},
    "other people": {"groups": ["sales"]},
    "other roles": {"roles": ["admin"]},
    "one app": {"apps": ["APP"]},
    "one network": {"networks": ["192.0.2.0/24"]},
    "but one address": {"outside": ["198.51.100.7/32"]},
    "but IPv6": {"networks": ["0.0.0.0/0"]},
    "unknown devices": {"device": "unknown"},
    "later": {"starts": "2099-01-01"},
    "put off": {"grace_days": 300},
}


@pytest.mark.parametrize("how", LOOSER)
def test_C2_an_admin_changes_no_rule_so_that_owners_show_less(
    provider: Provider, admin: Actor, shell: Actor, how: str
) -> None:
    services, app = provider.services, provider.add_client("CRM")
    rule_id = changing.add(services, shell, STRONG).rule.id
    said = {**STRONG, **{key: [app.id] if value == ["APP"] else value for key, value in LOOSER[how].items()}}
    with pytest.raises(AsksLess):
        changing.look(services, admin, changing.get(services, admin, rule_id).rule, _as(provider, rule_id, said))
    with pytest.raises(AsksLess):
        changing.change(services, admin, rule_id, said)
    assert changing.get(services, admin, rule_id).rule.need == "phishing-resistant"
    changing.change(services, shell, rule_id, said)  # an owner does


def _as(provider: Provider, rule_id: str, said: Mapping[str, Any]) -> Any:
    from idp.admin.rules import checking

    return checking.checked(provider.services, said, rule_id)


WAYS: Mapping[str, Callable[[Any, Actor, str], object]] = {
    "off": lambda s, a, rule_id: changing.turn(s, a, rule_id, on=False),
    "remove": changing.remove,
    "undo": lambda s, a, rule_id: history.undo(s, a, history.of(s, a, rule_id)[0].id),
}


@pytest.mark.parametrize("way", WAYS)
def test_C2_nor_turns_off_removes_or_undoes_one(provider: Provider, admin: Actor, shell: Actor, way: str) -> None:
    rule_id = changing.add(provider.services, shell, STRONG).rule.id
    with pytest.raises(AsksLess):
        WAYS[way](provider.services, admin, rule_id)
    assert changing.get(provider.services, admin, rule_id).rule.enabled


def test_C2_nor_adds_one_whose_days_to_put_it_off_take_back_a_weaker_one(
    provider: Provider, admin: Actor, shell: Actor
) -> None:
    changing.add(provider.services, shell, {"name": "Second"})
    said = {"name": "Later", "need": "phishing-resistant", "grace_days": 90}
    with pytest.raises(AsksLess):
        changing.add(provider.services, admin, said)
    changing.add(provider.services, admin, {**said, "groups": ["sales"]})


@pytest.mark.parametrize("said", [
    {"groups": ["sales"]}, {"groups": ["sales"], "need": "second"}, {"roles": ["help_desk"], "need": "none"},
])  # fmt: skip
def test_C2_what_is_about_others_alone_an_admin_loosens(provider: Provider, admin: Actor, said: dict[str, Any]) -> None:
    services = provider.services
    rule_id = changing.add(services, admin, {**STRONG, **said, "need": "phishing-resistant"}).rule.id
    changing.change(services, admin, rule_id, {**STRONG, **said, "grace_days": 9 if said.get("need") != "none" else 0})
    changing.turn(services, admin, rule_id, on=False)
    changing.turn(services, admin, rule_id, on=True)
    changing.remove(services, admin, rule_id)


def test_C2_what_other_rules_still_ask_of_owners_may_go(provider: Provider, admin: Actor, shell: Actor) -> None:
    """Decided by what it comes to, not by the words of one rule."""
    services = provider.services
    rule_id = changing.add(services, shell, {"name": "All", "need": "second"}).rule.id
    with pytest.raises(AsksLess):
        changing.remove(services, admin, rule_id)
    for name, networks in (("Low", ["0.0.0.0/1", "::/0"]), ("High", ["128.0.0.0/1"])):
        changing.add(services, shell, {"name": name, "roles": ["owner"], "networks": networks})
    changing.remove(services, admin, rule_id)
    low = next(one.rule for one in changing.every(services, admin).kept if one.rule.name == "Low")
    with pytest.raises(AsksLess):  # half of the addresses would be left
        changing.change(services, admin, low.id, {**low.said(), "networks": ["0.0.0.0/2", "::/0"]})


def test_C2_an_admin_tightens_what_owners_are_asked_for(provider: Provider, admin: Actor, shell: Actor) -> None:
    services = provider.services
    rule_id = changing.add(services, shell, {"name": "All", "need": "second", "groups": ["board"]}).rule.id
    said = {"name": "All", "need": "second", "max_age_minutes": 30, "why": "It is the company."}
    assert changing.change(services, admin, rule_id, said).rule.max_age_minutes == 30


def test_C2_no_group_that_an_owner_is_in_is_taken_away_by_an_admin(
    provider: Provider, admin: Actor, shell: Actor, boss: Person
) -> None:
    services = provider.services
    changing.add(services, shell, {"name": "Board", "groups": ["board"]})
    board, sales = accounts_groups.find(services.db, "board"), accounts_groups.find(services.db, "sales")
    assert board is not None
    assert sales is not None
    with pytest.raises(NotAllowed, match="boss may do more"):
        groups.remove(services, admin, board, with_members=True)
    assert services.directory.get(boss.id).groups == ("board",)
    groups.remove(services, admin, sales, with_members=True)


FILES: Mapping[str, tuple[str, bool]] = {
    "looser": ('[[rule]]\nname = "Strong"\nneed = "second"\n', False),
    "off": ('[[rule]]\nname = "Strong"\nneed = "phishing-resistant"\non = false\n', False),
    "denies": ('[[rule]]\nname = "No owner"\nneed = "deny"\nroles = ["owner"]\nnetworks = ["192.0.2.9/32"]\n', False),
    "others": ('[[rule]]\nname = "More"\nneed = "second"\ngroups = ["sales"]\n', True),
}


@pytest.mark.parametrize("name", FILES)
def test_C2_nor_by_a_file(provider: Provider, admin: Actor, shell: Actor, name: str) -> None:
    services, (text, is_done) = provider.services, FILES[name]
    changing.add(services, shell, {"name": "Strong", "need": "phishing-resistant"})
    entries = read([File("rules.toml", text)], KINDS)
    shown = plan(services, entries, ["rules.toml"])
    if is_done:
        apply(services, admin, entries, ["rules.toml"], shown)
        return
    with pytest.raises(NotAllowed):
        apply(services, admin, entries, ["rules.toml"], shown)
    assert [(one.rule.name, one.rule.need, one.rule.enabled) for one in changing.every(services, admin).kept] == [
        ("Strong", "phishing-resistant", True)
    ]
    apply(services, shell, entries, ["rules.toml"], shown)


def test_C2_what_cannot_be_compared_in_time_is_an_owners(provider: Provider, admin: Actor, shell: Actor) -> None:
    services = provider.services
    networks = [f"10.{n // 200}.{n % 200}.0/24" for n in range(500)]
    rule_id = changing.add(services, shell, {"name": "Many", "outside": networks}).rule.id
    with pytest.raises(AsksLess):
        changing.change(services, admin, rule_id, {"name": "Many", "outside": networks[1:]})
