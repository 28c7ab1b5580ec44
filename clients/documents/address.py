"""Client ids that are the address of a document: what one may look like, and whose it is."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from clients import uris

PREFIX: Final = "https://"
#: Characters. A short one is recommended, since people read it (draft-ietf-oauth-client-id-metadata-document-01 §2).
MAX_ADDRESS: Final = 255
_MARK: Final = "~"  # no id of ours begins so
_NUMBERS: Final = re.compile(r"\[.*\]|[0-9.]+")


@dataclass(frozen=True, slots=True)
class Address:
    """`host`: as an admin allows it and people read it, with a port that is not https's own."""

    url: str
    host: str
    origin: str

    def has(self, uri: str) -> bool:
        """Whether a URI is of the same origin."""
        try:
            return uris.read(uri).origin == self.origin
        except ValueError:
            return False


def is_one(client_id: str) -> bool:
    """Whether a client id claims to be an address; ours never begin so."""
    return client_id.startswith(PREFIX)


def read(client_id: str) -> Address:
    """The address that a client id is. Errors: ValueError, a sentence to show."""
    if len(client_id) > MAX_ADDRESS:
        raise ValueError(f"is longer than {MAX_ADDRESS} characters")
    # CIMD §2: https; no fragment, no user name or password, no dot segments. Letters of other scripts come as xn--….
    parts = uris.read(client_id)
    if parts.scheme != "https":
        raise ValueError("is not https")
    # CIMD §2: a path; and SHOULD NOT have a query, which names no document that an admin could look up.
    if parts.path in ("", "/"):
        raise ValueError("has no path; expected something like https://app.example/client.json")
    if parts.query is not None:
        raise ValueError("has a query; take out '?' and what follows")
    if _NUMBERS.fullmatch(parts.host):
        raise ValueError("has an address in numbers in place of a host name")
    return Address(client_id, parts.origin.removeprefix(PREFIX), parts.origin)


def read_host(given: str) -> str:
    """A host as `Address.host` has it. Errors: ValueError, a sentence to show."""
    host = given.strip().lower().rstrip(".")
    found = read(f"{PREFIX}{host}/x")
    if found.host != host:
        raise ValueError(f"write it as {found.host}")
    return host


def in_path(client_id: str) -> str:
    """A client id as one segment of a path; read back by `of_path`.

    An address has slashes in it, which no proxy leaves alone when they are encoded.
    """
    if not is_one(client_id):
        return client_id
    return _MARK + urlsafe_b64encode(client_id.encode()).rstrip(b"=").decode()


def of_path(segment: str) -> str:
    """The client id of a segment; what is none of `in_path` stays as it is."""
    if not segment.startswith(_MARK):
        return segment
    try:
        plain = urlsafe_b64decode(segment[1:] + "=" * (-len(segment[1:]) % 4)).decode("ascii")
    except ValueError:
        return segment
    return plain if in_path(plain) == segment else segment
