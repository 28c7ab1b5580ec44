"""`doorward user …`."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.conftest import PASSWORD, Folder


@pytest.fixture(scope="module")
def ann(site: Folder) -> dict[str, object]:
    """Somebody who can sign in."""
    return site.spawn(
        "user", "add", "--username", "ann", "--email", "Ann@Example.com", "--name", "Ann Bell",
        "--employee-number", "0042", "--password-stdin", "--claim", "department=Sales", "--claim", "floor=3",
        "--claim", "remote=true", "--claim", 'sites=["a","b"]', "--claim", "note=null", "--group", "sales",
        "--group", "crm users", "--json", input=PASSWORD + "\nsecond line\n",
    ).json  # fmt: skip


def test_a_person_is_added_with_everything_that_is_known_of_them(site: Folder, ann: dict[str, object]) -> None:
    assert ann == {
        "id": ann["id"],
        "sub": ann["id"],
        "username": "ann",
        "email": "Ann@Example.com",
        "email_verified": False,
        "name": "Ann Bell",
        "employee_number": "0042",
        "groups": ["crm users", "sales"],
        "roles": [],
        "enabled": True,
        "claims": {
            "department": "Sales",
            "floor": 3,
            "remote": True,
            "sites": ["a", "b"],
            "note": "null",
            "given_name": "Ann",
            "family_name": "Bell",
        },
        "has_password": True,
        "created_at": ann["created_at"],
        "password_link": None,
    }


@pytest.mark.parametrize("login", ["ANN", "ann@example.com", "0042"])
def test_a_person_is_found_by_each_of_their_names(site: Folder, ann: dict[str, object], login: str) -> None:
    assert site.run("user", "show", login, "--json").json["id"] == ann["id"]


def test_a_person_is_found_by_id(site: Folder, ann: dict[str, object]) -> None:
    assert "Ann Bell" in site.run("user", "show", str(ann["id"])).out


def test_nobody_is_found_by_another_name(site: Folder) -> None:
    assert "nobody has the username, e-mail address, employee number or id “bob”" in site.refusal("user", "show", "bob")


def test_without_a_password_a_link_is_printed_that_works_once(site: Folder) -> None:
    bea = site.run("user", "add", "--username", "bea", "--email", "bea@example.com", "--email-verified", "--json").json
    assert bea["password_link"].startswith("http://127.0.0.1:8000/setup/")
    assert (bea["email_verified"], bea["has_password"]) == (True, False)
    with sqlite3.connect(site.data / "doorward.db") as db:
        kept = "".join(db.iterdump())
    assert bea["password_link"].rpartition("/")[2] not in kept  # S18: stored as a digest


@pytest.mark.parametrize(
    ("written", "value"),
    [('"Sales"', "Sales"), ("Sales", "Sales"), ('"007"', "007"), ('"true"', "true"), ('"a\\"b"', 'a"b'), ('"', '"'),
     ('"Sales" team', '"Sales" team'), ('"é"', "é"), ('""', ""), ("null", "null"), ('["a"]', ["a"])],
)  # fmt: skip
def test_n25_a_claim_in_the_quotes_of_json_is_the_text_inside(site: Folder, written: str, value: object) -> None:
    from idp.cli.person_claims import read_claims

    assert read_claims([f"dept={written}"]) == ({"dept": value}, [])


def test_n25_first_and_last_name_are_told_given_or_said_to_be_missing(site: Folder) -> None:
    """Keycloak as broker asks people for them otherwise."""

    def add(username: str, *words: str) -> tuple[str, str, dict[str, object]]:
        done = site.run("user", "add", "--username", username, "--link", *words)
        return done.out, done.err, site.run("user", "show", username, "--json").json["claims"]

    out, _, claims = add("np1", "--name", "Jo Miller")
    assert "First name Jo, last name Miller" in out
    assert claims == {"given_name": "Jo", "family_name": "Miller"}
    out, err, claims = add("np2", "--name", "李小龍")
    assert (claims, "--given-name" in err) == ({}, True)
    given = ("--given-name", "小龍", "--family-name", "李")
    out, err, claims = add("np3", "--name", "李小龍", *given)
    assert (claims, err) == ({"given_name": "小龍", "family_name": "李"}, "")
    assert "First name" not in out


def test_the_list_is_complete_and_can_be_searched(site: Folder, ann: dict[str, object]) -> None:
    everybody = site.run("user", "list", "--json").json["users"]
    assert {"ann", "owner"} <= {user["username"] for user in everybody}
    found = site.run("user", "list", "--search", "BELL", "--json").json["users"]
    assert [user["id"] for user in found] == [ann["id"]]
    assert site.spawn("user", "list", "--search", "bell").out.splitlines()[1].startswith("ann\tAnn Bell\t")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--username", "ANN"], "--username: “ANN” is already somebody's username"),
        (["--username", "n1", "--email", "ann@example.com"], "--email: “ann@example.com” is already somebody's e-mail"),
        (["--username", "n1", "--employee-number", "0042"], "--employee-number: “0042” is already somebody's"),
        (["--username", "a b"], "--username: “a b” has a space"),
        (["--username", "n1", "--role", "king"], "--role: there is no role “king”; use owner, admin"),
        (["--username", "n1", "--claim", "sub=x"], "--claim: sub: this claim has a place of its own"),
        (["--username", "n1", "--claim", "dept"], "--claim: “dept” has no value; write it like"),
        (["--username", "n1", "--group", " "], "--group: “” cannot be a group's name"),
        (["--username", "n1", "--email-verified"], "--email-verified: there is no e-mail address"),
    ],
)
def test_a_person_who_cannot_be_added_is_refused_with_the_option_to_change(
    site: Folder, ann: dict[str, object], words: list[str], said: str
) -> None:
    assert said in site.refusal("user", "add", *words, "--json")


def test_a_weak_password_is_refused_with_its_reasons_and_nobody_is_added(site: Folder) -> None:
    said = site.refusal("user", "add", "--username", "eve", "--password-stdin", input="eve1234\n")
    assert "--password-stdin: Use at least 15 characters; this has 7" in said
    assert "eve1234" not in said
    assert "nobody has" in site.refusal("user", "show", "eve")
    assert "standard input is empty" in site.refusal("user", "add", "--username", "eve", "--password-stdin")


def test_S58_disabling_shuts_a_person_out_and_enabling_lets_them_in(site: Folder, ann: dict[str, object]) -> None:
    assert site.run("user", "disable", "ann", "--json").json["enabled"] is False
    assert "run `doorward user enable` first" in site.refusal("user", "password", "ann", code=1)
    assert "may sign in again" in site.run("user", "enable", "ann").out
    actions = [e["action"] for e in site.run("audit", "tail", "--json").json["events"]]
    assert actions[-2:] == ["person:disabled", "person:enabled"]


def test_W3_an_admin_ends_the_pause(site: Folder, ann: dict[str, object]) -> None:
    assert site.run("user", "unlock", "ann").out == "ann may try again now.\n"
    event = site.run("audit", "tail", "-n", "1", "--json").json["events"][0]
    assert (event["action"], event["person_id"]) == ("person:unlocked", ann["id"])
    assert event["actor"].startswith("cli:")


def test_a_password_is_set_by_hand_or_by_a_link(site: Folder, ann: dict[str, object]) -> None:
    assert "/setup/" in site.run("user", "password", "ann").out
    assert site.run("user", "password", "ann", "--link", "--json").json["password_link"]
    done = site.run("user", "password", "ann", "--password-stdin", input="seven brown foxes jump")
    assert (done.code, "foxes" in done.out + done.err) == (0, False)
    assert "Use at least" in site.refusal("user", "password", "ann", "--password-stdin", input="short\n")


def test_groups_and_roles_change(site: Folder, ann: dict[str, object]) -> None:
    changed = site.run("user", "group", "ann", "--add", "board", "--remove", "sales", "--json").json
    assert changed["groups"] == ["board", "crm users"]
    assert site.run("user", "role", "ann", "--add", "auditor", "--json").json["roles"] == ["auditor"]
    assert site.run("user", "role", "ann", "--remove", "auditor", "--json").json["roles"] == []


def test_the_last_owner_stays(site: Folder) -> None:
    assert site.run("user", "password", "owner", "--password-stdin", input=PASSWORD).code == 0
    assert "is the last owner who can sign in" in site.refusal("user", "disable", "owner", code=1)
    assert "is the last owner who can sign in" in site.refusal("user", "role", "owner", "--remove", "owner")


def test_S56_V6_4_6_an_admin_starts_a_reset_by_mail_and_sees_no_link(site: Folder) -> None:
    site.run("user", "add", "--username", "mia", "--email", "mia@example.com", "--email-verified")
    done = site.run("user", "password", "mia", "--mail")
    # This folder has no mail server, so nothing has left, and nothing says so (N26).
    assert (done.code, "reaches nobody yet" in done.out, "/setup/" in done.out) == (0, True, False)
    assert site.run("user", "password", "mia", "--mail", "--json").json["mails"] == 1
    site.run("user", "add", "--username", "moe")
    assert "the person has no address" in site.refusal("user", "password", "moe", "--mail", code=1)
