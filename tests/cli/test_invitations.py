"""N26, U1: an admin's address is the company's word. What commands say was mailed was mailed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import CHEAP, Folder
from tests.mail.server import MailServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer().start()
    yield made
    made.stop()


@pytest.fixture
def mailing(prepared: Folder, tmp_path: Path, server: MailServer) -> Folder:
    """An installation that sends to a mail server of the test's own; nothing serves."""
    shutil.copytree(prepared.path, tmp_path / "site")
    return Folder(tmp_path / "site", f'{CHEAP}[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n')


def add(folder: Folder, *more: str, name: str = "anna") -> str:
    done = folder.run("user", "add", "--username", name, "--name", "Anna Berg", *more)
    assert done.code == 0, done.err
    return done.out


def test_n26_user_add_mails_the_invitation_and_prints_no_link(mailing: Folder, server: MailServer) -> None:
    said = add(mailing, "--email", "anna@example.com")
    (got,) = server.received
    assert got.to == ["anna@example.com"]
    assert re.search(r"http://127\.0\.0\.1:8000/setup/dwl_\S+", got.text)
    assert "72 hours" in got.text
    assert "mailed to anna@example.com: the mail server said 250" in said
    assert "/setup/" not in said  # who reads the terminal cannot set the password


def test_n26_the_invitation_is_in_the_persons_language(mailing: Folder, server: MailServer) -> None:
    add(mailing, "--email", "anna@example.com", "--claim", "locale=de")
    assert server.received[0].message["Content-Language"] == "de"
    assert "Passwort" in server.received[0].text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("550 5.1.1 nobody of that name", "Nothing was mailed to anna: the mail server answered 550 5.1.1 nobody"),
        ("451 4.7.1 come back later", "has not left yet: the mail server answered 451 4.7.1 come back later"),
    ],
)
def test_n26b_what_the_mail_server_did_not_take_is_not_called_mailed(
    mailing: Folder, server: MailServer, answer: str, said: str
) -> None:
    server.answers["anna@example.com"] = answer
    out = add(mailing, "--email", "anna@example.com")
    assert said in out
    assert "/setup/dwl_" in out  # so the admin has something in hand
    assert "was mailed" not in out.replace("Nothing was mailed", "")


def test_n26b_a_mail_server_that_is_down_is_said_and_the_link_printed(mailing: Folder, server: MailServer) -> None:
    server.stop()
    out = add(mailing, "--email", "anna@example.com")
    assert "has not left yet: the mail server cannot be reached" in out
    assert "/setup/dwl_" in out


@pytest.mark.parametrize(
    ("more", "said"), [((), "they have no address"), (("--email", "ben@example.com", "--link"), "/setup/dwl_")]
)
def test_n26_without_an_address_or_by_wish_the_link_is_printed(
    mailing: Folder, server: MailServer, more: tuple[str, ...], said: str
) -> None:
    out = add(mailing, *more, name="ben")
    assert said in out
    assert "/setup/dwl_" in out
    assert server.received == []


def test_n26_without_a_mail_server_the_link_is_printed_and_it_is_said(prepared: Folder, tmp_path: Path) -> None:
    shutil.copytree(prepared.path, tmp_path / "site")
    out = add(Folder(tmp_path / "site"), "--email", "anna@example.com")
    assert "Nothing was mailed to anna: no mail server is set: give [mail] a host." in out
    assert "/setup/dwl_" in out


def test_n26b_user_code_says_who_is_told_and_by_what(mailing: Folder, prepared: Folder, tmp_path: Path) -> None:
    add(mailing, "--email", "anna@example.com")
    done = mailing.run("user", "code", "anna", "--reason", "lost her phone")
    assert "on its way to anna@example.com; it leaves while `doorward serve` runs" in done.out
    add(mailing, name="ben")
    done = mailing.run("user", "code", "ben", "--reason", "lost his phone")
    assert "Nobody was told by mail: ben has no address. Tell ben yourself." in done.out
    assert mailing.run("user", "code", "ben", "--reason", "again", "--json").json["mailed_to"] == []
    shutil.copytree(prepared.path, tmp_path / "dry")
    dry = Folder(tmp_path / "dry")
    add(dry, "--email", "anna@example.com")
    done = dry.run("user", "code", "anna", "--reason", "lost her phone")
    assert "Nobody was told by mail: no mail server is set" in done.out


def test_n26b_a_reset_by_an_admin_says_where_the_link_is_going(mailing: Folder) -> None:
    add(mailing, "--email", "anna@example.com")
    out = mailing.run("user", "password", "anna", "--mail").out
    assert "The link for anna is on its way to anna@example.com; it leaves while `doorward serve` runs" in out
    given = mailing.run("user", "password", "anna", "--password-stdin", input="copper lantern river\n").out
    assert "mail" not in given  # a first password replaces nothing
    given = mailing.run("user", "password", "anna", "--password-stdin", input="copper lantern bridge\n").out
    assert "A mail that says so is on its way to anna@example.com" in given


def test_u1_invitations_are_listed_withdrawn_and_mailed_again_with_an_own_text(
    mailing: Folder, server: MailServer
) -> None:
    add(mailing, "--email", "anna@example.com", "--note", "Ask Ben.")
    assert "> Ask Ben." in server.received[0].text
    (one,) = mailing.run("invitation", "list", "--json").json["invitations"]
    assert (one["username"], one["state"], one["way"]) == ("anna", "waiting", "mail")
    assert one["sent_by"].startswith("cli:")
    assert "no link of theirs opens anything" in mailing.run("invitation", "withdraw", "anna").out
    assert mailing.run("invitation", "withdraw", "anna", "--json").json["withdrawn"] is False
    assert "withdrawn" in mailing.run("invitation", "list", "--state", "withdrawn").out
    refused = mailing.run("invitation", "resend", "anna", "--note", "see evil.example")
    assert refused.code == 2
    assert "--note" in refused.err
    assert "“evil.example”" in refused.err
    assert "mailed to anna@example.com" in mailing.run("invitation", "resend", "anna", "--note", "Ask Eva.").out
    assert "> Ask Eva." in server.received[-1].text
    assert mailing.run("invitation", "list", "--json").json["invitations"][0]["state"] == "waiting"
    assert mailing.run("user", "password", "anna", "--password-stdin", input="copper lantern river\n").code == 0
    done = mailing.run("invitation", "withdraw", "anna")
    assert done.code == 2
    assert "has set a password" in done.err
    assert mailing.run("invitation", "list", "--json").json["invitations"] == []
