"""D1: backup at night, restore in the morning: people, sessions, tokens, keys and applications go on."""

from __future__ import annotations

import gzip
import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from idp import audit, migrations
from idp.installation.backups import store, taking
from idp.installation.failures import Failed
from tests.backups.conftest import PASSPHRASE
from tests.provider import Provider

Take, Restore = Callable[..., Path], Callable[..., Provider]


def journey(provider: Provider, take: Take, restore: Restore, **sections: object) -> None:
    """The whole story of D1, on any two databases."""
    ann, browser = provider.add_person("ann", name="Ann Ünïcode 密"), provider.browser()
    app = provider.add_client("CRM")
    tokens = provider.tokens(app, browser, scope="openid profile email offline_access")
    keys = browser.get("oauth/jwks").json
    file = take(provider)

    morning = restore(file, provider, **sections)
    assert morning.browser().get("oauth/jwks").json == keys
    renewed = morning.refresh(app, tokens["refresh_token"])
    assert renewed.status == 200, renewed.text
    assert morning.userinfo(renewed.json["access_token"]).json["sub"] == ann.id
    assert morning.userinfo(tokens["access_token"]).json["name"] == "Ann Ünïcode 密"
    again = morning.browser()
    again.cookies.update(browser.cookies)
    assert morning.authorize(again, app).code, "the session of then lets in without a sign-in"
    assert morning.tokens(app, morning.browser(), "ann")["id_token"], "and so does the password"
    assert morning.events("backup:restored")


def test_d1_the_same_person_session_refresh_token_and_keys_in_another_folder(
    provider: Provider, take: Take, restore: Restore
) -> None:
    journey(provider, take, restore)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["out", "in", "both"])
def test_d1_on_postgresql(
    way: str, open_provider: Callable[..., Provider], take: Take, restore: Restore, postgresql: object
) -> None:
    """D1: PostgreSQL into SQLite, SQLite into PostgreSQL, PostgreSQL into PostgreSQL."""
    names = [postgresql.create() for _ in range(2)]  # type: ignore[attr-defined]
    urls = [postgresql.url(name) for name in names]  # type: ignore[attr-defined]
    before = open_provider(**({"storage": {"database_url": urls[0]}} if way != "in" else {}))
    journey(before, take, restore, **({"storage": {"database_url": urls[1]}} if way != "out" else {}))


def test_d1_every_row_of_every_table_is_in_it(provider: Provider, take: Take, restore: Restore) -> None:
    provider.add_person("ann")
    provider.tokens(provider.add_client())
    file = take(provider)
    with store.reading(provider.settings.database_url) as rows:
        before = {table.name: rows.digest(table) for table in rows.tables()}
    assert set(before) == {name for metadata in migrations.metadatas() for name in metadata.tables}
    after = restore(file, provider)
    with store.reading(after.settings.database_url) as rows:
        found = {table.name: rows.digest(table) for table in rows.tables()}
    written_since = {"events", "audit_counts"}  # backup:made there, backup:restored here
    assert {n: d for n, d in found.items() if n not in written_since} == {
        n: d for n, d in before.items() if n not in written_since
    }


def test_d1_what_is_written_while_it_is_taken_is_not_in_it_and_is_not_held_up(
    provider: Provider, take: Take, restore: Restore
) -> None:
    """Consistent and online: a person who is added in the middle is added at once, and is none of the backup's."""
    provider.add_person("ann")
    added = threading.Event()

    def show(table: str, done: int, total: int) -> None:
        if not added.is_set():
            worker = threading.Thread(target=lambda: (provider.add_person("bob", None), provider.services.db.close()))
            worker.start()
            worker.join(20)
            assert not worker.is_alive()
            added.set()

    file = take(provider, show=show)
    assert added.is_set()
    assert provider.services.directory.find_named("bob") is not None
    after = restore(file, provider)
    assert after.services.directory.find_named("ann") is not None
    assert after.services.directory.find_named("bob") is None


def test_d1_the_file_is_ours_alone_compressed_and_tells_nothing_without_its_passphrase(
    provider: Provider, take: Take
) -> None:
    for number in range(50):
        provider.add_person(f"person-{number}", None)
    file = take(provider)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    raw = file.read_bytes()
    assert b"person-1" not in raw
    assert b"login.example" not in raw
    zipped = pyrage.passphrase.decrypt(raw, PASSPHRASE)
    plain = gzip.decompress(zipped)
    assert b"person-49" in plain
    assert len(zipped) < len(plain) / 2
    for line in plain.splitlines():
        json.loads(line)


def test_d1_the_master_key_is_in_it_only_when_asked_for(provider: Provider, take: Take, restore: Restore) -> None:
    from idp.opening import master_key

    key = master_key(provider.settings)
    provider.add_person("ann")
    without = gzip.decompress(pyrage.passphrase.decrypt(take(provider).read_bytes(), PASSPHRASE))
    text = (provider.settings.data_dir / "master.key").read_text().strip()
    assert key.hex().encode() not in without
    assert text.encode() not in without
    alone = restore(take(provider, "with.age", master_key=key))
    assert master_key(alone.settings) == key
    made = alone.settings.data_dir / "master.key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert alone.services.directory.find_named("ann") is not None


def test_d1_a_backup_that_fails_leaves_no_file_and_nothing_half(provider: Provider, take: Take, tmp_path: Path) -> None:
    def show(table: str, done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(Failed, match="cannot be written: No space left"):
        take(provider, show=show)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert taking.last(provider.services) is None


def test_d1_what_was_backed_up_is_in_the_record_without_a_secret(provider: Provider, take: Take) -> None:
    take(provider)
    (event,) = provider.events("backup:made")
    assert event.detail["file"] == "doorward.age"
    assert taking.last(provider.services) == provider.clock()
    assert PASSPHRASE not in json.dumps([dict(one.detail) for one in audit.tail(provider.services.db, 50)])


def test_d1_a_restored_record_holds(provider: Provider, take: Take, restore: Restore) -> None:
    """The chain over the record goes on where it was."""
    from idp.audit.chain import sealing, verifying

    provider.tokens(provider.add_client(), login=provider.add_person("ann").username)
    sealing.seal_all(provider.services.db, provider.clock)
    after = restore(take(provider), provider)
    assert verifying.verify(after.services.db).is_whole
