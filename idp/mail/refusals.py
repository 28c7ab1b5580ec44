"""What a mail server's no means: whose fault, which setting or record, what to do. Pure; names no recipient.

Servers say it by stage, by code (RFC 5321 §4.2), by enhanced code (RFC 3463, RFC 7372, RFC 8617) and in words of their
own, which are what tells most. The first row that fits is taken, so the narrow ones stand first.
"""

from __future__ import annotations

import errno
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

CONNECT, TLS, LOGIN, SENDER, RECIPIENT, CONTENT = "connect", "tls", "login", "sender", "recipient", "content"
_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong. `side`: doorward (its operator), person, or nobody; `field`: a setting, a DNS record, an address.

    Its values stand in a `Finding`'s place under the event of a message.
    """

    code: str
    side: str
    field: str
    fix: str
    expected: str = ""
    got: str = ""

    def finding(self) -> Mapping[str, Any]:
        """As findings are kept."""
        weight = "note" if self.side == "nobody" else "wrong"
        return {**asdict(self), "side": self.side if self.side != "nobody" else "doorward", "weight": weight,
                "reader": "house"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """How mail is meant to leave: of the settings, without a secret."""

    host: str
    port: int
    tls: str
    username: str
    sender: str

    @property
    def domain(self) -> str:
        """Of the From address: what SPF, DKIM and DMARC are about."""
        return self.sender.rpartition("@")[2]


class _Row(NamedTuple):
    """A meaning. `stages`, `codes`, `enhanced`, `words`: each that is given must fit; "4" is every 4xx."""

    code: str
    side: str
    field: str
    fix: Callable[[Way], str]
    stages: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    enhanced: str = ""
    words: str = ""


def of(way: Way, stage: str, error: BaseException, said: str = "") -> Refusal:
    """What an exception of smtplib, ssl or the socket means. `said`: the server's words as they may be shown."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _of_answer(way, stage, error.smtp_code, _text(error.smtp_error), said)
    found = _of_connection(way, error)
    return found if found is not None else Refusal("mail_failed", "doorward", "mail.host", _look_at_log(way), got=said)


# -- what the server answered ------------------------------------------------------------------------------------------


def _of_answer(way: Way, stage: str, code: int, text: str, said: str) -> Refusal:
    match = _ENHANCED.search(text)
    enhanced = match[0] if match else ""
    for row in _ROWS:
        if (
            (not row.stages or stage in row.stages)
            and (not row.codes or str(code).startswith(row.codes))
            and (not row.enhanced or re.fullmatch(row.enhanced, enhanced))
            and (not row.words or re.search(row.words, text, re.IGNORECASE))
        ):
            return Refusal(row.code, row.side, row.field, row.fix(way), _expected(row, way), said or f"{code} {text}")
    raise AssertionError("the last row takes everything")


def _expected(row: _Row, way: Way) -> str:
    return {
        "mail_spf": f"an SPF record of {way.domain} that names the servers of {way.host}",
        "mail_sender": "an address that the mail server lets this account send from",
    }.get(row.code, "")


def _spf(way: Way) -> str:
    return (
        f"The receiver found that {way.host} may not send for {way.domain}. In the DNS of {way.domain}: the TXT "
        f"record that begins with v=spf1 must name the servers behind {way.host} (include:… as its provider says, or "
        f"ip4:…), exactly one such record; have DKIM signed by that server; then `dig +short TXT {way.domain}` shows "
        "it. Or set mail.sender to a domain for which it may send."
    )


def _dkim(way: Way) -> str:
    return (
        f"The receiver did not believe that the mail is of {way.domain}: have {way.host} sign by DKIM for that domain "
        f"(its public key as TXT at SELECTOR._domainkey.{way.domain}), and look what the TXT record of "
        f"_dmarc.{way.domain} asks for: SPF or DKIM must pass for {way.domain} itself. Or set mail.sender to a domain "
        "for which it may send."
    )


