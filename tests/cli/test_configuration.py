"""C5: `doorward export`, `plan` and `apply`, as a person and a pipeline use them."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.admin.configuration.kinds import KINDS
from idp.cli.configuration_files import KINDS as WORDS
from tests.cli.conftest import COMMAND, Folder

WIKI = '[[application]]\nname = "Wiki"\naccess = "everyone"\nredirect_uris = ["https://wiki.example/cb"]\n'


@pytest.fixture
def fresh(prepared: Folder, tmp_path: Path) -> Callable[[], Folder]:
    """Installations of the test's own."""
    made: list[Folder] = []

    def one() -> Folder:
        path = tmp_path / f"site{len(made)}"
        shutil.copytree(prepared.path, path)
        made.append(Folder(path))
        return made[-1]

    return one


@pytest.fixture
def here(fresh: Callable[[], Folder]) -> Folder:
    return fresh()


def write(folder: Folder, name: str, text: str) -> str:
    (folder.path / name).write_text(text, "utf-8")
    return name


def test_C5_the_words_of_the_help_are_the_kinds_that_there_are() -> None:
    assert tuple(KINDS) == WORDS


def test_C5_export_and_apply_on_an_empty_installation_and_export_gives_the_same_bytes(
    fresh: Callable[[], Folder],
) -> None:
    old, new = fresh(), fresh()
    old.run("group", "add", "sales")
    old.run("client", "add", "oidc", "--name", "Wiki “W”", "--redirect-uri", "https://w.example/cb", "--group", "sales")
    old.run("client", "add", "oidc", "--name", "App", "--profile", "spa", "--redirect-uri", "https://a.example/cb")
    old.run(
        "client", "add", "saml", "--name", "SP", "--entity-id", "https://sp.example", "--acs", "https://sp.example/"
    )
    old.run("notice", "add", "--text", "Down on Sunday", "--to", "2099-12-01T08:00", "--where", "login")
    text = old.run("export").out
    assert old.run("plan", write(old, "all.toml", text), "--exit-code").code == 0
    assert new.run("plan", write(new, "all.toml", text), "--exit-code").code == 2
    done = new.run("apply", "all.toml", "--yes")
    assert done.code == 0, done
    assert new.run("export").out == text
    assert new.run("plan", "all.toml", "--exit-code").out == "Nothing to do: everything is as declared.\n"
    ids = {one["client_id"] for one in old.run("client", "list", "--json").json["clients"]}
    assert ids == {one["client_id"] for one in new.run("client", "list", "--json").json["clients"]}
    assert tomllib.loads(old.run("export", "--only", "group", "notice").out).keys() == {"group", "notice"}
    assert "choose from" in old.refusal("export", "--only", "groups")


def test_C5_a_plan_reads_like_a_patch_and_says_what_it_breaks(here: Folder) -> None:
    here.run("user", "add", "--username", "ann")
    here.run("client", "add", "oidc", "--name", "Wiki", "--redirect-uri", "https://wiki.example/old")
    file = write(
        here, "apps.toml", WIKI.replace('"everyone"', '{ groups = ["sales"] }') + '\n[[group]]\nname = "sales"\n'
    )
    said = here.run("plan", file).out.splitlines()
    assert said[:2] == ["+ group “sales”    apps.toml:6", '    + name = "sales"']
    assert said[3].startswith("~ application “Wiki” (c")
    assert said[4:8] == [
        '    ~ access: "everyone" → {"groups": ["sales"]}',
        "    ~ redirect_uris",
        '        - "https://wiki.example/old"',
        '        + "https://wiki.example/cb"',
    ]
    assert said[8] == "    ! 2 people lose this application"
    assert said[-1] == "Plan: 1 to add, 1 to change, 0 to remove."
    plan = here.run("plan", file, "--json").json
    assert plan["summary"] == {"add": 1, "change": 1, "remove": 0}
    assert plan["changes"][1]["fields"][0] == {
        "field": "access", "before": "everyone", "after": {"groups": ["sales"]},
    }  # fmt: skip
    assert plan["changes"][1]["effects"] == ["2 people lose this application"]
    assert plan["changes"][1]["place"] == "apps.toml:1"


