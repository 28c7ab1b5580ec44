"""Metadata brought to UTF-8; and what a document is that is no metadata at all."""

from __future__ import annotations

import codecs
import re
from typing import Final

from idp.saml.messages import encodings
from idp.saml.messages.xml import BadXml
from idp.saml.metadata.lexical import BadMetadata

_HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*-->\s*){0,5}<(?:!doctype\s+)?html[\s>]", re.I | re.S
)
WEB_PAGE: Final = "it is a web page, not metadata; is the address right, and is no sign-in needed to read it?"
_KINDS: Final = (
    (b"\x1f\x8b", "it is compressed (gzip); unpack it first"),
    (b"PK\x03\x04", "it is a ZIP archive; unpack it first"),
    (b"%PDF", "it is a PDF; ask the application for its SAML metadata"),
    (b"-----BEGIN", "it is a certificate or a key (PEM); ask the application for its SAML metadata"),
    (b"{", "it is JSON, of OpenID Connect perhaps; ask the application for its SAML metadata"),
    (b"[", "it is JSON; ask the application for its SAML metadata"),
    (b"http", "it is an address; give --metadata the address itself, or save what is there"),
)


def to_utf8(data: bytes) -> bytes:
    """A metadata document in UTF-8, without white space in front of it. Errors: `BadMetadata` with what it is."""
    if not data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and not encodings.find_wide(data):
        check_kind(data.removeprefix(codecs.BOM_UTF8).lstrip(encodings.BLANK))
    try:
        return encodings.to_utf8(data)
    except BadXml as error:
        raise BadMetadata(f"{error.reason}; save it as UTF-8") from None


def check_kind(data: bytes) -> None:
    """Errors: `BadMetadata` where a document cannot be XML, or is a web page."""
    if not data.strip(encodings.BLANK):
        raise BadMetadata("it is empty, and not XML")
    if _HTML.match(data[:2000]):
        raise BadMetadata(WEB_PAGE)
    if not data.startswith(b"<"):
        kind = next((text for start, text in _KINDS if data.startswith(start)), "")
        raise BadMetadata(kind or f"it is not XML: it begins with {data[:20].decode('latin-1')!a}")