def _sender(way: Way) -> str:
    who = f"the account {way.username}" if way.username else "this machine"
    return (
        f"The mail server does not let {who} send as {way.sender}: set mail.sender to an address of that account, or "
        "allow it there (“send as”, a verified sender or domain)."
    )


def _relay(way: Way) -> str:
    if not way.username:
        return (
            f"{way.host} passes mail of this machine on to its own people only: set mail.username and mail.password, "
            "or allow this machine's address there (a relay connector), and use port 587 in place of 25."
        )
    return (
        f"{way.host} does not pass mail on for {way.username}: take the server for outgoing mail, not the one that "
        "receives (MX), or allow it there."
    )


def _blocked(way: Way) -> str:
    return (
        f"The address that mail leaves from is on a list of bad senders, or has no name of its own (PTR): send by your "
        f"provider's mail server instead of directly, or have {way.host} taken off the list that its answer names."
    )


def _password(way: Way) -> str:
    return (
        f"{way.host} does not take mail.username ({way.username or 'empty'}) with mail.password. Where the account "
        "has two steps, it wants an app password; Microsoft 365 wants SMTP AUTH allowed for the mailbox. A password "
        "in the environment (DOORWARD_MAIL_PASSWORD) wins over the file."
    )


def _slow(way: Way) -> str:
    return (
        f"Nothing is to be done: it is tried again for a day. If it happens often, have the limit of {way.host} "
        "raised, or spread what is sent (imports, reviews)."
    )


def _look_at_log(way: Way) -> str:
    return f"See the log of {way.host}; `doorward mail test --to ADDRESS` tries it once more."


