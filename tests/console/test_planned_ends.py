"""Turn off at 18:00 on Friday; on again until (U2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from idp.accounts import planned_ends as ends
from idp.accounts import roles
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin import planned_ends, turning_off
from idp.admin.actor import Actor, of_name, of_shell
from idp.admin.planned_ends import BadMoment
from idp.mail.delivery import PURPOSE
from tests.backends import Clock
from tests.console.conftest import Enter, give
from tests.console.test_people import _press as press
from tests.provider import Browser, Provider

SHELL = of_shell("cli:test")


def then(clock: Clock, seconds: float) -> dict[str, str]:
    at = datetime.fromtimestamp(clock() + seconds, UTC)
    return {"day": f"{at:%Y-%m-%d}", "time": f"{at:%H:%M}", "zone": "UTC"}


def planned(provider: Provider, person: Person, seconds: float = 3600) -> Person:
    planned_ends.plan(provider.services, SHELL, person, provider.clock() + seconds, "UTC")
    return person


def test_u2_somebody_is_turned_off_at_the_moment_with_the_evidence_of_by_hand(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    ann = provider.add_person("ann")
    browser = provider.browser()
    browser.log_in(browser.get(""), "ann")
    path = f"admin/people/{ann.id}"
    said = owner.follow(press(owner, owner.get(f"{path}/off"), "then", **then(clock, 7200)))
    assert "It is planned" in said.dom.text
    assert "On until" in owner.get(path).dom.text
    assert "On until" in owner.get("admin/people?q=ann").dom.text
    assert "1 account is turned off within a day" in owner.get("admin").dom.text
    assert ann.id in owner.get("admin/people?show=ending").text
    planned_ends.run_due(provider.services)
    assert provider.services.directory.get(ann.id).enabled  # not yet
    clock.advance(7300)
    assert planned_ends.run_due(provider.services) == 1
    assert browser.get("profile").is_login_page
    evidence = turning_off.evidence_of(provider.services, ann)
    assert evidence is not None
    assert evidence.effect.sessions == 1
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    assert evidence.by == f"person:{boss.id}"  # done in the name of whoever planned it
    assert "Boss Example" in owner.get(f"{path}/off").dom.text  # who had planned it


def test_u2_of_several_processes_one_does_it_and_after_a_stop_it_is_done_at_the_start(
    provider: Provider, clock: Clock
) -> None:
    planned(provider, provider.add_person("ann"))
    clock.advance(86400)  # nothing ran meanwhile
    others = [provider.another() for _ in range(3)]
    assert sum(planned_ends.run_due(one.services) for one in (*others, provider)) == 1
    assert len(provider.events("person:disabled")) == 1


def test_u2_the_job_of_the_moment_is_queued_with_the_plan(provider: Provider, clock: Clock) -> None:
    planned(provider, provider.add_person("ann"), 600)
    (job,) = [one for one in provider.services.jobs.pending() if one.name == planned_ends.JOB]
    assert job.due == clock() + 600
    clock.advance(600)
    provider.services.jobs.perform(job.name, job.payload)
    assert len(provider.events("person:disabled")) == 1


def test_u2_somebody_who_is_off_is_on_again_until_a_moment(provider: Provider, owner: Browser, clock: Clock) -> None:
    ann = provider.add_person("ann")
    provider.services.directory.disable(ann.id)
    press(owner, owner.get(f"admin/people/{ann.id}/off"), "then", **then(clock, 7200))
    assert provider.services.directory.get(ann.id).enabled
    clock.advance(7300)
    planned_ends.run_due(provider.services)
    assert not provider.services.directory.get(ann.id).enabled


def test_u2_what_was_planned_can_be_taken_back_and_is_void_after_turning_off_by_hand(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    ann, bob = planned(provider, provider.add_person("ann")), planned(provider, provider.add_person("bob"))
    assert "They stay on" in owner.follow(press(owner, owner.get(f"admin/people/{ann.id}/off"), "keep")).dom.text
    turning_off.turn_off(provider.services, SHELL, bob)
    turning_off.turn_on(provider.services, SHELL, bob)
    clock.advance(7200)
    assert planned_ends.run_due(provider.services) == 0
    assert all(provider.services.directory.get(one.id).enabled for one in (ann, bob))
    assert [one.action for one in provider.events("person:end_withdrawn")] == ["person:end_withdrawn"]


def test_u2_somebody_is_left_in_charge(provider: Provider, owner: Browser, clock: Clock) -> None:
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    with pytest.raises(InvalidPerson, match="last owner"):
        planned(provider, boss)
    other = provider.add_person("other")
    give(provider, other.id, RoleGrant("owner"))
    planned(provider, boss, 60)
    with pytest.raises(InvalidPerson, match="last owner"):  # both would be gone then
        planned(provider, other)
    turning_off.turn_off(provider.services, SHELL, other)
    clock.advance(120)
    assert planned_ends.run_due(provider.services) == 0  # boss is the last one by now
    assert provider.services.directory.get(boss.id).enabled
    assert ends.of(provider.services.db, boss.id) is None
    assert "could not be turned off at the moment" in owner.get("admin").dom.text
    assert "would be the last owner" in owner.get(f"admin/people/{boss.id}").dom.text


@pytest.mark.parametrize(
    ("day", "time", "zone", "said"),
    [
        ("2026-12-04", "18:00", "Middle/Earth", "no time zone"), ("4.12.", "18:00", "UTC", "like 2026-12-31"),
        ("2027-03-28", "02:30", "Europe/Berlin", "clocks skip"), ("2026-12-04", "25:00", "UTC", "like 2026-12-31"),
    ],
)  # fmt: skip
def test_u2_a_moment_that_there_is_not_is_refused_in_words(day: str, time: str, zone: str, said: str) -> None:
    with pytest.raises(BadMoment, match=said):
        planned_ends.moment(day, time, zone)


def test_u2_a_moment_is_meant_in_its_zone() -> None:
    summer = planned_ends.moment("2026-07-03", "18:00", "Europe/Berlin")
    assert datetime.fromtimestamp(summer, UTC).isoformat() == "2026-07-03T16:00:00+00:00"
    winter = planned_ends.moment("2026-12-04", "18:00", "Asia/Kathmandu")
    assert datetime.fromtimestamp(winter, UTC).isoformat() == "2026-12-04T12:15:00+00:00"


def test_u2_a_moment_that_is_over_or_far_away_is_refused_on_the_page(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    ann = provider.add_person("ann")
    for seconds, said in ((-7200, "That moment is over"), (12 * 366 * 86400, "more than ten years")):
        answer = press(owner, owner.get(f"admin/people/{ann.id}/off"), "then", **then(clock, seconds))
        assert answer.status == 422
        assert said in answer.dom.text
    assert ends.of(provider.services.db, ann.id) is None


def test_u2_s59_nobody_plans_the_end_of_who_may_do_more_nor_sees_it_of_others(provider: Provider, enter: Enter) -> None:
    boss = provider.add_person("boss")
    give(provider, boss.id, RoleGrant("owner"))
    planned(provider, provider.add_person("secret.name", groups=("Board",)))
    admin, desk = enter("admin", RoleGrant("admin")), enter("desk", RoleGrant("help_desk", ("Sales",)))
    assert admin.get(f"admin/people/{boss.id}/off").status == 403
    assert "secret" not in desk.get("admin/people?show=ending").text
    assert "turned off within a day" not in desk.get("admin").dom.text


def test_u2_nothing_of_it_stays_of_somebody_who_is_removed(provider: Provider) -> None:
    ann = planned(provider, provider.add_person("ann"))
    provider.services.directory.remove(ann.id)
    assert ends.of(provider.services.db, ann.id) is None


# -- decided anew at the moment --------------------------------------------------------------------------------------


def plans(provider: Provider, enter: Enter, username: str = "planner") -> tuple[Person, Person]:
    """An admin who has planned somebody's end for in ten minutes, and that somebody."""
    enter(username, RoleGrant("admin"))
    planner = provider.services.directory.find_by_login(username)
    assert planner is not None
    leaver = provider.add_person("leaver")
    _plan(provider, planner, leaver)
    return planner, leaver


