"""SMPP 3.4, the telephone companies' protocol for text messages."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from smpplib import consts, exceptions, gsm
from smpplib.client import Client

from idp.mail.delivery import Rejected, Undelivered

if TYPE_CHECKING:
    from idp.config import Settings

TIMEOUT = 15.0  # seconds for each step
MAX_ANSWERS = 20  # that are read while waiting for one
_PORTS = {"smpp": 2775, "smpps": 3550}
#: SMPP 3.4 §5.1.3: what no second try makes right.
_FINAL = frozenset((consts.SMPP_ESME_RINVDSTADR, consts.SMPP_ESME_RINVDSTTON, consts.SMPP_ESME_RINVDSTNPI))

# The library writes whole messages, the password among them, to this log at its debug level.
logging.getLogger("doorward.smpp").setLevel(logging.CRITICAL)


class _Connection(Client):  # type: ignore[misc]
    """The library's client over a connection of ours: any address family, and TLS that checks the host's name."""

    _socket: Any

    def connect(self) -> None:
        self._socket = socket.create_connection((self.host, self.port), self.timeout)
        if self._ssl_context is not None:
            self._socket = self._ssl_context.wrap_socket(self._socket, server_hostname=self.host)
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def leave(settings: Settings, to: str, text: str) -> str:
    """Hand one text over, in as many parts as it takes; answers the first part's message id.

    Errors: `Undelivered`, `Rejected`.
    """
    connection = _open(settings)
    try:
        connection.connect()
        _answer(connection.bind_transmitter(system_id=settings.sms.username, password=settings.sms.token))
        ids = [_submit(connection, settings, to, part, *how) for part, how in _parts(text)]
        connection.unbind()
    except (Rejected, Undelivered):
        raise
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"the SMPP server's TLS certificate was not accepted: {error.verify_message}") from None
    except (exceptions.PDUError, exceptions.ConnectionError, OSError) as error:
        # The library's texts name the step and the status, never the message.
        raise Undelivered(f"the SMPP server: {type(error).__name__} {error.args[0] if error.args else ''}") from None
    finally:
        connection.close()
    return f"SMPP message {ids[0]}"


def _open(settings: Settings) -> Any:
    url = urlsplit(settings.sms.url)
    return _Connection(
        url.hostname or "",
        url.port or _PORTS[url.scheme],
        TIMEOUT,
        logger_name="doorward.smpp",
        ssl_context=ssl.create_default_context() if url.scheme == "smpps" else None,
        allow_unknown_opt_params=True,
    )


def _parts(text: str) -> list[tuple[bytes, tuple[int, int]]]:
    parts, coding, esm_class = gsm.make_parts(text)
    return [(part, (coding, esm_class)) for part in parts]


def _submit(connection: Any, settings: Settings, to: str, part: bytes, coding: int, esm_class: int) -> str:
    origin = settings.sms.originator
    kind = consts.SMPP_TON_INTL if origin.lstrip("+").isdigit() else consts.SMPP_TON_ALNUM
    connection.send_message(
        source_addr_ton=kind,
        source_addr_npi=consts.SMPP_NPI_ISDN if kind == consts.SMPP_TON_INTL else consts.SMPP_NPI_UNK,
        source_addr=origin.lstrip("+"),
        dest_addr_ton=consts.SMPP_TON_INTL,
        dest_addr_npi=consts.SMPP_NPI_ISDN,
        destination_addr=to.lstrip("+"),
        short_message=part,
        data_coding=coding,
        esm_class=esm_class,
        registered_delivery=False,
    )
    for _ in range(MAX_ANSWERS):
        pdu = connection.read_pdu()
        if pdu.command == "submit_sm_resp" or pdu.is_error():
            return _answer(pdu)
        if pdu.command == "enquire_link":
            connection._enquire_link_received(pdu)
    raise Undelivered("the SMPP server did not answer the message")


def _answer(pdu: Any) -> str:
    """The message id of an answer. Errors: `Undelivered`, `Rejected` for a status that is not OK."""
    if not pdu.is_error():
        found = getattr(pdu, "message_id", b"") or b""
        return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
    reason = f"the SMPP server answered {pdu.status:#x} {consts.DESCRIPTIONS.get(pdu.status, '')}".strip()
    raise Rejected(reason) if pdu.status in _FINAL else Undelivered(reason)
