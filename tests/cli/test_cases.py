"""`doorward case` and `doorward notice`. A3, A10."""

from __future__ import annotations

import time

from idp.accounts import cases
from idp.installation.files import read_settings
from idp.wire import Request
from tests.cli.conftest import Folder


def open_one(site: Folder, text: str = "The phone is lost.") -> str:
    from idp.opening import create_services

    services = create_services(read_settings(str(site.path / "doorward.toml")))
    person = services.directory.find_by_login("ann")
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7"})
    case = cases.open_case(services, person.id if person else None, cases.NO_WAY_IN, text, request)
    services.passwords.close()
    services.state.close()
    services.db.close()
    return case.id


def test_A3_the_help_desk_lists_shows_notes_and_closes_cases(site: Folder) -> None:
    assert site.run("user", "add", "--username", "ann").code == 0
    assert site.run("case", "list", "--json").json == {"cases": []}
    case = open_one(site)
    (listed,) = site.run("case", "list", "--json").json["cases"]
    assert (listed["id"], listed["person"], listed["state"], listed["kind"]) == (case, "ann", "open", "no_way_in")
    assert case in site.run("case", "list").out
    assert site.run("case", "note", case.lower(), "called back").code == 0
    shown = site.run("case", "show", case, "--json").json
    assert [note["text"] for note in shown["notes"]] == ["called back"]
    assert shown["notes"][0]["by"].startswith("cli:")
    assert "The phone is lost." in site.run("case", "show", case).out
    closed = site.run("case", "close", case, "--note", "new phone", "--json").json
    assert (closed["state"], closed["notes"][-1]["text"]) == ("closed", "new phone")
    assert site.run("case", "list", "--json").json == {"cases": []}
    assert [one["id"] for one in site.run("case", "list", "--all", "--json").json["cases"]] == [case]
    assert "closed already" in site.refusal("case", "close", case, code=1)
    actions = [event["action"] for event in site.run("audit", "tail", "-n", "50", "--json").json["events"]]
    assert [action for action in actions if action.startswith("case:")] == ["case:opened", "case:noted", "case:closed"]


def test_A3_a_case_that_there_is_not_is_said_so(site: Folder) -> None:
    for words in (("show", "C-AAAAA-AAAAA"), ("close", "x"), ("note", "x", "text")):
        assert "there is no case" in site.refusal("case", *words)
    assert "is empty" in site.refusal("case", "note", "C-AAAAA-AAAAA", " ")


def test_A10_notices_are_added_listed_and_removed(site: Folder) -> None:
    assert site.run("notice", "list", "--json").json == {"notices": []}
    app = site.run(
        "client", "add", "oidc", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb", "--json"
    ).json
    words = ("--text", "New  sign-in from Monday", "--from", "2999-01-01T08:00Z", "--to", "2999-02-01", "--app", "Wiki")
    made = site.run("notice", "add", *words, "--where", "login", "--json").json
    assert (made["text"], made["client_id"], made["place"]) == ("New sign-in from Monday", app["client_id"], "login")
    assert time.gmtime(made["starts_at"])[:4] == (2999, 1, 1, 8)
    (listed,) = site.run("notice", "list", "--json").json["notices"]
    assert (listed["id"], listed["on"]) == (made["id"], False)
    assert "New sign-in" in site.run("notice", "list").out
    assert site.run("notice", "remove", made["id"], "--json").json == {"removed": made["id"]}
    assert "there is no notice" in site.refusal("notice", "remove", made["id"])
    events = site.run("audit", "tail", "-n", "50", "--json").json["events"]
    assert {"notice:added", "notice:removed"} <= {event["action"] for event in events}


def test_A10_what_cannot_be_told_is_refused_with_the_option_to_change(site: Folder) -> None:
    for words, option in (
        (("--text", " "), "--text"),
        (("--text", "x" * 501), "--text"),
        (("--text", "x", "--from", "soon"), "--from"),
        (("--text", "x", "--to", "2001-01-01"), "--to"),
        (("--text", "x", "--from", "2999-01-02", "--to", "2999-01-01"), "--to"),
        (("--text", "x", "--app", "Nothing"), "Nothing"),
        (("--text", "x", "--where", "moon"), "--where"),
    ):
        assert option in site.refusal("notice", "add", *words)
    assert site.run("notice", "list", "--json").json == {"notices": []}
