"""`doorward doctor`."""

from __future__ import annotations

import json
import re

import pytest

from idp import catalogue
from idp.installation import checks
from idp.installation.checks import before_opening
from idp.installation.checks.findings import PAGES
from tests.cli.conftest import CHEAP, Folder
from tests.cli.findings import found


def test_a_fresh_installation_is_well_and_says_what_is_left_to_do(site: Folder) -> None:
    result = site.spawn("doctor")
    assert result.code == 0, result.out
    assert "✗" not in result.out
    assert "✓ keys: RS256 signs since less than a day" in result.out
    assert "! owner: no owner can sign in yet\n    run `doorward init` for a one-time link" in result.out
    assert "! server: nothing answers at http://127.0.0.1:8000/" in result.out


def test_what_is_wrong_ends_with_exit_code_1(site: Folder) -> None:
    (site.path / "doorward.toml").write_text(CHEAP + 'blocklist = "gone.txt"\n[brand]\nlogo = "logo.exe"\n')
    (site.path / "logo.exe").write_text("MZ")
    try:
        result = site.run("doctor")
        assert result.code == 1
        assert f"✗ passwords.blocklist: {site.path}/gone.txt does not exist" in result.out
        assert "✗ brand.logo: logo.exe is not a picture that browsers show" in result.out
        assert "✓ database: SQLite" in result.out
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)


@pytest.mark.parametrize(
    ("name", "size", "line"),
    [
        ("sea.JPG", 2000, "✓ brand.background: "),
        ("sea.webp", 2000, "✓ brand.background: "),
        ("sea.png", 3 * 1024 * 1024, "! brand.background: sea.png is large: 3072 KiB"),
        ("sea.tiff", 2000, "✗ brand.background: sea.tiff is not a picture that browsers show"),
        ("gone.png", None, "✗ brand.background: "),
    ],
)
def test_t7_the_background_picture_is_looked_at_like_the_logo(
    site: Folder, name: str, size: int | None, line: str
) -> None:
    (site.path / "doorward.toml").write_text(CHEAP + f'[brand]\nbackground = "{name}"\n')
    if size is not None:
        (site.path / name).write_bytes(b"x" * size)
    try:
        result = site.run("doctor")
        assert result.code == (1 if line.startswith("✗") else 0)
        assert line in result.out
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)
        (site.path / name).unlink(missing_ok=True)


def test_files_that_others_can_read_are_named_with_the_command_that_helps(site: Folder) -> None:
    site.data.chmod(0o755)
    (site.data / "doorward.db").chmod(0o644)
    try:
        fixes = {finding["fix"] for finding in found(site, "data folder")}
        assert fixes == {f"chmod 700 {site.data}", f"chmod 600 {site.data}/doorward.db"}
    finally:
        site.data.chmod(0o700)
        (site.data / "doorward.db").chmod(0o600)


def test_before_init_it_says_so(folder: Folder) -> None:
    result = folder.run("doctor")
    assert result.code == 1
    assert "run `doorward init`" in result.out


def test_a_bad_settings_file_is_a_finding(folder: Folder) -> None:
    (folder.path / "doorward.toml").write_text("[server]\nport = 0\n")
    result = folder.run("doctor")
    assert result.code == 1
    assert "✗ config: " in result.out
    assert "doorward.toml:2: server.port = 0" in result.out


def test_several_workers_on_the_embedded_database_are_noted(site: Folder) -> None:
    (site.path / "doorward.toml").write_text(CHEAP + "[server]\nworkers = 2\n")
    try:
        assert any("on one machine" in finding["text"] for finding in found(site, "database"))
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)


def test_behind_https_an_untrusted_proxy_is_noted(site: Folder) -> None:
    assert found(site, "proxy", DOORWARD_ISSUER="https://login.example.invalid")[0]["status"] == "warning"


def test_Q1_each_check_has_a_page_with_its_likely_causes(site: Folder) -> None:
    """What doctor warns of is explained where errors are: likely causes, how to tell them apart, the fix."""
    names = {name for name, _ in (*before_opening.CHECKS, *checks.OPENED)}
    assert set(PAGES) - names == {"config", "proxy", ""}  # a check that went takes its page along
    assert all(catalogue.find(code) for code in PAGES.values())
    result = site.spawn("doctor")
    pages = re.findall(r"http://127\.0\.0\.1:8000/errors/(\w+)", result.out)
    assert "doctor_owner" in pages
    assert "doctor_server" in pages
    assert len(pages) == len(set(pages))
    told = json.loads(site.spawn("doctor", "--json").out)["findings"]
    assert {one["page"] for one in told if one["page"]} == set(pages)
    assert not [one for one in told if bool(one["page"]) is (one["status"] == "ok")]
