"""D2: an installation goes to another database and back; nothing is lost or done twice, and the old one is shut."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.db import ReadOnly
from idp.installation import schema
from idp.installation.backups.store import reading
from idp.installation.failures import Failed, Refused
from idp.installation.moving import ending, moving, places, standing
from idp.moving import store as marks
from idp.moving.watching import Watching
from idp.moving.window import ANNOUNCED, MOVED, Window, own_process
from idp.state import StateUnavailable
from tests.backends import Clock
from tests.provider import Provider

Open = Callable[..., Provider]


def plan_for(provider: Provider, url: str, **more: Any) -> moving.Plan:
    """Without a time beforehand, unless said."""
    values: dict[str, Any] = {"lead": 0.0, "actor": "test", "show": lambda *_: None, "tell": lambda window: None}
    return moving.Plan(places.settings_of(provider.settings, url), **{**values, **more})


def go(provider: Provider, url: str) -> Provider:
    """Move, and open the provider that is there now."""
    plan = plan_for(provider, url)
    moving.move(provider.services, plan)
    return Provider(plan.there, provider.clock)


def content(url: str) -> dict[str, tuple[int, str]]:
    """Count and digest of every table."""
    with reading(url) as rows:
        found = {table.name: rows.digest(table) for table in places.ours(rows)}
        return {name: (digest.rows, str(digest)) for name, digest in found.items()}


def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/there/doorward.db"


@pytest.fixture
def both(provider: Provider) -> Provider:
    """A provider in which something is."""
    provider.add_person()
    return provider


# -- what goes along ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_d2_a_session_a_code_and_a_token_go_on_at_the_new_place(
    to: str, both: Provider, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = target(tmp_path) if to == "sqlite" else request.getfixturevalue("postgresql_url")
    app, browser = both.add_client(), both.browser()
    token = both.tokens(app, browser, scope="openid offline_access", prompt="consent")
    code = both.sign_in(browser, app).code
    used = both.sign_in(browser, app).code
    assert both.redeem(app, used).status == 200
    before = content(both.settings.database_url)
    there = go(both, url)
    try:
        after = content(url)
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"events", "moves", "audit_counts", "audit_segments"}
        assert there.redeem(app, code).status == 200
        assert there.redeem(app, code).status == 400
        assert there.redeem(app, used).status == 400
        assert there.refresh(app, token["refresh_token"]).status == 200
        moved = there.browser()
        moved.cookies = dict(browser.cookies)
        assert there.authorize(moved, app).is_redirect
        assert schema.current(there.settings) == schema.head()
        standing.check_stays(there.settings)
    finally:
        there.close()


@pytest.mark.slow
def test_d2_there_and_back_again_is_the_same(both: Provider, postgresql_url: str, tmp_path: Path) -> None:
    both.tokens(both.add_client())
    before = content(both.settings.database_url)
    there = go(both, postgresql_url)
    back = go(there, target(tmp_path))
    after = content(back.settings.database_url)
    there.close()
    back.close()
    assert {name for name in before if before[name] != after[name]} <= {"events", "audit_counts", "audit_segments"}


def test_d2_it_is_on_record_in_both(both: Provider, tmp_path: Path) -> None:
    there = go(both, target(tmp_path))
    assert [event.actor for event in there.events(moving.BEGUN) + there.events(ending.ARRIVED)] == ["test", "test"]
    there.close()


# -- the old place -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_d2_nothing_is_written_any_more_where_it_was_by_whatever_process(
    of: str, open_provider: Open, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    storage = {"database_url": request.getfixturevalue("postgresql_url")} if of == "postgresql" else {}
    old = open_provider(storage={"data_dir": str(tmp_path / "old"), **storage}) if storage else open_provider()
    old.add_person()
    late = old.another()  # a process that has seen no mark
    go(old, target(tmp_path)).close()
    with pytest.raises(ReadOnly):
        late.add_person("bob")
    with pytest.raises(StateUnavailable):
        late.services.state.put("x", 1, 60)
    assert late.services.directory.find_for_password("ann") is not None
    with pytest.raises(Failed, match="moved to sqlite:"):
        schema.check_current(old.settings)


def test_d2_the_way_back_opens_it_again(both: Provider, tmp_path: Path) -> None:
    go(both, target(tmp_path)).close()
    ending.undo(both.settings, "test")
    schema.check_current(both.settings)
    both.add_person("bob")
    assert len(both.events(ending.UNDONE)) == 1
    with pytest.raises(Refused, match="nothing has moved"):
        ending.undo(places.settings_of(both.settings, target(tmp_path)), "test")


def test_d2_a_place_that_is_not_empty_is_refused_and_all_goes_on(both: Provider, tmp_path: Path) -> None:
    file = tmp_path / "there" / "doorward.db"
    file.parent.mkdir()
    file.write_bytes(b"something")
    with pytest.raises(Refused, match="there is a database already"):
        moving.move(both.services, plan_for(both, target(tmp_path)))
    with pytest.raises(Refused, match="where the installation is already"):
        moving.move(both.services, plan_for(both, both.settings.database_url))
    assert file.read_bytes() == b"something"
    both.add_person("bob")


# -- what comes in between ---------------------------------------------------------------------------------------------


def test_d2_a_row_that_the_new_place_does_not_keep_moves_nothing(
    both: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = moving.Rows.load

    def forgetful(self: Any, table: str, columns: Any, rows: Any) -> None:
        load(self, table, columns, [(*row[:5], "Eve", *row[6:]) for row in rows] if table == "people" else rows)

    monkeypatch.setattr(moving.Rows, "load", forgetful)
    with pytest.raises(Failed, match="did not keep the rows of people"):
        moving.move(both.services, plan_for(both, target(tmp_path)))
    monkeypatch.undo()
    assert marks.read(both.services.db) is None
    assert not (tmp_path / "there").exists()
    both.add_person("bob")
    go(both, target(tmp_path)).close()


def test_d2_a_job_that_runs_is_waited_for_and_not_done_twice(
    both: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    jobs = both.services.jobs

    def work(payload: Any) -> None:
        with pytest.raises(Failed, match=r"the job test\.work runs"):
            moving.move(both.services, plan_for(both, target(tmp_path)))
        done.append("old")

    monkeypatch.setattr(moving, "PUT_OFF", 0.0)
    monkeypatch.setattr(moving, "TRIES", 2)
    jobs.register("test.work", work)
    jobs.enqueue("test.work", {})
    assert jobs._run_next()
    assert done == ["old"]
    there = go(both, target(tmp_path))
    there.services.jobs.register("test.work", lambda payload: done.append("new"))
    assert not there.services.jobs._run_next()
    assert done == ["old"]
    there.close()


def test_d2_pages_say_it_beforehand_and_writing_endpoints_answer_503(both: Provider, clock: Clock) -> None:
    app, browser = both.add_client(), both.browser()
    token = both.tokens(app, browser)["access_token"]
    now = clock()
    window = Window("m", ANNOUNCED, now + 60, now + 120, "elsewhere", own_process())
    with both.services.db.transaction() as tx:
        marks.put(tx, window)
    watching = both.services.part(Watching)
    watching.look(both.services)
    assert "we are moving" in both.browser().get("help").text
    assert not both.services.jobs.paused
    assert both.sign_in(browser, app).is_redirect
    clock.advance(45)
    watching.look(both.services)
    assert both.services.jobs.paused
    clock.advance(16)
    watching.look(both.services)
    page = both.browser().get("help")
    assert (page.status, "We are moving" in page.text) == (200, True)
    refused = both.authorize(browser, app)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "59")
    assert "possible again in about 1 minute" in refused.text
    told = both.post("oauth/token", app, {"grant_type": "authorization_code", "code": "x", "redirect_uri": "y"})
    assert told.status in (400, 503)
    assert both.userinfo(token).status == 200
    clock.advance(120)  # whoever was to move it has not come to it
    watching.look(both.services)
    assert both.sign_in(browser, app).is_redirect


def test_d2_the_window_begins_as_told_in_a_process_that_looks_late(both: Provider, clock: Clock) -> None:
    app, browser = both.add_client(), both.browser()
    assert both.sign_in(browser, app).is_redirect
    now = clock()
    with both.services.db.transaction() as tx:
        marks.put(tx, Window("m", ANNOUNCED, now + 60, now + 120, "elsewhere", own_process()))
    both.services.part(Watching).look(both.services)
    clock.advance(61)  # and it has not looked again: it waits for a lock, or for its turn on a busy machine
    assert "We are moving" in both.browser().get("help").text
    refused = both.authorize(browser, app)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "59")
    clock.advance(60)
    assert both.authorize(browser, app).is_redirect


def test_d2_pages_go_on_saying_it_when_the_mover_is_done_and_gone(both: Provider, clock: Clock) -> None:
    watching = both.services.part(Watching)
    mover = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        by = f"{own_process().rpartition(' ')[0]} {mover.pid}"
        window = Window("m", ANNOUNCED, clock(), clock() + 60, "elsewhere", by)
        with both.services.db.transaction() as tx:
            marks.put(tx, window)
        watching.look(both.services)
        clock.advance(1)
        assert "We are moving" in both.browser().get("help").text
    finally:
        mover.communicate()
    assert "We are moving" in both.browser().get("help").text  # it has moved, and this process has not looked since
    watching.look(both.services)  # the mark says that it has not: it was killed
    assert "We are moving" not in both.browser().get("help").text


def test_d2_a_mover_that_ends_while_a_process_looks_has_moved_it(
    both: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = f"{own_process().rpartition(' ')[0]} 4194304"  # no pid of Linux is as high
    before = Window("m", ANNOUNCED, clock(), clock() + 60, "elsewhere", by)
    seen = [before, before._replace(state=MOVED)]
    monkeypatch.setattr(marks, "read", lambda db: seen.pop(0))
    both.services.part(Watching).look(both.services)
    assert "We are moving" in both.browser().get("help").text
    with pytest.raises(ReadOnly):
        both.add_person("bob")


def test_d2_who_reads_on_needs_no_note_of_it(both: Provider, clock: Clock) -> None:
    from idp.background import _dispensable

    app, browser = both.add_client(), both.browser()
    both.tokens(app, browser)
    both.services.db.dispensable = _dispensable()
    both.services.db.shut = lambda: clock() + 60
    clock.advance(61)
    assert browser.get("profile").status == 200
    secret = browser.cookie("session")
    both.services.db.shut = lambda: clock() + 60
    clock.advance(600)  # J5: its secret would turn now
    assert browser.get("profile").status == 200
    assert browser.cookie("session") == secret


def test_d2_a_mover_that_was_killed_holds_nobody_up() -> None:
    place = own_process().rpartition(" ")[0]
    window = Window("m", ANNOUNCED, 100.0, 200.0, "x", f"{place} 4194304")  # no pid of Linux is as high
    assert window.shut_until(150.0) is None
    assert not window.rests(150.0)
    alive = window._replace(by=own_process())
    assert alive.shut_until(150.0) == 200.0
    assert alive.shut_until(50.0) is None
    assert alive.shut_until(201.0) is None
    assert alive._replace(state=MOVED).shut_until(1000.0) == 1300.0


def test_d2_killed_between_both_ends_the_same_command_opens_the_new_place(
    both: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(both, target(tmp_path))
    monkeypatch.setattr(ending, "arrive", lambda *_: None)
    moving.move(both.services, plan)
    monkeypatch.undo()
    with pytest.raises(Failed, match="came to no end"):
        schema.check_current(plan.there)
    assert ending.finish(both.settings, plan.there, "test")
    schema.check_current(plan.there)
    assert ending.finish(both.settings, plan.there, "test")
