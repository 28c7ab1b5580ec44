"""`doorward user many`: tried out first, then the same for many (U1)."""

from __future__ import annotations

import json

from tests.cli.conftest import Folder


def test_u1_a_command_does_the_same_to_many_after_saying_what_it_would_do(site: Folder) -> None:
    for name in ("mia", "max", "moe"):
        site.run("user", "add", "--username", name, "--group", "Crew", "--new-group", "--link")
    site.run("user", "add", "--username", "ned", "--link")
    # With ned: the first owner, whom nobody has put in a group either.
    words = ("user", "many", "join", "--group", "crew", "--search", "")
    said = site.run(*words)
    assert (said.code, said.out.splitlines()) == (
        0, ["would be done to 2 people", "already so: 3 people", "Nothing is done yet: say it again with --yes."],
    )  # fmt: skip
    assert site.run("user", "show", "ned", "--json").json["groups"] == []
    assert site.run(*words, "--yes", "--json").json["counts"] == {"done": 2, "same": 3, "failed": 0}
    assert site.run("user", "show", "ned", "--json").json["groups"] == ["Crew"]


def test_u1_people_come_from_standard_input_and_mistakes_are_explained(site: Folder) -> None:
    site.run("user", "add", "--username", "zoe", "--link")
    done = site.run("user", "many", "off", "--logins-stdin", "--yes", "--json", input="zoe\n\n")
    assert json.loads(done.out)["counts"]["done"] == 1
    assert not site.run("user", "show", "zoe", "--json").json["enabled"]
    assert "there is no filter “gone”; use" in site.refusal("user", "many", "off", "--show", "gone")
    assert "--group: there is no group of this name" in site.refusal(
        "user", "many", "join", "--group", "Nope", "--login", "zoe"
    )
    assert "nobody was chosen" in site.refusal("user", "many", "off", "--search", "nobody like this")
