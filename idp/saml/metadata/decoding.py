"""Metadata in the encodings that XML allows, brought to UTF-8; and what it is where it is no metadata at all."""

from __future__ import annotations

import codecs
import re
from typing import Final

from idp.saml.metadata.lexical import BadMetadata

#: As declarations name them, in lower case, and Python's names.
_READ: Final = {
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}
# Written in octets as ASCII is, a document that says these is what .NET makes of a string: UTF-8.
_MISNAMED: Final = ("utf-16", "utf-16le", "utf-16be", "unicode")
_DECLARATION: Final = re.compile(r"""(<\?xml\s[^<>]{0,100}?)\sencoding\s*=\s*(["'])([A-Za-z0-9._-]{1,40})\2""")
_HTML: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*){0,5}<(?:!doctype\s+)?html[\s>]", re.I | re.S)
_BLANK: Final = b" \t\r\n"
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
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise BadMetadata("it is in UTF-32; save it as UTF-8")
    wide = _wide(data)
    if wide:
        text = _decoded(data, wide, f"it begins as {wide.upper()} and does not go on so; save it as UTF-8")
        return _relabelled(text.lstrip("\ufeff \t\r\n")).encode()
    data = data.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    check_kind(data)
    found = _DECLARATION.match(data[:200].decode("latin-1"))
    named = found[3].lower() if found else "utf-8"
    if named in ("utf-8", "utf8") and found is not None and found[3].lower() == "utf-8":
        return data
    if named in ("utf-8", "utf8", *_MISNAMED):
        return _relabelled(data.decode("latin-1")).encode("latin-1") if found else data
    if named not in _READ:
        raise BadMetadata(f"its XML declaration says {named}, which is not read; save it as UTF-8")
    text = _decoded(data, _READ[named], f"its XML declaration says {named}, and it is not; save it as UTF-8")
    return _relabelled(text).encode()


def check_kind(data: bytes) -> None:
    """Errors: `BadMetadata` where a document cannot be XML, or is a web page."""
    if not data.strip(_BLANK):
        raise BadMetadata("it is empty, and not XML")
    if _HTML.match(data[:2000]):
        raise BadMetadata(WEB_PAGE)
    if not data.startswith(b"<"):
        kind = next((text for start, text in _KINDS if data.startswith(start)), "")
        raise BadMetadata(kind or f"it is not XML: it begins with {data[:20].decode('latin-1')!a}")


def _wide(data: bytes) -> str:
    """XML 1.0 appendix F: two octets a letter, by the mark or by the first of them."""
    if data.startswith(codecs.BOM_UTF16_LE) or data[:2] == b"<\0":
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE) or data[:2] == b"\0<":
        return "utf-16-be"
    return ""


def _decoded(data: bytes, encoding: str, problem: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise BadMetadata(problem) from None


def _relabelled(text: str) -> str:
    """A document under a declaration of what it is now: UTF-8."""
    return _DECLARATION.sub(r'\1 encoding="utf-8"', text, count=1)
