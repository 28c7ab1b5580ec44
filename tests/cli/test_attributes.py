"""`doorward attribute`, and what it says of people's claims. U1."""

from __future__ import annotations

import json

from tests.cli.conftest import Folder


def test_U1_an_attribute_is_defined_shown_changed_undone_and_removed(site: Folder) -> None:
    told = site.run(
        "attribute", "add", "cost_centre", "--label", "Cost centre", "--label-in", "de=Kostenstelle",
        "--pattern", "[0-9]{4}", "--required", "--for-group", "staff", "--sees", "person", "--edits", "person,admin",
    ).out  # fmt: skip
    assert "claims_map" in told
    shown = site.run("attribute", "show", "cost_centre", "--json").json
    assert (shown["labels"], shown["pattern"], shown["required"]) == ({"de": "Kostenstelle"}, "[0-9]{4}", True)
    assert (shown["sees"], shown["edits"], shown["groups"]) == (["person"], ["person", "admin"], ["staff"])
    assert "Kostenstelle" in site.run("attribute", "show", "cost_centre").out
    site.run("attribute", "set", "cost_centre", "--release", "scope", "--scope", "hr", "--no-required")
    assert site.run("attribute", "list", "--json").json["attributes"][0]["scope"] == "hr"
    assert "scope hr" in site.run("attribute", "list").out
    assert "nothing to change" in site.refusal("attribute", "set", "cost_centre", "--scope", "hr")
    changes = site.run("attribute", "history", "cost_centre", "--json").json["changes"]
    assert [one["action"] for one in changes] == ["attribute:change", "attribute:add"]
    assert changes[0]["differences"] == {
        "required": [True, None], "release": [None, "scope"], "scope": [None, "hr"]
    }  # fmt: skip
    site.run("attribute", "undo", changes[0]["id"])
    assert site.run("attribute", "show", "cost_centre", "--json").json["release"] == "tables"
    assert "free claim" in site.run("attribute", "remove", "cost_centre").out
    gone = site.run("attribute", "history", "--json").json["changes"][0]
    site.run("attribute", "undo", gone["id"])
    assert site.run("attribute", "show", "cost_centre", "--json").json["pattern"] == "[0-9]{4}"
    site.run("attribute", "remove", "cost_centre")
    assert "attribute list" in site.refusal("attribute", "remove", "cost_centre")


def test_U1_what_is_wrong_is_said_by_its_option(site: Folder) -> None:
    told = site.refusal("attribute", "add", "x", "--type", "choice", "--sees", "all", "--app", "c1")
    for option in ("--option: ", "--sees: ", "--app: "):
        assert option in told
    assert "meaning of its own" in site.refusal("attribute", "add", "email")
    assert "meaning of its own" in site.refusal("attribute", "add", "phone")  # a column of import files means it
    assert "no application" in site.refusal("attribute", "add", "x", "--release", "apps", "--app", "c1")
    assert "--label-in" in site.refusal("attribute", "add", "x", "--label-in", "de")


def test_U1_claims_of_people_are_held_to_what_is_defined_and_others_stay_free(site: Folder) -> None:
    site.run("attribute", "add", "room", "--pattern", "[0-9.]+", "--required")
    site.run("attribute", "add", "skills", "--type", "choices", "--option", "Python", "--option", "SQL")
    site.run("attribute", "add", "payroll", "--edits", "")
    add = ("user", "add", "--username", "ann", "--link", "--claim")
    assert "--claim: room: is missing" in site.refusal(*add, "hobby=chess")  # required, and missing
    assert "form [0-9.]+" in site.refusal(*add, "room=attic")
    site.run(*add, "room=1.10", "--claim", "hobby=chess", "--claim", "skills=sql|python")
    claims = site.run("user", "show", "ann", "--json").json["claims"]
    assert claims == {"room": "1.10", "hobby": "chess", "skills": ["Python", "SQL"]}
    assert "cannot be empty" in site.refusal("user", "set", "ann", "--claim", "room=")
    assert "directories" in site.refusal("user", "set", "ann", "--claim", "payroll=7")
    assert "Python, SQL" in site.refusal("user", "set", "ann", "--claim", "skills=Cobol")
    site.run("user", "set", "ann", "--claim", "skills=", "--claim", "hobby=go")
    assert site.run("attribute", "list", "--json").json["attributes"][1]["people"] == 1
    people = site.path / "people.csv"
    people.write_text("username,room,skills\nben,12,Python|SQL\ncy,cellar,\ndee,,\n")
    told = site.refusal("user", "import", str(people))
    assert "line 3: claims.room" in told
    assert "line 4: claims.room" in told
    people.write_text("username,room,skills\nben,12,Python|SQL\n")
    site.run("user", "import", str(people))
    assert site.run("user", "show", "ben", "--json").json["claims"] == {"room": "12", "skills": ["Python", "SQL"]}
    rows = site.path / "rows.csv"
    rows.write_text("username,room,skills\neve,14,SQL\nfay,loft,SQL\nben,15,SQL|SQL\n")
    told = site.run("user", "import", str(rows), "--rows", "--correct")
    assert told.code == 1, told
    assert "form [0-9.]+" in told.out + told.err
    assert site.run("user", "show", "ben", "--json").json["claims"] == {"room": "15", "skills": ["SQL"]}
    assert "fay" not in json.dumps(site.run("user", "list", "--json").json)
    for name in ("room", "skills", "payroll"):
        site.run("attribute", "remove", name, "--yes")


def test_U1_values_that_are_sensitive_are_never_in_the_record(site: Folder) -> None:
    site.run("attribute", "add", "grade", "--sensitive")
    site.run("user", "add", "--username", "gil", "--link")
    site.run("user", "set", "gil", "--claim", "grade=E14")
    site.run("user", "set", "gil", "--claim", "grade=E15")
    changes = site.run("user", "history", "gil", "--json").json["changes"]
    change = next(one for one in changes if one["action"] == "person:changed")
    assert change["differences"] == {"grade": ["•••", "•••"]}
    assert change["can_undo"] is False
    assert "E14" not in site.run("audit", "list", "--json").out
    site.run("attribute", "remove", "grade", "--yes")


def test_U1_a_removal_says_how_many_have_a_value_and_asks(site: Folder) -> None:
    site.run("attribute", "add", "attic", "--release", "nobody")
    site.run("user", "add", "--username", "zoe", "--link", "--claim", "attic=1.10")
    told = site.refusal("attribute", "remove", "attic")
    assert "1 person" in told
    assert "--yes" in told
    assert site.run("attribute", "show", "attic", "--json").json["people"] == 1
    assert site.run("attribute", "remove", "attic", "--yes", "--json").json["people"] == 1
    assert site.run("attribute", "list", "--json").json["exact"] is True
