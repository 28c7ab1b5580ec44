"""Z1: what is given out is the same from the same commit, and says what is in it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.shipping.environment import ROOT


def cloned(folder: Path) -> Path:
    """The commit that is checked out, whatever else lies here."""
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", "--local", ROOT, source], check=True)
    return source


def release(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, source / ".ci" / "release", folder]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_Z1_what_is_not_committed_is_given_to_nobody(tmp_path: Path) -> None:
    source = cloned(tmp_path)
    (source / "prod.toml").write_text("[keys]\n")
    done = release(source, tmp_path / "dist")
    assert (done.returncode, "prod.toml" in done.stderr, (tmp_path / "dist").exists()) == (1, True, False)


@pytest.mark.slow
def test_Z1_a_release_is_built_twice_to_the_same_bytes_with_a_bill_of_materials(tmp_path: Path) -> None:
    """`.ci/release` itself builds twice, and ends with 1 where a byte differs."""
    source, folder = cloned(tmp_path), tmp_path / "dist"
    (source / "var").mkdir()
    (source / "var" / "master.key").write_text("nobody's")  # ignored, and given to nobody
    done = release(source, folder)
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(folder.glob("*.tar.gz"))) as sdist:
        assert not [name for name in sdist.getnames() if name.endswith("master.key")]
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir() if file.name != "SHA256SUMS"
    }  # fmt: skip
    (bill,) = (json.loads(file.read_text()) for file in folder.glob("*.cdx.json"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    wheel = next(name for name in sums if name.endswith(".whl"))
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": sums[wheel]}]
    listed = {one["name"]: one["version"] for one in bill["components"]}
    locked = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in re.findall(r"^(\S+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.M)
    }
    assert listed.items() <= locked.items()
    assert {"flask", "sqlalchemy", "cryptography", "psycopg", "redis", "werkzeug", "dnspython"} <= set(listed)
    assert "pytest" not in listed
    refs = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {one["ref"] for one in bill["dependencies"]} == refs
    assert {ref for one in bill["dependencies"] for ref in one["dependsOn"]} < refs


def test_Z1_what_an_upgrade_asks_stands_by_version() -> None:
    """Each released version of the changelog has its section, and so has the one that is coming."""
    page = (ROOT / "docs" / "upgrading.md").read_text("utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert versions
    assert [one for one in versions if f"### {one}\n" not in page] == []
