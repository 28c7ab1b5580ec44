"""`doorward user contacts`: N6, P6."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Folder


@pytest.fixture
def contacted(prepared: Folder, tmp_path: Path) -> Folder:
    """Somebody with a recovery address and number, confirmed long ago."""
    shutil.copytree(prepared.path, tmp_path / "site")
    made = Folder(tmp_path / "site")
    person = made.run("user", "add", "--username", "anna", "--email", "anna@example.com", "--json").json["id"]
    with sqlite3.connect(made.data / "doorward.db") as db:
        for kind, value in (("email", "anna@home.example"), ("phone", "+491701234567")):
            db.execute(
                "INSERT INTO recovery_contacts (person_id, kind, value, key, confirmed_at, reviewed_at) "
                "VALUES (?, ?, ?, ?, 1e9, 1e9)", (person, kind, value, value),
            )  # fmt: skip
    return made


def test_n6_contacts_are_listed_and_removed(contacted: Folder) -> None:
    listed = contacted.run("user", "contacts", "anna").out
    for part in ("anna@example.com", "not confirmed", "anna@home.example", "+491701234567"):
        assert part in listed
    done = contacted.run("user", "contacts", "anna", "--remove", "email").out
    assert "Removed the recovery address of anna" in done
    assert "anna@home.example" not in done
    shown = contacted.run("user", "contacts", "anna", "--json").json
    assert [one["kind"] for one in shown["contacts"]] == ["phone"]
    assert "anna has no recovery address" in contacted.refusal("user", "contacts", "anna", "--remove", "email")


def test_n6_a_reset_by_an_admin_and_a_disable_let_every_contact_wait(contacted: Folder) -> None:
    def states() -> set[bool]:
        shown = contacted.run("user", "contacts", "anna", "--json").json
        return {one["suspended_at"] is None for one in shown["contacts"]}

    assert states() == {True}
    contacted.run("user", "password", "anna")
    assert states() == {False}
    assert "suspended" in contacted.run("user", "contacts", "anna").out


@pytest.mark.parametrize(
    "words", [("disable", "anna"), ("contacts", "anna", "--suspend"), ("password", "anna", "--mail")]
)
def test_n6_other_verbs_that_restrict_let_contacts_wait(contacted: Folder, words: tuple[str, ...]) -> None:
    assert contacted.run("user", *words).code == 0
    shown = contacted.run("user", "contacts", "anna", "--json").json
    assert all(one["suspended_at"] for one in shown["contacts"])
