"""Who mail comes from: names as companies have them, addresses beyond ASCII, and what is refused with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope, Session

from idp import mailbox
from idp.config import ConfigError, load
from idp.installation.checks import messages
from idp.mail import delivery
from tests.mail.server import MailServer
from tests.provider import Provider


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("Acme, Inc. <login@example.org>", "Acme, Inc.", "login@example.org"),
        ("Müller, Söhne & Co. <login@example.org>", "Müller, Söhne & Co.", "login@example.org"),
        ('"Acme, Inc." <login@example.org>', "Acme, Inc.", "login@example.org"),
        ('Acme "the best" (Europe) <login@example.org>', 'Acme "the best" (Europe)', "login@example.org"),
        ("株式会社, 東京 <login@example.org>", "株式会社, 東京", "login@example.org"),
        ("Acme; us: you@home <login@example.org>", "Acme; us: you@home", "login@example.org"),
        ("login@müller.example", "Example & Sons", "login@xn--mller-kva.example"),
        ("Jürgen <jürgen@example.org>", "Jürgen", "jürgen@example.org"),
    ],
)
def test_n26_a_sender_of_any_name_arrives_as_it_was_written(
    open_provider: Callable[..., Provider], server: MailServer, sender: str, name: str, address: str
) -> None:
    mail = {**server.settings, "sender": sender, "reply_to": sender}
    provider = open_provider(mail=mail, brand={"company": "Example & Sons"})
    delivery.send_now(provider.services, delivery.Sent("ann@example.com", "test"), "en")
    (got,) = server.received
    assert got.sender == address
    for field in ("From", "Reply-To"):
        (read,) = got.message[field].addresses
        wanted = name if field == "From" or "<" in sender else ""
        # RFC 6532: where the address is beyond ASCII the header is plain UTF-8, which Python's parser leaves as it is.
        found = [part.encode("utf-8", "surrogateescape").decode() for part in (read.display_name, read.addr_spec)]
        assert found == [wanted, address]


@pytest.mark.parametrize(
    "sender",
    [
        "Acme <login@example.org>\\r\\nBcc: thief@evil.example", "Acme\\nBcc: x <login@example.org>",
        "login@example.org, other@example.org", "Acme <login@example.org", "Acme <log in@example.org>", "Acme",
        "<@example.org>", "a <b@c.example> d <e@f.example>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["sender", "reply_to"])
def test_n26_a_sender_that_is_none_is_refused_with_file_and_line(tmp_path: Path, key: str, sender: str) -> None:
    file = tmp_path / "doorward.toml"
    file.write_text(f'[mail]\nhost = "127.0.0.1"\ntls = "none"\n{key} = "{sender}"\n')
    with pytest.raises(ConfigError, match=rf"doorward\.toml:4: mail\.{key}"):
        load(file)


class Refusing(MailServer):
    """Takes no mail from that sender: at once, or, as Postfix does, once a recipient is named."""

    at: str = "MAIL"
    said: str = "550 5.7.1 this sender is not allowed"

    async def handle_MAIL(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.at == "MAIL":
            return self.said
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        return self.said if self.at == "RCPT" else "250 OK"


def doctor(provider: Provider) -> Any:
    (found,) = messages.examine_mail(provider.services)
    return found


@pytest.mark.parametrize("at", ["MAIL", "RCPT"])
@pytest.mark.parametrize(("said", "status"), [("550 5.7.1 not you", "error"), ("451 4.7.1 later", "warning")])
def test_n40_doctor_says_what_the_server_said_to_that_sender(
    open_provider: Callable[..., Provider], at: str, said: str, status: str
) -> None:
    server = Refusing()
    server.at, server.said = at, said
    server.start()
    try:
        provider = open_provider(mail=server.settings)
        provider.add_person("olga", roles=("owner",))
        found = doctor(provider)
        assert (found.status, said in found.text) == (status, True)
        assert "no-reply@login.example" in found.text
        assert "takes mail" not in found.text
    finally:
        server.stop()


def test_n40_doctor_says_what_was_tried_where_all_is_well(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    provider = open_provider(mail=server.settings)
    provider.add_person("olga", roles=("owner",))
    found = doctor(provider)
    assert found.status == "ok"
    for part in ("250", "mail from no-reply@login.example", "one for o…a@example.com", "nothing was sent"):
        assert part in found.text
    assert server.received == []


def test_header_values_are_kept_whole_by_the_parser_of_the_other_side() -> None:
    assert str(mailbox.header("Acme, Inc.", "login@example.org")) == '"Acme, Inc." <login@example.org>'
    assert mailbox.read("a@b.example") == ("", "a@b.example")
