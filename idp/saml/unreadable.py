"""A request that cannot be read: what it is instead, which field is wrong, and the fix, told to whoever sent it.

Everything said is of what came, so the sender may read it as well. Each check below knows one mistake; the first that
recognises it explains it, and the endpoint's own reason is the last word.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from lxml import etree

from idp.errors import Explanation
from idp.protocols import Services
from idp.saml.messages import http_redirect, names
from idp.saml.messages.bindings import MAX_RELAY_STATE, MESSAGES, BadMessage, Received
from idp.saml.messages.request_header import read_issuer
from idp.saml.messages.xml import BadXml, Element, parse
from idp.saml.protocol import METADATA_PATH, SLO_PATH, SSO_PATH
from idp.wire import BadRequest, Request

_MAX: Final = 24_000  # bytes of a document that is read once more: an honest one has some five thousand
_SHOWN: Final = 120  # characters of a value that came
_SEVERAL: Final = re.compile(r"^(\w+) (?:is there twice|is not|is empty|must |has )")
_ADDRESSES: Final = {"AuthnRequest": SSO_PATH, "LogoutRequest": SLO_PATH, "LogoutResponse": SLO_PATH}
#: Parameters of another protocol, and what it is called.
_OTHERS: Final[Mapping[str, str]] = {
    "wa": "WS-Federation", "wtrealm": "WS-Federation", "shire": "Shibboleth 1 (SAML 1.1)",
    "providerId": "Shibboleth 1 (SAML 1.1)", "TARGET": "SAML 1.1", "openid.mode": "OpenID 2.0", "service": "CAS",
}  # fmt: skip
_OF_OIDC: Final = ("client_id", "response_type", "redirect_uri")


@dataclass(frozen=True, slots=True)
class Refusable:
    """A request as it came, as far as it can be taken apart.

    `parameter`, `value`: the message's; `document`: its bytes; `root`: parsed. Empty where there is none.
    """

    services: Services
    reason: str
    endpoint: str
    by_post: bool
    media_type: str
    sent: Mapping[str, str]
    in_address: Mapping[str, str]
    parameter: str
    value: str
    document: bytes
    root: Element | None

    @property
    def wanted(self) -> str:
        """What its address takes."""
        return "LogoutRequest or LogoutResponse" if self.endpoint == SLO_PATH else "AuthnRequest"

    @property
    def root_name(self) -> str:
        """The local name of the document's root."""
        return etree.QName(self.root).localname if self.root is not None else ""


def explain(services: Services, request: Request, endpoint: str, reason: str) -> Explanation:
    """Which field it is, what was expected, what came, and the fix; of a request to the SAML endpoint with this path.

    `reason`: why the endpoint refuses it.
    """
    seen = _seen(services, request, endpoint, reason)
    found = next(filter(None, (check(seen) for check in CHECKS)), None)
    return found or _wrong("SAMLRequest", "", "", f"The message is refused: {reason}. Correct it in the application.")


def find_sender(services: Services, received: Received | None) -> str | None:
    """The client id of the application that a message says it is of. Anybody may say so: for the record alone."""
    try:
        issuer = read_issuer(parse(received.message)) if received and len(received.message) < _MAX else ""
    except (BadMessage, BadXml):
        return None
    client = services.registry.find_entity(issuer) if issuer else None
    return client.id if client is not None else None


def _seen(services: Services, request: Request, endpoint: str, reason: str) -> Refusable:
    by_post = request.method == "POST"
    try:
        in_address = request.query.first
        sent = request.form.first if by_post else in_address
    except BadRequest:
        in_address = sent = {}
    parameter = next((name for name in MESSAGES if name in sent), "")
    value = sent.get(parameter, "")
    document = _document(value, by_post)
    return Refusable(
        services, reason, endpoint, by_post, request.content_type, sent, in_address, parameter, value, document,
        _root(document),
    )  # fmt: skip


def _decoded(value: str) -> bytes:
    try:
        return b64decode(re.sub(r"\s", "", value).encode("ascii"), validate=True)
    except ValueError:
        return b""


def _document(value: str, by_post: bool) -> bytes:
    raw = _decoded(value)
    if by_post or raw[:1] == b"<":
        return raw[:_MAX]
    try:
        return http_redirect.inflate(raw, _MAX)
    except BadMessage:
        return b""


def _root(document: bytes) -> Element | None:
    try:
        return parse(document) if document else None
    except BadXml:
        return None


# -- no message ------------------------------------------------------------------------------------------------------


