"""D1: a file that somebody else wrote, for a public key that everybody may know, is told from one of ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from idp.installation.backups import age, archive, restoring, store, taking, verifying
from idp.installation.failures import Failed, Refused
from idp.opening import master_key
from keys.sealing import Sealer
from tests.backups.conftest import LOCK
from tests.provider import Provider, make_settings

Take = Callable[..., Path]


def forged(provider: Provider, file: Path, sealer: Sealer, **head: object) -> Path:
    """A whole and consistent file, by somebody who has the public key and has read the rows and their head."""
    with store.reading(provider.settings.database_url) as rows, file.open("wb") as out:
        counts = {table.name: rows.count(table) for table in rows.tables()}
        about = taking._head(provider.services, provider.clock(), counts, False)
        writer = archive.Writer(out, [LOCK], replace(about, **head), sealer)  # type: ignore[arg-type]
        for table in rows.tables():
            for _ in writer.table(table, rows.read(table)):
                pass
        if head.get("has_master_key"):
            writer.master_key(master_key(provider.settings).hex())
        writer.end()
    return file


def test_d1_a_file_that_names_our_keys_and_was_written_by_somebody_else_restores_nothing(
    provider: Provider, tmp_path: Path
) -> None:
    file, place = forged(provider, tmp_path / "forged.age", Sealer(b"t" * 32)), tmp_path / "place"
    place.mkdir()
    shutil.copy(provider.settings.data_dir / "master.key", place)
    with pytest.raises(Failed, match="not written by the installation whose keys it names"):
        verifying.verify(provider.settings, file, [LOCK])
    with pytest.raises(Failed, match="not written by the installation whose keys it names"):
        restoring.restore(make_settings(place), file, [LOCK], actor="test")
    assert [path.name for path in place.iterdir()] == ["master.key"]
    ours = forged(provider, tmp_path / "ours.age", provider.services.sealer)  # the same, by who has the root secret
    assert verifying.verify(provider.settings, ours, [LOCK]).opens


def test_d1_the_master_key_of_a_file_is_taken_only_where_somebody_says_so(
    provider: Provider, take: Take, tmp_path: Path
) -> None:
    file, place = take(provider, master_key=master_key(provider.settings)), tmp_path / "place"
    with pytest.raises(Refused, match="nobody can tell who made this file") as refused:
        restoring.restore(make_settings(place), file, [LOCK], actor="test")
    assert "--take-master-key" in refused.value.lines[1]
    assert not place.exists()
    restoring.restore(make_settings(place), file, [LOCK], actor="test", take_master_key=True)
    assert master_key(make_settings(place)) == master_key(provider.settings)


def test_d1_a_file_with_a_key_that_opens_nothing_of_it_leaves_the_place_empty(
    provider: Provider, tmp_path: Path
) -> None:
    about = {"has_master_key": True, "root": "AQ" + "A" * 100}
    file, place = forged(provider, tmp_path / "odd.age", provider.services.sealer, **about), tmp_path / "place"
    with pytest.raises(Failed, match="the master key in it opens nothing of it"):
        restoring.restore(make_settings(place), file, [LOCK], actor="test", take_master_key=True)
    assert not place.exists()


def test_d1_a_line_that_would_fill_the_memory_is_not_read(
    provider: Provider, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "long.age"
    with file.open("wb") as out:
        writer = archive.Writer(out, [LOCK], taking._head(provider.services, 1.0, {}, False), provider.services.sealer)
        writer.master_key("0" * 30_000)
        writer.end()
    monkeypatch.setattr(archive, "MAX_LINE", 20_000)
    with pytest.raises(Failed, match="longer than any of ours"):
        verifying.verify(provider.settings, file, [LOCK])


def test_d1_a_row_that_no_backup_could_be_read_with_again_fails_at_once(
    provider: Provider, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_LINE", 20)
    with pytest.raises(Failed, match="has more than 20 bytes"):
        take(provider)


def test_d1_age_alone_would_have_taken_it(provider: Provider, tmp_path: Path) -> None:
    """What the HMAC is for: the format of the file proves only that whoever wrote it knew the public key."""
    secret = age.SecretKey.make()
    with (tmp_path / "anybody.age").open("wb") as out:
        head = taking._head(provider.services, 1.0, {}, False)
        archive.Writer(out, [secret.public], head, Sealer(b"t" * 32)).end()
    with (tmp_path / "anybody.age").open("rb") as source:
        reader = archive.Reader(source, [secret])
        assert list(reader.tables()) == []
        with pytest.raises(age.Damaged, match="by somebody else"):
            reader.check_maker(provider.services.sealer)
