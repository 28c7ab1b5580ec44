"""`doorward demo-data`: a company that was never there, on both databases, in which nobody can sign in. B4, O1."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CHEAP, Folder

SMALL = ("demo-data", "--people", "300", "--apps", "40", "--events", "1500")


def _folder(path: Path, database_url: str) -> Folder:
    made = Folder(
        path, f"{CHEAP}[storage]\ndatabase_url = {json.dumps(database_url)}\n" if "postgres" in database_url else CHEAP
    )
    assert made.run("init").code == 0
    return made


def test_B4_it_fills_either_database_and_the_record_stays_whole(tmp_path: Path, database_url: str) -> None:
    folder = _folder(tmp_path / "filled", database_url)
    made = folder.run(*SMALL, "--json").json
    assert made == {"people": 300, "apps": 40, "events": 1500, "seed": 1, "can_sign_in": False}
    assert len(folder.run("user", "list", "--json").json["users"]) == 301  # the owner of `init` is there still
    verdict = folder.run("audit", "verify", "--json").json
    assert verdict["whole"] is True
    assert verdict["events"] >= 1500
    clients = folder.run("client", "list", "--json").json["clients"]
    assert {client["kind"] for client in clients} == {"oidc", "saml"}
    assert folder.run("client", "show", clients[0]["client_id"], "--json").code == 0


def test_B4_the_same_seed_makes_the_same_company_and_another_one_another(
    tmp_path: Path, prepared: Folder
) -> None:  # fmt: skip
    def company(name: str, seed: str) -> list[tuple[str, ...]]:
        shutil.copytree(prepared.path, tmp_path / name)
        folder = Folder(tmp_path / name)
        assert folder.run("demo-data", "--people", "60", "--apps", "9", "--events", "50", "--seed", seed).code == 0
        users = folder.run("user", "list", "--json").json["users"]
        clients = folder.run("client", "list", "--json").json["clients"]
        return sorted((u["id"], u["username"], u["name"], *u["groups"]) for u in users if u["username"] != "owner") + [
            (c["client_id"], c["name"]) for c in clients
        ]

    one = company("one", "3")
    assert one == company("two", "3")
    assert company("three", "4")[0] != one[0]


@pytest.fixture(scope="module")
def filled(prepared: Folder, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path = tmp_path_factory.mktemp("demo") / "filled"
    shutil.copytree(prepared.path, path)
    folder = Folder(path)
    assert folder.run(*SMALL).code == 0
    return folder


def test_B4_names_come_in_several_scripts_and_people_stand_in_every_way(filled: Folder) -> None:
    users = [user for user in filled.run("user", "list", "--json").json["users"] if user["username"] != "owner"]
    scripts = {sum(character >= start for start in ("\u0370", "\u0400", "\u0590", "\u0900", "\u3040", "\u4e00"))
               for user in users for character in user["name"]}  # fmt: skip
    assert len(scripts) >= 5
    assert all(user["username"].isascii() for user in users)
    assert {user["enabled"] for user in users} == {True, False}
    assert {user["has_password"] for user in users} == {True, False}
    assert any(len(user["groups"]) > 2 for user in users)
    assert all(user["email"].endswith("@demo.example") for user in users)


def test_B4_nobody_of_them_signs_in_by_any_password(filled: Folder) -> None:
    from idp.config import load
    from idp.opening import close, create_services

    services = create_services(load(filled.path / "doorward.toml"), deferred=True)
    try:
        person = next(one for one in services.directory.list(limit=200) if one.has_password and one.username != "owner")
        stored = services.directory.find_credentials(person.id)
        assert stored is not None
        assert stored.password_hash is not None
        for typed in ("demo", person.username, "password", stored.password_hash):
            assert not services.passwords.verify(stored.password_hash, typed).ok
    finally:
        close(services)


def test_B4_it_refuses_where_people_are_and_a_seed_that_is_there(filled: Folder) -> None:
    before = len(filled.run("user", "list", "--json").json["users"])
    assert "there are 300 people in this installation already" in filled.refusal(*SMALL)
    assert "--seed: the company of seed 1 is here already" in filled.refusal(*SMALL, "--beside")
    assert len(filled.run("user", "list", "--json").json["users"]) == before
    assert filled.run(*SMALL, "--beside", "--seed", "2").code == 0
    assert filled.run("audit", "verify", "--json").json["whole"] is True


def test_B4_a_password_is_given_on_standard_input_and_must_be_a_good_one(
    prepared: Folder, tmp_path: Path
) -> None:  # fmt: skip
    shutil.copytree(prepared.path, tmp_path / "open")
    folder = Folder(tmp_path / "open")
    assert "--password-stdin: " in folder.refusal(*SMALL, "--password-stdin", input="demo\n")
    done = folder.run(*SMALL, "--password-stdin", input="larks over the quiet harbour\n")
    assert done.out.endswith("They sign in with that password.\n")


def test_B4_counts_that_make_no_sense_are_named(site: Folder) -> None:
    said = site.refusal("demo-data", "--people", "0", "--apps", "-3")
    assert "--people: 0 is not between 1 and 1,000,000" in said
    assert "--apps: -3 is not between 0 and 50,000" in said