def _other_protocol(seen: Refusable) -> Explanation | None:
    if seen.parameter:
        return None
    found = next((name for name in _OTHERS if name in seen.sent), None)
    if found is not None:
        fix = f"The application speaks {_OTHERS[found]}, and this address speaks SAML 2.0: switch the application to "
        return _wrong("SAMLRequest", "SAMLRequest", f"{found}=…", fix + "SAML 2.0 or OpenID Connect.")
    if any(name in seen.sent for name in _OF_OIDC):
        fix = "The application speaks OpenID Connect at the address of SAML: set its authorization endpoint to "
        return _wrong("SAMLRequest", "SAMLRequest", "client_id=…", f"{fix}{seen.services.url('/oauth/authorize')}.")
    if "SAMLart" in seen.sent:
        fix = "It hands over an artifact here: let it send its request itself, by HTTP-Redirect or HTTP-POST."
        return _wrong("SAMLart", "SAMLRequest", "SAMLart", fix)
    return None


def _no_message(seen: Refusable) -> Explanation | None:
    if seen.parameter:
        return None
    other_case = next((name for name in seen.sent if name.lower() in ("samlrequest", "samlresponse")), None)
    if other_case is not None:
        return _wrong("SAMLRequest", "SAMLRequest", other_case[:40], "Names of parameters know upper and lower case.")
    if seen.by_post and any(name in seen.in_address for name in MESSAGES):
        fix = "The message stands in the address of a POST: let it send a form (HTTP-POST), or redirect by GET."
        return _wrong("SAMLRequest", "a field of the form", "a parameter of the address", fix)
    if seen.by_post and seen.media_type != "application/x-www-form-urlencoded":
        fix = "HTTP-POST is an HTML form that the browser sends: application/x-www-form-urlencoded."
        return _wrong("Content-Type", "application/x-www-form-urlencoded", seen.media_type[:60] or "(none)", fix)
    fix = (
        "Nothing was sent with it. Whoever opened this address by hand, or from a bookmark, opens the application in "
        "its place. If the application led here: its setting for this address is right, and the request gets lost on "
        "the way (a proxy that cuts the query, a POST that became a GET)."
    )
    return _wrong("SAMLRequest", f"SAMLRequest with an {seen.wanted}", "(nothing)", fix)


def _two_messages(seen: Refusable) -> Explanation | None:
    if not all(name in seen.sent for name in MESSAGES):
        return None
    fix = "One message at a time: SAMLRequest for a request, SAMLResponse for an answer."
    return _wrong("SAMLRequest", "one message", "SAMLRequest and SAMLResponse", fix)


def _answer_to_us(seen: Refusable) -> Explanation | None:
    if seen.parameter != "SAMLResponse" or seen.endpoint != SSO_PATH:
        return None
    if seen.root_name.startswith("Logout"):
        return _elsewhere(seen)
    fix = (
        "This address takes requests, and an answer came. The addresses are mixed up in the application: its own "
        "AssertionConsumerService takes answers; this one is the SingleSignOnService of the identity provider."
    )
    return _wrong("SAMLRequest", "SAMLRequest", "SAMLResponse", fix)


# -- on the wire -----------------------------------------------------------------------------------------------------


def _relay_state(seen: Refusable) -> Explanation | None:
    if not seen.reason.startswith("RelayState"):
        return None
    most = 80 if "80" in seen.reason else MAX_RELAY_STATE
    got = f"{len((seen.sent.get('RelayState') or '').encode())} bytes"
    fix = "Let the application keep where the person wanted to go, and send a short key for it (Bind §3.4.3: 80 bytes)."
    return _wrong("RelayState", f"at most {most} bytes", got, fix)


def _base64(seen: Refusable) -> Explanation | None:
    if not seen.value or _decoded(seen.value):
        return None
    value, got = seen.value.strip(), ""
    if value.startswith(("<", "%3C")):
        got, fix = "XML", "Encode the message in base64" + ("." if seen.by_post else ", after DEFLATE.")
    elif re.search(r"%[0-9A-Fa-f]{2}", value):
        got, fix = "percent-encoded twice", f"Encode {seen.parameter} once: {unquote(value)[:12]}…"
    elif re.search(r"[-_]", value):
        got, fix = "base64url", "Use the alphabet of base64 with + and / (RFC 4648 §4), not the one for URLs."
    elif len(re.sub(r"[\s=]", "", value)) % 4 == 1:
        got, fix = f"{len(value)} characters, cut off", "It is cut off: see whether a proxy, or the way by GET, limits"
        fix += " the length of addresses, and let it send by HTTP-POST."
    else:
        got, fix = _foreign(value), "Encode the message in base64 (RFC 4648 §4), and the + in it as %2B in an address."
    return _wrong(seen.parameter, "base64", got, fix)


