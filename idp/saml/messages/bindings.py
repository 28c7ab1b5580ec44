"""What comes off the wire, whatever brought it: a message, not parsed and not trusted.

`http_redirect`, `http_post` and `soap` decode and encode one binding each, `artifacts` the references to messages that
wait. Nothing here knows an endpoint, a service provider or a key; `signatures.open_message` says who signed.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from idp.saml.messages.encodings import to_utf8
from idp.saml.messages.xml import BadXml, Element

MAX_RELAY_STATE: Final = 2048  # bytes; the specification's 80 is exceeded by mod_auth_mellon
MESSAGES: Final = ("SAMLRequest", "SAMLResponse")
#: The parameters of HTTP-Redirect and HTTP-POST.
PARAMETERS: Final = frozenset({*MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding", "SAMLart"})
_WHITESPACE: Final = str.maketrans("", "", " \t\r\n")
# Bind §3.4.5.1, §3.5.5.1: no proxy or browser may keep a message.
NO_CACHE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class BadMessage(Exception):
    """The message cannot be taken off the wire. `reason` is for the log and the application's developer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """The signature of an HTTP-Redirect message, over the raw octets that the sender encoded."""

    algorithm: str
    value: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """One message off the wire, not parsed and not trusted.

    `parameter` is SAMLRequest or SAMLResponse ("" for SOAP); `relay_state` is None where there was none.
    `message` is in UTF-8, whatever it came in. `signature` only by HTTP-Redirect. `headers` only by SOAP.
    """

    binding: str
    parameter: str
    message: bytes
    relay_state: str | None = None
    signature: DetachedSignature | None = None
    headers: tuple[Element, ...] = ()


def one_message(parameters: Iterable[str]) -> str:
    """Which of the two parameters holds the message. Errors: `BadMessage`."""
    messages = [name for name in MESSAGES if name in parameters]
    if len(messages) != 1:
        raise BadMessage("exactly one of SAMLRequest and SAMLResponse is needed")
    return messages[0]


def check_relay_state(text: str) -> str:
    """A RelayState of a length that we carry. Errors: `BadMessage`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_RELAY_STATE:
        raise BadMessage(f"RelayState has more than {MAX_RELAY_STATE} bytes")
    return text


def in_utf8(message: bytes) -> bytes:
    """A message as everything behind the binding reads it. Errors: `BadMessage`."""
    try:
        return to_utf8(message)
    except BadXml as error:
        raise BadMessage(f"{error.reason}; send it in UTF-8") from None


def from_base64(name: str, text: str) -> bytes:
    """Line breaks and spaces are allowed (Bind §3.5.4 leaves them to the sender), other foreign characters are not."""
    try:
        decoded = b64decode(text.translate(_WHITESPACE).encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise BadMessage(f"{name} is not base64") from None
    if not decoded:
        raise BadMessage(f"{name} is empty")
    return decoded
