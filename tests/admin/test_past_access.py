"""Who could open an application at another time, why, until when; and whether they did (R4, journey of an auditor)."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from clients.access import EVERYONE, Access, Term
from idp import background
from idp.accounts import groups, past
from idp.accounts.person import Draft
from idp.accounts.roles import RoleGrant
from idp.admin import groups as group_verbs
from idp.admin import past_access
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.past_access import Known, Reach, Window
from tests.backends import Clock
from tests.provider import App, Provider

DAY = 86400.0
SHELL = of_shell("cli:test")


def known(provider: Provider, app: App, since: float, until: float, actor: Actor = SHELL) -> Known:
    return past_access.known(provider.services, actor, app.id, Window(since, until))


def who(provider: Provider, app: App, since: float, until: float) -> dict[str, Reach]:
    found = past_access.who(provider.services, SHELL, known(provider, app, since, until))
    return {one.username: one for one in found}


def told(reach: Reach) -> list[tuple[str, float, float]]:
    return [(one.decision.rule, one.since, one.until) for one in reach.could]


def test_R4_memberships_gained_and_lost_are_told_with_their_times(provider: Provider, clock: Clock) -> None:
    ann, ben = provider.add_person("ann", groups=("pay",)), provider.add_person("ben")
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    start = clock()
    clock.advance(DAY)
    provider.services.directory.add_to_group(ben.id, "pay")
    joined = clock()
    clock.advance(DAY)
    provider.services.directory.remove_from_group(ann.id, "pay")
    left = clock()
    clock.advance(DAY)
    found = who(provider, app, start, clock())
    assert told(found["ann"]) == [("group:pay", start, left)]
    assert told(found["ben"]) == [("group:pay", joined, clock())]
    assert set(who(provider, app, start, start + 1)) == {"ann"}
    assert set(who(provider, app, left, clock())) == {"ben"}


def test_R4_the_rule_of_then_decides_and_not_the_one_of_now(provider: Provider, clock: Clock) -> None:
    ann = provider.add_person("ann")
    provider.add_person("ben")
    app = provider.add_client("Payroll")
    start, registry = clock(), provider.services.registry
    clock.advance(DAY)
    registry.change_access(app.id, lambda _: Access.only(persons=[ann.id]))
    named = clock()
    clock.advance(DAY)
    registry.change_access(app.id, lambda _: Access.only())
    nobody = clock()
    clock.advance(DAY)
    found = who(provider, app, start, clock())
    assert told(found["ann"]) == [("everyone", start, named), ("person", named, nobody)]
    assert told(found["ben"]) == [("everyone", start, named)]
    assert who(provider, app, nobody, clock()) == {}
    why = past_access.why(provider.services, SHELL, known(provider, app, start, clock()), ann.id)[1]
    assert [(one.decision.allowed, one.decision.rule) for one in why] == [
        (True, "everyone"), (True, "person"), (False, "nobody"),
    ]  # fmt: skip


def test_R4_whoever_was_shut_out_or_removed_and_an_application_off_or_gone_are_told_as_they_were(
    provider: Provider, clock: Clock
) -> None:
    services, start = provider.services, clock()
    ann, ben = provider.add_person("ann"), provider.add_person("ben")
    app = provider.add_client("Payroll")
    clock.advance(DAY)
    services.directory.disable(ann.id)
    off = clock()
    clock.advance(DAY)
    services.directory.enable(ann.id)
    on = clock()
    clock.advance(DAY)
    services.directory.remove(ben.id)
    removed = clock()
    clock.advance(DAY)
    services.registry.disable(app.id)
    shut = clock()
    clock.advance(DAY)
    services.registry.remove(app.id)
    clock.advance(DAY)
    found = who(provider, app, start, clock())
    assert told(found["ann"]) == [("everyone", start, off), ("everyone", on, shut)]
    assert told(found["ben"]) == [("everyone", start, removed)]
    about = known(provider, app, start - DAY, clock())
    assert about.name == "Payroll"
    assert about.since is None, "it was registered when history had begun"
    parts = past_access.why(services, SHELL, about, ann.id)[1]
    assert [one.decision.rule for one in parts] == [
        "no application", "everyone", "account off", "everyone", "disabled", "no application",
    ]  # fmt: skip
    assert past_access.find_person(services, SHELL, "ben") == ben.id
    assert past_access.why(services, SHELL, about, ben.id)[1][-1].decision.rule == "no application"


def test_R4_a_group_is_told_by_the_name_that_it_had(provider: Provider, clock: Clock) -> None:
    services = provider.services
    provider.add_person("ann", groups=("pay",))
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    start = clock()
    clock.advance(DAY)
    group = groups.find(services.db, "pay")
    assert group is not None
    renamed = group_verbs.rename(services, SHELL, group, "salaries")
    moved = clock()
    clock.advance(DAY)
    group_verbs.remove(services, SHELL, renamed, with_members=True)
    gone = clock()
    clock.advance(DAY)
    found = who(provider, app, start, clock())
    assert told(found["ann"]) == [("group:pay", start, moved), ("group:salaries", moved, gone)]


def test_R4_whether_they_opened_it_stands_beside_it(provider: Provider, clock: Clock) -> None:
    provider.add_person("ann")
    provider.add_person("ben")
    app, other = provider.add_client("Payroll"), provider.add_client("Other")
    start = clock()
    provider.sign_in(provider.browser(), app)
    clock.advance(DAY)
    found = who(provider, app, start, clock())
    assert (found["ann"].opened.times, found["ben"].opened.times) == (1, 0)
    assert found["ann"].opened.first is not None
    assert who(provider, other, start, clock())["ann"].opened.times == 0
    assert who(provider, app, start + DAY / 2, clock())["ann"].opened.times == 0


def test_R4_it_is_known_when_the_events_of_then_are_swept_and_said_how_far_back(
    provider: Provider, clock: Clock
) -> None:
    services = provider.services
    ann = provider.add_person("ann", groups=("pay",))
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    start = clock()
    clock.advance(DAY)
    services.directory.remove_from_group(ann.id, "pay")
    left = clock()
    clock.advance((services.settings.audit.retention_days + 10) * DAY)
    background.sweep(services)
    assert not services.db.all(provider_events(app.id))
    found = who(provider, app, start, left + DAY)
    assert told(found["ann"]) == [("group:pay", start, left)]
    about = known(provider, app, start, left + DAY)
    assert (about.since, about.openings is not None) == (None, True)
    clock.advance(services.settings.audit.access_history_days * DAY)
    background.sweep(services)
    about = known(provider, app, start, left + DAY)
    assert about.since == clock() - services.settings.audit.access_history_days * DAY
    assert not list(past_access.who(services, SHELL, about))


def provider_events(client_id: str) -> Any:
    from sqlalchemy import select

    from idp.audit.store import events

    return select(events.c.id).where(events.c.client_id == client_id)


def test_R4_what_another_release_changed_is_found_and_said_to_be_seen(provider: Provider, clock: Clock) -> None:
    from sqlalchemy import text

    services, start = provider.services, clock()
    ann = provider.add_person("ann", groups=("pay",))
    provider.add_person("ben")
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    clock.advance(DAY)
    for statement in (
        "UPDATE clients SET access = '{\"everyone\":true}'",
        "DELETE FROM memberships",
        "UPDATE people SET enabled = 0 WHERE username = 'ben'",
    ):
        services.db.run(text(statement))
    clock.advance(60)
    seen = clock()
    assert background.catch_up(services) == 3
    assert background.catch_up(services) == 0
    clock.advance(DAY)
    (first, second) = who(provider, app, start, clock())["ann"].could
    assert (first.decision.rule, first.until, first.until_seen) == ("group:pay", seen, True)
    assert (second.decision.rule, second.since, second.since_seen) == ("everyone", seen, True)
    assert past.of(services.db, (ann.id,), start, clock())[0].memberships[0].until_seen


def test_R4_before_the_beginning_of_history_nothing_is_claimed(provider: Provider, clock: Clock) -> None:
    from sqlalchemy import text

    services = provider.services
    provider.add_person("ann")
    app = provider.add_client("Payroll")
    for table in ("client_past", "person_past", "member_past"):  # as it is when a migration has just begun it
        services.db.run(text(f"DELETE FROM {table}"))
    clock.advance(DAY)
    background.catch_up(services)
    begun = clock()
    clock.advance(DAY)
    about = known(provider, app, begun - DAY, clock())
    assert about.since == begun
    (one,) = who(provider, app, begun - DAY, clock())["ann"].could
    assert (one.since, one.since_seen) == (begun, True)


def test_R4_ten_thousand_of_a_group_are_answered_a_page_at_a_time(provider: Provider, clock: Clock) -> None:
    """A thousand here, which are several pages; that each page is one look is what keeps memory flat."""
    services, start = provider.services, clock()
    drafts = [Draft(username=f"p{number}", groups=("pay",) if number % 2 else ()) for number in range(1000)]
    services.directory.add_all(drafts)
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"]))
    clock.advance(DAY)
    about = known(provider, app, start, clock())
    found = list(past_access.who(services, SHELL, about))
    assert len(found) == len({one.person_id for one in found}) == 500
    assert [one.person_id for one in past_access.who(services, SHELL, about, found[99].person_id)] == [
        one.person_id for one in found[100:]
    ]
    services.registry.change_access(app.id, lambda _: EVERYONE)
    clock.advance(DAY)
    assert len(list(past_access.who(services, SHELL, known(provider, app, start, clock())))) == 1000


def test_O1_the_export_runs_in_no_spreadsheet_and_is_on_record(provider: Provider, clock: Clock) -> None:
    services, start = provider.services, clock()
    provider.add_person("ann", groups=("=cmd|' /C calc'!A0",))
    app = provider.add_client(
        "@SUM(1)", access=Access.only(groups=["=cmd|' /C calc'!A0"]), redirect_uris=["https://sum.example/cb"]
    )
    clock.advance(DAY)
    about = known(provider, app, start, clock())
    (head, line) = csv.reader(io.StringIO("".join(past_access.exported(services, SHELL, about, "csv"))))
    assert head[:4] == ["client_id", "application", "person_id", "username"]
    assert line[1] == "'@SUM(1)"
    assert line[3:5] == ["ann", "group:=cmd|' /C calc'!A0"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)
    (one,) = map(json.loads, past_access.exported(services, SHELL, about, "jsonl"))
    assert (one["username"], one["opened"], one["from_may_be_earlier"]) == ("ann", 0, False)
    events = provider.events("access:exported")
    assert [(event.actor, event.client_id) for event in events] == [("cli:test", app.id)] * 2


def test_S59_an_app_admin_sees_the_past_of_their_own_application_only_and_exports_none(
    provider: Provider, clock: Clock
) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    grants = (RoleGrant("app_admin", (mine.id,)),)
    carol = Actor(kind="person", id="u" + "a" * 26, name="person:carol", grants=grants)
    clock.advance(DAY)
    about = known(provider, mine, 0.0, clock(), carol)
    assert list(past_access.who(provider.services, carol, about)) == []
    with pytest.raises(NotAllowed):
        known(provider, other, 0.0, clock(), carol)
    stolen = known(provider, other, 0.0, clock())
    for ask in (
        lambda: past_access.who(provider.services, carol, stolen),
        lambda: past_access.why(provider.services, carol, stolen, "u1"),
        lambda: past_access.exported(provider.services, carol, about, "csv"),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_R4_access_for_a_time_is_told_with_its_end_and_a_renamed_group_keeps_it(
    provider: Provider, clock: Clock
) -> None:
    services, start = provider.services, clock()
    provider.add_person("ann", groups=("pay",))
    term = Term(start + DAY, start + 2 * DAY)
    app = provider.add_client("Payroll", access=Access.only(groups=["pay"], terms={"group:pay": term}))
    group = groups.find(services.db, "pay")
    assert group is not None
    clock.advance(DAY / 2)
    group_verbs.rename(services, SHELL, group, "salaries")
    assert services.registry.get(app.id).access.term_of("group:salaries") == term
    clock.advance(3 * DAY)
    assert told(who(provider, app, start, clock())["ann"]) == [("group:salaries", start + DAY, start + 2 * DAY)]
    about = known(provider, app, start, clock())
    ann = services.directory.find_by_login("ann")
    assert ann is not None
    rules = [one.decision.rule for one in past_access.why(services, SHELL, about, ann.id)[1]]
    assert rules == ["not yet", "group:salaries", "ended"]
