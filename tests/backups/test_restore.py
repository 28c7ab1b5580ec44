"""D1: a restore is whole or nothing, into an empty place only; what shall not live again is ended in one step."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp import migrations
from idp.db import Database, Unavailable
from idp.installation import schema
from idp.installation.backups import age, archive, restoring, store, taking, verifying
from idp.installation.failures import Failed, Refused
from tests.backends import Clock
from tests.backups.conftest import LOCK
from tests.provider import Provider, make_settings

Take, Restore = Callable[..., Path], Callable[..., Provider]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_d1_a_place_that_is_not_empty_is_refused_and_stays_as_it_is(
    provider: Provider, open_provider: Callable[..., Provider], take: Take
) -> None:
    file, other = take(provider), open_provider()
    other.services.db.close()
    before = files_of(other.settings.data_dir)
    with pytest.raises(Refused, match="there is a database already"):
        restoring.restore(other.settings, file, [LOCK], actor="test")
    assert files_of(other.settings.data_dir) == before


def test_d1_without_the_master_key_of_then_nothing_is_begun(provider: Provider, take: Take, tmp_path: Path) -> None:
    file, place = take(provider), tmp_path / "place"
    settings = make_settings(place)
    with pytest.raises(Refused, match="put the master key of the installation there first"):
        restoring.restore(settings, file, [LOCK], actor="test")
    assert not place.exists()
    place.mkdir()
    (place / "master.key").write_text("A" * 43 + "\n")
    (place / "master.key").chmod(0o600)
    with pytest.raises(Refused, match="not the one of the backup"):
        restoring.restore(settings, file, [LOCK], actor="test")
    assert [path.name for path in place.iterdir()] == ["master.key"]


@pytest.mark.parametrize("at", [0.3, 0.6, 0.99])
def test_d1_what_is_cut_off_or_changed_restores_nothing(
    at: float, provider: Provider, take: Take, tmp_path: Path
) -> None:
    for number in range(300):
        provider.add_person(f"person-{number}", None)
    whole = take(provider).read_bytes()
    key = (provider.settings.data_dir / "master.key").read_bytes()
    for name, broken in (
        ("cut", whole[: int(len(whole) * at)]),
        ("changed", whole[: int(len(whole) * at)] + b"?" + whole[int(len(whole) * at) + 1 :]),
    ):
        file, place = tmp_path / f"{name}.age", tmp_path / name
        file.write_bytes(broken)
        place.mkdir()
        (place / "master.key").write_bytes(key)
        (place / "master.key").chmod(0o600)
        for work in (verifying.verify, lambda *args: restoring.restore(*args, actor="test")):
            with pytest.raises((Failed, Refused), match=r"is damaged|opens with another"):
                work(make_settings(place), file, [LOCK])
        assert [path.name for path in place.iterdir()] == ["master.key"]


def test_d1_a_disk_that_is_full_in_the_middle_leaves_the_place_empty(
    provider: Provider, take: Take, tmp_path: Path
) -> None:
    file, place = take(provider), tmp_path / "place"
    place.mkdir()
    shutil.copy(provider.settings.data_dir / "master.key", place)

    def show(table: str, done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        restoring.restore(make_settings(place), file, [LOCK], actor="test", show=show)
    assert [path.name for path in place.iterdir()] == ["master.key"]


def test_d1_another_passphrase_or_key_is_told_from_damage(provider: Provider, take: Take, tmp_path: Path) -> None:
    file, secret = take(provider), age.SecretKey.make()
    for identity in (age.Passphrase("another passphrase than that"), secret):
        with pytest.raises(Refused, match="opens with another passphrase or key"):
            verifying.verify(provider.settings, file, [identity])
    for_key = take(provider, "key.age", recipients=[secret.public])
    assert verifying.verify(provider.settings, for_key, [secret]).opens is True
    with pytest.raises(Refused, match="opens with another"):
        verifying.verify(provider.settings, for_key, [LOCK])
    assert verifying.verify(make_settings(tmp_path / "elsewhere"), file, [LOCK]).opens is None


def older(provider: Provider, tmp_path: Path, revision: str) -> Path:
    """A backup as a release with an older schema writes it."""
    path = tmp_path / f"{revision}.db"
    migrations.upgrade(f"sqlite:///{path}", revision)
    now = sqlite3.connect(path, isolation_level=None)
    now.execute("ATTACH ? AS new", (str(provider.settings.data_dir / "doorward.db"),))
    for (table,) in now.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in now.execute(f"PRAGMA main.table_info({table})")]
        if table != "alembic_version" and "number" not in columns:
            now.execute(f"DELETE FROM main.{table}")
            names = ", ".join(f'"{name}"' for name in columns)
            now.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
    now.close()
    head = taking._head(provider.services, provider.clock(), {}, False)
    with store.reading(f"sqlite:///{path}") as rows, (tmp_path / "older.age").open("wb") as out:
        counts = {table.name: rows.count(table) for table in rows.tables()}
        of_then = archive.Head(**{**vars(head), "schema": revision, "tables": counts})
        writer = archive.Writer(out, [LOCK], of_then, provider.services.sealer)
        for table in rows.tables():
            for _ in writer.table(table, rows.read(table)):
                pass
        writer.end()
    return tmp_path / "older.age"


def test_d1_a_backup_of_an_older_schema_is_brought_up_as_the_database_itself_would_be(
    provider: Provider, restore: Restore, tmp_path: Path
) -> None:
    ann, app = provider.add_person("ann"), provider.add_client()
    tokens = provider.tokens(app, scope="openid offline_access")
    file = older(provider, tmp_path, "0025")
    assert verifying.verify(provider.settings, file, [LOCK]).head.schema == "0025"
    after = restore(file, provider)
    assert schema.current(after.settings) == schema.head()
    assert after.userinfo(after.refresh(app, tokens["refresh_token"]).json["access_token"]).json["sub"] == ann.id


def test_d1_a_backup_of_a_newer_release_is_refused_with_what_to_do(
    provider: Provider, restore: Restore, tmp_path: Path
) -> None:
    head = taking._head(provider.services, provider.clock(), {}, False)
    file = tmp_path / "newer.age"
    with file.open("wb") as out:
        of_later = archive.Head(**{**vars(head), "schema": "9999", "release": "7.0"})
        archive.Writer(out, [LOCK], of_later, provider.services.sealer).end()
    with pytest.raises(Failed, match=r"newer release: Doorward 7\.0, schema 9999"):
        restore(file, provider)
    assert not list((tmp_path / "restored0").glob("*.db*"))


def test_d1_what_was_revoked_since_is_ended_in_one_step(
    provider: Provider, clock: Clock, take: Take, restore: Restore
) -> None:
    """Sessions, refresh and access tokens, codes: what was good at the time of the backup opens nothing any more."""
    provider.add_person("ann")
    app, machine, browser = provider.add_client(), provider.add_client("Robot", "machine"), provider.browser()
    tokens = provider.tokens(app, browser, scope="openid offline_access")
    code = provider.sign_in(browser, app).code
    of_machine = provider.client_credentials(machine).json["access_token"]
    file = take(provider)

    lives = restore(file, provider)
    assert lives.refresh(app, tokens["refresh_token"]).status == 200
    assert lives.redeem(app, code).status == 200

    ended = restore(file, provider, end_tokens=True)
    assert ended.refresh(app, tokens["refresh_token"]).error == "invalid_grant"
    assert ended.redeem(app, code).error == "invalid_grant"
    assert ended.userinfo(tokens["access_token"]).status == 401
    assert not ended.introspect(app, tokens["access_token"])["active"]
    assert not ended.introspect(machine, of_machine)["active"]
    again = ended.browser()
    again.cookies.update(browser.cookies)
    assert ended.authorize(again, app).is_login_page
    clock.advance(max(1.0, time.time() + 1 - clock()))  # a restore goes by the time of day
    assert ended.tokens(app, ended.browser())["access_token"]
    (event,) = ended.events("backup:tokens_ended")
    assert event.detail["sessions"] == 1


def test_d1_the_applications_are_told_of_sessions_that_a_restore_ended(
    provider: Provider, take: Take, restore: Restore
) -> None:
    provider.add_person("ann")
    provider.sign_in(provider.browser(), provider.add_client())
    after = restore(take(provider), provider, end_tokens=True)
    with store.reading(after.settings.database_url) as rows:
        (table,) = [one for one in rows.tables() if one.name == "untold_sessions"]
        assert rows.count(table) == 1


def test_d1_pauses_of_who_guesses_outlast_the_end_of_all_tokens(
    provider: Provider, take: Take, restore: Restore
) -> None:
    provider.services.state.count("guesses", 600.0)
    provider.services.state.put("link:x", "opens something", 600.0)
    after = restore(take(provider), provider, end_tokens=True)
    assert after.services.state.count("guesses", 600.0, 0) == 1
    assert after.services.state.get("link:x") is None


def test_d1_a_look_at_the_rows_that_fails_takes_nothing_away(
    provider: Provider, take: Take, restore: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for the planner alone, and comes when all is there."""

    def fail(db: Database) -> None:
        raise Unavailable("canceling statement due to statement timeout")

    provider.add_person("ann")
    monkeypatch.setattr(Database, "analyze", fail)
    assert restore(take(provider), provider).services.directory.find_named("ann") is not None


@pytest.mark.slow
def test_d1_a_restore_into_postgresql_that_fails_leaves_it_empty(
    provider: Provider, take: Take, restore: Restore, postgresql_url: str
) -> None:
    provider.add_person("ann")
    whole = take(provider)
    cut = whole.with_name("cut.age")
    cut.write_bytes(whole.read_bytes()[:-40])
    there: dict[str, Any] = {"storage": {"database_url": postgresql_url}}
    with pytest.raises(Failed, match="is damaged"):
        restore(cut, provider, **there)
    assert store.is_empty(postgresql_url)
    settings = make_settings(whole.parent / "restored0", **there)
    restoring.restore(settings, whole, [LOCK], actor="test")
    with pytest.raises(Refused, match="the database is not empty"):
        restoring.restore(settings, whole, [LOCK], actor="test")
