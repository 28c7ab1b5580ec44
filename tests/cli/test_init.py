"""`doorward init`: everything that is missing is made, nothing that is there is touched."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import urllib.request
from pathlib import Path

import pytest

from idp import migrations
from tests.backends import find_free_port
from tests.cli.conftest import COMMAND, PASSWORD, Folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_a_folder_that_nobody_else_can_read_and_a_link_for_the_owner(folder: Folder) -> None:
    said = folder.spawn("init", "--json").json
    assert said == {
        "issuer": "http://127.0.0.1:8000",
        "data_dir": str(folder.data),
        "created": True,
        "owner_link": said["owner_link"],
    }
    assert said["owner_link"].startswith("http://127.0.0.1:8000/setup/")
    assert (mode(folder.data), mode(folder.data / "master.key"), mode(folder.data / "doorward.db")) == (
        0o700,
        0o600,
        0o600,
    )


def test_a_second_init_loses_nothing_and_links_only_while_no_owner_has_a_password(site: Folder) -> None:
    key = (site.data / "master.key").read_bytes()
    kids = [k["kid"] for k in site.run("key", "list", "--json").json["keys"]]
    again = site.spawn("init", "--json").json
    assert again["created"] is False
    assert again["owner_link"]
    assert site.run("user", "password", "owner", "--password-stdin", input=PASSWORD + "\n").code == 0
    third = site.spawn("init")
    assert "initialised already" in third.out
    assert "/setup/" not in third.out
    assert site.run("init", "--json").json["owner_link"] is None
    assert (site.data / "master.key").read_bytes() == key
    assert [k["kid"] for k in site.run("key", "list", "--json").json["keys"]] == kids


def test_the_owner_may_be_given_a_name_and_an_address(folder: Folder) -> None:
    assert "/setup/" in folder.run("init", "--owner", "grace", "--owner-email", "grace@example.com").out
    grace = folder.run("user", "show", "grace@example.com", "--json").json
    assert (grace["username"], grace["roles"]) == ("grace", ["owner"])


def test_a_bad_address_for_the_owner_is_refused(folder: Folder) -> None:
    assert "--owner-email: “nobody” is not an e-mail address" in folder.refusal("init", "--owner-email", "nobody")


def test_a_lost_master_key_is_not_replaced_by_one_that_opens_nothing(site: Folder) -> None:
    key = site.data / "master.key"
    kept = key.read_bytes()
    key.unlink()
    try:
        assert "restore the key from your backup" in site.refusal("init", code=1)
        assert not key.exists()
        assert "run `doorward init` first" in site.refusal("user", "list", code=1)
    finally:
        key.write_bytes(kept)
        key.chmod(0o600)


def test_a_master_key_of_another_installation_is_told_apart(site: Folder) -> None:
    other = "A" * 43
    said = site.refusal("user", "list", code=1, env={"DOORWARD_MASTER_KEY": other})
    assert "the master key is not the one this database was set up with" in said
    assert other not in said


def test_a_master_key_that_others_can_read_is_refused(site: Folder) -> None:
    key = site.data / "master.key"
    key.chmod(0o644)
    try:
        assert f"chmod 600 {key}" in site.refusal("key", "list", code=1)
    finally:
        key.chmod(0o600)


def test_with_a_master_key_from_the_environment_no_file_is_made(folder: Folder) -> None:
    env = {"DOORWARD_MASTER_KEY": "B" * 42 + "A"}
    assert folder.run("init", "--json", env=env).json["created"] is True
    assert not (folder.data / "master.key").exists()
    assert folder.run("key", "list", env=env).code == 0


@pytest.mark.slow
def test_init_and_every_command_work_on_postgresql(folder: Folder, postgresql_url: str) -> None:
    env = {"DOORWARD_DATABASE_URL": postgresql_url}
    assert "run `doorward init` first" in folder.refusal("migrate", "--config", "doorward.toml", code=1, env=env)
    assert folder.run("init", "--json", env=env).json["created"] is True
    assert folder.run("init", "--json", env=env).json["created"] is False
    assert folder.run("migrate", "--json", env=env).json["after"] == migrations.heads()
    assert [u["username"] for u in folder.run("user", "list", "--json", env=env).json["users"]] == ["owner"]
    found = json.loads(folder.run("doctor", "--json", env=env).out)["findings"]
    database = next(one for one in found if one["check"] == "database")
    assert (database["status"], database["fix"]) == ("ok", "")
    assert database["text"] == f"PostgreSQL, schema {migrations.heads()}"
    # The server of the tests waits for no disk, and doctor says so.
    wrong = {one["text"].partition(" is off")[0] for one in found if one["status"] == "error"}
    assert wrong == {"fsync", "full_page_writes"}


def test_a_database_that_cannot_be_reached_is_named_without_its_password(folder: Folder) -> None:
    env = {"DOORWARD_DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/none", "DOORWARD_MASTER_KEY": "A" * 43}
    said = folder.refusal("user", "list", code=1, env=env)
    assert "the database cannot be reached" in said
    assert "hunter2" not in said


def test_no_link_is_handed_out_that_leads_to_another_program(folder: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = folder.refusal("init", "--serve", "--port", str(port), code=1)
    assert f"port {port}: another program has it" in said
    assert not folder.data.exists()


@pytest.mark.slow
def test_started_in_one_go_it_sets_up_says_where_the_owner_begins_and_serves_there(folder: Folder) -> None:
    port = find_free_port()
    words = [COMMAND, "init", "--serve", "--port", str(port)]
    with subprocess.Popen(
        words, cwd=folder.path, env=folder.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            while not lines or "listens on" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1], "".join(lines)
            link = next(line.strip() for line in lines if "/setup/" in line)
            assert link.startswith(f"http://127.0.0.1:{port}/setup/")
            assert not [line for line in lines if "doorward serve" in line], "it is about to"
            with urllib.request.urlopen(link, timeout=20) as page:
                assert page.status == 200
        finally:
            process.terminate()
        assert process.wait(30) == 0
