"""Whether others are hit by the same, since when, and what changed just before. Q3, S59."""

from __future__ import annotations

import pytest

from clients.access import Access
from idp.accounts.roles import RoleGrant
from idp.admin import surroundings
from idp.admin.actor import Actor, of_shell
from idp.installation import version
from tests.admin.checking.relying import Application
from tests.backends import Clock
from tests.provider import Provider

SHELL = of_shell("cli:test")


def test_Q3_the_same_is_counted_with_people_and_since_when(provider: Provider, clock: Clock) -> None:
    crm = provider.add_client("CRM", access=Access.only(groups=["board"]))
    begun = clock()
    for name in ("ann", "ben"):
        provider.add_person(name)
        browser = provider.browser()
        browser.log_in(provider.authorize(browser, crm), name)
        clock.advance(3600)
    event = provider.events("error:no_access")[-1]
    found = surroundings.others(provider.services, SHELL, event)
    assert found is not None
    assert (found.times, found.people, found.applications) == (2, 2, 0)
    assert found.since == pytest.approx(begun, abs=30)
    assert found.last_at > found.since + 3000


def test_Q3_another_cause_of_the_same_code_is_not_the_same(provider: Provider) -> None:
    crm = provider.add_client("CRM")
    Application(provider, crm, redirect_uri="https://crm.example/a").run()
    Application(provider, crm, redirect_uri="https://crm.example/b").run()
    found = surroundings.others(provider.services, SHELL, provider.events("error:unregistered_redirect_uri")[-1])
    assert found is not None
    assert found.times == 1


def test_Q3_what_changed_before_the_first_of_them_is_told_with_who_and_what(provider: Provider, clock: Clock) -> None:
    crm, wiki = provider.add_client("CRM"), provider.add_client("Wiki")
    clock.advance(20 * 86400)
    record = SHELL.record(provider.services)
    provider.services.registry.disable(wiki.id, record=record)
    provider.services.registry.change_access(crm.id, lambda _: Access.only(groups=["board"]), record=record)
    clock.advance(250)
    Application(provider, crm, redirect_uri="https://crm.example/a").run()
    provider.services.registry.add_secret(crm.id, 60, record=record)  # afterwards: it was not the cause
    event = provider.events("error:unregistered_redirect_uri")[-1]
    (change,) = surroundings.before(provider.services, SHELL, event, event.at)
    assert (change.action, change.who) == ("client:update", "cli:test")
    assert change.seconds == pytest.approx(250, abs=2)
    assert "access" in " ".join(change.fields)


def test_Q3_a_new_version_of_ours_is_on_record_once_and_told(provider: Provider, clock: Clock) -> None:
    assert version.note(provider.services, "1.0")
    assert not version.note(provider.services, "1.0")
    clock.advance(86400)
    assert not version.note(provider.services, "1.0")  # started again
    assert version.note(provider.services, "1.1")
    crm = provider.add_client("CRM")
    clock.advance(60)
    Application(provider, crm, redirect_uri="https://crm.example/a").run()
    event = provider.events("error:unregistered_redirect_uri")[-1]
    changes = surroundings.before(provider.services, SHELL, event, event.at)
    assert [one.fields for one in changes if one.action == version.ACTION] == [("1.0 → 1.1",)]


def test_Q3_S59_whoever_looks_after_one_application_learns_of_no_other(provider: Provider, clock: Clock) -> None:
    crm, wiki = provider.add_client("CRM"), provider.add_client("Wiki")
    version.note(provider.services, "1.0")
    for app in (crm, wiki):
        Application(provider, app, redirect_uri="https://crm.example/a").run()
    own = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", (crm.id,)),))
    event = next(one for one in provider.events("error:unregistered_redirect_uri") if one.client_id == crm.id)
    found = surroundings.others(provider.services, own, event)
    assert found is not None
    assert (found.times, found.applications) == (1, None)
    everything = surroundings.others(provider.services, SHELL, event)
    assert everything is not None
    assert everything.applications == 1
    assert {one.action for one in surroundings.before(provider.services, own, event, clock() + 1)} <= {
        "client:register"
    }
