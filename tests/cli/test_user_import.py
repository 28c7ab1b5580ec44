"""`doorward user import`: all of a file or nothing of it, and each line that is wrong by its number (N29)."""

from __future__ import annotations

import json
import time

import pytest

from tests.cli.conftest import Folder


def run(site: Folder, text: str, *words: str) -> dict[str, object]:
    done = site.run("user", "import", "-", *words, "--json", input=text)
    value = json.loads(done.out)
    assert isinstance(value, dict)
    return {**value, "code": done.code}


def usernames(site: Folder) -> set[str]:
    return {user["username"] for user in site.run("user", "list", "--json").json["users"]}


def test_n29_a_csv_of_a_spreadsheet_is_taken_with_its_own_column_names(site: Folder) -> None:
    text = (
        "\ufeffLogin;First name;Last name;E-Mail;Groups;Department\r\nada;Ada;Berg;ada@example.com;sales|board;IT\r\n"
    )
    assert run(site, text, "--dry-run")["would_add"] == 1
    assert "ada" not in usernames(site)
    assert run(site, text)["added"] == 1
    ada = site.run("user", "show", "ada", "--json").json
    assert (ada["name"], ada["email"], ada["groups"]) == ("Ada Berg", "ada@example.com", ["board", "sales"])
    assert ada["claims"] == {"given_name": "Ada", "family_name": "Berg", "Department": "IT"}
    assert ada["has_password"] is False
    again = run(site, text)
    assert (again["added"], again["known"]) == (0, ["ada"])  # a list that grew may be given again


def test_n29_json_lines_are_taken_too(site: Folder) -> None:
    text = '{"username": "bo", "groups": ["sales"], "claims": {"floor": 3}}\n\n{"email": "cy@example.com"}\n'
    assert run(site, text, "--format", "jsonl")["added"] == 2
    assert site.run("user", "show", "bo", "--json").json["claims"] == {"floor": 3}
    assert site.run("user", "show", "cy@example.com", "--json").json["username"] == "cy@example.com"


def test_n29_every_wrong_line_is_named_and_nobody_is_added(site: Folder) -> None:
    text = (
        "username,email,employee_number,email_verified\n"
        "dan,dan@example.com,1,true\n"
        "d e,nobody,2,maybe\n"
        "eva,dan@example.com,3,\n"
        "fay,fay@example.com,1,\n"
        "gus,gus@example.com,7,,,\n"
    )
    found = run(site, text)
    assert found["code"] == 2
    problems = [(one["line"], one["field"]) for one in found["problems"]]  # type: ignore[attr-defined]
    assert problems == [(3, "email_verified"), (4, "email"), (5, "employee_number"), (6, "")]
    assert found["added"] == 0
    assert not {"dan", "eva", "fay", "gus"} & usernames(site)
    said = site.refusal("user", "import", "-", input=text)
    assert "line 4: email: “dan@example.com” stands on line 2 already" in said
    assert "nobody was added: 4 lines to correct, 1 good" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("username,password\nzoe,correct horse battery staple\n", "passwords are not imported"),
        ("username,Password_Hash\nzoe,$2b$12$abcdefghijklmnopqrstuv\n", "passwords are not imported"),
        ("username,role\nzoe,king\n", "there is no role “king”"),
        ('username,sub\nzoe,"x"\n', "this claim has a place of its own"),
        ('username,name\nzoe,"open\n', "is no CSV"),
    ],
)
def test_n29_what_is_no_list_of_people_is_told_without_a_secret(site: Folder, text: str, said: str) -> None:
    told = site.refusal("user", "import", "-", input=text)
    assert said in told
    assert "correct horse" not in told
    assert "zoe" not in usernames(site)


def test_n29_a_file_that_cannot_be_read_is_told(site: Folder) -> None:
    assert "nowhere.csv cannot be read: No such file" in site.refusal("user", "import", "nowhere.csv")
    assert "line 2 is not UTF-8" in site.refusal("user", "import", "-", input=b"username\nj\xfcrgen\n")
    assert "is no JSON" in site.refusal("user", "import", "-", "--format", "jsonl", input="username\n")


def test_n29_thousands_are_added_in_seconds(site: Folder) -> None:
    lines = "".join(f"p{n},p{n}@many.example,Person {n},team-{n % 7}\n" for n in range(3000))
    begun = time.process_time()
    assert run(site, "username,email,name,groups\n" + lines)["added"] == 3000
    assert time.process_time() - begun < 30
    assert {"name": "team-1", "members": 429} in site.run("group", "list", "--json").json["groups"]


def test_u1_row_by_row_the_good_ones_are_taken_and_the_others_come_back_as_a_file(site: Folder) -> None:
    (site.path / "rows.csv").write_bytes(
        "Anmeldename;Mail;Gruppen;Floor\nlena;lena@example.com;Neu;12\nno good;x;;\n=max;max@example.com;;3\n".encode(
            "cp1252"
        )
    )
    words = (
        "user",
        "import",
        "rows.csv",
        "--rows",
        "--new-groups",
        "--column",
        "Floor=own",
        "--errors",
        "bad.csv",
        "--json",
    )
    tried = site.run(*words, "--dry-run")
    assert tried.code == 1
    said = json.loads(tried.out)
    assert (said["done"], said["made"], said["failed"], said["new_groups"]) == (False, 2, 1, ["Neu"])
    assert "lena" not in usernames(site)
    done = json.loads(site.run(*words).out)
    assert (done["done"], done["made"], done["failed"]) == (True, 2, 1)
    assert {one["line"] for one in done["problems"]} == {3}
    lena = site.run("user", "show", "lena", "--json").json
    assert (lena["groups"], lena["claims"]["Floor"]) == (["Neu"], "12")
    back = (site.path / "bad.csv").read_text("utf-8-sig")
    assert back.startswith('"Anmeldename";"Mail";"Gruppen";"Floor";"Problem"')
    again = (site.path / "bad.csv").read_bytes().replace(b"no good", b"nogood").replace(b'"x"', b'"x@example.com"')
    (site.path / "bad.csv").write_bytes(again)
    assert site.run("user", "import", "bad.csv", "--rows").code == 0
    assert "nogood" in usernames(site)


def test_u1_row_by_row_people_are_corrected_where_that_is_said(site: Folder) -> None:
    site.run("user", "add", "--username", "kim", "--name", "Kim Old", "--link")
    text = "username,name\nkim,Kim New\n"
    assert json.loads(site.run("user", "import", "-", "--rows", "--json", input=text).out)["skipped"] == 1
    assert json.loads(site.run("user", "import", "-", "--rows", "--correct", "--json", input=text).out)["changed"] == 1
    assert site.run("user", "show", "kim", "--json").json["name"] == "Kim New"


def test_u1_options_of_rows_are_explained(site: Folder) -> None:
    assert "--correct: goes with --rows" in site.refusal("user", "import", "-", "--correct", input="username\nx\n")
    said = site.refusal("user", "import", "-", "--rows", "--column", "Nope=email", input="username\nx\n")
    assert "the file has username" in said
    assert "--column NAME=username" in site.refusal("user", "import", "-", "--rows", input="floor\n3\n")


def test_N29_a_person_in_four_hundred_new_groups_is_imported(site: Folder) -> None:
    groups = " | ".join(f"Abteilung für Größe {n}" for n in range(400))
    (site.path / "many.csv").write_text(f"username;groups\nmagda;{groups}\n")
    done = site.run("user", "import", "many.csv", "--rows", "--new-groups", "--json")
    assert done.code == 0, done.err
    assert len(site.run("user", "show", "magda", "--json").json["groups"]) == 400
