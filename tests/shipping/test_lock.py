"""Z1: what is installed is known by its hash."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMPILED_HERE = {"gssapi", "krb5", "decorator"}  # against libkrb5-dev, for tests of Windows sign-in alone


def names(text: str) -> dict[str, str]:
    """Versions by name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def locked(extras: str) -> str:
    done = subprocess.run(
        [sys.executable, ".ci/locked", extras], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


def test_Z1_both_locks_name_the_same_versions() -> None:
    versions = names((ROOT / "requirements.lock").read_text("utf-8"))
    hashed = names((ROOT / "requirements.hashes").read_text("utf-8"))
    assert {name: hashed.get(name) for name in versions if name not in COMPILED_HERE} == {
        name: version for name, version in versions.items() if name not in COMPILED_HERE
    }


def test_Z1_whatever_is_installed_has_a_hash() -> None:
    text = locked("postgresql,redis,demo,test")
    parts = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", part) for part in parts if part.strip())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    wanted = {re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", one)[0]).lower() for one in asked}  # type: ignore[index]
    assert wanted <= set(names(text)), "run `make lock`"


@pytest.mark.parametrize("extras", ["postgresql,redis", "postgresql,redis,demo"])
def test_Z1_who_runs_it_installs_nothing_of_the_tests(extras: str) -> None:
    mine = set(names(locked(extras)))
    assert {"flask", "psycopg-binary", "redis", "hatchling"} <= mine
    assert not mine & {"pytest", "playwright", "mypy", "ruff"}
    assert ("python3-saml" in mine) == ("demo" in extras)
