"""`doorward client|user|group|rule|provider history` and `undo`: C6."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Folder

#: A thing, a change of it, how it is looked up, and what stands there before.
CHANGES: dict[str, tuple[list[list[str]], list[str], list[str]]] = {
    "client": (
        [["client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example/cb"]],
        ["client", "set", "CRM", "description=What sales uses"], ["CRM"],
    ),
    "user": (
        [["user", "add", "--username", "ada", "--name", "Ada Bell"]],
        ["user", "set", "ada", "--employee-number", "7"], ["ada"],
    ),
    "group": ([["group", "add", "sales"]], ["group", "set", "sales", "--description", "who sells"], ["sales"]),
    "rule": (
        [["rule", "add", "--name", "All", "--need", "second", "--grace-days", "30", "--yes"]],
        ["rule", "change", "All", "--name", "Everybody", "--yes"], [],
    ),
    "provider": (
        [["provider", "add", "--name", "Head office", "--issuer", "https://id.example", "--client-id", "us",
          "--secret-file", "-", "--off"]],
        ["provider", "change", "Head office", "--client-id", "them"], ["Head office"],
    ),
}  # fmt: skip


def _past(site: Folder, noun: str, which: list[str]) -> list[dict[str, Any]]:
    changes = site.run(noun, "history", *which, "--json").json["changes"]
    assert isinstance(changes, list)
    return changes


@pytest.mark.parametrize("noun", CHANGES)
def test_C6_a_change_is_told_and_taken_back_by_its_id(site: Folder, noun: str) -> None:
    made, change, which = CHANGES[noun]
    for words in made:
        assert site.run(*words, input="secret").code == 0
    done = site.run(*change)
    assert done.code == 0, done.err
    latest = _past(site, noun, which)[0]
    assert latest["can_undo"]
    ((before, after),) = latest["differences"].values()
    assert latest["who"].startswith("cli:")
    assert latest["id"] in site.run(noun, "history", *which).out
    assert "Undone." in site.run(noun, "undo", latest["id"]).out
    again = _past(site, noun, which)[0]
    assert tuple(again["differences"].values()) == ([after, before],)
    assert "changed again since" in site.refusal(noun, "undo", latest["id"])


@pytest.mark.parametrize("noun", CHANGES)
def test_C6_what_is_no_change_is_not_taken_back(site: Folder, noun: str) -> None:
    said = site.refusal(noun, "undo", "0" * 26)
    assert f"there is no such change; `doorward {noun} history`" in said


def test_C6_who_came_into_a_group_is_taken_out_by_the_groups_history(site: Folder) -> None:
    site.run("user", "add", "--username", "bo")
    site.run("group", "add", "board")
    site.run("group", "members", "board", "--add", "bo")
    (came, made) = _past(site, "group", ["board"])
    assert (came["action"], made["action"]) == ("person:groups", "group:added")
    site.run("group", "undo", came["id"])
    assert site.run("user", "show", "bo", "--json").json["groups"] == []


def test_C6_of_a_change_of_several_groups_one_is_taken_back_by_its_name(site: Folder) -> None:
    site.run("user", "add", "--username", "bo")
    site.run("group", "add", "company")
    site.run("group", "add", "board")
    site.run("group", "set", "company", "--put-in", "board")
    site.run("group", "members", "board", "--add", "bo")
    (came, *_) = _past(site, "group", ["board"])
    assert sorted(came["differences"]) == ["members"]
    said = site.refusal("group", "undo", came["id"])
    assert "“board”" in said
    assert f"doorward user undo {came['id']}" in said
    assert "Undone." in site.run("group", "undo", came["id"], "--in", "board").out
    assert site.run("user", "show", "bo", "--json").json["groups"] == []
