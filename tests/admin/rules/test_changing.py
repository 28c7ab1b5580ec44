"""Rules as admins change them: who may, what is refused, what it does to people in numbers (B2, B5, C1, C6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.sign_in_rules import keeping
from idp.admin.actor import Actor, NotAllowed
from idp.admin.histories import rules as history
from idp.admin.histories.changes import NoSuchChange
from idp.admin.rules import changing
from idp.admin.rules.changing import IsFixed, ShutsOut
from idp.admin.rules.checking import InvalidRule
from tests.admin.rules.conftest import As
from tests.backends import Clock
from tests.login.second_step import enrol
from tests.provider import Provider

OFFICE = "192.0.2.0/24"


def names(provider: Provider, shell: Actor) -> list[str]:
    return [one.rule.name for one in changing.every(provider.services, shell).kept]


@pytest.mark.parametrize("role", ["app_admin", "help_desk"])
def test_S59_who_looks_after_a_part_reads_no_rule(provider: Provider, acting: As, role: str) -> None:
    with pytest.raises(NotAllowed):
        changing.every(provider.services, acting("bob", role))
    with pytest.raises(NotAllowed):
        history.of(provider.services, acting("bob", role))


def test_C2_an_auditor_reads_rules_and_changes_none(provider: Provider, acting: As) -> None:
    services, eve = provider.services, acting("eve", "auditor")
    rule_id = provider.add_rule(name="All")
    assert changing.get(services, eve, rule_id).rule.name == "All"
    tries: list[Callable[[], Any]] = [
        lambda: changing.add(services, eve, {"name": "More"}),
        lambda: changing.change(services, eve, rule_id, {"name": "Less"}),
        lambda: changing.turn(services, eve, rule_id, on=False),
        lambda: changing.move(services, eve, rule_id, 1),
        lambda: changing.remove(services, eve, rule_id),
        lambda: changing.restore(services, eve, rule_id),
        lambda: changing.look(services, eve, None, None),
        lambda: history.undo(services, eve, "x"),
    ]
    for attempt in tries:
        with pytest.raises(NotAllowed):
            attempt()
    assert [one.rule.name for one in keeping.list_of(services.db)] == ["All"]


def test_B5_how_many_people_a_rule_would_ask_to_set_something_up(
    provider: Provider, shell: Actor, clock: Clock
) -> None:
    enrol(provider, clock, "ann", groups=["finance"])
    for name in ("bob", "cid", "dan"):
        provider.add_person(name, groups=["finance"])
    provider.add_person("eve")
    provider.services.directory.disable(provider.add_person("fay", groups=["Finance"]).id)
    wanted = changing.checking.checked(provider.services, {"name": "Money", "groups": ["FINANCE"]})
    found = changing.look(provider.services, shell, None, wanted)
    assert (found.concerned, found.without, found.denied, found.released) == (4, 3, 0, 0)
    made = changing.add(provider.services, shell, {"name": "Money", "groups": ["finance"]})
    assert changing.look(provider.services, shell, made.rule, None).released == 4
    passkeys = changing.checking.checked(
        provider.services, {"name": "Money", "need": "phishing-resistant"}, made.rule.id
    )
    assert changing.look(provider.services, shell, made.rule, passkeys).without == 5  # the app does not meet it


def test_B5_a_rule_that_shuts_every_owner_out_is_refused(provider: Provider, acting: As, shell: Actor) -> None:
    acting("boss", "owner")
    for said in (
        {"need": "deny"},
        {"need": "deny", "roles": ["owner", "admin"]},
        {"need": "deny", "starts": "2031-01-01"},
    ):
        with pytest.raises(ShutsOut) as caught:
            changing.add(provider.services, shell, {"name": "Nobody", **said})
        assert caught.value.whom == "owners"
    assert changing.add(provider.services, shell, {"name": "Away", "need": "deny", "outside": [OFFICE]})
    acting("second", "owner")
    provider.services.directory.set_groups(provider.services.directory.find_by_login("second").id, ["night"])  # type: ignore[union-attr]
    assert changing.add(provider.services, shell, {"name": "Night", "need": "deny", "groups": ["night"]})


def test_B5_nor_is_one_turned_on_brought_back_or_undone(provider: Provider, acting: As, shell: Actor) -> None:
    services = provider.services
    off = changing.add(services, shell, {"name": "Nobody", "need": "deny"}, enabled=False).rule.id
    gone = provider.add_rule(name="All", need="deny")
    changing.remove(services, shell, gone)
    (event,) = [one for one in history.of(services, shell) if one.action == "rule:remove"]
    acting("boss", "owner")
    for attempt in (
        lambda: changing.turn(services, shell, off, on=True),
        lambda: changing.restore(services, shell, gone),
        lambda: history.undo(services, shell, event.id),
    ):
        with pytest.raises(ShutsOut):
            attempt()
    assert services.rules.refresh() == ()


def test_B5_whoever_would_not_get_back_from_where_they_are_is_refused(provider: Provider, acting: As) -> None:
    acting("other", "owner")
    away = acting("boss", "owner", address="198.51.100.1")
    with pytest.raises(ShutsOut) as caught:
        changing.add(provider.services, away, {"name": "Office", "need": "deny", "outside": [OFFICE]})
    assert caught.value.whom == "you"
    at_work = acting("boss", "owner")
    assert changing.add(provider.services, at_work, {"name": "Office", "need": "deny", "outside": [OFFICE]})


def test_B5_what_nobody_could_set_up_is_refused(open_provider: Callable[..., Provider], shell: Actor) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})  # passkeys belong to a host name
    provider.add_person("ann", groups=["board"])
    with pytest.raises(ShutsOut) as caught:
        changing.add(provider.services, shell, {"name": "Keys", "need": "phishing-resistant", "groups": ["board"]})
    assert caught.value.whom == "all"


def test_C2_an_admin_shuts_no_owner_out(provider: Provider, acting: As) -> None:
    acting("boss", "owner")
    admin = acting("adam", "admin")
    with pytest.raises(NotAllowed):
        changing.add(
            provider.services, admin, {"name": "Owners", "need": "deny", "roles": ["owner"], "outside": [OFFICE]}
        )
    assert changing.add(provider.services, admin, {"name": "Strong", "roles": ["owner"]})


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "name"),
        ({"name": "X", "need": "third"}, "need"),
        ({"name": "X", "need": "none"}, "need"),
        ({"name": "X", "networks": ["10.0.0.1/8"]}, "networks"),
        ({"name": "X", "outside": ["office"]}, "outside"),
        ({"name": "X", "groups": ["finanec"]}, "groups"),
        ({"name": "X", "apps": ["c3"]}, "apps"),
        ({"name": "X", "starts": "tomorrow"}, "starts"),
        ({"name": "X", "grace_days": -1}, "grace_days"),
        ({"name": "X", "max_age_minutes": "soon"}, "max_age_minutes"),
        ({"name": "X", "roles": ["boss"]}, "roles"),
        ({"name": "X", "why": "a\nb"}, "why"),
        ({"name": "taken"}, "name"),
    ],
)
def test_B5_what_is_wrong_with_a_rule_is_said_of_its_field(
    provider: Provider, shell: Actor, said: dict[str, Any], field: str
) -> None:
    provider.add_person("ann", groups=["finance"])
    provider.add_rule(name="Taken")
    with pytest.raises(InvalidRule) as caught:
        changing.add(provider.services, shell, said)
    assert [one.field for one in caught.value.problems] == [field]
    assert names(provider, shell) == ["Taken"]


def test_B2_fixed_rules_are_shown_and_not_changed(open_provider: Callable[..., Provider], shell: Actor) -> None:
    provider = open_provider(factors={"rules": [{"need": "second", "name": "From the file"}]})
    assert [one.name for one in changing.every(provider.services, shell).fixed] == ["From the file"]
    for attempt in (changing.remove, changing.restore):
        with pytest.raises((IsFixed, keeping.UnknownRule)):
            attempt(provider.services, shell, "file-1")


def test_C4_two_admins_with_one_rule_open_do_not_overwrite_each_other(provider: Provider, shell: Actor) -> None:
    made = changing.add(provider.services, shell, {"name": "Money"})
    seen = keeping.edition(made.rule)
    changing.change(provider.services, shell, made.rule.id, {"name": "Money", "why": "Audit."}, seen=seen)
    with pytest.raises(keeping.ChangedMeanwhile):
        changing.change(provider.services, shell, made.rule.id, {"name": "Cash"}, seen=seen)


def test_C6_each_change_stands_in_the_history_and_each_is_undone(provider: Provider, shell: Actor) -> None:
    services = provider.services
    one = changing.add(services, shell, {"name": "One"}).rule.id
    two = changing.add(services, shell, {"name": "Two", "need": "phishing-resistant"}).rule.id
    changing.change(services, shell, one, {"name": "First", "why": "Because."})
    changing.turn(services, shell, one, on=False)
    changing.move(services, shell, two, -1)
    changing.remove(services, shell, two)
    found = history.of(services, shell)
    assert [one.action for one in found] == [
        "rule:remove", "rule:move", "rule:off", "rule:change", "rule:add", "rule:add",
    ]  # fmt: skip
    assert {(d.field, d.old, d.new) for d in found[3].differences} == {
        ("name", "One", "First"),
        ("why", None, "Because."),
    }
    assert [change.action for change in history.of(services, shell, two)] == ["rule:remove", "rule:add"]
    before = {0: ["First"], 1: ["Two", "First"], 2: ["First", "Two"], 3: ["First", "Two"], 4: ["One", "Two"]}
    for at, change in enumerate(found[:5]):
        assert names(provider, shell) == before[at]
        history.undo(services, shell, change.id)
    assert names(provider, shell) == ["One"]
    with pytest.raises(keeping.ChangedMeanwhile):
        history.undo(services, shell, found[3].id)  # it is undone already
    with pytest.raises(NoSuchChange):
        history.undo(services, shell, "06h2")


def test_C1_every_change_is_on_record_with_its_actor(provider: Provider, acting: As) -> None:
    boss = acting("boss", "owner")
    changing.add(provider.services, boss, {"name": "Money", "why": "Audit."})
    (event,) = history.of(provider.services, boss)
    assert (event.who, event.address, event.name) == ("boss", "192.0.2.10", "Money")


def test_C5_a_rule_that_a_file_manages_is_not_changed_by_hand(
    open_provider: Callable[..., Provider], shell: Actor
) -> None:
    from idp.admin.configuration import marks
    from idp.admin.managed import ManagedByFile

    provider = open_provider(admin={"managed": "refuse"})
    rule_id = provider.add_rule(name="Money")
    with provider.services.db.transaction() as tx:
        marks.put(tx, "rule", rule_id, "rules.toml", ["name"], 0.0)
    with pytest.raises(ManagedByFile):
        changing.turn(provider.services, shell, rule_id, on=False)


def test_B2_a_rule_follows_the_group_that_it_names(provider: Provider, shell: Actor) -> None:
    from idp.admin import groups

    provider.add_person("ann", groups=["finance"])
    provider.add_rule(name="Money", groups=["Finance", "board"])
    groups.rename(provider.services, shell, groups.get(provider.services, "finance"), "treasury")
    (rule,) = provider.services.rules.current()
    assert rule.groups == ("board", "treasury")
    assert groups.rules_of(provider.services, "TREASURY") == (rule,)
