"""D1: the server makes backups by itself, keeps so many, and tells when the last good one is too old."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.background import look_as_doctor, schedule
from idp.installation.backups import age, scheduled, verifying
from idp.installation.checks import backups as check
from idp.installation.failures import Failed
from tests.backends import Clock
from tests.backups.conftest import LOCK, PASSPHRASE
from tests.provider import Provider

HOUR, DAY = 3600.0, 86400.0
Open = Callable[..., Provider]


@pytest.fixture
def nightly(open_provider: Open, tmp_path: Path) -> Provider:
    """A provider that makes a backup a day and keeps three."""
    (tmp_path / "kept").mkdir()
    return open_provider(backup={"folder": str(tmp_path / "kept"), "keep": 3, "passphrase": PASSPHRASE})


def told(provider: Provider) -> tuple[str, str]:
    (found,) = check.examine(provider.services)
    return found.status, found.text


def test_d1_so_many_are_kept_and_nothing_else_is_touched(nightly: Provider, clock: Clock, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    (folder / "doorward-by-hand.age").write_text("somebody's own")
    for _ in range(5):
        clock.now += DAY
        taken = scheduled.run(nightly.services)
    kept = scheduled.kept(nightly.services, folder)
    assert len(kept) == 3
    assert kept[-1] == taken.file
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["doorward-by-hand.age", *(path.name for path in kept)]
    )
    assert verifying.verify(nightly.services.settings, taken.file, [LOCK]).opens


def test_d1_two_installations_in_one_folder_keep_to_their_own(
    nightly: Provider, open_provider: Open, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    staging = {"issuer": "https://staging.example"}  # with the keys of the other, as a copy has them
    other = open_provider(server=staging, backup={"folder": str(folder), "keep": 1, "passphrase": PASSPHRASE})
    mine = scheduled.run(nightly.services).file
    for _ in range(3):
        clock.now += DAY
        theirs = scheduled.run(other.services).file
    assert scheduled.kept(nightly.services, folder) == [mine]
    assert scheduled.kept(other.services, folder) == [theirs]


def test_d1_a_clock_that_was_set_back_never_costs_the_backup_that_was_just_made(
    nightly: Provider, clock: Clock, tmp_path: Path
) -> None:
    clock.now += 400 * DAY  # a machine that was wrong for three days
    ahead = []
    for _ in range(3):
        clock.now += DAY
        ahead.append(scheduled.run(nightly.services).file)
    clock.now -= 400 * DAY
    made = []
    for _ in range(5):
        clock.now += DAY
        made.append(scheduled.run(nightly.services).file)
        assert made[-1].exists()
    assert scheduled.kept(nightly.services, tmp_path / "kept") == [*made[-3:], *ahead]


@pytest.mark.parametrize("keep", [1, 3, 4, 6, 9])
def test_d1_as_many_are_kept_as_the_setting_says(open_provider: Open, clock: Clock, tmp_path: Path, keep: int) -> None:
    provider = open_provider(backup={"folder": str(tmp_path), "keep": keep, "passphrase": PASSPHRASE})
    for number in range(1, 6):
        clock.now += DAY
        scheduled.run(provider.services)
        assert len(scheduled.kept(provider.services, tmp_path)) == min(keep, number)


def test_d1_what_another_process_is_writing_is_left_until_its_lease_is_over(
    nightly: Provider, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    name = scheduled.run(nightly.services).file.name
    part = folder / f".{name}.0011aabb.part"
    foreign = folder / ".doorward-00000000-20200101T000000Z.age.0011aabb.part"
    for file in (part, foreign):
        file.write_text("half")
        os.utime(file, (clock.now, clock.now))
    clock.now += HOUR
    scheduled.run(nightly.services)
    assert part.exists()
    clock.now += scheduled.LEASE
    scheduled.run(nightly.services)
    assert not part.exists()
    assert foreign.exists()


def test_d1_doctor_looks_whether_the_last_one_is_still_there(nightly: Provider, clock: Clock) -> None:
    taken = scheduled.run(nightly.services)
    assert told(nightly)[0] == "ok"
    taken.file.unlink()
    status, text = told(nightly)
    assert status == "warning"
    assert taken.file.name in text
    clock.now += HOUR
    scheduled.run(nightly.services)
    assert told(nightly)[0] == "ok"


def test_d1_the_queue_makes_one_by_itself(nightly: Provider, tmp_path: Path) -> None:
    schedule(nightly.services)
    assert "backup" in nightly.services.jobs.periodic
    nightly.services.jobs.perform("backup", {})
    assert len(scheduled.kept(nightly.services, tmp_path / "kept")) == 1


def test_d1_without_a_folder_nothing_is_scheduled(provider: Provider) -> None:
    schedule(provider.services)
    assert "backup" not in provider.services.jobs.periodic


def test_d1_a_machine_with_a_public_key_alone_writes_what_it_cannot_open(open_provider: Open, tmp_path: Path) -> None:
    secret = age.SecretKey.make()
    provider = open_provider(backup={"folder": str(tmp_path), "recipients": [str(secret.public)]})
    taken = scheduled.run(provider.services)
    assert verifying.verify(provider.settings, taken.file, [secret]).opens
    assert not taken.has_master_key


def test_d1_the_last_good_backup_is_told_and_one_that_is_missing_is_a_finding(nightly: Provider, clock: Clock) -> None:
    assert told(nightly)[0] == "warning"
    scheduled.run(nightly.services)
    assert told(nightly)[0] == "ok"
    assert "the last good one is of" in told(nightly)[1]
    clock.now += 1.9 * DAY
    assert told(nightly)[0] == "ok"
    clock.now += 0.5 * DAY
    status, text = told(nightly)
    assert (status, "2 days ago" in text) == ("warning", True)


def test_d1_one_that_fails_stands_in_doctor_and_in_what_needs_attention_until_one_is_good(
    nightly: Provider, clock: Clock, tmp_path: Path
) -> None:
    from idp.admin import attention

    folder = tmp_path / "kept"
    folder.rmdir()
    with pytest.raises(Failed):
        scheduled.run(nightly.services)
    (event,) = nightly.events("backup:failed")
    assert "does not exist" in event.detail["reason"]
    found = [one for one in check.examine(nightly.services) if one.status == "error"]
    assert any("backup.folder" in one.text for one in found)
    assert any("the last one failed" in one.text for one in found)
    look_as_doctor(nightly.services)
    kept: Any = attention.of_doctor(nightly.services)
    assert any(one.kind == "doctor" and one.text.startswith("backup: ") for one in kept)
    folder.mkdir()
    clock.now += 60
    scheduled.run(nightly.services)
    assert told(nightly)[0] == "ok"


def test_d1_settings_that_would_leave_a_backup_open_are_refused(tmp_path: Path) -> None:
    from idp.config import ConfigError, load

    file = tmp_path / "doorward.toml"
    for text, said in (
        ('folder = "x"', "a backup is encrypted"),
        ('passphrase = "s3cret"\npassphrase_file = "y"', "expected one of"),
        ("keep = 0", "greater than or equal to 1"),
    ):
        file.write_text(f"[backup]\n{text}\n")
        with pytest.raises(ConfigError, match=said) as refused:
            load(file, {})
        assert "s3cret" not in str(refused.value)