def _foreign(value: str) -> str:
    found = re.search(r"[^A-Za-z0-9+/=\s]", value)
    return f"the character {found[0]!a}" if found else "not base64"


def _deflate(seen: Refusable) -> Explanation | None:
    raw = _decoded(seen.value)
    if not raw:
        return None
    if seen.by_post:
        if raw[:1] == b"<" or not _inflates(raw):
            return None
        fix = "By HTTP-POST the message is base64 alone (Bind §3.5.4): leave DEFLATE out, or send it by HTTP-Redirect."
        return _wrong(seen.parameter, "base64 of XML", "compressed by DEFLATE", fix)
    if raw.lstrip()[:1] == b"<":
        fix = "By HTTP-Redirect the message is compressed by DEFLATE (RFC 1951) before base64 (Bind §3.4.4.1); "
        return _wrong(seen.parameter, "DEFLATE, then base64", "base64 of plain XML", fix + "or send it by HTTP-POST.")
    if raw[:1] == b"\x78" or raw[:2] == b"\x1f\x8b":
        kind = "zlib" if raw[:1] == b"\x78" else "gzip"
        fix = f"Leave the header of {kind} out: raw DEFLATE (RFC 1951), such as wbits=-15 in zlib's functions."
        return _wrong(seen.parameter, "raw DEFLATE", f"DEFLATE with a header of {kind}", fix)
    if "DEFLATE" in seen.reason or "inflating" in seen.reason:
        fix = "It is cut off or changed on its way: see whether a proxy cuts or rewrites addresses; "
        fix += "or let it send by HTTP-POST."
        return _wrong(seen.parameter, "DEFLATE, then base64", seen.reason, fix)
    return None


def _inflates(raw: bytes) -> bool:
    try:
        return b"<" in zlib.decompressobj(-15).decompress(raw, 200)
    except zlib.error:
        return False


# -- the document ----------------------------------------------------------------------------------------------------


def _metadata(seen: Refusable) -> Explanation | None:
    if seen.root_name not in ("EntityDescriptor", "EntitiesDescriptor"):
        return None
    fix = (
        "The application sends its metadata as a request. Metadata is registered by an admin: doorward client add saml "
        f"--metadata FILE_OR_URL; ours is at {seen.services.url(METADATA_PATH)}."
    )
    return _wrong("SAMLRequest", seen.wanted, seen.root_name, fix)


def _html(seen: Refusable) -> Explanation | None:
    if not re.match(rb"\s*<(?:!doctype html|html)", seen.document, re.IGNORECASE):
        return None
    return _wrong("SAMLRequest", seen.wanted, "a page in HTML", "Let it encode its request, and not a page.")


def _saml_1(seen: Refusable) -> Explanation | None:
    if seen.root is None or "SAML:1." not in (etree.QName(seen.root).namespace or ""):
        return None
    return _wrong("Version", "2.0", "SAML 1.x", "Set the application to SAML 2.0.")


def _namespace(seen: Refusable) -> Explanation | None:
    if seen.root is None or etree.QName(seen.root).namespace == names.SAMLP:
        return None
    got, expected = str(seen.root.tag)[:_SHOWN], f"{{{names.SAMLP}}}{seen.wanted.partition(' ')[0]}"
    return _wrong("SAMLRequest", expected, got, "Send a message of SAML 2.0, in its namespace.")


def _elsewhere(seen: Refusable) -> Explanation | None:
    path = _ADDRESSES.get(seen.root_name)
    if not seen.root_name or seen.root_name in seen.wanted.split(" or "):
        return None
    service = {SSO_PATH: "SingleSignOnService", SLO_PATH: "SingleLogoutService"}.get(path or "")
    fix = f"A {seen.root_name} goes to the application, and to no address of the identity provider."
    if path is not None:
        fix = f"The addresses are mixed up in the application: send {seen.root_name}s to {seen.services.url(path)} "
        fix += f"({service}), as our metadata has it: {seen.services.url(METADATA_PATH)}."
    return _wrong("SAMLRequest", seen.wanted, seen.root_name, fix)


def _xml(seen: Refusable) -> Explanation | None:
    for part, fix in _XML.items():
        if part in seen.reason:
            return _wrong("SAMLRequest", "XML of SAML 2.0 in UTF-8", seen.reason[:_SHOWN], fix)
    return None


