"""Real servers on the other side: a mail server (aiosmtpd), and a small SMS centre that speaks SMPP."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Received:
    """One mail as the server got it."""

    sender: str
    to: list[str]
    raw: bytes
    was_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[arg-type,return-value]

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def links(self) -> list[str]:
        """Every address that can be clicked, of both parts."""
        return [word for word in self.text.split() if "://" in word] + self.html_links

    @property
    def html_links(self) -> list[str]:
        """What the HTML leads to, or would load."""
        return _Links(self.html).found


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


@dataclass
class MailServer:
    """Keeps every mail. `answers`: what it says to RCPT, by address, "" for all others; `mode`: how it encrypts."""

    certificate: Path | None = None
    mode: str = "none"  # none, starttls, tls
    password: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    of_sender: str = ""  # what it says to MAIL
    of_content: str = ""  # and to the message
    of_login: str = ""  # and to a wrong password
    port: int = 0

    def start(self) -> MailServer:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def stop(self) -> None:
        """Nobody answers at the port any more."""
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def _run(self) -> None:
        context = None
        if self.certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate)

        def protocol() -> SMTP:
            more: dict[str, Any] = {}
            if self.mode == "starttls":
                more = {"tls_context": context, "require_starttls": True}
            if self.password:
                more |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False}
            return SMTP(self, enable_SMTPUTF8=True, loop=self._loop, **more)

        tls = context if self.mode == "tls" else None
        server = self._loop.run_until_complete(
            self._loop.create_server(protocol, "127.0.0.1", self.port, ssl=tls, reuse_address=True)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == self.password.encode()
        return AuthResult(success=is_right, handled=False, message=None if is_right else self.of_login or None)

    async def handle_MAIL(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.of_sender:
            return self.of_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        answer = self.answers.get(to, self.answers.get("", "250 OK"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(to)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.of_content:
            return self.of_content
        content = envelope.original_content or b""
        encrypted = session.ssl is not None or self.mode == "tls"
        self.received.append(Received(envelope.mail_from or "", list(envelope.rcpt_tos), content, encrypted))
        return f"250 2.0.0 Ok: queued as {len(self.received):04}"

    @property
    def settings(self) -> dict[str, Any]:
        """The [mail] of an installation that sends here."""
        return {"host": "127.0.0.1", "port": self.port, "tls": self.mode}


def make_certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate: the file with its key for a server, and the one without for who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    (folder / "ca.pem").write_bytes(pem)
    return folder / "server.pem", folder / "ca.pem"


class SmsCentre:
    """Takes text messages by SMPP 3.4: bind_transmitter, submit_sm, unbind. `status`: what it answers a message."""

    def __init__(self, password: str) -> None:
        self._password = password
        self.status = 0
        self.messages: list[tuple[str, str, str]] = []  # from, to, text
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smpp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # else whoever waits in `accept` takes one more
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        while len(head := client.recv(16, socket.MSG_WAITALL)) == 16:
            length, command, _, sequence = struct.unpack(">4L", head)
            body = client.recv(length - 16, socket.MSG_WAITALL) if length > 16 else b""
            status, answer = 0, b""
            if command == 0x02:  # bind_transmitter: system_id, password, ...
                status, answer = (0 if body.split(b"\0")[1] == self._password.encode() else 0x0E), b"centre\0"
            elif command == 0x04:  # submit_sm
                # First something else than the answer: the other side must bear it (SMPP 3.4 §2.7.1).
                client.sendall(struct.pack(">4L", 16, 0x15, 0, 7))
                assert struct.unpack(">4L", client.recv(16, socket.MSG_WAITALL))[1] == 0x80000015
                status, answer = self.status, b"" if self.status else b"id-1\0"
                self.messages.append(_submitted(body))
            client.sendall(struct.pack(">4L", 16 + len(answer), command | 0x80000000, status, sequence) + answer)


def _submitted(body: bytes) -> tuple[str, str, str]:
    """SMPP 3.4 §4.4.1."""
    _, _, rest = body.partition(b"\0")  # service_type
    source, _, rest = rest[2:].partition(b"\0")
    target, _, rest = rest[2:].partition(b"\0")
    esm_class, rest = rest[0], rest[3:]
    _, _, rest = rest.partition(b"\0")  # schedule_delivery_time
    _, _, rest = rest.partition(b"\0")  # validity_period
    coding, length = rest[2], rest[4]
    text = rest[5 : 5 + length]
    if esm_class & 0x40:
        text = text[text[0] + 1 :]
    # GSM 03.38: the @ is 0; letters and digits are those of ASCII.
    plain = text.decode("utf-16-be") if coding == 8 else text.decode("ascii").replace("\0", "@")
    return source.decode(), target.decode(), plain