def _plan(provider: Provider, planner: Person, leaver: Person) -> None:
    actor = of_name(provider.services, f"person:{planner.id}")
    assert actor is not None
    planned_ends.plan(provider.services, actor, leaver, provider.clock() + 600, "UTC")


def mailed(provider: Provider) -> set[str]:
    """Who is told that it was not done."""
    services = provider.services
    letters = [
        json.loads(services.sealer.open(PURPOSE, job.payload["sealed"], job.name.encode()))
        for job in services.jobs.pending() if job.name == "mail"
    ]  # fmt: skip
    return {one["to"] for one in letters if one["message"] == "off_failed"}


def take(provider: Provider, person_id: str, role: str) -> None:
    services = provider.services
    roles.change(services.db, person_id, take=(role,), by="test", now=services.clock(), record=lambda *_: None)


def _disabled(provider: Provider, planner: Person, leaver: Person) -> None:
    provider.services.directory.disable(planner.id)


def _removed(provider: Provider, planner: Person, leaver: Person) -> None:
    provider.services.directory.remove(planner.id)


def _demoted(provider: Provider, planner: Person, leaver: Person) -> None:
    give(provider, planner.id, RoleGrant("help_desk"))
    take(provider, planner.id, "admin")


def _ran_out(provider: Provider, planner: Person, leaver: Person) -> None:
    give(provider, planner.id, RoleGrant("admin", until=provider.clock() + 300))


