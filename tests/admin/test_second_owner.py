"""C3: named changes wait for a second owner, by whatever door, and are done with the rights that both have then."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from idp.accounts import approvals, roles, tokens
from idp.accounts.person import Draft, Person
from idp.accounts.roles import RoleGrant
from idp.accounts.sign_in_rules import keeping
from idp.admin import attention, certificates, granting, keys, people, planned_ends, programs, providers, turning_off
from idp.admin.actor import Actor, NotAllowed, of_name, of_shell
from idp.admin.approving import asking, deciding
from idp.admin.approving.asking import Waits
from idp.admin.approving.deciding import Decided, NotDone
from idp.admin.approving.verbs import VERBS
from idp.admin.break_glass import keeping as break_glass
from idp.admin.bulk import verbs as bulk
from idp.admin.configuration import applying, planning
from idp.admin.configuration.document import File, read
from idp.admin.configuration.kinds import KINDS
from idp.admin.histories import rules as history
from idp.admin.rules import changing
from idp.config.admin import SECOND_OWNER
from idp.config.settings import Invalid
from idp.federation import checking
from idp.federation import keeping as upstreams
from idp.mail import rendering
from idp.mail.delivery import PURPOSE
from tests.backends import Clock
from tests.mail.samples import content
from tests.provider import Provider

SHELL = of_shell("cli:test")
DAY = 86400.0


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(
        admin={"second_factor": False, "second_owner": list(SECOND_OWNER)}, mail={"host": "mail.example"}
    )


def somebody(provider: Provider, name: str, *given: str) -> Actor:
    person = provider.add_person(name, email=f"{name}@example.org")
    grant(provider, person.id, *given)
    return again(provider, person.id)


def grant(provider: Provider, id: str, *given: str, take: tuple[str, ...] = ()) -> None:
    roles.change(
        provider.services.db, id, give=[RoleGrant(role) for role in given], take=take, by="test", now=provider.clock(),
        record=lambda *_: None,
    )  # fmt: skip


def again(provider: Provider, id: str) -> Actor:
    found = of_name(provider.services, f"person:{id}")
    assert found is not None
    return found


@dataclass
class Two:
    """Two owners."""

    ann: Actor
    bea: Actor


@pytest.fixture
def two(provider: Provider) -> Two:
    return Two(somebody(provider, "ann", "owner"), somebody(provider, "bea", "owner"))


def waits(run: Callable[[], object]) -> str:
    with pytest.raises(Waits) as caught:
        run()
    return caught.value.id


def off(provider: Provider, actor: Actor, leaver: Person) -> str:
    return waits(lambda: turning_off.turn_off(provider.services, actor, leaver))


def is_on(provider: Provider, person: Person) -> bool:
    return provider.services.directory.get(person.id).enabled


def next_key(provider: Provider, clock: Clock) -> str:
    keys.rotate(provider.services, SHELL, ["RS256"])
    clock.advance(3 * DAY)
    return next(one.kid for one in provider.services.ring.list_keys() if one.alg == "RS256" and one.state == "next")


def state_of(provider: Provider, kid: str) -> str:
    return next((one.state for one in provider.services.ring.list_keys() if one.kid == kid), "gone")


# -- each named change waits, and is done when another owner says so -------------------------------------------------

Case = tuple[Callable[[], object], Callable[[], Any], Any, Any]


def _cases(provider: Provider, clock: Clock, actor: Actor) -> dict[str, Case]:
    """By name: what is tried, how things stand, before and after."""
    services = provider.services
    cat, dan, eve = (provider.add_person(name) for name in ("cat", "dan", "eve"))
    kid = next_key(provider, clock)
    rule, removed = provider.add_rule(name="One"), provider.add_rule(name="Two")
    keeping.remove(services.db, removed, clock(), record=lambda *_: None)

    def names() -> list[str]:
        return sorted(one.rule.name for one in changing.every(services, SHELL).kept)

    def directory(id: str) -> Any:
        return services.directory.find(id)

    record, said = (lambda *_: None), {"name": "Company", "issuer": "https://id.example.com", "client_id": "us"}
    kept = [
        upstreams.add(services.db, services.sealer, one, "old", clock(), record=record)
        for one in (checking.checked(said), checking.checked(said | {"name": "Other"}))
    ]  # fmt: skip
    company, other = (one.provider.id for one in kept)
    upstreams.remove(services.db, other, clock(), record=record)

    def upstream(id: str) -> Any:
        found = upstreams.find(services.db, id)
        return None if found is None else (found.provider.issuer, upstreams.open_secret(services.sealer, found))

    other_name = providers.Wanted(said | {"name": "C"})
    moved = {**said, "issuer": "https://new.example.com"}
    stands = ("https://id.example.com", "old")
    return {
        "key:promote": (lambda: keys.promote(services, actor, kid, force=True), lambda: state_of(provider, kid),
                        "next", "active"),
        "key:withdraw": (lambda: keys.withdraw(services, actor, kid),
                         lambda: state_of(provider, kid) in ("removed", "gone"), False, True),
        "role:grant:owner": (lambda: granting.change_roles(services, actor, cat, give=(RoleGrant("owner"),)),
                             lambda: directory(cat.id).roles, (), ("owner",)),
        "user:turn_off": (lambda: turning_off.turn_off(services, actor, dan), lambda: directory(dan.id).enabled,
                          True, False),
        "user:remove": (lambda: people.remove(services, actor, eve), lambda: directory(eve.id) is None, False, True),
        "rule:change": (lambda: changing.add(services, actor, {"name": "New"}), names, ["One"], ["New", "One"]),
        "rule:change 2": (lambda: changing.change(services, actor, rule, {"name": "Uno"}), names,
                          ["One"], ["Uno"]),
        "rule:change 3": (lambda: changing.remove(services, actor, rule), names, ["One"], []),
        "rule:change 4": (lambda: changing.restore(services, actor, removed), names, ["One"], ["One", "Two"]),
        "rule:change 5": (lambda: changing.turn(services, actor, rule, on=False),
                          lambda: changing.get(services, SHELL, rule).rule.enabled, True, False),
        "provider:change": (lambda: providers.add(services, actor, said | {"name": "New"}, "s"),
                            lambda: len(upstreams.list_of(services.db)), 1, 2),
        "provider:change 2": (lambda: providers.change(services, actor, company, other_name),
                              lambda: upstreams.list_of(services.db)[0].provider.name, "Company", "C"),
        "provider:change 3": (lambda: providers.change(services, actor, company, providers.Wanted(moved, "new")),
                              lambda: upstream(company), stands, ("https://new.example.com", "new")),
        "provider:change 4": (lambda: providers.renew_secret(services, actor, company, "new"),
                              lambda: upstream(company), stands, ("https://id.example.com", "new")),
        "provider:change 5": (lambda: providers.turn(services, actor, company, on=False),
                              lambda: upstreams.list_of(services.db)[0].provider.enabled, True, False),
        "provider:change 6": (lambda: providers.remove(services, actor, company),
                              lambda: upstream(company) is None, False, True),
        "provider:change 7": (lambda: providers.restore(services, actor, other),
                              lambda: upstream(other) is None, True, False),
    }  # fmt: skip


NAMES = (*SECOND_OWNER, *(f"rule:change {n}" for n in range(2, 6)), *(f"provider:change {n}" for n in range(2, 8)))
SEALED_ANEW = ("provider:change", "provider:change 3", "provider:change 4")  # it bears a secret


@pytest.mark.parametrize("name", NAMES)
def test_C3_a_named_change_waits_and_is_done_by_the_same_verb_when_another_owner_approves(
    provider: Provider, two: Two, clock: Clock, name: str
) -> None:
    run, now, before, after = _cases(provider, clock, two.ann)[name]
    id = waits(run)
    assert now() == before
    one = deciding.get(provider.services, two.bea, id)
    assert one.action == name.partition(" ")[0]
    assert VERBS[one.verb].lines(provider.services, one.args)  # what it changes is shown
    assert (waits(run) == id) is (name not in SEALED_ANEW)  # asked twice, it is the same request
    assert "sealed" not in json.dumps([one.detail for one in provider.events("approval:asked")])
    deciding.approve(provider.services, two.bea, id, "go on")
    assert now() == after
    assert deciding.get(provider.services, two.ann, id).state == "done"
    approved = [one for one in provider.events() if one.detail.get("approval") == id and "approved_by" in one.detail]
    assert {(one.actor, one.detail["approved_by"]) for one in approved} == {(two.ann.name, two.bea.name)}


def test_C3_every_name_of_the_settings_is_tried_here() -> None:
    assert set(SECOND_OWNER) == {name.partition(" ")[0] for name in NAMES}


@pytest.mark.parametrize("name", SECOND_OWNER)
def test_C3_by_default_nothing_waits(open_provider: Callable[..., Provider], clock: Clock, name: str) -> None:
    provider = open_provider(admin={"second_factor": False})
    run, now, _, after = _cases(provider, clock, somebody(provider, "ann", "owner"))[name]
    run()
    assert now() == after


def test_C3_what_is_not_named_does_not_wait(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(admin={"second_factor": False, "second_owner": ["user:remove"]})
    run, now, _, after = _cases(provider, clock, somebody(provider, "ann", "owner"))["user:turn_off"]
    run()
    assert now() == after


def test_C3_a_name_that_there_is_not_is_refused_at_the_start(open_provider: Callable[..., Provider]) -> None:
    with pytest.raises(Invalid, match="second_owner"):
        open_provider(admin={"second_owner": ["key:promot"]})


def test_C3_a_planned_end_waits_and_is_done_at_its_moment(provider: Provider, two: Two, clock: Clock) -> None:
    leaver, at = provider.add_person("leaver"), clock() + 600
    id = waits(lambda: planned_ends.plan(provider.services, two.ann, leaver, at, "UTC"))
    deciding.approve(provider.services, two.bea, id)
    clock.advance(700)
    assert planned_ends.run_due(provider.services) == 1
    assert not is_on(provider, leaver)


def test_C3_a_certificate_waits_as_a_key_does(provider: Provider, two: Two) -> None:
    made = certificates.prepare(provider.services, SHELL, "signing", "ec")[0]
    id = waits(lambda: certificates.withdraw(provider.services, two.ann, made.kid))
    deciding.approve(provider.services, two.bea, id)
    assert made.kid not in {one.kid for one in provider.services.certificates.everything()}


def test_C3_taking_a_change_of_a_rule_back_waits_too(provider: Provider, two: Two) -> None:
    rule = provider.add_rule(name="One")
    changing.change(provider.services, SHELL, rule, {"name": "Uno"})
    event = history.of(provider.services, SHELL, many=1)[0].id
    deciding.approve(
        provider.services, two.bea, waits(lambda: history.undo(provider.services, two.ann, event))
    )  # fmt: skip
    assert changing.get(provider.services, SHELL, rule).rule.name == "One"


# -- nobody gets round it --------------------------------------------------------------------------------------------


def test_C3_what_cannot_wait_is_refused_and_says_why(provider: Provider, two: Two) -> None:
    services, ann = provider.services, two.ann
    leaver = provider.add_person("leaver")
    script = provider.add_client("Script", profile="machine").client
    for run in (
        lambda: bulk.start(services, ann, "off", [leaver.id]),
        lambda: bulk.start(services, ann, "remove", [leaver.id]),
        lambda: people.add(services, ann, Draft(username="new", roles=("owner",)), by_mail=False),
        lambda: break_glass.make(services, ann, "envelope"),
        lambda: programs.change_roles(services, ann, script, give=(RoleGrant("owner"),)),
    ):
        with pytest.raises(NotAllowed, match="takes two owners here"):
            run()
    assert is_on(provider, leaver)
    assert bulk.start(services, ann, "sign_out", [leaver.id]).total == 1  # what is not named goes on


def test_C3_a_file_that_changes_rules_is_refused_as_a_whole(provider: Provider, two: Two) -> None:
    text = '[[rule]]\nname = "All"\nneed = "second"\n'
    entries = read([File("rules.toml", text)], KINDS.keys())
    shown = planning.plan(provider.services, entries, ["rules.toml"])
    assert [one.kind for one in shown.changes] == ["rule"]
    with pytest.raises(NotAllowed, match="a file that changes sign-in rules"):
        applying.apply(provider.services, two.ann, entries, ["rules.toml"], shown)
    assert changing.every(provider.services, SHELL).kept == ()


def test_C3_nobody_approves_their_own_nor_by_a_token_nor_as_a_program_nor_with_less(
    provider: Provider, two: Two
) -> None:
    services, leaver = provider.services, provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    by_token = replace(two.bea, token_id="t1")
    program = Actor(kind="client", id="c1", name="client:c1", grants=(RoleGrant("owner"),))
    admin, nobody = somebody(provider, "adam", "admin"), somebody(provider, "ned")
    for actor in (two.ann, replace(two.ann, token_id="t1"), by_token, program, SHELL, admin, nobody):
        with pytest.raises((NotAllowed, Decided)):
            deciding.approve(services, actor, id)
    assert is_on(provider, leaver)
    with pytest.raises(NotAllowed, match="a program is nobody"):
        turning_off.turn_off(services, program, leaver)
    deciding.approve(services, two.bea, id)
    assert not is_on(provider, leaver)


def test_C3_it_is_done_with_the_rights_that_both_have_at_that_time(provider: Provider, two: Two) -> None:
    services = provider.services
    adam = somebody(provider, "adam", "admin")
    leaver, boss = provider.add_person("leaver"), provider.add_person("boss")
    first, second = off(provider, adam, leaver), off(provider, adam, boss)
    grant(provider, boss.id, "owner")  # who may do more by now than whoever asked
    with pytest.raises(NotDone, match="may do more here than you"):
        deciding.approve(services, two.bea, second)
    assert is_on(provider, boss)
    grant(provider, adam.id, take=("admin",))
    with pytest.raises(NotDone):
        deciding.approve(services, two.bea, first)
    assert is_on(provider, leaver)
    assert deciding.get(services, two.ann, first).state == "failed"
    with pytest.raises(Decided):
        deciding.approve(services, two.bea, first)
    third = off(provider, two.ann, leaver)
    grant(provider, two.bea.id, take=("owner",))
    with pytest.raises((NotAllowed, Decided)):
        deciding.approve(services, again(provider, two.bea.id), third)
    cat = somebody(provider, "cat", "owner")
    services.directory.disable(two.ann.id)
    with pytest.raises(NotDone, match="turned off or gone"):
        deciding.approve(services, cat, third)
    assert is_on(provider, leaver)


def test_C3_nobody_raises_their_own_rights_by_approving(provider: Provider, two: Two, clock: Clock) -> None:
    services = provider.services
    cat = somebody(provider, "cat")
    roles.change(
        services.db, cat.id, give=[RoleGrant("owner", until=clock() + DAY)], by="test", now=clock(),
        record=lambda *_: None,
    )  # fmt: skip
    person = services.directory.get(cat.id)
    id = waits(lambda: granting.change_roles(services, two.ann, person, give=(RoleGrant("owner"),)))
    with pytest.raises(NotDone, match="own"):
        deciding.approve(services, again(provider, cat.id), id)
    dan = provider.add_person("dan")
    other = waits(lambda: granting.change_roles(services, two.ann, dan, give=(RoleGrant("owner"),)))
    with pytest.raises(NotDone, match="longer than you have yours"):  # of the two the shorter one counts
        deciding.approve(services, again(provider, cat.id), other)
    assert services.directory.get(dan.id).roles == ()


def test_C3_a_token_that_has_ended_asks_for_nothing_any_more(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, replace(two.ann, token_id="gone"), leaver)
    with pytest.raises(NotDone):
        deciding.approve(provider.services, two.bea, id)
    assert is_on(provider, leaver)
    assert tokens.standing(provider.services.db, "gone", provider.clock()) is None


def test_C3_of_several_who_decide_one_does(provider: Provider, two: Two) -> None:
    leaver, cat = provider.add_person("leaver"), somebody(provider, "cat", "owner")
    id = off(provider, two.ann, leaver)
    deciding.refuse(provider.services, two.bea, id, "not today")
    for late in (
        lambda: deciding.approve(provider.services, cat, id),
        lambda: deciding.refuse(provider.services, cat, id),
        lambda: deciding.withdraw(provider.services, two.ann, id),
    ):
        with pytest.raises(Decided):
            late()
    assert is_on(provider, leaver)
    assert deciding.get(provider.services, two.ann, id).note == "not today"


def test_C3_whoever_asked_takes_it_back_and_nobody_else(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    with pytest.raises(NotAllowed, match="whoever asked"):
        deciding.withdraw(provider.services, two.bea, id)
    deciding.withdraw(provider.services, two.ann, id)
    with pytest.raises(Decided):
        deciding.approve(provider.services, two.bea, id)
    assert off(provider, two.ann, leaver) != id


def test_C3_it_ends_by_itself_and_is_swept(provider: Provider, two: Two, clock: Clock) -> None:
    leaver = provider.add_person("leaver")
    id = off(provider, two.ann, leaver)
    clock.advance(7 * DAY)
    with pytest.raises(Decided):
        deciding.approve(provider.services, again(provider, two.bea.id), id)
    assert deciding.get(provider.services, two.ann, id).state_at(clock()) == "expired"
    assert is_on(provider, leaver)
    assert approvals.sweep(provider.services.db, clock() + DAY, 100) == 1


def test_C3_what_the_shell_does_is_done_recorded_and_told_to_every_owner(provider: Provider, two: Two) -> None:
    leaver = provider.add_person("leaver")
    turning_off.turn_off(provider.services, SHELL, leaver)
    assert not is_on(provider, leaver)
    (event,) = provider.events("approval:bypassed")
    assert (event.actor, event.detail["action"], event.detail["args"]) == (
        "cli:test", "user:turn_off", {"person": leaver.id},
    )  # fmt: skip
    assert mails(provider) == [("ann@example.org", "bypassed"), ("bea@example.org", "bypassed")]


# -- who hears of it -------------------------------------------------------------------------------------------------


def mails(provider: Provider) -> list[tuple[str, str]]:
    found = []
    for job in provider.services.jobs.pending():
        if job.name == "mail":
            said = json.loads(provider.services.sealer.open(PURPOSE, job.payload["sealed"], job.name.encode()))
            found += [(said["to"], said["values"]["what"])] if said["message"] == "approval" else []
    return sorted(found)


def test_C3_the_other_owners_hear_that_it_waits_and_whoever_asked_what_became_of_it(
    provider: Provider, two: Two
) -> None:
    services, adam = provider.services, somebody(provider, "adam", "admin")
    id = off(provider, adam, provider.add_person("leaver"))
    assert mails(provider) == [("ann@example.org", "asked"), ("bea@example.org", "asked")]
    assert [one.path for one in attention.find(services, two.ann) if one.kind == "approval"] == ["/admin/approvals"]
    assert [one for one in attention.find(services, adam) if one.kind == "approval"] == []
    deciding.approve(services, two.bea, id)
    assert ("adam@example.org", "approved") in mails(provider)
    assert [one for one in attention.find(services, two.ann) if one.kind == "approval"] == []


def test_C3_each_mail_says_what_happened(provider: Provider) -> None:
    values = {"subject": "Turn somebody off", "username": "ann", "link": "https://login.example/admin/approvals/x"}
    letters = [
        rendering.letter(provider.services, content("approval", what=what, note="because", **values))
        for what in ("asked", "approved", "refused", "failed", "bypassed")
    ]
    assert len({one.subject for one in letters}) == 5
    assert all("Turn somebody off" in one.subject and "because" in one.text for one in letters)


def test_S59_C3_others_see_what_they_have_asked_for_and_nothing_else(provider: Provider, two: Two) -> None:
    services = provider.services
    adam, abe = somebody(provider, "adam", "admin"), somebody(provider, "abe", "admin")
    own, other = off(provider, adam, provider.add_person("x")), off(provider, abe, provider.add_person("y"))
    assert [one.id for one in deciding.listed(services, adam)] == [own]
    assert {one.id for one in deciding.listed(services, two.ann)} == {own, other}
    with pytest.raises(Decided):
        deciding.get(services, adam, other)
    auditor = somebody(provider, "aud", "auditor")
    assert deciding.listed(services, auditor) == ()
    assert asking.is_named(services, "user:turn_off")
