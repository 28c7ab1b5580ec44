"""D1: `doorward backup` and `doorward restore`, as a tired admin types them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from idp.installation.backups import age
from tests.cli.conftest import Folder

PASSPHRASE = "a battery of correct horses"
ENV = {"DOORWARD_BACKUP_PASSPHRASE": PASSPHRASE}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(age, "WORK", 10)


@pytest.fixture
def night(prepared: Folder, tmp_path: Path) -> Folder:
    """An installation with somebody in it."""
    shutil.copytree(prepared.path, tmp_path / "night")
    folder = Folder(tmp_path / "night")
    assert folder.run("user", "add", "--username", "ann", "--email", "ann@example.com").code == 0
    return folder


def test_d1_backup_verify_and_restore_say_what_they_did(night: Folder, tmp_path: Path) -> None:
    said = night.run("backup", "b.age", env=ENV)
    assert said.code == 0, said.err
    assert "The master key is not in it" in said.out
    assert PASSPHRASE not in said.out + said.err
    assert "b.age is whole" in night.run("backup", "verify", "b.age", env=ENV).out
    assert night.run("backup", "verify", "b.age", "--json", env=ENV).json["master_key_opens"] is True

    morning = Folder(tmp_path / "morning")
    morning.data.mkdir()
    shutil.copy(night.data / "master.key", morning.data)
    restored = morning.run("restore", "../night/b.age", "--end-all-tokens", env=ENV)
    assert restored.code == 0, restored.err
    assert "Everybody signs in anew." in restored.out
    assert "ann@example.com" in morning.run("user", "list").out
    assert "backup:restored" in morning.run("audit", "tail").out
    assert "there is a database already" in morning.refusal("restore", "../night/b.age", env=ENV)
    assert "Ended: 0 sessions" in morning.run("restore", "--end-all-tokens").out


def test_d1_what_cannot_be_is_refused_before_anything_is_written(night: Folder) -> None:
    assert "a backup is encrypted" in night.refusal("backup", "b.age")
    assert "fewer than 16 characters" in night.refusal("backup", "b.age", env={"DOORWARD_BACKUP_PASSPHRASE": "short"})
    assert "no public key of age" in night.refusal("backup", "b.age", "--recipient", "age1nonsense")
    assert "expected FILE, verify FILE or key FILE" in night.refusal("backup", "make", "b.age", env=ENV)
    assert "does not exist" in night.refusal("backup", "nowhere/b.age", env=ENV)
    assert "cannot be read" in night.refusal("backup", "verify", "b.age", env=ENV)
    assert "what is to be restored?" in night.refusal("restore")
    assert not (night.path / "b.age").exists()
    (night.path / "b.age").write_text("somebody's own")
    assert "b.age exists" in night.refusal("backup", "b.age", env=ENV)
    assert (night.path / "b.age").read_text() == "somebody's own"


def test_d1_a_secret_key_given_for_a_public_one_is_not_said_again(night: Folder) -> None:
    secret = str(age.SecretKey.make())
    said = night.refusal("backup", "b.age", "--recipient", secret)
    assert "that is the secret key" in said
    assert secret not in said


def test_d1_a_key_pair_is_made_and_opens_what_is_written_for_it(night: Folder) -> None:
    public = night.run("backup", "key", "secret.txt", "--json").json["public_key"]
    assert (night.path / "secret.txt").stat().st_mode & 0o777 == 0o600
    assert night.run("backup", "b.age", "--recipient", public).code == 0
    assert "what opens it?" in night.refusal("backup", "verify", "b.age")
    assert "is whole" in night.run("backup", "verify", "b.age", "--identity", "secret.txt").out
    (night.path / "secret.txt").chmod(0o644)
    assert "others can read" in night.refusal("backup", "verify", "b.age", "--identity", "secret.txt")


def test_d1_the_passphrase_comes_from_a_file_or_from_standard_input(night: Folder) -> None:
    (night.path / "pass").write_text(PASSPHRASE + "\n")
    assert "others can read" in night.refusal("backup", "b.age", "--passphrase-file", "pass")
    (night.path / "pass").chmod(0o600)
    assert night.run("backup", "b.age", "--passphrase-file", "pass", "--with-master-key").code == 0
    said = night.run("backup", "verify", "b.age", "--passphrase-file", "-", input=PASSPHRASE + "\n")
    assert "The master key is in it." in said.out


def test_d1_doctor_tells_of_the_last_good_backup(night: Folder) -> None:
    assert "backup: none has been made here" in night.run("doctor").out
    night.run("backup", "b.age", env=ENV)
    assert "backup: the last good one is of" in night.run("doctor").out
