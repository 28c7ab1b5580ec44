"""What a mail server's no means: whose fault, which setting or DNS record, and what to do. F4."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.admin.actor import of_shell
from idp.admin.problems import findings_of
from idp.answers.finding import Finding
from idp.installation.checks.messages import examine_mail
from idp.mail import delivery
from tests.backends import find_free_port
from tests.mail.server import MailServer, make_certificate
from tests.provider import Provider

TO = "anna@example.com"


@pytest.fixture(scope="module")
def refusing() -> Iterator[MailServer]:
    """One that says what a test wants."""
    made = MailServer().start()
    yield made
    made.stop()


@pytest.fixture
def provider(open_provider: Callable[..., Provider], refusing: MailServer) -> Provider:
    refusing.answers, refusing.of_sender, refusing.of_content = {}, "", ""
    return open_provider(mail={**refusing.settings, "sender": "Doorward <login@example.com>"})


def refused(provider: Provider) -> tuple[Finding, str]:
    """What stands under the event of a message that did not leave, and the event as text."""
    with pytest.raises((delivery.Undelivered, delivery.Rejected)):
        delivery.send_now(provider.services, delivery.Sent(TO, "test"), "en")
    (event,) = provider.events("mail:failed")
    return findings_of(event)[0], str(event)


ANSWERS = [
    # The recipient's server, or ours, of the recipient.
    ("rcpt", "550 5.1.1 The email account that you tried to reach does not exist", "person", "address of the person",
     "no such mailbox"),
    ("rcpt", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "person",
     "address of the person", "no such mailbox"),
    ("rcpt", "550 User unknown", "person", "address of the person", "no such mailbox"),
    ("rcpt", "550 5.2.1 The email account that you tried to reach is disabled", "person", "address of the person",
     "no such mailbox"),
    ("rcpt", "550 5.1.2 Host or domain name not found", "person", "address of the person", "MX record"),
    ("rcpt", "556 5.1.10 Recipient address has null MX", "person", "address of the person", "MX record"),
    ("rcpt", "552 5.2.2 mailbox full", "person", "mailbox of the person", "room"),
    ("rcpt", "452 4.2.2 The email account that you tried to reach is over quota", "person", "mailbox", "room"),
    ("rcpt", "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch", "doorward",
     "greylisting", "Nothing is to be done"),
    ("rcpt", "451 4.7.1 Greylisting in action, please come back later", "doorward", "greylisting", "next tries"),
    # Relaying and senders.
    ("rcpt", "554 5.7.1 <anna@example.com>: Relay access denied", "doorward", "mail.host", "mail.username"),
    ("rcpt", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "doorward", "mail.host", "587"),
    ("rcpt", "553 5.7.1 <login@example.com>: Sender address rejected: not owned by user doorward", "doorward",
     "mail.sender", "login@example.com"),
    ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "doorward", "mail.sender",
     "send as"),
    ("mail", "553 5.1.8 Sender address rejected: Domain not found", "doorward", "mail.sender", "login@example.com"),
    ("data", "554 5.2.252 SendAsDenied; doorward@example.com not allowed to send as login@example.com", "doorward",
     "mail.sender", "send as"),
    ("data", "554 Message rejected: Email address is not verified. From address invalid", "doorward", "mail.sender",
     "verified"),
    ("mail", "530 5.7.0 Must issue a STARTTLS command first", "doorward", "mail.tls", "starttls"),
    ("mail", "530 5.7.57 Client not authenticated to send mail", "doorward", "mail.username", "mail.password"),
    ("mail", "530 5.7.0 Authentication Required", "doorward", "mail.username", "mail.password"),
    # SPF, DKIM, DMARC, lists.
    ("rcpt", "550 5.7.23 The message was rejected because of Sender Policy Framework violation", "doorward",
     "SPF record", "example.com"),
    ("data", "550 5.7.1 SPF check failed: 127.0.0.1 is not allowed to send mail for example.com", "doorward",
     "SPF record", "v=spf1"),
    ("data", "550 5.7.26 Your email has been blocked because the sender is unauthenticated.", "doorward", "DKIM",
     "_dmarc.example.com"),
    ("data", "550 5.7.1 Email rejected per DMARC policy for example.com", "doorward", "DMARC", "_domainkey"),
    ("data", "550 5.7.509 Access denied, sending domain does not pass DMARC verification", "doorward", "DMARC",
     "_domainkey"),
    ("data", "550 5.7.20 no valid DKIM signature", "doorward", "DKIM", "sign by DKIM"),
    ("rcpt", "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org", "doorward",
     "the mail server's address", "list"),
    ("rcpt", "550 5.7.25 The IP address sending this message does not have a PTR record setup", "doorward",
     "the mail server's address", "PTR"),
    ("data", "554 5.7.1 Message rejected as spam by content filtering", "doorward", "content filter", "filter"),
    # Size and rates.
    ("data", "552 5.3.4 Message size exceeds fixed limit", "doorward", "size limit", "raise"),
    ("mail", "421 4.7.0 Too many messages from your IP, slow down", "doorward", "limits of the mail server",
     "tried again"),
    ("rcpt", "450 4.7.28 Our system has detected an unusual rate of unsolicited mail", "doorward", "limits", "limit"),
    ("rcpt", "452 4.5.3 Too many recipients", "doorward", "limits", "limit"),
    ("data", "550 5.4.5 Daily user sending limit exceeded", "doorward", "limits", "raised"),
    ("data", "451 4.3.0 Temporary server error", "doorward", "limits", "tried again"),
    ("data", "554 Transaction failed", "doorward", "mail.host", "mail test"),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "answer", "side", "field", "words"), ANSWERS, ids=lambda one: str(one)[:40])
def test_Q5_case_33_a_refusal_names_the_field_keeps_the_answer_and_says_what_to_do(
    provider: Provider, refusing: MailServer, stage: str, answer: str, side: str, field: str, words: str
) -> None:
    refusing.of_sender = answer if stage == "mail" else ""
    refusing.answers = {"": answer} if stage == "rcpt" else {}
    refusing.of_content = answer if stage == "data" else ""
    found, event = refused(provider)
    assert (found.side, field in found.field) == (side, True), found
    assert words in found.fix, found
    assert answer.replace(TO, "a…a@example.com")[:60] in found.got
    assert TO not in event


def test_Q5_case_33_doctor_says_the_same(provider: Provider, refusing: MailServer) -> None:
    refusing.of_sender = "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
    (found,) = examine_mail(provider.services)
    assert (found.status, "mail.sender" in found.text, "send as" in found.fix) == ("error", True, True)
    refusing.of_sender = "451 4.7.1 Greylisted"
    (found,) = examine_mail(provider.services)
    assert found.status == "warning"


def test_Q5_case_33_a_password_that_is_not_taken(open_provider: Callable[..., Provider]) -> None:
    server = MailServer(password="right", of_login="535 5.7.8 Username and Password not accepted").start()
    try:
        provider = open_provider(mail={**server.settings, "username": "doorward", "password": "wr0ng-word"})
        found, event = refused(provider)
        assert (found.field, "app password" in found.fix) == ("mail.password", True)
        assert "wr0ng-word" not in event
        (told,) = examine_mail(provider.services)
        assert "mail.password" in told.text
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("host", "mode", "settings", "field", "words"),
    [
        ("mail.example", "starttls", {}, "mail.ca", "authority"),
        ("mail.example", "starttls", {"ca": True}, "mail.host", "name in it"),
        ("127.0.0.1", "tls", {"tls": "starttls"}, "mail.port", "465"),
        ("127.0.0.1", "none", {"tls": "starttls"}, "mail.tls", "587"),
        ("127.0.0.1", "none", {"tls": "tls"}, "mail.tls", "587"),
        ("127.0.0.1", "none", {"username": "doorward", "password": "x"}, "mail.username", "587"),
    ],
)
def test_Q5_case_33_tls_that_does_not_fit(
    open_provider: Callable[..., Provider], tmp_path: Path, host: str, mode: str, settings: dict[str, str], field: str,
    words: str,
) -> None:  # fmt: skip
    with_key, alone = make_certificate(tmp_path, host)
    server = MailServer(with_key if mode != "none" else None, mode).start()
    try:
        given = {**server.settings, "timeout": 2, **settings}
        given["ca"] = str(alone) if given.get("ca") else ""
        found, _ = refused(open_provider(mail=given))
        assert (found.field, words in found.fix) == (field, True), found
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("host", "field", "words"),
    [("", "mail.port", "Nothing listens"), ("no-such-host.invalid", "mail.host", "No address was found")],
)
def test_Q5_case_33_nobody_there(open_provider: Callable[..., Provider], host: str, field: str, words: str) -> None:
    settings = {"host": host or "127.0.0.1", "port": find_free_port(), "tls": "starttls"}
    found, _ = refused(open_provider(mail=settings))
    assert (found.field, words in found.fix) == (field, True)


def test_Q5_case_33_a_port_that_a_firewall_swallows(open_provider: Callable[..., Provider]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = {"host": "127.0.0.1", "port": silent.getsockname()[1], "tls": "none", "timeout": 1}
        found, _ = refused(open_provider(mail=settings))
    assert (found.field, "firewall" in found.fix) == ("mail.port", True)


def test_Q5_case_33_a_server_that_turns_us_away_at_the_door(open_provider: Callable[..., Provider]) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def answer() -> None:
            connection, _ = door.accept()
            with connection:
                connection.sendall(b"554 5.7.1 Your IP is listed at bl.example, go away\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        settings = {"host": "127.0.0.1", "port": door.getsockname()[1], "tls": "none"}
        found, _ = refused(open_provider(mail=settings))
        thread.join(5)
    assert "go away" in found.got
    assert found.field in ("mail.host", "the mail server's address")


def test_the_shell_may_read_what_a_message_failed_of(provider: Provider, refusing: MailServer) -> None:
    """The console's list of messages takes the same value."""
    from idp.admin import messages
    from idp.console.messages import _means

    refusing.answers = {"": "552 5.2.2 mailbox full"}
    refused(provider)
    (event,) = messages.recent(provider.services, of_shell("tests"), "mail", failed=True)
    assert _means(event)[0] == "mailbox of the person"
