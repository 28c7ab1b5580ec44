"""`doorward rule …` (B2, C1, B5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CHEAP, Folder

PERSON = ("user", "add", "--username", "ann", "--name", "Ann Example", "--group", "finance", "--new-group")
FIXED = '[[factors.rules]]\nneed = "second"\nname = "Board"\nroles = ["owner"]\n'


@pytest.fixture
def site(prepared: Folder, tmp_path: Path) -> Folder:
    """An installation of the test's own, with somebody in finance."""
    shutil.copytree(prepared.path, tmp_path / "site")
    site = Folder(tmp_path / "site", CHEAP + FIXED)
    assert site.run(*PERSON, "--email", "ann@example.com", "--link", "--json").code == 0
    return site


def test_B5_a_rule_tells_in_numbers_what_it_means_before_it_is_made(site: Folder) -> None:
    said = site.refusal("rule", "add", "--name", "Money", "--group", "finance", "--why", "Audit.")
    assert "1 person without such a factor will be asked to set one up. Nothing is changed yet: give --yes" in said
    made = site.run("rule", "add", "--name", "Money", "--group", "finance", "--why", "Audit.", "--yes", "--json").json
    assert (made["need"], made["groups"], made["on"], made["effects"]["without"]) == ("second", ["finance"], True, 1)
    assert [one["name"] for one in site.run("rule", "list", "--json").json["rules"]] == ["Board", "Money"]
    table = site.run("rule", "list").out
    assert "the settings file" in table
    assert "groups: finance" in table


def test_C1_a_rule_is_changed_turned_off_removed_and_brought_back_by_its_name(site: Folder) -> None:
    assert site.run("rule", "add", "--name", "Night", "--off", "--network", "192.0.2.0/24", "--need", "deny").code == 0
    changed = site.run("rule", "change", "night", "--network", "", "--outside", "192.0.2.0/24", "--json").json
    assert (changed.get("networks"), changed["outside"]) == (None, ["192.0.2.0/24"])
    assert "2 people will not be let in" in site.refusal("rule", "change", "Night", "--on")
    assert site.run("rule", "change", "Night", "--on", "--yes", "--json").json["on"]
    assert "may sign in with less than before" in site.refusal("rule", "remove", "Night")
    assert site.run("rule", "remove", "Night", "--yes").code == 0
    assert "was removed" in site.refusal("rule", "restore", "Day")
    assert site.run("rule", "restore", "Night", "--yes").code == 0
    assert site.run("rule", "change", "Night", "--off", "--yes").code == 0
    assert "off" in site.run("rule", "show", "Night").out


def test_B2_what_stands_in_the_settings_file_is_changed_there(site: Folder) -> None:
    assert "settings file" in site.refusal("rule", "change", "Board", "--need", "none")
    assert "settings file" in site.refusal("rule", "remove", "Board")
    assert site.run("rule", "show", "Board", "--json").json["fixed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "--name", "X", "--group", "finanec"), "--group: There is no group finanec. Did you mean finance?"),
        (("add", "--name", "X", "--network", "here"), "--network: Expected networks such as"),
        (("add", "--name", "X", "--need", "none"), "--need: It would ask for nothing"),
        (("add", "--name", "X", "--app", "c0"), "c0"),
        (("show", "Bord"), "did you mean “Board”?"),
        (("simulate", "ann", "--address", "office"), "--address: expected an address"),
        (("simulate", "ann", "--at", "soon"), "--at: expected a time"),
    ],
)
def test_B5_a_slip_is_named_with_its_option(site: Folder, words: tuple[str, ...], said: str) -> None:
    assert said in site.refusal("rule", *words)


def test_B2_a_sign_in_is_thought_of_on_the_command_line(site: Folder) -> None:
    added = site.run("rule", "add", "--name", "Away", "--outside", "10.0.0.0/8", "--why", "From home.", "--yes")
    assert added.code == 0
    found = site.run("rule", "simulate", "ann", "--address", "203.0.113.9", "--json").json
    assert found["outcome"] == "in"
    assert [step["step"] for step in found["steps"]] == ["first", "enrol"]
    away = next(one for one in found["rules"] if one["name"] == "Away")
    assert away["holds"]
    shown = site.run("rule", "simulate", "ann", "--address", "10.1.1.1", "--has", "totp").out
    assert "Away: does not hold, the address is in one of its networks" in shown
    assert "1. they sign in by password" in shown