_ANY_RECIPIENT: Final = (RECIPIENT, CONTENT)
_ROWS: Final[tuple[_Row, ...]] = (
    # Signing in to the mail server.
    _Row("mail_tls", "doorward", "mail.tls",
         lambda way: f"{way.host} wants TLS first: set mail.tls to starttls (port 587) or tls (port 465).",
         words=r"must issue a? ?starttls|encryption required|starttls (is )?required|requires? (a )?(tls|secure)"),
    _Row("mail_login", "doorward", "mail.username",
         lambda way: f"{way.host} wants a name and a password: set mail.username and mail.password.",
         (SENDER, RECIPIENT), words=r"authenticat\w+ (is )?required|auth(entication)? (first|needed)|not authenticated|"
         r"must authenticate|5\.7\.57"),
    _Row("mail_login", "doorward", "mail.password", _password, (LOGIN,)),
    # What is asked of the sender's domain.
    _Row("mail_spf", "doorward", "SPF record of the sender's domain", _spf, enhanced=r"[45]\.7\.(23|24)"),
    _Row("mail_dkim", "doorward", "DKIM and DMARC of the sender's domain", _dkim,
         enhanced=r"[45]\.7\.(20|21|22|26|29|30|32|509)"),
    _Row("mail_blocked", "doorward", "the mail server's address", _blocked, enhanced=r"[45]\.7\.(25|6\d\d|511)"),
    _Row("mail_dkim", "doorward", "DKIM and DMARC of the sender's domain", _dkim, codes=("4", "5"),
         words=r"\bdmarc\b|\bdkim\b|unauthenticated (e?mail|sender)"),
    _Row("mail_spf", "doorward", "SPF record of the sender's domain", _spf, codes=("4", "5"),
         words=r"\bspf\b|sender policy framework"),
    _Row("mail_greylisted", "nobody", "greylisting of the receiver",
         lambda way: "Nothing is to be done: the receiver puts off whom it does not know, and the next tries come by "
         "themselves, the first in seconds. Codes may come late: let that server know ours (its list of known "
         "senders).",
         _ANY_RECIPIENT, ("4",), words=r"gr[ea]y-?list|try again|come back|4\.7\.1\b|4\.2\.0\b"),
    _Row("mail_blocked", "doorward", "the mail server's address", _blocked, codes=("4", "5"),
         words=r"spamhaus|barracuda|block ?list|black ?list|\brbl\b|dnsbl|\bblocked\b|reputation|reverse dns|\bptr\b|"
         r"rdns|poor sender"),
    _Row("mail_rate", "doorward", "limits of the mail server", _slow, codes=("4", "5"),
         words=r"too (many|fast)|rate ?limit|\brate\b|throttl|limit exceeded|quota for sending|sending limit|"
         r"daily (user )?(sending )?(limit|quota)|4\.7\.28|4\.3\.2"),
    # The recipient.
    _Row("mail_full", "person", "mailbox of the person",
         lambda way: "The mailbox is full: the person makes room in it, or another address is set for them.",
         _ANY_RECIPIENT, enhanced=r"[45]\.2\.2"),
    _Row("mail_full", "person", "mailbox of the person",
         lambda way: "The mailbox is full: the person makes room in it, or another address is set for them.",
         _ANY_RECIPIENT, ("4", "5"), words=r"(mailbox|quota|storage).{0,30}(full|exceed|over)|over ?quota"),
    _Row("mail_too_large", "doorward", "size limit of the mail server",
         lambda way: f"{way.host} takes no message of this size (a few dozen kB): raise its limit.",
         codes=("5", "4"), words=r"5\.3\.4|5\.2\.3|message (too|size)|size exceed|too (large|big)"),
    _Row("mail_relay", "doorward", "mail.host", _relay, (RECIPIENT,), ("5", "4"), words=r"relay"),
    _Row("mail_sender", "doorward", "mail.sender", _sender, (RECIPIENT, CONTENT), ("5", "4"),
         words=r"(sender|from)\b.{0,60}(reject|not allowed|denied|not owned|not permitted|does not (exist|resolve)|"
         r"not verified|unverified|invalid)|send ?as ?denied|not allowed to send|5\.1\.8|5\.1\.7|5\.7\.27|5\.7\.60"),
    _Row("mail_no_domain", "person", "address of the person",
         lambda way: "The domain of this address takes no mail (no MX record, or mistyped): correct the address.",
         (RECIPIENT,), enhanced=r"[45]\.(1\.2|1\.10|4\.4|4\.1)", words=r"domain|host|mx|null"),
    _Row("mail_no_mailbox", "person", "address of the person",
         lambda way: "There is no such mailbox: correct the address of the person, or ask its owner to have it made.",
         (RECIPIENT,), enhanced=r"[45]\.(1\.[0136]|1\.10|2\.1)"),
    _Row("mail_no_mailbox", "person", "address of the person",
         lambda way: "There is no such mailbox: correct the address of the person, or ask its owner to have it made.",
         (RECIPIENT,), ("5",), words=r"(no such|unknown|invalid|unavailable|not found|does ?n.t exist|disabled).{0,40}|"
         r"(user|mailbox|recipient|address).{0,40}(unknown|rejected|not found|unavailable|exist|disabled|invalid)"),
    _Row("mail_content", "doorward", "content filter of the receiver",
         lambda way: "A filter took the message for spam. Pass SPF, DKIM and DMARC for the sender's domain, and have "
         "the receiver's filter let mail of ours through (its answer says where).",
         (CONTENT,), ("5", "4"), words=r"spam|content|virus|policy|5\.7\.1\b|5\.6\."),
    # By stage alone.
    _Row("mail_sender", "doorward", "mail.sender", _sender, (SENDER,), ("5",)),
    _Row("mail_refused", "doorward", "mail.host", _relay, (RECIPIENT,), ("5",), enhanced=r"5\.7\.\d+"),
    _Row("mail_rate", "doorward", "limits of the mail server", _slow, codes=("421", "450", "451", "452", "454")),
    _Row("mail_greeting", "doorward", "mail.host",
         lambda way: f"{way.host} turns this machine away before anything is said: allow its address there, or send by "
         "another server.", (CONNECT,)),
    _Row("mail_refused", "doorward", "mail.host", _look_at_log),
)  # fmt: skip


# -- no answer at all --------------------------------------------------------------------------------------------------


