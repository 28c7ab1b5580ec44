"""N29: a person can be corrected, looked through, and taken away; nothing is taken without a word."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD, Folder


def add(site: Folder, username: str, *words: str) -> dict[str, Any]:
    return site.run(
        "user", "add", "--username", username, *words, "--password-stdin", "--json", input=PASSWORD + "\n"
    ).json  # fmt: skip


def events(site: Folder, *words: str) -> list[dict[str, Any]]:
    return list(site.run("audit", "list", *words, "--json").json["events"])


def test_n29_a_typo_in_a_name_is_corrected_and_the_record_says_who_did_it(site: Folder) -> None:
    added = add(site, "ana", "--name", "Ana Berg", "--email", "ana@example.com")
    said = site.run("user", "set", "ana", "--name", "Anna Berg", "--username", "anna").out
    assert "name: Ana Berg -> Anna Berg" in said
    assert "username: ana -> anna" in said
    shown = site.run("user", "show", "anna", "--json").json
    assert (shown["id"], shown["name"]) == (added["id"], "Anna Berg")
    event = events(site, "--person", "anna", "--action", "person:changed")[-1]
    assert event["actor"].startswith("cli:")
    assert event["detail"]["fields"] == ["username", "name", "given_name"]  # which was taken from the name


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["--given-name", "Bea"], ("claims", "given_name"), "Bea"),
        (["--family-name", "O’Hara"], ("claims", "family_name"), "O’Hara"),
        (["--phone", "+491701234567"], ("claims", "phone_number"), "+491701234567"),
        (["--locale", "de"], ("claims", "locale"), "de"),
        (["--zone", "Europe/Berlin"], ("claims", "zoneinfo"), "Europe/Berlin"),
        (["--claim", "floor=3"], ("claims", "floor"), 3),
        (["--employee-number", "0815"], ("employee_number",), "0815"),
        (["--email-verified"], ("email_verified",), True),
        (["--no-email-verified"], ("email_verified",), False),
        (["--email", "bea@new.example"], ("email",), "bea@new.example"),
        (["--employee-number", ""], ("employee_number",), None),
        (["--claim", "floor="], ("claims", "floor"), None),
        (["--add-group", "north"], ("groups",), ["north"]),
        (["--remove-group", "North"], ("groups",), []),
    ],
)
def test_n29_each_fact_of_a_person_is_set_and_taken_back(
    site: Folder, words: list[str], field: tuple[str, ...], value: Any
) -> None:
    if site.run("user", "show", "bea").code:
        add(site, "bea", "--email", "bea@example.com")
    changed: Any = site.run("user", "set", "bea", *words, "--json").json
    for key in field:
        changed = changed.get(key)
    assert changed == value


def test_n29_what_no_application_could_use_is_refused_as_it_is_typed(site: Folder) -> None:
    add(site, "uma", "--email", "uma@example.com")
    said = site.refusal("user", "set", "uma", "--zone", "Mars", "--locale", "klingon", "--phone", "12")
    assert "--zone: “Mars” is no time zone; expected one such as Europe/Berlin" in said
    assert "--locale: “klingon” is no language; expected one such as de or pt-BR" in said
    assert "--phone: “12” is no number; expected one such as +491701234567" in said
    assert site.run("user", "show", "uma", "--json").json["claims"] == {}
    said = site.refusal("user", "add", "--username", "vic", "--claim", "zoneinfo=Berlin", "--claim", "locale=german")
    assert "“Berlin” is no time zone" in said
    assert "“german” is no language" in said
    for words in (
        ["--zone", "UTC"],
        ["--locale", "zh-Hans"],
        ["--locale", "en_GB"],
        ["--phone", "(030) 123-45 ext. 6"],
    ):
        assert site.run("user", "set", "uma", *words).code == 0, words


def test_n29_another_address_is_not_confirmed_and_another_number_not_verified(site: Folder) -> None:
    add(site, "cay", "--email", "cay@example.com", "--email-verified", "--claim", "phone_number=+4930111111",
        "--claim", "phone_number_verified=true")  # fmt: skip
    changed = site.run("user", "set", "cay", "--email", "cay@other.example", "--phone", "+4930222222", "--json").json
    assert changed["email_verified"] is False
    assert changed["claims"] == {"phone_number": "+4930222222"}


def test_n29_n36_whatever_is_wrong_is_told_at_once_and_nothing_is_changed(site: Folder) -> None:
    add(site, "dan", "--email", "dan@example.com")
    add(site, "eva", "--email", "eva@example.com", "--employee-number", "77")
    said = site.refusal(
        "user", "set", "dan", "--username", "a b", "--email", "nobody", "--claim", "sub=x", "--claim", "email=y",
        "--name", "Daniel",
    )  # fmt: skip
    assert [line.partition(": ")[2].partition(":")[0] for line in said.splitlines()] == [
        "--username", "--email", "--claim", "--claim",
    ]  # fmt: skip
    taken = site.refusal("user", "set", "dan", "--username", "eva", "--employee-number", "77", "--name", "Daniel")
    assert taken.count("is already somebody's") == 2
    assert site.run("user", "show", "dan", "--json").json["name"] == "dan"


def test_n36_what_is_wrong_is_told_together_by_the_options_that_were_typed(site: Folder) -> None:
    add(site, "jon", "--email", "jon@example.com")
    add(site, "ivy", "--email", "ivy@example.com", "--group", "engineering")
    said = site.refusal(
        "user", "set", "jon", "--email", "bad@@x", "--phone", "017", "--zone", "Europ/Berlin", "--locale", "xx-yy",
        "--username", "ivy", "--claim", "nothing", "--claim", "sub=1", "--add-group", "enginering",
        "--add-group", "new",
    )  # fmt: skip
    assert sorted(line.split(": ")[1] for line in said.splitlines()) == sorted((
        "--email", "--username", "--phone", "--zone", "--locale", "--claim", "--claim", "--add-group",
    )), said  # fmt: skip
    assert "there was no group" not in said  # nothing was done
    assert "--claim: zoneinfo: " in site.refusal("user", "set", "jon", "--claim", "zoneinfo=Mars")
    assert site.run("user", "show", "jon", "--json").json["groups"] == []
    assert "there was no group “painters” yet" in site.run("user", "set", "jon", "--add-group", "painters").err


def test_n36_adding_somebody_tells_all_that_is_wrong_too(site: Folder) -> None:
    said = site.refusal(
        "user", "add", "--username", "a b", "--email", "nobody", "--claim", "x", "--role", "king", "--group", " ",
        "--password-stdin", input="short\n",
    )  # fmt: skip
    for option in ("--claim: “x”", "--username", "--email", "--role", "--group", "--password-stdin: Use at least"):
        assert f"doorward: {option}" in said


def test_n29_nothing_to_change_is_said(site: Folder) -> None:
    add(site, "fay")
    assert "nothing to change" in site.refusal("user", "set", "fay")
    assert site.run("user", "set", "fay", "--name", "fay").out == "fay is as it was.\n"


def test_n29_a_person_is_removed_for_good_only_when_that_is_said(site: Folder) -> None:
    gus = add(site, "gus", "--email", "gus@example.com", "--group", "board")
    said = site.refusal("user", "remove", "gus")
    assert "--yes: is missing" in said
    assert "doorward user disable gus" in said
    assert site.run("user", "remove", "gus", "--yes", "--json").json == {
        "id": gus["id"], "username": "gus", "removed": True,
    }  # fmt: skip
    assert "nobody has" in site.refusal("user", "show", "gus")
    with sqlite3.connect(site.data / "doorward.db") as db:
        for table, column in (("people", "id"), ("identifiers", "person_id"), ("memberships", "person_id")):
            assert db.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", (gus["id"],)).fetchone() == (0,)
    kept = events(site, "--person", gus["id"])
    assert [event["action"] for event in kept] == ["person:added", "person:removed"]
    assert "person gus (removed)" in site.run("audit", "tail", "-n", "1").out
    again = add(site, "gus", "--email", "gus@example.com")  # the names are free
    assert again["id"] != gus["id"]  # and the `sub` that applications know is somebody else's


def test_n29_the_last_owner_is_not_removed(site: Folder) -> None:
    site.run("user", "password", "owner", "--password-stdin", input=PASSWORD)
    assert "is the last owner who can sign in" in site.refusal("user", "remove", "owner", "--yes", code=1)
    assert site.run("user", "show", "owner").code == 0


def test_n29_a_name_that_nobody_has_brings_those_that_look_like_it(site: Folder) -> None:
    add(site, "johanna.fischer")
    for typed in ("johana.fischer", "johanna.fisher", "fischer"):
        assert "did you mean johanna.fischer?" in site.refusal("user", "show", typed)
    assert "did you mean" not in site.refusal("user", "show", "zzzz")


def test_n29_a_group_that_there_is_not_is_taken_with_a_word_and_a_slip_not_at_all(site: Folder) -> None:
    site.run("group", "add", "engineering")
    said = site.refusal("user", "add", "--username", "hal", "--group", "enginering")
    assert "there is no group “enginering”; did you mean “engineering”?" in said
    assert "nobody has" in site.refusal("user", "show", "hal")
    made = site.run("user", "add", "--username", "hal", "--group", "design")
    assert "note: there was no group “design” yet" in made.err
    assert site.run("user", "set", "hal", "--add-group", "enginering", "--new-group").code == 0
    assert "did you mean “design”?" in site.refusal("user", "group", "hal", "--add", "desgin")
    assert site.run("user", "group", "hal", "--add", "Design").err == ""


@pytest.mark.parametrize(
    ("name", "other", "slip"),
    [
        ("sales", "slaes", True), ("sales", "sale", True), ("sales", "salles", True), ("sales", "sakes", True),
        ("Sales", "sales", False), ("team-1", "team-2", False), ("north", "south", False), ("hr", "it", False),
        ("abc", "abd", False), ("team1", "team12", False),
    ],
)  # fmt: skip
def test_n29_what_counts_as_a_slip(name: str, other: str, slip: bool) -> None:
    from idp.accounts.groups import is_slip

    assert is_slip(name, other) is is_slip(other, name) is slip
