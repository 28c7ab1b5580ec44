"""N25, N29, N38: quotes that a shell left, an address in its mail's dress, and a command that changed nothing."""

from __future__ import annotations

import pytest

from idp.cli.quotes import taken_off
from tests.cli.conftest import PASSWORD, Folder


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--name", '"Anna Berg"'], ["--name", "Anna Berg"]),
        (["--name", "'Anna Berg'"], ["--name", "Anna Berg"]),
        (["“sales”"], ["sales"]),
        (["„sales“"], ["sales"]),
        (["«sales»"], ["sales"]),
        (['launch_url="https://x.example/?a=b"'], ["launch_url=https://x.example/?a=b"]),
        (["redirect_uris+='https://x.example/cb'"], ["redirect_uris+=https://x.example/cb"]),
        (["--name='Anna'"], ["--name=Anna"]),
        (["--claim", "dept='Sales'"], ["--claim", "dept=Sales"]),
        (["--claim", "dept=“Sales”"], ["--claim", "dept=Sales"]),
        (["--description", '""'], ["--description", ""]),
    ],
)
def test_n25_quotes_around_a_whole_value_are_the_shells(words: list[str], expected: list[str]) -> None:
    assert taken_off(words) == expected


@pytest.mark.parametrize(
    "word",
    [
        "O'Hara",
        "'t Hooft",
        'Anna "Annie" Berg',
        '"Annie" Berg',
        '"A" and "B"',
        '"',
        "'",
        "",
        '5"',
        "x=",
        "“half",
        "'a”",
    ],
)
def test_n25_quotes_inside_a_value_are_its_own(word: str) -> None:
    assert taken_off(["--name", word]) == ["--name", word]


def test_n25_a_claim_in_double_quotes_is_json_and_says_that_it_is_a_text(site: Folder) -> None:
    assert taken_off(["--claim", 'room="007"', '--claim=room="007"']) == ["--claim", 'room="007"', '--claim=room="007"']
    site.run("user", "add", "--username", "ria", "--password-stdin", input=PASSWORD)
    site.run("user", "set", "ria", "--claim", 'room="007"', "--claim", "dept='Sales'", "--name", '"Ria Voss"')
    shown = site.run("user", "show", "ria", "--json").json
    assert (shown["claims"]["room"], shown["claims"]["dept"], shown["name"]) == ("007", "Sales", "Ria Voss")
    assert site.run("group", "add", '"north"').out.startswith("Made north.")


@pytest.mark.parametrize(
    "typed",
    ["<pia@example.com>", "mailto:pia@example.com", "“pia@example.com”", "pia@example.com,", "pia@example.com;bo@x.io",
     "(pia)@example.com", "pia@[192.0.2.1]", "Pia<pia@example.com>"],
)  # fmt: skip
def test_n26_an_address_in_the_dress_of_a_mail_is_none_that_mail_arrives_at(site: Folder, typed: str) -> None:
    site.run("user", "add", "--username", "pia", "--email", "pia@example.com", "--email-verified", "--password-stdin",
             input=PASSWORD)  # fmt: skip
    if typed.startswith("“"):  # quotes around all of it are taken off
        typed += "x"
    assert "--email: “" in site.refusal("user", "set", "pia", "--email", typed)
    shown = site.run("user", "show", "pia", "--json").json
    assert (shown["email"], shown["email_verified"]) == ("pia@example.com", True)


def test_n38_a_command_that_changed_nothing_says_so(site: Folder) -> None:
    added = ("client", "add", "oidc", "--name", "Desk", "--redirect-uri", "https://desk.example/cb")
    site.run(*added)
    site.run("group", "add", "south")
    assert " is as it was.\n" in site.run("client", "set", "Desk", "logo_uri=").out
    assert " is as it was.\n" in site.run("client", "set", "Desk", "name=Desk").out
    assert " is changed.\n" in site.run("client", "set", "Desk", "launch_url=https://desk.example/").out
    assert " is changed.\n" in site.run("client", "set", "Desk", "name=Desk 2").out
    assert site.run("group", "set", "south", "--name", "south").out == "south is as it was.\n"
    assert site.run("group", "set", "south", "--description", "the coast").out == "south is changed.\n"