def _of_connection(way: Way, error: BaseException) -> Refusal | None:
    place = f"{way.host}:{way.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(way, error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _not_supported(way, str(error))
    if isinstance(error, ssl.SSLError):
        return Refusal("mail_tls", "doorward", "mail.tls", _ports(way), "TLS as mail.tls says", str(error.reason or ""))
    if isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" not in str(error):
        return Refusal("mail_closed", "doorward", "mail.tls", _ports(way), "a greeting", "the connection was closed")
    if isinstance(error, socket.gaierror):
        fix = f"No address was found for {way.host}: correct mail.host, or the DNS of this machine (/etc/resolv.conf)."
        return Refusal("mail_host", "doorward", "mail.host", fix, "a name that DNS knows", way.host)
    if isinstance(error, ConnectionRefusedError):
        fix = (
            f"Nothing listens at {place}: correct mail.host or mail.port (587 for starttls, 465 for tls), or start it."
        )
        return Refusal("mail_port", "doorward", "mail.port", fix, "a mail server that listens", f"{place} refused")
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        fix = (
            f"No answer from {place}: a firewall, or a provider that blocks port {way.port} (25 is blocked by most: "
            "use 587 or 465). Let this machine through to it. "
            + ("" if way.tls == "tls" else 'Or it waits for TLS, as port 465 does: mail.tls = "tls".')
        ).strip()
        return Refusal("mail_port", "doorward", "mail.port", fix, f"an answer from {place}", "no answer in time")
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
        fix = f"This machine has no way to {place}: look at its network, and at IPv6 where it has none of its own."
        return Refusal("mail_host", "doorward", "mail.host", fix, f"a way to {place}", str(error.strerror or ""))
    return None


def _of_certificate(way: Way, error: ssl.SSLCertVerificationError) -> Refusal:
    said = error.verify_message
    if "mismatch" in said.lower() or error.verify_code in (62, 64):
        fix = f"The certificate is for another name than {way.host}: set mail.host to the name in it, no alias or IP."
        return Refusal("mail_certificate_name", "doorward", "mail.host", fix, way.host, said)
    if error.verify_code == 10:
        fix = f"The certificate of {way.host} has run out: renew it there; or the clock of this machine is wrong."
        return Refusal("mail_certificate_expired", "doorward", "certificate of the mail server", fix, "", said)
    if error.verify_code == 9:
        fix = "The certificate is not valid yet: the clock of this machine is wrong; set it by NTP."
        return Refusal("mail_certificate_expired", "doorward", "clock", fix, "", said)
    fix = (
        f"No authority that this machine knows has signed the certificate of {way.host}, or it leaves out the one "
        "between: set mail.ca to a PEM file with your own authority, or have the server send its whole chain."
    )
    return Refusal("mail_certificate", "doorward", "mail.ca", fix, "a certificate of a known authority", said)


def _not_supported(way: Way, said: str) -> Refusal:
    if "starttls" in said.lower():
        return Refusal("mail_tls", "doorward", "mail.tls", _ports(way), "STARTTLS", "the server offers none")
    if "auth" in said.lower():
        fix = (
            f"{way.host} offers no sign-in at port {way.port}: use the port for submission (587), or leave "
            "mail.username empty where the server knows this machine by its address."
        )
        return Refusal("mail_login", "doorward", "mail.username", fix, "AUTH", "the server offers none")
    fix = f"{way.host} takes no addresses with letters beyond ASCII (SMTPUTF8): use another mail.sender, or server."
    return Refusal("mail_utf8", "doorward", "mail.sender", fix, "SMTPUTF8", "the server offers none")


def _ports(way: Way) -> str:
    right = {465: "tls", 587: "starttls", 25: "starttls"}.get(way.port)
    if right is not None and way.tls != right:
        return f'Port {way.port} is for mail.tls = "{right}", and it is "{way.tls}": set one of the two.'
    return (
        f'mail.tls is "{way.tls}" at port {way.port}: 465 is for "tls" (from the first byte), 587 for "starttls". '
        "Where that is right, the server or a firewall closes the connection: see its log."
    )


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())