_XML: Final = {
    "a DTD": "Leave the DOCTYPE out: SAML has none (Core §3.1), and it opens files.",
    "comments, CDATA": "Leave comments, CDATA sections and processing instructions out: they change what is signed.",
    "UTF": "Write the message in UTF-8, and say so in its XML declaration.",
    "declaration": "Write the message in UTF-8, and say so in its XML declaration.",
    "well-formed": "It is cut off or changed on its way, or made of strings that are not escaped (&amp;, &lt;).",
    "not XML": "It is cut off or changed on its way, or made of strings that are not escaped (&amp;, &lt;).",
    "an ID stands twice": "Each ID stands once in a document.",
    "SOAP": "Send one message in the Body of a SOAP 1.1 envelope.",
}


# -- its fields ------------------------------------------------------------------------------------------------------

_REGISTER: Final = (
    "Register the service provider by its metadata: doorward client add saml --metadata FILE_OR_URL; or read it again, "
    "if it has run out."
)
_EXPECTED: Final = {
    "ID": (
        "begins with a letter or an underscore",
        "An xs:ID may not begin with a digit, nor have spaces or colons: put an underscore before it.",
    ),
    "IssueInstant": ("such as 2026-01-31T12:00:00Z", "Write the time in UTC, with T between and Z at the end."),
    "Issuer": (
        "the application's entity ID",
        "Send saml:Issuer with the application's entity ID, as it is registered.",
    ),
}


def _header(seen: Refusable) -> Explanation | None:
    found = next((name for name in ("IssueInstant", "Issuer", "ID") if re.search(rf"\b{name}\b", seen.reason)), None)
    if found is None or seen.root is None:
        return None
    expected, fix = _EXPECTED[found]
    if "registered" in seen.reason:
        expected, fix = "the entity ID of a registered application", _REGISTER
    got = seen.root.get(found) if found != "Issuer" else seen.root.findtext(f"{{{names.SAML}}}Issuer")
    if found == "Issuer" and "Format" in seen.reason:
        return _wrong("Issuer", "no Format, or entity", "another Format", "Leave the Format of saml:Issuer out.")
    if found == "Issuer" and "signed" in seen.reason:
        fix = "The Issuer outside differs from the one that is signed: something between changes messages."
    return _wrong(found, expected, (got or "(nothing)")[:_SHOWN], fix)


def _attribute(seen: Refusable) -> Explanation | None:
    """What the schema says of one attribute or element, whose name is the reason's first word."""
    found = _SEVERAL.match(seen.reason)
    if found is None:
        return None
    name, got = found[1], (seen.root.get(found[1]) if seen.root is not None else None) or ""
    rule = seen.reason[len(name) :].strip()
    return _wrong(name, rule.removeprefix("must be "), got[:_SHOWN], f"Correct {name} in the application: it {rule}.")


def _subject(seen: Refusable) -> Explanation | None:
    if "Subject" not in seen.reason and "principal" not in seen.reason:
        return None
    return _wrong("Subject", "one NameID", "several, or none", "Name one person: one NameID, or one EncryptedID.")


def _encrypted(seen: Refusable) -> Explanation | None:
    if "EncryptedID" not in seen.reason:
        return None
    fix = f"Encrypt for the certificate with use=encryption in our metadata: {seen.services.url(METADATA_PATH)}."
    return _wrong("EncryptedID", "encrypted for our certificate", "cannot be decrypted", fix)


def _signature_parts(seen: Refusable) -> Explanation | None:
    if not seen.reason.startswith("SigAlg"):
        return None
    got = "SigAlg alone" if "SigAlg" in seen.sent else "Signature alone"
    fix = "A signed request by HTTP-Redirect has SigAlg and Signature (Bind §3.4.4.1); an unsigned one has neither."
    return _wrong("Signature", "SigAlg and Signature", got, fix)


#: The likeliest first; what is wrong on the wire comes before what is wrong inside.
CHECKS: Final[tuple[Callable[[Refusable], Explanation | None], ...]] = (
    _other_protocol, _no_message, _two_messages, _relay_state, _signature_parts, _base64, _deflate, _metadata, _html,
    _saml_1, _answer_to_us, _namespace, _encrypted, _subject, _elsewhere, _xml, _header, _attribute,
)  # fmt: skip


def _wrong(field: str, expected: str, got: str, fix: str) -> Explanation:
    return Explanation("application", fix, field, expected, got)
