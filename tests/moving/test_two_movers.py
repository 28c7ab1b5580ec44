"""D2: two commands at once, and ends of a move that say otherwise than what has come to be, lose nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.db import Unavailable
from idp.installation.backups.store import reading, writing
from idp.installation.checks import before_opening
from idp.installation.failures import Failed, Refused
from idp.installation.moving import ending, moving, places, standing
from idp.moving import store as marks
from idp.moving.window import ANNOUNCED, MOVED, Window, own_process
from tests.moving.test_moving import content, plan_for, target
from tests.provider import Provider


def window_of(provider: Provider, **more: Any) -> Window:
    now = provider.clock()
    return Window("other", ANNOUNCED, now, now + 60, "elsewhere", own_process())._replace(**more)


def announce(provider: Provider, window: Window) -> None:
    with provider.services.db.transaction() as tx:
        assert marks.put(tx, window)


def test_d2_a_second_mover_is_refused_while_the_first_is_announced(provider: Provider, tmp_path: Path) -> None:
    announce(provider, window_of(provider))
    with pytest.raises(Refused, match="another `doorward move` is under way from here, to elsewhere"):
        moving.move(provider.services, plan_for(provider, target(tmp_path)))
    found = marks.read(provider.services.db)
    assert found is not None
    assert found.id == "other"
    assert not (tmp_path / "there").exists()


def test_d2_a_mover_that_was_killed_keeps_no_other_from_it(provider: Provider, tmp_path: Path) -> None:
    announce(provider, window_of(provider, until=provider.clock() - 1))
    moving.move(provider.services, plan_for(provider, target(tmp_path)))
    found = standing.read(provider.settings)
    assert found is not None
    assert found.state == MOVED


@pytest.mark.parametrize("state", [ANNOUNCED, MOVED])
def test_d2_whose_mark_is_gone_by_the_time_touches_nothing(state: str, provider: Provider, tmp_path: Path) -> None:
    """The new place is in use by then: it was another mover's as well."""
    url = target(tmp_path)

    def other(window: Window) -> None:
        with provider.services.db.transaction() as tx:
            marks.clear(tx)
            marks.put(tx, window_of(provider, state=state))
        Path(tmp_path / "there").mkdir()
        Path(tmp_path / "there" / "doorward.db").write_bytes(b"in use")

    with pytest.raises(Failed, match="another took its place"):
        moving.move(provider.services, plan_for(provider, url, tell=other))
    found = marks.read(provider.services.db)
    assert found is not None
    assert (found.id, found.state) == ("other", state)
    assert Path(tmp_path / "there" / "doorward.db").read_bytes() == b"in use"


@pytest.mark.parametrize("error", [Unavailable("the connection was lost"), KeyboardInterrupt()], ids=["lost", "ctrl-c"])
def test_d2_a_commit_of_which_nobody_has_heard_can_be_gone_on_from(
    error: BaseException, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.add_person()
    before, place = content(provider.settings.database_url), provider.settings.database_url

    @contextlib.contextmanager
    def unheard(url: str) -> Iterator[Any]:
        with writing(url) as rows:
            yield rows
        if url == place:
            raise error

    monkeypatch.setattr(moving, "writing", unheard)
    plan = plan_for(provider, target(tmp_path))
    with pytest.raises(type(error)):
        moving.move(provider.services, plan)
    found = standing.read(provider.settings)
    assert found is not None
    assert found.state == MOVED
    assert ending.finish(provider.settings, plan.there, "test")
    after = content(plan.there.database_url)
    assert {one for one in before if before[one] != after[one]} <= {"events", "audit_counts", "audit_segments"}


def test_d2_what_came_to_the_new_place_since_it_was_looked_at_stays(provider: Provider, tmp_path: Path) -> None:
    def early(_: Window) -> None:
        Path(tmp_path / "there").mkdir()
        Path(tmp_path / "there" / "doorward.db").write_bytes(b"of a roll-out")

    with pytest.raises(Refused, match="there is a database already"):
        moving.move(provider.services, plan_for(provider, target(tmp_path), tell=early))
    assert Path(tmp_path / "there" / "doorward.db").read_bytes() == b"of a roll-out"
    assert marks.read(provider.services.db) is None


@pytest.mark.slow
@pytest.mark.parametrize("table", ["people", "somebodys"])
def test_d2_what_came_to_a_server_since_it_was_looked_at_stays(
    table: str, provider: Provider, postgresql_url: str
) -> None:
    def early(_: Window) -> None:
        with writing(postgresql_url) as rows:
            rows.run(f"CREATE TABLE {table} (id TEXT)")
            rows.run(f"INSERT INTO {table} VALUES ('x')")

    with pytest.raises(Refused, match="is not empty"):
        moving.move(provider.services, plan_for(provider, postgresql_url, tell=early))
    with reading(postgresql_url) as rows:
        assert rows.ask(f"SELECT id FROM {table}") == ("x",)
    provider.add_person()


@pytest.mark.slow
def test_d2_only_what_a_broken_off_move_left_is_cleared_away(provider: Provider, postgresql_url: str) -> None:
    plan = plan_for(provider, postgresql_url)
    window = window_of(provider)
    places.make_tables(postgresql_url, window, places.shown(provider.settings.database_url))
    with writing(postgresql_url) as rows:
        rows.run("CREATE TABLE somebodys (id TEXT)")
    with pytest.raises(Refused, match="is not empty"):
        moving.move(provider.services, plan)
    with reading(postgresql_url) as rows:
        assert [one.name for one in rows.tables()] == ["somebodys"]
        assert rows.ask("SELECT count(*) FROM somebodys") == (0,)


def test_d2_undo_takes_back_nothing_that_is_only_announced(provider: Provider) -> None:
    announce(provider, window_of(provider))
    with pytest.raises(Refused, match="nothing has moved yet"):
        ending.undo(provider.settings, "test")
    found = marks.read(provider.services.db)
    assert found is not None
    assert found.id == "other"


def test_d2_the_doctor_says_where_the_installation_is(provider: Provider, tmp_path: Path) -> None:
    plan = plan_for(provider, target(tmp_path))
    moving.move(provider.services, plan)
    with pytest.raises(Refused, match="moved to sqlite:"):
        list(before_opening.examine_database(provider.settings))
