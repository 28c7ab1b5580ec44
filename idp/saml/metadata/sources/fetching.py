"""Metadata off the net, through the one guarded client (threat 22)."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Final
from urllib.parse import quote, urlsplit

from clients import uris
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.saml.metadata import reading
from idp.saml.metadata.aggregates import MAX_BYTES
from idp.saml.metadata.lexical import BadMetadata

REDIRECTS: Final = 5  # IIP-MD02
SECONDS: Final = 10.0
AGGREGATE_SECONDS: Final = 120.0


def check_url(url: str, *, is_signed: bool) -> None:
    """Plain http only where a pinned key checks what comes (threat 21), or on this machine. Errors: `BadMetadata`."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise BadMetadata(f"{url[:200]}: expected an https address")
    if parts.scheme == "http" and not is_signed and parts.hostname not in {h.strip("[]") for h in uris.LOOPBACK}:
        raise BadMetadata(f"{url[:200]}: plain http can be changed on the way; use https, or pin the signer's key")


def fetch(services: Services, url: str, *, seconds: float = SECONDS) -> bytes:
    """A metadata document of at most 1 MB. Errors: `BadMetadata`, and `NotThere` for 404."""
    try:
        fetched = services.outbound.get(
            url, f"{reading.TYPE}, application/xml;q=0.8, text/xml;q=0.8", redirects=REDIRECTS,
            max_bytes=reading.MAX_BYTES, timeout=seconds,
        )  # fmt: skip
    except (OutboundRefused, OutboundFailed) as error:
        raise BadMetadata(f"{url[:200]} cannot be read: {_reason(error.reason)}") from None
    _check_status(url, fetched.status)
    return fetched.body


def download(services: Services, url: str, file: BinaryIO) -> None:
    """An aggregate of at most 100 MB, into a file that is open for writing. Errors: `BadMetadata`."""
    try:
        fetched = services.outbound.download(
            url, file.write, reading.TYPE, redirects=REDIRECTS, max_bytes=MAX_BYTES, timeout=AGGREGATE_SECONDS,
        )  # fmt: skip
    except (OutboundRefused, OutboundFailed) as error:
        raise BadMetadata(f"{url[:200]} cannot be read: {_reason(error.reason)}") from None
    _check_status(url, fetched.status)


class NotThere(BadMetadata):
    """The server is well and has no such metadata."""


def _check_status(url: str, status: int) -> None:
    if status in (404, 410):
        raise NotThere(f"{url[:200]} is not there (it answered {status}): the application says where its metadata is")
    if status != 200:
        raise BadMetadata(f"{url[:200]} cannot be read: it answered {status}{_WHAT_TO_DO.get(status // 100, '')}")


#: By the hundreds of the status.
_WHAT_TO_DO: Final = {
    3: ": too many redirects, or one that leads nowhere; give the address that they end at",
    4: ": it wants a sign-in, or keeps programs out; let it be read without, or give the metadata as a file",
    5: ": the server there fails, and its log says why; try again later, or give the metadata as a file",
}


def _reason(reason: str) -> str:
    """Why nothing could be asked; with the setting, where it is one of ours."""
    if "not a public address" in reason or "https is required" in reason:
        return f"{reason}; where it is meant, name it in outbound.allow of the settings and restart"
    return f"{reason}; correct the name, or the DNS of this server" if "has no address" in reason else reason


def mdq_url(base: str, entity_id: str, *, sha1: bool = False) -> str:
    """MDQ SAML profile §2: where an MDQ server has an entity."""
    name = entity_id
    if sha1:
        # A name, not protection.
        name = "{sha1}" + hashlib.sha1(entity_id.encode(), usedforsecurity=False).hexdigest()
    return f"{base.rstrip('/')}/entities/{quote(name, safe='')}"
