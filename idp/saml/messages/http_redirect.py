"""HTTP-Redirect (Bind §3.4): a message in the query of a URL, with a signature over the query."""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from typing import Final
from urllib.parse import unquote_plus, unquote_to_bytes

from idp import wire
from idp.saml.messages import names
from idp.saml.messages.bindings import (
    NO_CACHE,
    PARAMETERS,
    BadMessage,
    DetachedSignature,
    Received,
    check_relay_state,
    from_base64,
    in_utf8,
    one_message,
)
from idp.saml.messages.signing import SigningKey, query, sign_redirect
from idp.saml.messages.xml import MAX_BYTES, Element, serialize

MAX_QUERY: Final = 64 * 1024  # characters of a query string
_QUERY: Final = re.compile(r"[\x21-\x7e]*")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_redirect(raw_query: str) -> Received:
    """Read a query string exactly as it came (WSGI's QUERY_STRING). Errors: `BadMessage`."""
    raw = _raw_parameters(raw_query)
    parameter = one_message(raw)
    encoding = raw.get("SAMLEncoding")
    if encoding is not None and _decoded("SAMLEncoding", encoding) != names.DEFLATE:
        raise BadMessage("SAMLEncoding must be DEFLATE")
    message = in_utf8(inflate(from_base64(parameter, _decoded(parameter, raw[parameter], plus="+"))))
    relay_state = raw.get("RelayState")
    return Received(
        names.HTTP_REDIRECT,
        parameter,
        message,
        None if relay_state is None else check_relay_state(_decoded("RelayState", relay_state)),
        _detached_signature(raw, parameter),
    )


def _raw_parameters(raw_query: str) -> dict[str, str]:
    """Our parameters with their values as sent. A name that is ours only after decoding is another reader's trap."""
    if len(raw_query) > MAX_QUERY:
        raise BadMessage(f"the query is longer than {MAX_QUERY} characters")
    if not _QUERY.fullmatch(raw_query):
        raise BadMessage("the query is not percent-encoded")
    pairs = raw_query.split("&")
    if len(pairs) > wire.MAX_FIELDS:
        raise BadMessage("too many parameters")
    found: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in PARAMETERS:
            if unquote_plus(name).strip() in PARAMETERS:
                raise BadMessage("the name of a SAML parameter must not be percent-encoded")
            continue
        if name in found:
            raise BadMessage(f"{name} is there twice")
        if _BROKEN_ESCAPE.search(value):
            raise BadMessage(f"{name} is not percent-encoded")
        found[name] = value
    return found


def _decoded(name: str, value: str, plus: str = " ") -> str:
    try:
        return unquote_to_bytes(value.replace("+", plus)).decode("utf-8")
    except UnicodeDecodeError:
        raise BadMessage(f"{name} is not UTF-8") from None


def _detached_signature(raw: dict[str, str], parameter: str) -> DetachedSignature | None:
    algorithm, value = raw.get("SigAlg"), raw.get("Signature")
    if algorithm is None and value is None:
        return None
    if not algorithm or not value:
        raise BadMessage("SigAlg and Signature come together")
    # Bind §3.4.4.1: this order, whatever the URL's, and the values as the sender encoded them (ADFS: %2b, not %2B).
    signed = [name for name in (parameter, "RelayState", "SigAlg") if name in raw]
    octets = "&".join(f"{name}={raw[name]}" for name in signed).encode("ascii")
    return DetachedSignature(
        _decoded("SigAlg", algorithm), from_base64("Signature", _decoded("Signature", value, plus="+")), octets
    )


def encode_redirect(
    location: str, parameter: str, message: Element, relay_state: str | None = None, key: SigningKey | None = None
) -> wire.Redirect:
    """Send `message`, without a ds:Signature, by HTTP-Redirect; with a key, signed in the query (Bind §3.4.4.1)."""
    parameters = [(parameter, b64encode(deflate(serialize(message))).decode())]
    if relay_state is not None:
        parameters.append(("RelayState", relay_state))
    encoded = sign_redirect(parameters, key) if key else query(parameters)
    return wire.Redirect(
        location=location + ("&" if "?" in location else "?") + encoded,
        headers=NO_CACHE,
    )


def deflate(data: bytes) -> bytes:
    """RFC 1951, without a zlib header."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def inflate(data: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """Undo `deflate`, never writing more than `max_bytes`. Errors: `BadMessage`."""
    decompressor = zlib.decompressobj(-15)
    try:
        inflated = decompressor.decompress(data, max_bytes + 1)
    except zlib.error:
        raise BadMessage("not DEFLATE") from None
    if len(inflated) > max_bytes:
        raise BadMessage(f"more than {max_bytes} bytes after inflating")
    if not decompressor.eof or decompressor.unused_data or decompressor.unconsumed_tail:
        raise BadMessage("the DEFLATE data is cut off, or something follows it")
    return inflated
