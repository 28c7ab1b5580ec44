"""XML in the encodings that it allows (XML 1.0 §4.3.3, appendix F), brought to UTF-8 before anything else looks at it.

Metadata files and messages alike: .NET writes "utf-16" above UTF-8, others write Latin-1. What comes out is UTF-8 under
a declaration that says so, and goes through every check of `xml.parse`. Nothing else is guessed: UTF-7, UTF-32 and
EBCDIC are not read. Signatures are of the canonical form, which is UTF-8 whatever the document was in.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from idp.saml.messages.xml import BadXml

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
BLANK: Final = b" \t\r\n"


def to_utf8(data: bytes) -> bytes:
    """A document in UTF-8, without a mark or white space in front of it. Errors: `BadXml` with what it is."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise BadXml("it is in UTF-32")
    wide = find_wide(data)
    if wide:
        text = _decoded(data, wide, f"it begins as {wide.upper()} and does not go on so")
        return _relabelled(text.lstrip("\ufeff \t\r\n")).encode()
    data = data.removeprefix(codecs.BOM_UTF8).lstrip(BLANK)
    found = _DECLARATION.match(data[:200].decode("latin-1"))
    named = found[3].lower() if found else "utf-8"
    if named == "utf-8":
        return data
    if named in ("utf8", *_MISNAMED):
        return _relabelled(data.decode("latin-1")).encode("latin-1")
    if named not in _READ:
        raise BadXml(f"its XML declaration says {named}, which is not read")
    return _relabelled(_decoded(data, _READ[named], f"its XML declaration says {named}, and it is not")).encode()


def find_wide(data: bytes) -> str:
    """XML 1.0 appendix F: two octets a letter, by the mark or by the first of them; '' where it is not so."""
    if data.startswith(codecs.BOM_UTF16_LE) or data[:2] == b"<\0":
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE) or data[:2] == b"\0<":
        return "utf-16-be"
    return ""


def _decoded(data: bytes, encoding: str, problem: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise BadXml(problem) from None


def _relabelled(text: str) -> str:
    """A document under a declaration of what it is now: UTF-8. Only one at its very beginning is a declaration."""
    found = _DECLARATION.match(text)
    return f'{found[1]} encoding="utf-8"{text[found.end() :]}' if found else text
