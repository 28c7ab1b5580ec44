"""Syslog over TLS: RFC 5424 messages in the frames of RFC 5425."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Iterable, Iterator

from idp.audit.events import Event
from idp.audit.exporting.outcome import severity
from idp.audit.exporting.tables import moment
from idp.audit.streaming.delivery import NotReceived

TIMEOUT = 10.0  # seconds for each step
_GOODBYE = 2.0  # and for the last, in which the other side says that it has come to the end, too
_LOG_AUDIT = 13  # RFC 5424 §6.2.1: the facility
_SEVERITIES = {1: 6, 3: 4, 4: 1}  # RFC 5424 §6.2.1: informational, warning, alert
_BOM = b"\xef\xbb\xbf"


def message(event: Event, text: str, host: str) -> bytes:
    """RFC 5424 §6. `text`: one line in UTF-8."""
    priority = _LOG_AUDIT * 8 + _SEVERITIES[severity(event.action)]
    name = re.sub(r"[^\x21-\x7e]", "_", event.action)[:32] or "-"  # MSGID: printable ASCII, 32 of it
    head = f"<{priority}>1 {moment(event.at)} {host[:255]} doorward - {name} - "
    return head.encode("ascii") + _BOM + text.rstrip("\n").encode("utf-8", "replace")


def framed(messages: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 5425 §4.3.1: each with its length in octets before it."""
    for one in messages:
        yield b"%d " % len(one) + one


def send(host: str, port: int, ca: str, messages: Iterable[bytes]) -> None:
    """Send them over one connection, whose other side must be who it says (RFC 5425 §5.2). Errors: `NotReceived`."""
    try:
        trust = ssl.create_default_context(cafile=ca or None)
        with (
            socket.create_connection((host, port), TIMEOUT) as plain,
            trust.wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall(b"".join(framed(messages)))
            connection.settimeout(_GOODBYE)
            with contextlib.suppress(ssl.SSLError, TimeoutError):  # RFC 5425 §4.4; not all of them keep to it
                connection.unwrap()
    except TimeoutError:
        raise NotReceived(f"{host}:{port} gave no answer in {TIMEOUT:g} seconds") from None
    except ssl.SSLCertVerificationError as error:
        raise NotReceived(f"the certificate of {host}:{port} is not trusted: {error.verify_message}") from None
    except OSError as error:
        raise NotReceived(f"{host}:{port}: {error.strerror or error}") from None