def _raised(provider: Provider, planner: Person, leaver: Person) -> None:
    give(provider, leaver.id, RoleGrant("owner"))


@pytest.mark.parametrize(
    ("became", "why"),
    [(_disabled, "gone"), (_removed, "gone"), (_demoted, "no_right"), (_ran_out, "no_right"), (_raised, "rank")],
)
def test_u2_c2_a_planned_end_is_decided_anew_by_what_its_planner_may_at_its_moment(
    provider: Provider, owner: Browser, enter: Enter, clock: Clock, became: Callable[..., None], why: str
) -> None:
    planner, leaver = plans(provider, enter)
    became(provider, planner, leaver)
    clock.advance(700)
    assert planned_ends.run_due(provider.services) == 0
    assert planned_ends.run_due(provider.services) == 0  # and it is not tried for ever
    assert provider.services.directory.get(leaver.id).enabled
    (event,) = provider.events("person:off_failed")
    assert (event.actor, event.detail["why"], event.person_id) == (f"person:{planner.id}", why, leaver.id)
    assert event.detail["planned_at"] == pytest.approx(clock() - 700, abs=5)
    assert provider.events("person:disabled") == [] or became is _disabled
    said = planned_ends.WHY[why]
    for path in (f"admin/people/{leaver.id}", f"admin/people/{leaver.id}/off"):
        assert said in owner.get(path).dom.text
    assert "could not be turned off at the moment" in owner.get("admin").dom.text
    assert "Could not be turned off as planned" in owner.get(f"admin/people/{leaver.id}/history").dom.text


@pytest.mark.parametrize(("became", "to"), [
    (_demoted, {"boss@example.com", "planner@example.com"}), (_disabled, {"boss@example.com"}),
])  # fmt: skip
def test_u2_c2_who_planned_and_every_owner_is_told_that_it_was_not_done(
    open_provider: Callable[..., Provider], clock: Clock, became: Callable[..., None], to: set[str]
) -> None:
    provider = open_provider(mail={"host": "mail.example"})
    give(provider, provider.add_person("boss").id, RoleGrant("owner"))
    planner, leaver = provider.add_person("planner"), provider.add_person("leaver")
    give(provider, planner.id, RoleGrant("admin"))
    _plan(provider, planner, leaver)
    became(provider, planner, leaver)
    clock.advance(700)
    planned_ends.run_due(provider.services)
    assert mailed(provider) == to


def test_u2_c2_a_planned_end_is_done_in_its_planners_name_while_they_may(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    planner, leaver = plans(provider, enter)
    clock.advance(700)
    assert planned_ends.run_due(provider.services) == 1
    event = next(one for one in provider.events("person:disabled") if one.person_id == leaver.id)
    assert event.actor == f"person:{planner.id}"
    assert event.detail["planned_by"] == event.actor


def test_u2_what_was_not_done_is_no_matter_any_more_once_somebody_has_seen_to_it(
    provider: Provider, owner: Browser, enter: Enter, clock: Clock
) -> None:
    planner, leaver = plans(provider, enter)
    provider.services.directory.disable(planner.id)
    clock.advance(700)
    planned_ends.run_due(provider.services)
    planned(provider, leaver, 600)  # anew, by somebody who may
    assert "were not turned off at the moment" not in owner.get(f"admin/people/{leaver.id}").dom.text
    clock.advance(700)
    assert planned_ends.run_due(provider.services) == 1
    assert "could not be turned off at the moment" not in owner.get("admin").dom.text


def test_u2_c2_one_refused_end_keeps_no_other_from_being_done(provider: Provider, enter: Enter, clock: Clock) -> None:
    planner, _ = plans(provider, enter)
    provider.services.directory.disable(planner.id)
    other = planned(provider, provider.add_person("other"), 600)
    clock.advance(700)
    assert planned_ends.run_due(provider.services) == 1
    assert not provider.services.directory.get(other.id).enabled


def test_c2_a_program_that_planned_is_asked_for_what_it_may_then(provider: Provider, clock: Clock) -> None:
    assert of_name(provider.services, "client:gone") is None
    leaver = provider.add_person("leaver")
    grants = (RoleGrant("admin"),)
    planned_ends.plan(
        provider.services, Actor(kind="client", id="gone", name="client:gone", grants=grants), leaver,
        provider.clock() + 60, "UTC",
    )  # fmt: skip
    clock.advance(120)
    assert planned_ends.run_due(provider.services) == 0
    assert provider.services.directory.get(leaver.id).enabled
