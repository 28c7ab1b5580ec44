"""`doorward user factors|code|code-approve`: the help desk's commands. F6, F10."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import CHEAP, PASSWORD, Folder

REASON = ("--reason", "lost her phone")


@pytest.fixture(scope="module")
def people(site: Folder) -> Folder:
    """Ann, and two admins."""
    for name, *more in (("ann",), ("boss", "--role", "admin"), ("desk", "--role", "help_desk"), ("guest",)):
        added = site.run("user", "add", "--username", name, "--password-stdin", *more, input=PASSWORD + "\n")
        assert added.code == 0, added.err
    return site


def add_factor(folder: Folder, login: str, factor_id: str) -> None:
    person = folder.run("user", "show", login, "--json").json["id"]
    with sqlite3.connect(folder.data / "doorward.db") as db:
        db.execute(
            "INSERT INTO factors VALUES (?, ?, 'totp', 'My phone', NULL, 'sealed', '{}', 7, 1000.0, NULL)",
            (factor_id, person),
        )


def events(folder: Folder, action: str) -> list[dict[str, object]]:
    tail = folder.run("audit", "tail", "-n", "50", "--json").json["events"]
    return [event for event in tail if event["action"] == action]


def test_F6_a_code_is_issued_with_its_reason_and_who_did_it(people: Folder) -> None:
    issued = people.run("user", "code", "ann", *REASON, "--json").json
    assert len(issued["code"].replace("-", "")) == 10
    assert (issued["reason"], issued["needs_approval"], issued["approved_by"]) == ("lost her phone", False, None)
    (event,) = events(people, "admin_code:issued")
    assert str(event["actor"]).startswith("cli:")
    assert "lost her phone" in json.dumps(event)
    with sqlite3.connect(people.data / "doorward.db") as db:
        assert issued["code"].replace("-", "") not in "".join(db.iterdump())
    said = people.run("user", "code", "ann", *REASON, "--minutes", "10").out
    assert said.startswith("The code of ann: ")
    assert "Make sure that it is really them" in said


def test_F6_a_code_without_a_reason_or_for_nobody_is_refused(people: Folder) -> None:
    assert "--reason" in people.refusal("user", "code", "ann")
    assert "give the reason" in people.refusal("user", "code", "ann", "--reason", " ")
    assert "1 to 1440 minutes" in people.refusal("user", "code", "ann", *REASON, "--minutes", "0")
    assert "nobody has" in people.refusal("user", "code", "zoe", *REASON)
    assert "guest is no owner, admin or help_desk" in people.refusal(
        "user", "code", "ann", *REASON, "--approver", "guest"
    )
    assert "two people" in people.refusal("user", "code", "boss", *REASON, "--approver", "boss")


def test_F6_with_two_pairs_of_eyes_a_code_waits_for_the_second(people: Folder, tmp_path: Path) -> None:
    shutil.copytree(people.path, tmp_path / "strict")
    strict = Folder(tmp_path / "strict", CHEAP + "[admin_codes]\nsecond_approver = true\n")
    issued = strict.run("user", "code", "ann", *REASON, "--json").json
    assert issued["needs_approval"] is True
    boss = strict.run("user", "show", "boss", "--json").json["id"]
    approved = strict.run("user", "code-approve", "ann", "--approver", "boss", "--json").json
    assert (approved["id"], approved["approved_by"]) == (issued["id"], boss)
    assert "approved already" in strict.refusal("user", "code-approve", "ann", "--approver", "desk", code=1)
    assert "no code that waits" in strict.refusal("user", "code-approve", "guest", "--approver", "desk", code=1)
    at_once = strict.run("user", "code", "ann", *REASON, "--approver", "desk", "--json").json
    assert (at_once["needs_approval"], bool(at_once["approved_by"])) == (False, True)
    assert "Somebody else must agree first" in strict.run("user", "code", "ann", *REASON).out


def test_authenticators_are_listed_and_one_is_removed(people: Folder) -> None:
    assert people.run("user", "factors", "ann", "--json").json["factors"] == []
    add_factor(people, "ann", "f1")
    listed = people.run("user", "factors", "ann", "--json").json
    assert listed["factors"] == [
        {"id": "f1", "kind": "totp", "label": "My phone", "created_at": 1000.0, "last_used_at": None}
    ]
    assert listed["backup_codes_left"] == 0
    assert "f1\ttotp\tMy phone" in people.run("user", "factors", "ann").out
    assert "has no authenticator f2" in people.refusal("user", "factors", "ann", "--remove", "f2")
    assert "has no authenticator f1" in people.refusal("user", "factors", "boss", "--remove", "f1")
    left = people.run("user", "factors", "ann", "--remove", "f1", "--json").json
    assert (left["factors"], left["removed"]) == ([], "f1")
    (event,) = events(people, "factor:removed")
    assert str(event["actor"]).startswith("cli:")


def test_F10_what_the_rules_ask_for_is_not_removed_by_an_admin_either(people: Folder, tmp_path: Path) -> None:
    shutil.copytree(people.path, tmp_path / "ruled")
    ruled = Folder(tmp_path / "ruled", CHEAP + '[[factors.rules]]\nneed = "second"\n')
    add_factor(ruled, "guest", "g1")
    said = ruled.refusal("user", "factors", "guest", "--remove", "g1", code=1)
    assert "asks for a second step" in said
    assert "doorward user code guest" in said
    assert [f["id"] for f in ruled.run("user", "factors", "guest", "--json").json["factors"]] == ["g1"]
