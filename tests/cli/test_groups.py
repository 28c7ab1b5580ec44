"""`doorward group …`."""

from __future__ import annotations

from tests.cli.conftest import Folder


def test_n29_groups_are_listed_made_and_removed(site: Folder) -> None:
    assert site.run("group", "add", "finance", "--json").json == {"name": "finance", "members": 0, "new": True}
    assert "is there already" in site.run("group", "add", "Finance").out
    assert "GROUP: “” cannot be a group's name" in site.refusal("group", "add", " ")
    site.run("user", "add", "--username", "ada", "--group", "finance")
    assert {"name": "finance", "members": 1} in site.run("group", "list", "--json").json["groups"]
    assert "finance\t1" in site.run("group", "list").out
    said = site.refusal("group", "remove", "finance")
    assert "--with-members: 1 person is in finance" in said
    assert site.run("group", "remove", "FINANCE", "--with-members", "--json").json["members"] == 1
    assert site.run("user", "show", "ada", "--json").json["groups"] == []
    event = site.run("audit", "list", "--action", "group:*", "--json").json["events"][-1]
    assert event["action"] == "group:removed"
    assert event["actor"].startswith("cli:")


def test_n29_members_come_and_go(site: Folder) -> None:
    site.run("group", "add", "board")
    for name in ("bo", "cy"):
        site.run("user", "add", "--username", name)
    both = site.run("group", "members", "board", "--add", "bo", "--add", "cy", "--json").json
    assert [one["username"] for one in both["members"]] == ["bo", "cy"]
    left = site.run("group", "members", "board", "--remove", "bo", "--json").json
    assert [one["username"] for one in left["members"]] == ["cy"]
    assert site.run("user", "show", "bo", "--json").json["groups"] == []
    assert "nobody has" in site.refusal("group", "members", "board", "--add", "bo", "--add", "zoe")
    assert site.run("user", "show", "bo", "--json").json["groups"] == []  # nothing half done


def test_n29_a_group_that_there_is_not_brings_those_that_look_like_it(site: Folder) -> None:
    site.run("group", "add", "warehouse")
    assert "did you mean “warehouse”?" in site.refusal("group", "members", "warehose")
    assert "`doorward group list` has all" in site.refusal("group", "remove", "qqq")


def test_n29_a_group_that_applications_are_limited_to_does_not_go_without_a_word(site: Folder) -> None:
    site.run("group", "add", "payroll")
    site.run("client", "add", "oidc", "--name", "Pay", "--redirect-uri", "https://p.example/", "--group", "payroll")
    assert "it is named in the limits of Pay" in site.run("group", "remove", "payroll").err
    assert "there is no group payroll yet" in site.run("client", "access", "Pay").err


def test_U1_a_group_gets_a_description_owners_and_groups_in_it(site: Folder) -> None:
    for name in ("north", "selling"):
        site.run("group", "add", name)
    site.run("user", "add", "--username", "gil", "--group", "north")
    changed = site.run(
        "group", "set", "selling", "--description", "who sells", "--put-in", "north", "--owner", "gil",
        "--name", "Sell", "--json",
    ).json  # fmt: skip
    assert (changed["name"], changed["description"], changed["groups"], changed["owners"]) == (
        "Sell", "who sells", ["north"], ["gil"],
    )  # fmt: skip
    assert site.run("user", "show", "gil", "--json").json["groups"] == ["north", "Sell"]
    assert site.run("group", "show", "north", "--json").json["within"] == ["Sell"]
    assert "who sells" in site.run("group", "show", "sell").out
    assert "cannot be in itself" in site.refusal("group", "set", "north", "--put-in", "sell")
    assert "by another group" in site.refusal("group", "members", "sell", "--remove", "gil")
    site.run("group", "set", "sell", "--take-out", "north", "--no-owner", "gil")
    assert site.run("user", "show", "gil", "--json").json["groups"] == ["north"]
    assert site.run("group", "check", "--mend", "--json").json == {"people": [], "mended": 0}
    assert "Everybody has the groups" in site.run("group", "check").out
