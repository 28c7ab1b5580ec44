"""`doorward user break-glass`: an owner for the day when nothing else lets anybody in (U5)."""

from __future__ import annotations

from tests.cli.conftest import Folder


def test_U5_one_is_made_listed_renewed_and_ended(site: Folder) -> None:
    made = site.run("user", "break-glass", "emergency", "--add").out
    assert "Password   " in made
    assert "it is shown once" in made
    secrets = site.run("user", "break-glass", "emergency", "--renew", "--json").json
    assert secrets["password"] not in made
    assert len(secrets["codes"]) == 10
    (one,) = site.run("user", "break-glass", "--json").json["break_glass"]
    assert (one["username"], one["used_at"], one["codes_left"]) == ("emergency", None, 10)
    assert "there is nothing" not in site.run("user", "break-glass", "Emergency").out
    assert "nothing to acknowledge" in site.run("user", "break-glass", "emergency", "--acknowledge", "a drill").out
    for words in (
        ("disable", "emergency"),
        ("role", "emergency", "--remove", "owner"),
        ("remove", "emergency", "--yes"),
    ):
        assert "is a break-glass account" in site.refusal("user", *words)
    assert "last owner" in site.refusal("user", "break-glass", "emergency", "--end")
    site.run("user", "break-glass", "other", "--add")
    assert "is shut out" in site.run("user", "break-glass", "emergency", "--end").out
    assert [one["username"] for one in site.run("user", "break-glass", "--json").json["break_glass"]] == ["other"]


def test_U5_what_is_wrong_is_said_in_a_line(site: Folder) -> None:
    site.run("user", "break-glass", "second", "--add")
    assert "already somebody's username" in site.refusal("user", "break-glass", "second", "--add")
    assert "there are:" in site.refusal("user", "break-glass", "sekond", "--end")
    assert "say which account" in site.refusal("user", "break-glass", "--renew")
