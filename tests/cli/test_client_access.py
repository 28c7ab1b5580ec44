"""N29: an application's limit is shown, widened, narrowed and lifted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Folder


@pytest.fixture(scope="module")
def pay(site: Folder) -> str:
    for name in ("ann", "ben"):
        site.run("user", "add", "--username", name, "--group", "staff")
    site.run("group", "add", "hr")
    made = site.run("client", "add", "oidc", "--json", "--name", "Pay", "--redirect-uri", "https://p.example/").json
    return str(made["client_id"])


def access(site: Folder, *words: str) -> dict[str, Any]:
    return dict(site.run("client", "access", "Pay", *words, "--json").json["access"])


def test_n29_a_limit_is_lifted_by_each_of_the_two_commands(site: Folder, pay: str) -> None:
    assert access(site, "--only", "--add-group", "hr")["groups"] == ["hr"]
    assert access(site, "--everyone") == {"everyone": True}
    assert site.run("client", "set", "Pay", "--group", "hr", "--json").json["access"]["groups"] == ["hr"]
    assert site.run("client", "set", "Pay", "--everyone", "--json").json["access"] == {"everyone": True}
    event = site.run("audit", "list", "--app", "Pay", "--action", "client:update", "--json").json["events"][-1]
    assert event["detail"]["changed"]["access"][1] == {"everyone": True}
    assert event["actor"].startswith("cli:")


def test_n29_groups_and_people_come_and_go_one_by_one(site: Folder, pay: str) -> None:
    ann, ben = (site.run("user", "show", name, "--json").json["id"] for name in ("ann", "ben"))
    access(site, "--only", "--add-group", "hr", "--add-person", "ann")
    assert access(site, "--add-group", "staff", "--add-person", "ben") == {
        "everyone": False, "groups": ["hr", "staff"], "persons": sorted([ann, ben]),
    }  # fmt: skip
    assert access(site, "--remove-group", "HR", "--remove-person", "ben") == {
        "everyone": False, "groups": ["staff"], "persons": [ann],
    }  # fmt: skip
    assert "names no group “hr”" in site.refusal("client", "access", "Pay", "--remove-group", "hr")
    assert "does not name ben" in site.refusal("client", "access", "Pay", "--remove-person", "ben")
    said = site.run("client", "access", "Pay").out.splitlines()
    assert said == ["who\tname\tpeople", "group\tstaff\t2", "person\tann\tann"]
    left = site.run("client", "access", "Pay", "--nobody")
    assert left.out == "Pay: nobody may open it.\n"
    assert "--everyone lifts that" in left.err


def test_n29_adding_to_everyone_never_shuts_the_others_out_by_the_way(site: Folder, pay: str) -> None:
    access(site, "--everyone")
    assert "everyone may open Pay" in site.refusal("client", "access", "Pay", "--add-group", "hr")
    assert access(site) == {"everyone": True}
    assert "--only: say who" in site.refusal("client", "access", "Pay", "--only")
    assert "--everyone: is the whole rule" in site.refusal("client", "access", "Pay", "--everyone", "--add-group", "hr")
    assert "--everyone: lifts the limit" in site.refusal("client", "set", "Pay", "--everyone", "--group", "hr")


def test_r4_why_somebody_may_or_may_not_open_it(site: Folder, pay: str) -> None:
    access(site, "--only", "--add-group", "staff")
    assert site.run("client", "access", "Pay", "--why", "ann").out == (
        "ann may open Pay: the person is in the group staff.\n"
    )
    assert "owner may not open Pay: the person is in none of its groups" in site.run(
        "client", "access", "Pay", "--why", "owner"
    ).out  # fmt: skip
    assert site.run("client", "access", "Pay", "--why", "owner", "--json").json["rule"] == "not listed"


def test_n29_somebody_who_was_removed_is_shown_as_such_and_taken_out(site: Folder, pay: str) -> None:
    site.run("user", "add", "--username", "gone")
    gone = site.run("user", "show", "gone", "--json").json["id"]
    access(site, "--only", "--add-person", "gone", "--add-person", "ann")
    site.run("user", "remove", "gone", "--yes")
    assert f"person\t{gone} (removed)" in site.run("client", "access", "Pay").out
    assert len(access(site, "--remove-person", gone)["persons"]) == 1


def test_n29_two_applications_of_one_name_are_not_taken_without_a_word(site: Folder, pay: str) -> None:
    words = ("client", "add", "oidc", "--redirect-uri", "https://p.example/", "--name")
    second = site.run(*words, " pAy ")
    assert f"another application is called “pAy” already: {pay}" in second.err
    other = site.run(*words, "Wages", "--json").json["client_id"]
    assert "another application is called “Pay” already" in site.run("client", "set", other, "name=Pay").err
    assert site.run("client", "set", other, "name=Wages").err == ""


def test_n29_a_group_that_looks_like_a_slip_limits_nothing(site: Folder, pay: str) -> None:
    said = site.refusal("client", "set", "Pay", "--group", "stafff")
    assert "did you mean “staff”?" in said
    registered = (
        "client",
        "add",
        "oidc",
        "--name",
        "Slip",
        "--redirect-uri",
        "https://p.example/",
        "--group",
        "staf",
    )
    assert "did you mean “staff”?" in site.refusal(*registered)
    assert site.run(*registered, "--new-group").code == 0


def test_n29_an_application_that_there_is_not_brings_those_that_look_like_it(site: Folder, pay: str) -> None:
    site.run("client", "add", "oidc", "--name", "Warehouse", "--redirect-uri", "https://w.example/")
    assert "did you mean “Warehouse”" in site.refusal("client", "show", "warehose")
    assert "`doorward client list` shows all" in site.refusal("client", "show", "qqq")


def test_n36_a_time_is_told_as_people_say_it(site: Folder, pay: str) -> None:
    assert "The old ones work for 1 day more." in site.run("client", "secret", pay, "--keep-old", "1d").out
    assert "The old ones work for 90 minutes more." in site.run("client", "secret", pay, "--keep-old", "5400").out


def test_R4_who_could_open_it_at_another_time_is_told_and_written_to_files(site: Folder) -> None:
    site.run("user", "add", "--username", "cleo", "--group", "payers")
    made = site.run("client", "add", "oidc", "--json", "--name", "Past", "--redirect-uri", "https://q.example/",
                    "--group", "payers").json  # fmt: skip
    ask = ("client", "access", made["client_id"], "--from", "1h")
    (row,) = site.run(*ask, "--json").json["people"]
    assert (row["username"], row["could"][0]["rule"], row["opened"]) == ("cleo", "group:payers", 0)
    assert "cleo\tgroup:payers" in site.run(*ask).out
    assert '"cleo","group:payers"' in site.run(*ask, "--format", "csv").out
    assert site.run("client", "access", "Past", "--at", "2026-01-01", "--json").json["people"] == []
    site.run("client", "access", "Past", "--remove-group", "payers")
    why = site.run(*ask, "--why", "cleo", "--json").json["stretches"]
    assert [(one["allowed"], one["rule"]) for one in why][-2:] == [(True, "group:payers"), (False, "nobody")]
    assert "--at: is one moment" in site.refusal("client", "access", "Past", "--at", "1h", "--from", "2h")
    assert "expected a day" in site.refusal("client", "access", "Past", "--from", "2026-02-31")
    assert "only ask about another time" in site.refusal("client", "access", "Past", "--everyone", "--at", "1h")
    assert "a question about the past" in site.refusal("client", "access", "Past", "--from", "2099-01-01")


def test_R4_access_is_given_for_a_time(site: Folder, pay: str) -> None:
    access(site, "--nobody")
    given = access(site, "--only", "--add-person", "ann", "--ends", "2099-01-31T18:00")
    (term,) = given["terms"].values()
    assert set(term) == {"until"}
    assert "until 2099-01-31 18:00:00" in site.run("client", "access", "Pay").out
    assert "may open Pay" in site.run("client", "access", "Pay", "--why", "ann").out
    access(site, "--add-person", "ann", "--starts", "2098-01-01")
    assert "may not open Pay: their access begins at" in site.run("client", "access", "Pay", "--why", "ann").out
    assert "terms" not in access(site, "--add-person", "ann")
    assert "--ends: is over already" in site.refusal(
        "client", "access", "Pay", "--add-person", "ben", "--ends", "2020-01-01"
    )
    assert "say for whom" in site.refusal("client", "access", "Pay", "--ends", "8h")
