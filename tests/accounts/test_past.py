"""What is kept of how people and applications stood, on both databases (R4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients import past as apps_past
from clients.access import Access
from clients.registry import Draft as App
from clients.registry import Registry
from idp.accounts import groups, past
from idp.accounts.directory import Directory
from idp.accounts.person import Draft
from idp.audit import recorder
from idp.db import Database
from idp.migrations import metadatas
from tests.backends import Clock, create_tables


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    create_tables(database_url, *metadatas())
    made = Database(database_url)
    yield made
    made.close()


def test_R4_every_change_of_a_person_and_a_group_is_kept_with_its_time(db: Database, clock: Clock) -> None:
    directory, start = Directory(db, clock), clock()
    ann = directory.add(Draft(username="ann", groups=("a", "b")))
    clock.advance(10)
    directory.update(ann.id, username="anna")
    clock.advance(10)
    directory.set_groups(ann.id, ("b", "c"))
    clock.advance(10)
    group = groups.find(db, "b")
    assert group is not None
    groups.rename(db, group, "bees", clock(), record=recorder(clock, "test"))
    clock.advance(10)
    assert past.candidates(db, {"b", "bees"}, start, clock(), "") == [ann.id]
    assert past.candidates(db, {"a"}, start + 20, clock(), "") == []
    assert past.candidates(db, None, start, clock(), ann.id) == []
    (found,) = past.of(db, (ann.id,), start, clock())
    assert [(one.username, one.since - start, one.until and one.until - start) for one in found.standings] == [
        ("ann", 0, 10), ("anna", 10, None),
    ]  # fmt: skip
    assert sorted((one.group, round(one.since - start), one.until and round(one.until - start))
                  for one in found.memberships) == [
        ("a", 0, 20), ("b", 0, 30), ("bees", 30, None), ("c", 20, None),
    ]  # fmt: skip
    assert past.catch_up(db, clock()) == 0
    directory.remove(ann.id)
    assert past.catch_up(db, clock()) == 0
    assert past.find_gone(db, "anna") == ann.id
    assert past.blank(db, ann.id) == 2
    assert past.find_gone(db, "anna") is None
    clock.advance(10)
    assert past.sweep(db, clock()) == 4
    assert past.of(db, (ann.id,), start, clock()) == [past.Past(ann.id, (), ())]


def test_R4_every_change_of_an_application_is_kept_with_its_time(db: Database, clock: Clock) -> None:
    registry, start = Registry(db, clock), clock()
    app = registry.register(App(name="Pay", metadata={"redirect_uris": ["https://pay.example/cb"]})).client
    clock.advance(10)
    registry.update(app.id, {"redirect_uris": ["https://pay.example/other"]})
    registry.change_access(app.id, lambda _: Access.only(groups=["pay"]))
    clock.advance(10)
    registry.disable(app.id)
    clock.advance(10)
    registry.remove(app.id)
    clock.advance(10)
    found = apps_past.of(db, app.id, start, clock())
    told = [(one.since - start, one.until and one.until - start, one.enabled, one.access.everyone) for one in found]
    assert told == [
        (0, 10, True, True), (10, 20, True, False), (20, 30, False, False),
    ]  # fmt: skip
    assert apps_past.catch_up(db, clock()) == 0
    assert apps_past.name_of(db, app.id) == "Pay"
    registry.restore(app.id)
    assert apps_past.of(db, app.id, clock(), clock() + 1)[0].until is None
    assert apps_past.sweep(db, clock()) == 3
