"""The command as a whole: help, exit codes, and settings that cannot be used."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from clients.profiles import PROFILES
from idp.__main__ import parser
from idp.cli import COMMANDS, applications
from tests.cli.conftest import Folder


def test_without_arguments_it_prints_its_help(folder: Folder) -> None:
    result = folder.spawn()
    assert result.code == 0
    assert all(name in result.out for name in COMMANDS)


def test_a_noun_without_a_verb_prints_its_help(folder: Folder) -> None:
    result = folder.run("client")
    assert result.code == 0
    assert "secret" in result.out


def test_it_tells_its_version(folder: Folder) -> None:
    assert folder.spawn("--version").out == f"doorward {version('doorward')}\n"


def test_every_command_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            parser(name).parse_args([name, "--help"])
        assert ended.value.code == 0
        assert f"doorward {name}" in capsys.readouterr().out


def test_an_unknown_command_is_bad_input(folder: Folder) -> None:
    assert "invalid choice: 'strat'" in folder.refusal("strat")


def test_a_wrong_key_in_the_settings_is_named_with_file_and_line(folder: Folder) -> None:
    (folder.path / "doorward.toml").write_text("[server]\nprot = 1\n")
    said = folder.refusal("user", "list")
    assert f"{folder.path}/doorward.toml:2: unknown key server.prot; expected one of: " in said
    named = said.partition("expected one of: ")[2].strip().split(", ")
    assert named == sorted(named)
    assert {"host", "issuer", "port"} <= set(named)


def test_the_settings_file_is_the_one_given_before_or_behind_the_command(folder: Folder) -> None:
    (folder.path / "bad.toml").write_text("x = 1\n")
    assert "bad.toml:1: unknown key x" in folder.refusal("--config", "bad.toml", "migrate")
    assert "bad.toml:1: unknown key x" in folder.refusal("migrate", "--config", "bad.toml")
    assert "bad.toml:1: unknown key x" in folder.refusal("migrate", env={"DOORWARD_CONFIG": "bad.toml"})


def test_a_settings_file_that_was_named_must_exist(folder: Folder) -> None:
    assert "nowhere.toml: No such file" in folder.refusal("--config", "nowhere.toml", "user", "list")


@pytest.mark.parametrize("words", ["user list --json", "client list", "key list", "sweep", "migrate", "serve"])
def test_before_init_every_command_says_to_run_it_first(folder: Folder, words: str) -> None:
    assert "run `doorward init` first" in folder.refusal(*words.split(), code=1)
    assert not folder.data.exists()


def test_the_profiles_in_the_help_are_those_there_are() -> None:
    assert set(applications.PROFILES) == set(PROFILES)


def test_Q1_what_a_command_does_not_know_is_told_with_its_own_usage(site: Folder) -> None:
    told = site.refusal("client", "remove", "Nobody", "--why", "me")
    assert told.startswith("usage: doorward client remove ")
    assert "unrecognized arguments: --why me" in told
    assert site.refusal("--why").startswith("usage: doorward [")


def test_Q1_yes_is_taken_where_an_application_is_removed(site: Folder) -> None:
    site.run("client", "add", "oidc", "--name", "Short-lived", "--redirect-uri", "https://short.example/cb")
    assert "Short-lived is removed" in site.run("client", "remove", "Short-lived", "--yes").out
