"""One message to the company's mail server: TLS verified, a time limit on each step, and what the server said kept."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp import mailbox
from idp.mail import refusals
from idp.mail.delivery import Rejected, Undelivered
from idp.mail.masks import masked_address

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.config import Settings
    from idp.mail.rendering import Letter

_MAX_SAID = 200  # characters
_POLICY = policy.SMTP.clone(cte_type="7bit")  # what every server takes


def leave(services: Services, to: str, letter: Letter) -> str:
    """Hand a letter over; answers what the server said. Errors: `Undelivered`, `Rejected`."""
    settings = services.settings
    to = plain_address(to)
    sender, name = sender_of(settings)
    with _explained(settings, to), connected(settings) as server:
        utf8 = not (to + sender).isascii()  # RFC 6531
        if utf8 and not server.has_extn("smtputf8"):
            raise Rejected("the mail server takes no addresses with letters beyond ASCII (SMTPUTF8)")
        message = compose(letter, to, mailbox.header(name, sender), settings)
        body = message.as_bytes(policy=_POLICY.clone(utf8=utf8))
        with _stage(refusals.SENDER):
            _check(server.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []))
        with _final():
            with _stage(refusals.RECIPIENT):
                _check(server.rcpt(to))
            with _stage(refusals.CONTENT):
                return _check(server.data(body))


def compose(letter: Letter, to: str, sender: Address | str, settings: Settings) -> EmailMessage:
    """Text and HTML as one message. `EmailMessage` refuses line breaks in headers."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = to
    if settings.mail.reply_to:
        message["Reply-To"] = mailbox.header(*mailbox.read(settings.mail.reply_to))
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.at, UTC))
    message["Message-ID"] = f"<{letter.id}@{_host(settings)}>"  # the same at every try, so that none shows twice
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in return
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    message["Content-Language"] = letter.locale  # last: `set_content` drops headers that begin so
    return message


def sender_of(settings: Settings) -> tuple[str, str]:
    """Address and name that mail comes from."""
    company = " ".join(settings.brand.company.split())
    if settings.mail.sender:
        name, address = mailbox.read(settings.mail.sender)
        return address, name or company
    return f"no-reply@{_host(settings)}", company


def plain_address(address: str) -> str:
    """The one address in its wire form, the domain in ASCII. Errors: `Rejected` where it is not exactly one."""
    try:
        return mailbox.address(address)
    except ValueError:
        raise Rejected("that is not an address mail can be sent to") from None


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, encrypted and signed in as the settings say. Errors: smtplib's, ssl's, `OSError`.

    Encryption is never given up for a server that does not offer it: codes and links are secrets.
    """
    mail = settings.mail
    context = ssl.create_default_context(cafile=str(settings.path(mail.ca)) if mail.ca else None)
    helo = _host(settings)
    server: smtplib.SMTP
    if mail.tls == "tls":
        server = smtplib.SMTP_SSL(mail.host, mail.port, helo, timeout=mail.timeout, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, helo, timeout=mail.timeout)
    try:
        if mail.tls == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        if mail.username:
            with _stage(refusals.LOGIN):
                server.login(mail.username, mail.password)
        yield server
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def tried(settings: Settings, recipient: str = "") -> str:
    """What the server says to a mail of ours that is given up before anything is sent, for who checks the settings.

    Many servers judge the sender only once a recipient is named: `recipient`, an address of the company's. Errors: as
    `connected`.
    """
    sender, _ = sender_of(settings)
    with connected(settings) as server:
        if not sender.isascii() and not server.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError("its sender has letters beyond ASCII, and it offers no SMTPUTF8")
        with _stage(refusals.SENDER):
            said = _check(server.mail(sender, [] if sender.isascii() else ["SMTPUTF8"]))
        steps = [f"said {said} to mail from {sender}"]
        if recipient:
            with _stage(refusals.RECIPIENT):
                answer = _check(server.rcpt(plain_address(recipient)))
            steps.append(f"{answer} to one for {masked_address(recipient)}")
        server.rset()
    return " and ".join(steps) + "; nothing was sent"


def _check(answer: tuple[int, bytes]) -> str:
    """What the server said to a step. Errors: `smtplib.SMTPResponseException` for a no."""
    code, said = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, said)
    return f"{code} {_words(said)}"


@contextlib.contextmanager
def _explained(settings: Settings, to: str) -> Iterator[None]:
    """What goes wrong, in words that name nobody: a `Rejected` for the recipient, else one more try later."""
    try:
        yield
    except (Rejected, Undelivered):
        raise
    except Exception as error:  # of smtplib, ssl, socket: none may take the worker down
        reason = explain(error).replace(to, masked_address(to))
        means = meaning(settings, error, reason).finding()
        # Raised without the cause: its text, or its traceback, may hold the address and the message.
        raise (Rejected(reason, means) if isinstance(error, _Never) else Undelivered(reason, means)) from None


class _Never(smtplib.SMTPResponseException):
    """A no to this recipient or this message that a second try would not change (RFC 5321 §4.2.1)."""


@contextlib.contextmanager
def _final() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        if 500 <= error.smtp_code < 600:
            raise _with_stage(_Never(error.smtp_code, error.smtp_error), _stage_of(error)) from None
        raise


@contextlib.contextmanager
def _stage(stage: str) -> Iterator[None]:
    """What goes wrong in it is known to have gone wrong there."""
    try:
        yield
    except Exception as error:
        raise _with_stage(error, _stage_of(error) or stage)  # noqa: B904  the very same


def _with_stage(error: Exception, stage: str) -> Exception:
    error.__dict__["stage"] = stage
    return error


def _stage_of(error: BaseException) -> str:
    return str(error.__dict__.get("stage", ""))


def meaning(settings: Settings, error: BaseException, said: str = "") -> refusals.Refusal:
    """What a failure means for whoever runs this. `said`: in words that may be shown."""
    mail = settings.mail
    way = refusals.Way(mail.host, mail.port, mail.tls, mail.username, sender_of(settings)[0])
    return refusals.of(way, _stage_of(error) or refusals.CONNECT, error, said or explain(error))


def explain(error: BaseException) -> str:
    """A failure as an admin can read it."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refused our name and password: {error.smtp_code} {_words(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code} {_words(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"the mail server cannot do what is set: {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's TLS certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with the mail server ({error.reason}); is the port right for mail.tls?"
    if isinstance(error, TimeoutError) or "timed out" in str(error):  # smtplib makes a "disconnected" of some
        return "the mail server did not answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the mail server closed the connection"
    if isinstance(error, OSError):
        return f"the mail server cannot be reached: {error.strerror or type(error).__name__}"
    return f"the mail did not leave ({type(error).__name__})"


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MAX_SAID]


def _host(settings: Settings) -> str:
    return urlsplit(settings.server.issuer).hostname or "localhost"
