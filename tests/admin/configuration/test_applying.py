"""C5: apply is one transaction: whole or not at all, and of two at once one wins and the other says so."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from clients.registry import Draft
from idp.accounts import groups, notices
from idp.admin.actor import Actor
from idp.admin.configuration import applying, marks, planning
from idp.admin.configuration.applying import Applied, ChangedMeanwhile
from idp.audit import Recorder
from idp.protocols import Services
from tests.admin.configuration.conftest import Configured, Open
from tests.admin.configuration.test_planning import HOME, WIKI, wiki
from tests.provider import Provider
from tests.saml.documents import certificate

WHOLE = f"""\
[[group]]
name = "new"

[[source]]
url = "https://federation.example/md"
kind = "aggregate"
access = "nobody"
certificates = ["{certificate()}"]

{WIKI}
[[application]]
name = "Old"
description = "changed"
enabled = false

[[application]]
name = "Back"

[[application]]
name = "SP"
access = "nobody"
entity_id = "https://sp.example"
acs = ["https://sp.example/acs"]

[[notice]]
text = "Hello"
"""


def prepared(configured: Configured) -> str:
    """Something of each action to do."""
    registry = configured.services.registry
    registry.register(Draft(name="Old", metadata={"redirect_uris": [HOME]}))
    back = registry.register(Draft(name="Back", metadata={"redirect_uris": [HOME]})).client
    configured.apply('[[group]]\nname = "to go"\n\n[[notice]]\ntext = "Bye"\n')
    registry.remove(back.id)
    return WHOLE.replace('name = "Back"', f'id = "{back.id}"')


def state(configured: Configured) -> Any:
    """All there is, as the database has it."""
    from sqlalchemy import text

    tables = ("clients", "client_secrets", "client_origins", "client_entities", "clients_version", "groups",
              "saml_sources", "notices", "managed_objects", "events")  # fmt: skip
    queries = {table: text(f"SELECT * FROM {table}") for table in tables}
    assert text is not None
    return {table: sorted(map(repr, _rows(configured, table))) for table in queries}


def _rows(configured: Configured, table: str) -> list[Any]:
    from idp.migrations import metadatas

    (found,) = [m.tables[table] for m in metadatas() if table in m.tables]
    return configured.services.db.all(found.select())


class Breaking(Exception):
    """What goes wrong in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Actor):
    """Somebody whose work breaks right after one of its events."""

    at: int

    def record(self, services: Services) -> Recorder:
        write, left = Actor.record(self, services), self.at

        def broken(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
            nonlocal left
            write(tx, action, detail)
            left -= 1
            if not left:
                raise Breaking

        return broken


def test_C5_a_failure_in_the_middle_changes_nothing_wherever_it_is(configured: Configured) -> None:
    text = prepared(configured)
    entries, managers = configured.entries(text)
    shown = planning.plan(configured.services, entries, managers, prune=True)
    before, at = state(configured), 0
    while True:
        at += 1
        actor = Interrupted(kind="shell", id="a pipeline", name="a pipeline", grants=configured.actor.grants, at=at)
        try:
            applying.apply(configured.services, actor, entries, managers, shown, prune=True)
        except Breaking:
            assert state(configured) == before, f"after event {at}"
            assert configured.services.registry.find_entity("https://sp.example") is None
            continue
        break
    assert at == 11  # there were ten events, and each of them was the last one once
    assert configured.changes(text, prune=True) == ()


def test_C5_each_object_has_its_event_with_whose_it_is_and_who_did_it(configured: Configured) -> None:
    text = prepared(configured)
    already = len(configured.events())
    configured.apply(text, prune=True)
    events = configured.events()[already:]
    assert [event.action for event in events] == [
        "group:added", "source:add", "client:register", "client:update", "client:disable", "client:restore",
        "client:register", "notice:added", "notice:removed", "group:removed",
    ]  # fmt: skip
    assert {event.actor for event in events} == {"a pipeline"}
    assert [event.detail.get("managed_by") for event in events] == ["apps.toml"] * 8 + [None] * 2
    changed = next(event for event in events if event.action == "client:update")
    assert changed.detail["changed"] == {"description": [None, "changed"]}
    assert configured.apply(text).changes == ()
    assert len(configured.events()) == already + len(events)  # what changes nothing is not recorded


def test_C5_no_secret_is_in_an_event_an_export_or_a_plan(configured: Configured) -> None:
    ((client, secret),) = configured.apply(wiki()).secrets
    (stored,) = configured.services.registry.list_secrets(client.id)
    text = configured.export()
    plan = configured.plan(text)
    for place in (text, repr(plan), repr([event.detail for event in configured.events()])):
        assert secret not in place
        assert stored.hash not in place
    assert "has_secret = true" in text


def test_C5_a_change_by_somebody_else_meanwhile_is_noticed(configured: Configured) -> None:
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    text = WIKI.replace("[[application]]", f'[[application]]\nid = "{entry.id}"\ndescription = "mine"')
    changes: list[Any] = [
        lambda: configured.services.registry.update(entry.id, {"description": "theirs"}),
        lambda: configured.services.registry.update(entry.id, {}, name="Other"),
        lambda: configured.services.registry.remove(entry.id),
    ]
    for change in changes:
        entries, managers = configured.entries(text)
        shown = planning.plan(configured.services, entries, managers)
        change()
        before = state(configured)
        with pytest.raises(ChangedMeanwhile):
            applying.apply(configured.services, configured.actor, entries, managers, shown)
        assert state(configured) == before
    # What the file does not speak of may change.
    configured.services.registry.restore(entry.id)
    entries, managers = configured.entries(text + "require_auth_time = true\n")
    shown = planning.plan(configured.services, entries, managers)
    configured.services.registry.update(entry.id, {"software_id": "theirs"})
    applying.apply(configured.services, configured.actor, entries, managers, shown)
    found = configured.services.registry.registered(entry.id)
    assert (found["software_id"], found["require_auth_time"]) == ("theirs", True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def shared(request: pytest.FixtureRequest, another: Open) -> Configured:
    """An installation that several processes have open."""
    if request.param == "sqlite":
        return another()
    return another(storage={"database_url": request.getfixturevalue("postgresql_url")})


def test_C5_of_two_applies_at_once_one_wins_and_the_other_says_so(shared: Configured) -> None:
    for number in range(5):
        text = wiki(description=f'"{number}"') + f'[[group]]\nname = "g{number}"\n\n[[notice]]\ntext = "n{number}"\n'
        sides = [shared, Configured(shared.provider.another())]
        together = threading.Barrier(len(sides), timeout=60)

        def run(side: Configured, text: str = text, together: threading.Barrier = together) -> Applied | None:
            entries, managers = side.entries(text)
            try:
                shown = planning.plan(side.services, entries, managers)
                together.wait()
                return applying.apply(side.services, side.actor, entries, managers, shown)
            except ChangedMeanwhile:
                return None
            finally:
                side.services.db.close()

        with ThreadPoolExecutor(len(sides)) as pool:
            done = list(pool.map(run, sides))
        assert sum(one is not None for one in done) == 1
        shared.services.registry.refresh()
        assert shared.changes(text) == ()
        assert len(shared.services.registry.list()) == 1
        assert sum(n.text == f"n{number}" for n in notices.list_of(shared.services.db)) == 1


def test_C5_every_verb_of_every_kind_works_on_both_databases(shared: Configured) -> None:
    text = prepared(shared)
    shared.apply(text, prune=True)
    assert shared.changes(text, prune=True) == ()
    assert [group.name for group in groups.list_of(shared.services.db)] == ["new"]
    shared.apply("", prune=True)
    assert shared.services.registry.list() == []
    assert marks.all_of(shared.services.db) == {}


def test_C5_others_see_what_was_applied(configured: Configured) -> None:
    other: Provider = configured.provider.another()
    configured.apply(wiki())
    (entry,) = configured.services.registry.list()
    assert configured.services.registry.get(entry.id).name == "Wiki"
    assert other.services.registry.get(entry.id).name == "Wiki"
