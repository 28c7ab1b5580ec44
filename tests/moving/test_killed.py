"""D2: killed at whatever point, the installation is whole in one place, and the same command brings it to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.installation import schema
from idp.installation.failures import Failed
from idp.installation.moving import moving, places, standing
from tests.moving.test_moving import content, target
from tests.provider import Provider
from tests.server import REPOSITORY, to_toml


def run(file: Path, point: str | None, url: str) -> subprocess.CompletedProcess[str]:
    """The command, as an operator gives it; `point`: where it is killed."""
    program = ["-m", "tests.moving.killed", point] if point else ["-m", "idp"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    return subprocess.run(
        [sys.executable, *program, "--config", str(file), "move", "--to", url, "--in", "0"],
        capture_output=True, text=True, check=False, env={**kept, "PYTHONPATH": str(REPOSITORY)}, timeout=60,
    )  # fmt: skip


@pytest.fixture
def file(provider: Provider, tmp_path: Path) -> Path:
    """The settings of an installation in which something is."""
    provider.add_person()
    provider.tokens(provider.add_client())
    made = tmp_path / "doorward.toml"
    sections = {
        "server": {"issuer": provider.issuer},
        "storage": {"data_dir": str(provider.settings.data_dir)},
    }
    made.write_text(to_toml(sections))
    return made


def check(provider: Provider, file: Path, url: str, points: list[str]) -> None:
    before = content(provider.settings.database_url)
    for point in points:
        killed = run(file, point, url)
        assert killed.returncode == -signal.SIGKILL, (point, killed.stdout, killed.stderr)
        there = places.settings_of(provider.settings, url)
        if point == "shut here":  # the point of no return: neither is served until the command has come to its end
            for settings in (provider.settings, there):
                with pytest.raises(Failed):
                    schema.check_current(settings)
            continue
        schema.check_current(provider.settings)
        now = content(provider.settings.database_url)
        changed = {name for name in before if before[name] != now[name]}
        assert changed <= {"events", "moves", "audit_counts", "audit_segments"}, point
        if standing.read(there) is not None:
            with pytest.raises(Failed, match="came to no end"):
                schema.check_current(there)
    done = run(file, None, url)
    assert done.returncode == 0, done.stderr
    assert "database_url" in done.stdout
    moved = Provider(there, provider.clock)
    after = content(url)
    assert {name for name in before if before[name] != after[name]} <= {"events", "audit_counts", "audit_segments"}
    assert len(moved.events(moving.BEGUN)) == len(points) + ("shut here" not in points)
    moved.add_person("bob")
    moved.close()
    with pytest.raises(Failed, match="moved to"):
        schema.check_current(provider.settings)


@pytest.mark.slow
def test_d2_killed_on_the_way_to_sqlite(provider: Provider, file: Path, tmp_path: Path) -> None:
    check(provider, file, target(tmp_path), ["half of the tables", "there, not shut here", "shut here"])


@pytest.mark.slow
def test_d2_killed_on_the_way_to_postgresql(provider: Provider, file: Path, postgresql_url: str) -> None:
    check(provider, file, postgresql_url, ["tables made", "all copied", "shut here"])


@pytest.mark.slow
def test_d2_killed_on_the_way_back(
    open_provider: Callable[..., Provider], postgresql_url: str, file: Path, tmp_path: Path
) -> None:
    old = open_provider(storage={"data_dir": str(tmp_path / "grown"), "database_url": postgresql_url})
    old.add_person()
    storage = {"data_dir": str(old.settings.data_dir), "database_url": postgresql_url}
    file.write_text(to_toml({"server": {"issuer": old.issuer}, "storage": storage}))
    check(old, file, target(tmp_path), ["first table", "there, not shut here"])
