"""`doorward doctor`: settings that are given and do nothing, files that others can read, and what hangs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from idp.config import Settings, load
from idp.installation import checks
from idp.installation.checks import before_opening, given, storage
from idp.installation.checks.findings import Finding
from tests.cli.conftest import CHEAP, Folder
from tests.cli.findings import found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mail]\nport = 465\n", "mail.port (doorward.toml:2) has no effect: mail.host is empty"),
        (
            '[mail]\nhost = "m.example"\npassword = "hunter2"\n',
            "mail.password (doorward.toml:3) has no effect: mail.",
        ),
        (
            '[session]\ncopied = "off"\nturn_minutes = 5\n',
            "session.turn_minutes (doorward.toml:3) has no effect: session.copied is off",
        ),
        ('[sms]\ntoken = "x"\n', "sms.token (doorward.toml:2) has no effect: sms.sender is empty"),
        ("[self_registration]\nkeep_days = 3\n", "self_registration.keep_days (doorward.toml:2) has no effect"),
        ("\n[backup]\nkeep = 3\n", "backup.keep (doorward.toml:3) has no effect: backup.folder is empty"),
        (
            '[oauth]\nopen_registration_scope = "openid"\n',
            "oauth.open_registration_scope (doorward.toml:2) has no",
        ),
    ],
)
def test_G3_a_setting_that_does_nothing_is_told_with_its_line(folder: Folder, text: str, said: str) -> None:
    file = folder.path / "doorward.toml"
    file.write_text(text)
    (finding,) = given.examine(load(file, {}))
    assert finding.text.replace(f"{folder.path}/", "").startswith(said)
    assert "hunter2" not in finding.text + finding.fix


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ('[storage]\nstate_url = "redis://:hunter2@h"\n', True),
        ('[storage]\nstate_url = "redis://h?password=hunter2"\n', True),
        ('[storage]\ndatabase_url = "postgresql://u:hunter2@h1,h2/d"\n', True),
        ('[storage]\ndatabase_url = "postgresql://u@h1:5432,h2:5432/d"\n', False),
        ('[backup]\npassphrase = "hunter2hunter2hunter2"\n', True),
        ('[metrics]\ntoken = "hunter2hunter2hunter2hunter2hunter2"\n', True),
        ('[keys]\nmaster_key_command = "vault -p hunter2"\n', True),
        ('[brand]\ncompany = "hunter2"\n', False),
    ],
    ids=range(8),
)
def test_G3_a_file_with_any_secret_that_others_can_read_is_told(folder: Folder, text: str, is_told: bool) -> None:
    file = folder.path / "doorward.toml"
    file.write_text(text)
    file.chmod(0o644)
    told = [one.text for one in before_opening.examine_config(file, load(file, {}))]
    assert ("others can read the file, and it may hold a secret" in told) is is_told


def test_G3_defaults_that_are_written_out_are_no_finding() -> None:
    from tests.test_config import ROOT

    assert [one.status for one in given.examine(load(ROOT / "config.example.toml", {}))] == ["ok"]


def test_G3_every_setting_that_a_rule_names_is_one() -> None:
    for rule in given.RULES:
        keys = type(getattr(Settings(), rule.section)).model_fields
        assert {*rule.keys, *rule.but} <= {*keys, "*"}, rule


def test_G3_a_misspelt_variable_is_told_and_its_value_is_not(site: Folder) -> None:
    (finding,) = found(site, "settings", DOORWARD_ISSUER_URL="https://secret.example")[:1]
    assert finding["text"] == "the environment variable DOORWARD_ISSUER_URL means nothing to Doorward"
    assert "DOORWARD_ISSUER" in finding["fix"]
    assert finding["page"] == "doctor_settings"


def test_G3_files_that_the_settings_name_are_looked_at_wherever_they_are(site: Folder) -> None:
    secret = site.path / "backup.pass"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o644)
    (site.path / "doorward.toml").write_text(CHEAP + '[backup]\npassphrase_file = "backup.pass"\n')
    try:
        assert f"chmod 600 {secret}" in [finding["fix"] for finding in found(site, "data folder")]
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)


def test_G3_a_check_that_hangs_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_MOST", 0.05)
    let_go = threading.Event()

    def hangs(_: Any) -> Iterator[Finding]:
        yield Finding("mail", "ok", "before")
        let_go.wait()

    told = checks._caught("mail", hangs, None)
    let_go.set()
    assert [one.text for one in told][-1].startswith("cannot be checked: no answer after")


@pytest.mark.parametrize(
    ("version", "status"),
    [("13.9", "warning"), ("14.20", "warning"), ("17.2", "ok"), ("18beta1", "ok")],
)
def test_G3_a_postgresql_that_nobody_mends_any_more_is_told(version: str, status: str) -> None:
    assert storage._version(version, "2026-11-29").status == status


@pytest.mark.slow
def test_G3_postgresql_tells_version_pace_and_what_it_may_lose(site: Folder, postgresql_url: str) -> None:
    import psycopg

    env = {"DOORWARD_DATABASE_URL": postgresql_url}
    assert site.run("init", env=env).code == 0
    texts = [one["text"] for one in of_database(site, env)]
    assert any(text.startswith("PostgreSQL 1") for text in texts), texts
    assert any(text.startswith("an answer takes") for text in texts)
    assert "fsync is off: what the server has confirmed is lost when its machine stops" in texts  # the tests' own is so
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        (name,) = connection.execute("SELECT quote_ident(current_database())").fetchone()  # type: ignore[misc]
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    unsafe = [one for one in of_database(site, env) if "synchronous_commit" in one["text"]]
    assert [one["status"] for one in unsafe] == ["warning"]


def of_database(site: Folder, env: dict[str, str]) -> list[dict[str, Any]]:
    told = json.loads(site.run("doctor", "--json", env=env).out)["findings"]
    return [one for one in told if one["check"] == "database"]


def test_G3_sqlite_tells_its_version_and_how_long_a_write_takes(site: Folder) -> None:
    texts = [one["text"] for one in found(site, "database")]
    assert any(text.startswith("SQLite 3.") for text in texts)
    assert any(text.startswith("a write takes") for text in texts)
