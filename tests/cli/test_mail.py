"""`doorward mail`, and what `doorward doctor` says of mail and text messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import CHEAP, Folder
from tests.cli.findings import found
from tests.mail.server import MailServer


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer().start()
    yield made
    made.stop()


def settle(site: Folder, text: str) -> None:
    (site.path / "doorward.toml").write_text(CHEAP + text)


@pytest.fixture(autouse=True)
def restored(site: Folder) -> Iterator[None]:
    """Other tests use the same folder."""
    before = (site.path / "doorward.toml").read_text()
    yield
    (site.path / "doorward.toml").write_text(before)


def to(server: MailServer) -> str:
    return f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n'


def test_a_test_mail_says_what_the_server_said(site: Folder, server: MailServer) -> None:
    settle(site, to(server))
    said = site.run("mail", "test", "--to", "anna@example.com", "--locale", "de", "--json").json
    assert said["said"] == "250 2.0.0 Ok: queued as 0001"
    assert server.received[0].to == ["anna@example.com"]
    assert server.received[0].message["Content-Language"] == "de"
    assert "Sent to anna@example.com in" in site.run("mail", "test", "--to", "anna@example.com").out
    server.answers["anna@example.com"] = "550 5.7.1 <anna@example.com> is not for you"
    failed = site.run("mail", "test", "--to", "anna@example.com")
    assert failed.code == 1
    assert "the mail server answered 550 5.7.1 <a…a@example.com> is not for you" in failed.err
    assert [line for line in failed.err.splitlines() if line.startswith("{")] == []  # a person reads this terminal
    shown = site.run("audit", "tail", "-n", "3").out
    assert "mail:sent" in shown
    assert "mail:failed" in shown
    assert "to=a…a@example.com" in shown
    assert "anna@example.com" not in shown


def test_on_a_development_machine_messages_go_to_the_outbox(site: Folder) -> None:
    settle(site, '[sms]\nsender = "console"\n')
    assert "kept in the outbox" in site.run("mail", "test", "--to", "anna@example.com").out
    assert "kept in the outbox" in site.run("mail", "test", "--to", "+491701234567").out
    kept = site.run("mail", "outbox", "--json").json["messages"]
    assert [one["to"] for one in kept] == ["anna@example.com", "+491701234567"]
    assert "This is a test." in site.run("mail", "outbox").out
    assert found(site, "mail")[0]["status"] == "ok"
    assert found(site, "sms")[0]["text"] == "by console"


def test_without_anything_that_sends_it_says_what_to_set(site: Folder) -> None:
    env = {"DOORWARD_ISSUER": "https://login.example"}
    failed = site.run("mail", "test", "--to", "anna@example.com", env=env)
    assert failed.code == 2
    assert "set mail.host" in failed.err
    assert site.run("mail", "test", "--to", "+491701234567", env=env).code == 2
    assert site.run("mail", "outbox", env=env).code == 1


def test_doctor_tries_the_mail_server(site: Folder, server: MailServer) -> None:
    settle(site, to(server))
    (finding,) = found(site, "mail")
    assert (finding["status"], finding["text"]) == (
        "ok", f"127.0.0.1:{server.port} (none) said 250 OK to mail from no-reply@127.0.0.1; nothing was sent",
    )  # fmt: skip
    server.stop()
    result = site.run("doctor")
    assert result.code == 1
    assert "✗ mail: 127.0.0.1" in result.out
    assert "cannot be reached" in result.out


def test_a_secret_of_mail_is_never_printed(site: Folder) -> None:
    for text in (
        '[mail]\nhost = "smtp.example"\ntls = "none"\npassword = "s3cret-word"\n',
        '[mail]\nhost = "smtp.example"\npassword = 5550123\n',
        '[sms]\nsender = "smpp"\nurl = "https://x.example"\ntoken = "s3cret-word"\n',
    ):
        settle(site, text)
        result = site.run("doctor")
        assert result.code == 1
        assert "s3cret" not in result.out + result.err
        assert "5550123" not in result.out + result.err
        assert "doorward.toml:" in result.out


def test_the_mail_password_comes_from_the_environment(site: Folder, server: MailServer) -> None:
    server.password = "swordfish"
    settle(site, to(server) + 'username = "doorward"\n')
    env = {"DOORWARD_MAIL_PASSWORD": "swordfish"}
    server.stop()
    server.start()
    settle(site, to(server) + 'username = "doorward"\n')
    assert found(site, "mail", **env)[0]["status"] == "ok"
    assert site.run("doctor").code == 1


def test_what_a_command_says_stands_beside_no_line_of_a_log(site: Folder) -> None:
    """N36: it says itself that nobody could be told; who wants the log as well sets it to debug."""
    if site.run("user", "show", "logless", "--json").code:
        assert site.run("user", "add", "--username", "logless").code == 0
    for level, lines in (("info", 0), ("debug", 1)):
        settle(site, f'[log]\nlevel = "{level}"\nformat = "json"\n')
        issued = site.run("user", "code", "logless", "--reason", "lost her phone")
        assert issued.code == 0
        assert "Nobody was told by mail" in issued.out
        assert len([line for line in issued.err.splitlines() if "message_failed" in line]) == lines
