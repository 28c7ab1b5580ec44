"""What a browser has sent: the token of its header, and what a ticket shows of itself."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

MAX_TOKEN: Final = 48 * 1024  # octets; Windows' own MaxTokenSize
#: RFC 3962, RFC 8009: AES with SHA-1, and with SHA-2. Nothing else is taken: RC4 and DES are broken (RFC 8429, 6649).
AES: Final = frozenset((17, 18, 19, 20))


class Unreadable(ValueError):
    """No token that carries a ticket. `why`: for the admin."""


class Ntlm(ValueError):
    """The browser had no ticket, and sent the older protocol."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket for a service. `kind`, `session_kind`: the numbers of the encryption of ticket and authenticator;
    `version`: of the service's key, None where it does not say; `once`: stands for the authenticator.
    """

    realm: str
    service: str
    kind: int
    session_kind: int
    version: int | None
    once: str


def from_header(header: str) -> bytes:
    """The token of an Authorization header; empty where it has none. Errors: `Unreadable`."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "negotiate" or not text.strip():
        return b""
    if len(text) > MAX_TOKEN * 4 // 3 + 4:
        raise Unreadable("it is longer than any")
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("it is no base64") from None
