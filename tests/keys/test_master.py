"""Where the master key comes from (K3)."""

from __future__ import annotations

import base64
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from keys.master import BadMasterKey, make_master_key_file, read_master_key

KEY = bytes(range(32))
TEXT = base64.urlsafe_b64encode(KEY).rstrip(b"=").decode()


def test_K3_a_made_file_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    before = os.umask(0)
    try:
        made = make_master_key_file(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_master_key("", path, "") == made
    assert len(set(made)) > 8


def test_an_existing_master_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = make_master_key_file(path)
    with pytest.raises(FileExistsError):
        make_master_key_file(path)
    assert read_master_key("", path, "") == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601])
def test_K3_a_file_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    path.write_text(TEXT)
    path.chmod(mode)
    with pytest.raises(BadMasterKey, match="chmod 600"):
        read_master_key("", path, "")
    path.chmod(0o400)
    assert read_master_key("", path, "") == KEY


def test_the_value_wins_over_the_command_and_the_command_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    make_master_key_file(path)
    printing = shlex.join([sys.executable, "-c", f"print('{TEXT}')"])
    assert read_master_key("", path, printing) == KEY
    assert read_master_key(TEXT + "=", path, "false") == KEY


def test_the_command_runs_without_a_shell(tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey):
        read_master_key("", None, f"echo {TEXT}; touch {tmp_path / 'owned'}")
    assert not (tmp_path / "owned").exists()


def test_a_command_that_hangs_is_given_up() -> None:
    started = time.monotonic()
    with pytest.raises(BadMasterKey, match="no answer in"):
        read_master_key("", None, "sleep 30", timeout=0.2)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("value", "command", "says"),
    [
        ("hunter2-hunter2", "", "DOORWARD_MASTER_KEY"),
        (TEXT[:-2], "", "DOORWARD_MASTER_KEY"),
        (TEXT + "AAAA", "", "DOORWARD_MASTER_KEY"),
        ("ключ", "", "DOORWARD_MASTER_KEY"),
        ("", "false", "exit code 1"),
        ("", "/nowhere/to/be/found", "cannot be run"),
        ("", "unbalanced 'quote", "cannot be run"),
        ("", "echo hunter2-hunter2", "keys.master_key_command"),
        ("", "", "no master key"),
    ],
)
def test_a_bad_master_key_is_explained_without_being_shown(value: str, command: str, says: str) -> None:
    with pytest.raises(BadMasterKey) as refused:
        read_master_key(value, None, command)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert TEXT[:20] not in str(refused.value)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadMasterKey, match=r"absent\.key.*does not exist"):
        read_master_key("", tmp_path / "absent.key", "")
    tmp_path.chmod(0o700)
    with pytest.raises(BadMasterKey, match="cannot be read"):
        read_master_key("", tmp_path, "")
