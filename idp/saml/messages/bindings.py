"""Messages on the wire: HTTP-Redirect, HTTP-POST, SOAP and artifacts, decoded strictly and encoded.

Nothing here knows an endpoint, a service provider or a key of theirs; `signatures.open_message` says who signed.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote_plus, unquote_to_bytes

from idp import wire
from idp.saml.messages import names
from idp.saml.messages.signing import SigningKey, query, sign_redirect
from idp.saml.messages.xml import MAX_BYTES, Element, child, element, parse, serialize

MAX_QUERY: Final = 64 * 1024  # characters of a query string
MAX_RELAY_STATE: Final = 2048  # bytes; the specification's 80 is exceeded by mod_auth_mellon

_MESSAGES: Final = ("SAMLRequest", "SAMLResponse")
_OURS: Final = frozenset({*_MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding", "SAMLart"})
_QUERY: Final = re.compile(r"[\x21-\x7e]*")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WHITESPACE: Final = str.maketrans("", "", " \t\r\n")


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
    `signature` only by HTTP-Redirect. `headers` only by SOAP.
    """

    binding: str
    parameter: str
    message: bytes
    relay_state: str | None = None
    signature: DetachedSignature | None = None
    headers: tuple[Element, ...] = ()


# -- HTTP-Redirect (Bind §3.4) ---------------------------------------------------------------------------------------