def test_C5_exit_codes_tell_nothing_to_do_from_changes_and_from_errors(here: Folder) -> None:
    file = write(here, "apps.toml", WIKI)
    assert here.run("plan", file).code == 0
    assert here.run("plan", file, "--exit-code").code == 2
    assert here.run("plan", file, "--detailed-exitcode", "--json").code == 2
    assert here.run("apply", file, "--yes").code == 0
    assert here.run("plan", file, "--exit-code").code == 0
    wrong = write(here, "wrong.toml", WIKI + "require_pcke = true\n")
    for words in (("plan", wrong), ("plan", wrong, "--exit-code"), ("apply", wrong, "--yes"), ("plan", "no.toml")):
        result = here.run(*words)
        assert (result.code, result.out) == (1, ""), result
    assert here.run("plan", wrong).err.startswith(
        "doorward: wrong.toml:5: application “Wiki”: require_pcke: unknown key (did you mean require_pkce?)"
    )
    assert here.run("plan", "no.toml").err == "doorward: no.toml: cannot be read: No such file or directory\n"
    (here.path / "odd.toml").write_bytes(b"\xff")
    assert here.run("plan", "odd.toml").err == "doorward: odd.toml: is not UTF-8 (byte 0)\n"


def test_C5_apply_does_nothing_where_nobody_says_yes(here: Folder) -> None:
    file = write(here, "apps.toml", WIKI)
    said = here.run("apply", file)
    assert said.code == 1
    assert "--yes: is needed where nobody can be asked. Nothing is done" in said.err
    assert "Plan: 1 to add" in said.out
    assert here.run("apply", "-", input=WIKI).code == 1
    assert here.run("client", "list", "--json").json["clients"] == []
    assert here.run("apply", file, "--yes", "--prune", "--keep").err == (
        "doorward: --keep: not together with --prune, which removes what it would keep\n"
    )


