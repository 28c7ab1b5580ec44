"""What a killed test run leaves behind is stopped, and nothing else."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import leftovers

PATIENCE = 20.0  # seconds


@pytest.fixture
def sleeping() -> Iterator[list[subprocess.Popen[bytes]]]:
    made = [subprocess.Popen(["sleep", "600"]) for _ in range(3)]
    yield made
    for one in made:
        one.kill()
        one.wait()


def folder_of(path: Path, pid: int, age: float = 0.0) -> Path:
    path.mkdir()
    (path / "pid").write_text(f"{pid}\n")
    os.utime(path / "pid", (time.time() - age, time.time() - age))
    return path


def test_when_the_run_is_gone_its_servers_and_folders_go(
    tmp_path: Path, sleeping: list[subprocess.Popen[bytes]]
) -> None:
    run, server, stranger = sleeping
    mine = folder_of(tmp_path / "mine", server.pid)
    old = folder_of(tmp_path / "old", stranger.pid, age=3600)  # of a server that has ended; the number is another's now
    leftovers.watch(run.pid, mine, "pid", "-TERM")
    leftovers.watch(run.pid, old, "pid", "-KILL")
    leftovers.watch(run.pid, tmp_path / "none", "pid", "-KILL")
    watcher, _ = leftovers._started[run.pid]
    assert server.poll() is None
    run.kill()
    run.wait()
    assert server.wait(PATIENCE) == -15
    assert watcher.wait(PATIENCE) == 0
    assert stranger.poll() is None
    assert not mine.exists()
    assert not old.exists()


def test_a_run_has_one_watcher_however_many_servers_it_starts(
    tmp_path: Path, sleeping: list[subprocess.Popen[bytes]]
) -> None:
    run = sleeping[0]
    before = len(leftovers._started)
    for number in range(20):
        leftovers.watch(run.pid, tmp_path / str(number), "pid", "-KILL")
    assert len(leftovers._started) == before + 1
