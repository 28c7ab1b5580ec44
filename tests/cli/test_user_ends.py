"""`doorward user disable --at`, `user enable --until` (U2)."""

from __future__ import annotations

from tests.cli.conftest import Folder


def test_u2_a_command_says_until_when_somebody_is_on(site: Folder) -> None:
    site.run("user", "add", "--username", "ivy", "--link")
    said = site.run("user", "disable", "ivy", "--at", "2099-12-04T18:00", "--zone", "Europe/Berlin")
    assert said.code == 2  # more than ten years away
    done = site.run("user", "disable", "ivy", "--at", "2030-12-04T18:00", "--zone", "Europe/Berlin")
    assert "ivy is on until 2030-12-04" in done.out
    assert "2030-12-04T18:00 Europe/Berlin" in done.out
    assert "on until" in site.run("user", "show", "ivy").out
    assert "stays on" in site.run("user", "disable", "ivy", "--keep").out
    assert "on until" not in site.run("user", "show", "ivy").out
    site.run("user", "disable", "ivy")
    assert "ivy is on until" in site.run("user", "enable", "ivy", "--until", "2030-12-04T18:00+01:00").out
    assert site.run("user", "show", "ivy", "--json").json["enabled"]


def test_u2_a_moment_without_a_zone_is_asked_for_one(site: Folder) -> None:
    site.run("user", "add", "--username", "jon", "--link")
    assert "--zone: is missing" in site.refusal("user", "disable", "jon", "--at", "2030-12-04T18:00")
    assert "is no moment" in site.refusal("user", "disable", "jon", "--at", "Friday")
    assert "That moment is over" in site.refusal("user", "disable", "jon", "--at", "2020-12-04T18:00Z")