def decode_redirect(raw_query: str) -> Received:
    """Read a query string exactly as it came (WSGI's QUERY_STRING). Errors: `BadMessage`."""
    raw = _raw_parameters(raw_query)
    parameter = _one_message(raw)
    encoding = raw.get("SAMLEncoding")
    if encoding is not None and _decoded("SAMLEncoding", encoding) != names.DEFLATE:
        raise BadMessage("SAMLEncoding must be DEFLATE")
    message = inflate(_base64(parameter, _decoded(parameter, raw[parameter], plus="+")))
    relay_state = raw.get("RelayState")
    return Received(
        names.HTTP_REDIRECT,
        parameter,
        message,
        None if relay_state is None else _check_relay_state(_decoded("RelayState", relay_state)),
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
        if name not in _OURS:
            if unquote_plus(name).strip() in _OURS:
                raise BadMessage("the name of a SAML parameter must not be percent-encoded")
            continue
        if name in found:
            raise BadMessage(f"{name} is there twice")
        if _BROKEN_ESCAPE.search(value):
            raise BadMessage(f"{name} is not percent-encoded")
        found[name] = value
    return found


def _one_message(parameters: Iterable[str]) -> str:
    messages = [name for name in _MESSAGES if name in parameters]
    if len(messages) != 1:
        raise BadMessage("exactly one of SAMLRequest and SAMLResponse is needed")
    return messages[0]


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
        _decoded("SigAlg", algorithm), _base64("Signature", _decoded("Signature", value, plus="+")), octets
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
        headers=_NO_CACHE,
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


# -- HTTP-POST (Bind §3.5) -------------------------------------------------------------------------------------------


def decode_post(form: wire.Params) -> Received:
    """Read the fields of an HTTP-POST form. Errors: `BadMessage`."""
    for name in form.repeated:
        if name in _OURS:
            raise BadMessage(f"{name} is there twice")
    parameter = _one_message(form.first)
    message = _base64(parameter, form.first[parameter])
    relay_state = form.first.get("RelayState")
    return Received(
        names.HTTP_POST, parameter, message, None if relay_state is None else _check_relay_state(relay_state)
    )


def encode_post(
    location: str, parameter: str, message: Element, relay_state: str | None = None, *, app_name: str = ""
) -> wire.AutoPost:
    """Send `message` by HTTP-POST."""
    fields: tuple[tuple[str, str], ...] = ((parameter, b64encode(serialize(message)).decode()),)
    if relay_state is not None:
        fields += (("RelayState", relay_state),)
    return wire.AutoPost(action=location, fields=fields, app_name=app_name, headers=_NO_CACHE)


# Bind §3.4.5.1, §3.5.5.1: no proxy or browser may keep a message.
_NO_CACHE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


def _check_relay_state(text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_RELAY_STATE:
        raise BadMessage(f"RelayState has more than {MAX_RELAY_STATE} bytes")
    return text


def _base64(name: str, text: str) -> bytes:
    """Line breaks and spaces are allowed (Bind §3.5.4 leaves them to the sender), other foreign characters are not."""
    try:
        decoded = b64decode(text.translate(_WHITESPACE).encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise BadMessage(f"{name} is not base64") from None
    if not decoded:
        raise BadMessage(f"{name} is empty")
    return decoded


# -- SOAP (Bind §3.2) ------------------------------------------------------------------------------------------------

_ENVELOPE: Final = f"{{{names.SOAP}}}Envelope"
_HEADER: Final = f"{{{names.SOAP}}}Header"
_BODY: Final = f"{{{names.SOAP}}}Body"
_SOAP_TYPE: Final = "text/xml; charset=utf-8"
#: Media types of envelopes. A page of another site cannot send these without asking first.
SOAP_TYPES: Final = ("text/xml", "application/soap+xml", "application/vnd.paos+xml")


def receive_soap(request: wire.Request) -> Received:
    """The message in a request's body, as below; what cannot be read at all is `BadMessage` too, so no page of ours."""
    try:
        return decode_soap(request.body)
    except wire.BadRequest as error:
        raise BadMessage(str(error)) from error


def decode_soap(body: bytes) -> Received:
    """Take the one message out of a SOAP 1.1 envelope. Errors: `BadXml`, `BadMessage`."""
    envelope = parse(body)
    parts = [part.tag for part in envelope]
    if envelope.tag != _ENVELOPE or parts not in ([_BODY], [_HEADER, _BODY]):
        raise BadMessage("not a SOAP 1.1 envelope")
    # Bind §3.2.3: one SAML message, and nothing else, in the body.
    if len(envelope[-1]) != 1:
        raise BadMessage("the SOAP body must hold one message")
    headers = tuple(envelope[0]) if len(parts) == 2 else ()
    return Received(names.SOAP_BINDING, "", serialize(envelope[-1][0]), headers=headers)


def encode_soap(message: Element, headers: Iterable[Element] = ()) -> wire.Raw:
    """Answer with `message` in a SOAP 1.1 envelope."""
    return _soap(message, headers, 200)


def soap_fault(code: str, text: str) -> wire.Raw:
    """A SOAP 1.1 fault: `code` is Client, Server, MustUnderstand or VersionMismatch; status 500 (SOAP 1.1 §6.2)."""
    fault = element(names.SOAP, "Fault")
    # SOAP 1.1 §4.4: these two are in no namespace; the code is a QName of the envelope's.
    child(fault, "", "faultcode", None, f"soap:{code}")
    child(fault, "", "faultstring", None, text)
    return _soap(fault, (), 500)


def not_soap() -> wire.Raw:
    """The answer to a request of another media type."""
    return replace(soap_fault("Client", "Send a SOAP envelope as text/xml."), status=415)


def _soap(content: Element, headers: Iterable[Element], status: int) -> wire.Raw:
    envelope = element(names.SOAP, "Envelope")
    if headers := tuple(headers):
        child(envelope, names.SOAP, "Header").extend(headers)
    child(envelope, names.SOAP, "Body").append(content)
    return wire.Raw(body=serialize(envelope), content_type=_SOAP_TYPE, status=status, headers=_NO_CACHE)


# -- HTTP-Artifact (Bind §3.6.4) -------------------------------------------------------------------------------------

_TYPE_4: Final = b"\0\4"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A type-4 artifact. `source_id` is the SHA-1 of the issuer's entityID; `handle` is 20 random bytes."""

    index: int
    source_id: bytes
    handle: bytes


def source_id(entity_id: str) -> bytes:
    """Bind §3.6.4.2: SHA-1 as a name, not as protection."""
    return hashlib.sha1(entity_id.encode(), usedforsecurity=False).digest()


def new_artifact(entity_id: str, index: int = 0) -> Artifact:
    """A fresh artifact of this entity."""
    return Artifact(index, source_id(entity_id), os.urandom(20))


def encode_artifact(artifact: Artifact) -> str:
    """The SAMLart value."""
    return b64encode(_TYPE_4 + artifact.index.to_bytes(2, "big") + artifact.source_id + artifact.handle).decode()


def decode_artifact(text: str) -> Artifact:
    """Read a SAMLart value. Errors: `BadMessage`."""
    raw = _base64("SAMLart", text[:200])
    if len(raw) != 44 or raw[:2] != _TYPE_4:
        raise BadMessage("not a type-4 artifact")
    return Artifact(int.from_bytes(raw[2:4], "big"), raw[4:24], raw[24:])
