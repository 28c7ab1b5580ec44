"""SOAP 1.1 (Bind §3.2): one message in an envelope, from server to server or from an enhanced client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp import wire
from idp.saml.messages import names
from idp.saml.messages.bindings import NO_CACHE, BadMessage, Received
from idp.saml.messages.encodings import to_utf8
from idp.saml.messages.xml import Element, child, element, parse, serialize

_ENVELOPE: Final = f"{{{names.SOAP}}}Envelope"
_HEADER: Final = f"{{{names.SOAP}}}Header"
_BODY: Final = f"{{{names.SOAP}}}Body"
_SOAP_TYPE: Final = "text/xml; charset=utf-8"
#: Media types of envelopes. A page of another site cannot send these without asking first.
SOAP_TYPES: Final = ("text/xml", "application/soap+xml", "application/vnd.paos+xml")


def receive_soap(request: wire.Request) -> Received:
    """The message in a request's body. Errors: `BadXml`, `BadMessage`, also for a body that cannot be read: no page."""
    try:
        return decode_soap(request.body)
    except wire.BadRequest as error:
        raise BadMessage(str(error)) from error


def decode_soap(body: bytes) -> Received:
    """Take the one message out of a SOAP 1.1 envelope. Errors: `BadXml`, `BadMessage`."""
    envelope = parse(to_utf8(body))
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


def _soap(content: Element, headers: Iterable[Element], status: int) -> wire.Raw:
    envelope = element(names.SOAP, "Envelope")
    if headers := tuple(headers):
        child(envelope, names.SOAP, "Header").extend(headers)
    child(envelope, names.SOAP, "Body").append(content)
    return wire.Raw(body=serialize(envelope), content_type=_SOAP_TYPE, status=status, headers=NO_CACHE)