def on_a_terminal(folder: Folder, answer: str, *words: str) -> tuple[int, str]:
    """Run the command on a terminal, and type the answer where it asks."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *words], cwd=folder.path, stdin=side, stdout=side, stderr=side, env=folder.environment()
    )
    os.close(side)
    said = b""
    with contextlib.suppress(OSError):  # the terminal is gone with the process
        while chunk := os.read(main, 4096):
            said += chunk
            if said.endswith(b"[y/N] "):
                os.write(main, f"{answer}\n".encode())
    os.close(main)
    return process.wait(60), said.decode()


def test_C5_apply_shows_the_plan_and_asks_on_a_terminal(here: Folder) -> None:
    file = write(here, "apps.toml", WIKI)
    code, said = on_a_terminal(here, "n", "apply", file)
    assert (code, "nothing is done" in said, "Plan: 1 to add" in said) == (1, True, True), said
    assert here.run("client", "list", "--json").json["clients"] == []
    code, said = on_a_terminal(here, "y", "apply", file)
    assert (code, "Client secret: " in said, "Done: 1 change." in said) == (0, True, True), said
    code, said = on_a_terminal(here, "", "apply", file)  # nothing to do: nothing is asked
    assert (code, "Nothing to do" in said) == (0, True)


def test_C5_new_secrets_go_to_a_file_that_is_new_and_nobody_elses(here: Folder) -> None:
    file = write(here, "apps.toml", WIKI)
    write(here, "there.toml", "")
    said = here.run("apply", file, "--yes", "--secrets-file", "there.toml")
    assert (said.code, "--secrets-file: there.toml cannot be made: File exists. Nothing is done" in said.err) == (
        1,
        True,
    )
    assert here.run("client", "list", "--json").json["clients"] == []
    done = here.run("apply", file, "--yes", "--secrets-file", "secrets.toml", "--json").json
    kept = here.path / "secrets.toml"
    (secret,) = tomllib.loads(kept.read_text())["secret"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert done["secrets"] == [{"client_id": secret["client_id"], "name": "Wiki"}]
    assert len(secret["client_secret"]) >= 43
    assert here.run("apply", file, "--yes", "--secrets-file", "none.toml").code == 0
    assert not (here.path / "none.toml").exists()  # no secret was made
    other = write(here, "other.toml", WIKI.replace("Wiki", "Other"))
    shown = here.run("apply", other, "--yes").out
    assert "The secret is shown this once" in shown


def test_C5_several_files_are_one_and_duplicates_name_both(here: Folder) -> None:
    one, two = write(here, "one.toml", '[[group]]\nname = "a"\n'), write(here, "two.toml", '\n[[group]]\nname = "A"\n')
    assert here.run("plan", one, two).err == (
        "doorward: two.toml:2: group “A”: stands at one.toml:1 already; take one of them out\n"
    )
    write(here, "two.toml", WIKI)
    assert here.run("plan", one, two, one).out.endswith("Plan: 2 to add, 0 to change, 0 to remove.\n")
    assert here.run("apply", one, "./two.toml", "--yes").code == 0
    left = here.run("plan", write(here, "one.toml", ""), two)
    assert "note: one.toml managed the group " in left.err
    assert left.out == "Nothing to do: everything is as declared.\n"
    assert here.run("plan", one, two, "--json").json["no_longer_named"][0]["managed_by"] == "one.toml"
    assert "- group “a”" in here.run("plan", one, two, "--prune").out
    assert here.run("apply", one, two, "--prune", "--yes").code == 0
    assert here.run("group", "list", "--json").json["groups"] == []


def test_C5_a_file_comes_by_standard_input(here: Folder) -> None:
    assert here.run("plan", "-", "--exit-code", input=WIKI).code == 2
    assert here.run("plan", "-", input="x = 1").err.startswith("doorward: stdin:1: x: unknown")
    assert here.run("apply", "-", "--yes", input=WIKI).code == 0
    assert here.run("plan", "-", "--exit-code", input=here.run("export").out).code == 0


def test_C5_what_a_file_says_cannot_steer_the_terminal(here: Folder) -> None:
    file = write(here, "apps.toml", '[[group]]\nname = "a\\u001b[31m"\n')
    said = here.run("plan", file)
    assert "\x1b" not in said.out + said.err


@pytest.mark.slow
def test_C5_of_two_commands_at_once_one_wins_and_the_other_exits_with_3_or_finds_nothing_to_do(here: Folder) -> None:
    for number in range(3):
        file = write(here, "apps.toml", WIKI + f'description = "{number}"\n')
        both = [
            subprocess.Popen(
                [COMMAND, "apply", file, "--yes"], cwd=here.path, env=here.environment(), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for _ in range(2)
        ]  # fmt: skip
        said = [(*process.communicate(timeout=120), process.returncode) for process in both]
        winners = [out for out, _, code in said if code == 0 and "Done: 1 change." in out]
        assert len(winners) == 1, said
        for out, err, code in said:
            assert code in (0, 3), said
            assert code == 0 or "changed meanwhile, plan again" in err, said
            assert code == 3 or "Done: 1 change." in out or "Nothing to do" in out, said
        assert len(here.run("client", "list", "--json").json["clients"]) == 1


def test_C5_a_change_by_hand_of_what_a_file_manages_says_so(here: Folder) -> None:
    text = WIKI + "\n[[group]]\nname = 'sales'\n\n[[notice]]\ntext = 'Hello'\n"
    here.run("apply", write(here, "apps.toml", text), "--yes")
    assert here.run("client", "show", "Wiki", "--json").json["managed_by"] == "apps.toml"
    assert "apps.toml" in here.run("client", "show", "Wiki").out
    notice = here.run("notice", "list", "--json").json["notices"][0]["id"]
    note = "is managed by apps.toml: the next apply takes this back"
    commands = (
        ("client", "set", "Wiki", "description=x"),
        ("client", "access", "Wiki", "--nobody"),
        ("client", "disable", "Wiki"),
        ("client", "enable", "Wiki"),
        ("group", "remove", "sales"),
        ("notice", "remove", notice),
        ("client", "remove", "Wiki"),
    )
    (here.path / "doorward.toml").write_text(
        (here.path / "doorward.toml").read_text() + '\n[admin]\nmanaged = "refuse"\n'
    )
    for words in commands:
        said = here.refusal(*words)
        assert "is managed by apps.toml: change it there, and run `doorward apply`" in said, words
    assert here.run("plan", "apps.toml", "--exit-code").code == 0
    assert here.run("client", "secret", "Wiki", "--json").code == 0  # no file has one
    said = (here.path / "doorward.toml").read_text()
    (here.path / "doorward.toml").write_text(said.replace('"refuse"', '"note"'))
    for words in commands:
        done = here.run(*words)
        assert done.code == 0, done
        assert note in done.err, done
    assert here.run("plan", "apps.toml", "--json").json["summary"] == {"add": 3, "change": 0, "remove": 0}
