"""Requests of service providers as plain values: read, not yet judged. What cannot be read is `BadMessage`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.xml import BadXml, Element, text_of

MAX_TEXT: Final = 1024  # characters of an ID, entityID or NameID; the profiles ask for 256

# xs:ID is an NCName; our InResponseTo repeats it and must be one as well.
_NCNAME: Final = re.compile(r"[^\W\d][\w.\-·]*")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_BOOLEANS: Final = {None: None, "true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Header:
    """What every request begins with (Core §3.2.1). `issue_instant` in epoch seconds."""

    id: str
    version: str
    issue_instant: float
    issuer: str
    destination: str | None


@dataclass(frozen=True, slots=True)
class NameIDPolicy:
    """Core §3.4.1.1. `allow_create` None: not said."""

    format: str | None
    sp_name_qualifier: str | None
    allow_create: bool | None


@dataclass(frozen=True, slots=True)
class RequestedAuthnContext:
    """Core §3.3.2.2.1. `declarations`: whether it asks for AuthnContextDeclRefs instead of classes."""

    comparison: str
    class_refs: tuple[str, ...]
    declarations: bool


@dataclass(frozen=True, slots=True)
class NameID:
    """Core §2.2.3."""

    value: str
    format: str = names.NAMEID_UNSPECIFIED
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request speaks of: a saml:NameID or a saml:EncryptedID; `methods`: of its SubjectConfirmations."""

    identifier: Element | None
    methods: tuple[str, ...]

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody but us can read whom it names."""
        return self.identifier is not None and self.identifier.tag != f"{{{names.SAML}}}NameID"


@dataclass(frozen=True, slots=True)
class ChannelBinding:
    """One cb:ChannelBindings (Channel Binding Extensions §2). `kind`: its Type; `data`: base64 without spaces."""

    kind: str
    data: str


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """Core §3.4.1. Indexes as numbers, instants in epoch seconds; None: not said."""

    header: Header
    acs_url: str | None
    acs_index: int | None
    protocol_binding: str | None
    attribute_index: int | None
    force_authn: bool
    is_passive: bool
    subject: Subject | None
    policy: NameIDPolicy | None
    context: RequestedAuthnContext | None
    idp_list: tuple[str, ...] | None
    not_before: float | None
    not_on_or_after: float | None
    channel_bindings: tuple[ChannelBinding, ...] = ()


def read_issuer(root: Element) -> str:
    """The entityID that a message bears. Errors: `BadMessage`, `BadXml`."""
    issuer = _find(root, names.SAML, "Issuer")
    if issuer is None:
        raise BadMessage("the message has no Issuer")
    # Prof §4.1.4.1: the Format is left out or "entity".
    if issuer.get("Format", names.NAMEID_ENTITY) != names.NAMEID_ENTITY:
        raise BadMessage("the Issuer's Format must be entity, or left out")
    return _short("Issuer", text_of(issuer).strip())


def read_header(root: Element) -> Header:
    """What every request has. Errors: `BadMessage`, `BadXml`."""
    identifier = root.get("ID") or ""
    if len(identifier) > MAX_TEXT or not _NCNAME.fullmatch(identifier):
        raise BadMessage("ID must begin with a letter or an underscore (xs:ID), and have no spaces or colons")
    instant = read_instant("IssueInstant", root.get("IssueInstant"))
    if instant is None:
        raise BadMessage("the message has no IssueInstant")
    return Header(identifier, root.get("Version", ""), instant, read_issuer(root), root.get("Destination") or None)


def read_authn_request(root: Element) -> AuthnRequest:
    """A samlp:AuthnRequest. Extensions and what else is unknown are passed over (IIP-EXT01).

    Errors: `BadMessage`, `BadXml`.
    """
    if root.tag != f"{{{names.SAMLP}}}AuthnRequest":
        raise BadMessage(f"expected an AuthnRequest, this is {etree.QName(root).localname[:60]}")
    conditions = _find(root, names.SAML, "Conditions")
    return AuthnRequest(
        header=read_header(root),
        acs_url=root.get("AssertionConsumerServiceURL"),
        acs_index=_index(root, "AssertionConsumerServiceIndex"),
        protocol_binding=root.get("ProtocolBinding") or None,
        attribute_index=_index(root, "AttributeConsumingServiceIndex"),
        force_authn=_boolean(root, "ForceAuthn") or False,
        is_passive=_boolean(root, "IsPassive") or False,
        subject=_subject(_find(root, names.SAML, "Subject")),
        policy=_policy(_find(root, names.SAMLP, "NameIDPolicy")),
        context=_context(_find(root, names.SAMLP, "RequestedAuthnContext")),
        idp_list=_idp_list(_find(root, names.SAMLP, "Scoping")),
        not_before=None if conditions is None else read_instant("NotBefore", conditions.get("NotBefore")),
        not_on_or_after=None if conditions is None else read_instant("NotOnOrAfter", conditions.get("NotOnOrAfter")),
        channel_bindings=read_channel_bindings(root.iterchildren(f"{{{names.SAMLP}}}Extensions"), inside=True),
    )


def read_channel_bindings(nodes: Iterable[Element], *, inside: bool = False) -> tuple[ChannelBinding, ...]:
    """Those among SOAP headers, or `inside` the Extensions of a request. Errors: `BadXml`."""
    if inside:
        nodes = (node for parent in nodes for node in parent)
    return tuple(
        ChannelBinding(node.get("Type", ""), "".join(text_of(node).split())) for node in nodes if node.tag == _BINDING
    )


_BINDING: Final = f"{{{names.CB}}}ChannelBindings"


def read_name_id(node: Element) -> NameID:
    """A saml:NameID. Errors: `BadMessage`, `BadXml`."""
    return NameID(
        _short("NameID", text_of(node).strip()),
        node.get("Format") or names.NAMEID_UNSPECIFIED,
        node.get("NameQualifier") or None,
        node.get("SPNameQualifier") or None,
    )


def read_instant(name: str, text: str | None) -> float | None:
    """xs:dateTime in epoch seconds; without a zone it is UTC (Core §1.3.3). Errors: `BadMessage`."""
    if text is None:
        return None
    if len(text) <= 40 and _INSTANT.fullmatch(text.strip()):
        try:
            moment = datetime.fromisoformat(text.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    raise BadMessage(f"{name} is not a moment such as 2026-01-31T12:00:00Z")


def _subject(node: Element | None) -> Subject | None:
    if node is None:
        return None
    identifiers = [n for tag in ("NameID", "EncryptedID", "BaseID") for n in _all(node, names.SAML, tag)]
    if len(identifiers) > 1:
        raise BadMessage("a Subject names one person")
    methods = tuple(one.get("Method", "") for one in _all(node, names.SAML, "SubjectConfirmation"))
    return Subject(identifiers[0] if identifiers else None, methods)


def _policy(node: Element | None) -> NameIDPolicy | None:
    if node is None:
        return None
    return NameIDPolicy(node.get("Format") or None, node.get("SPNameQualifier") or None, _boolean(node, "AllowCreate"))


def _context(node: Element | None) -> RequestedAuthnContext | None:
    if node is None:
        return None
    refs = tuple(text_of(ref).strip() for ref in _all(node, names.SAML, "AuthnContextClassRef"))
    declarations = any(True for _ in _all(node, names.SAML, "AuthnContextDeclRef"))
    return RequestedAuthnContext(node.get("Comparison") or "exact", refs, declarations)


def _idp_list(scoping: Element | None) -> tuple[str, ...] | None:
    listed = None if scoping is None else _find(scoping, names.SAMLP, "IDPList")
    if listed is None:
        return None
    return tuple(entry.get("ProviderID", "") for entry in _all(listed, names.SAMLP, "IDPEntry"))


def _all(parent: Element, ns: str, name: str) -> Iterator[Element]:
    return parent.iterchildren(f"{{{ns}}}{name}")


def _find(parent: Element, ns: str, name: str) -> Element | None:
    """The only child of this name. Two of them are a trap: readers differ in which one they take."""
    found = list(_all(parent, ns, name))
    if len(found) > 1:
        raise BadMessage(f"{name} is there twice")
    return found[0] if found else None


def _boolean(node: Element, name: str) -> bool | None:
    value = node.get(name)
    if value not in _BOOLEANS:
        raise BadMessage(f"{name} must be true, false, 1 or 0")
    return _BOOLEANS[value]


def _index(node: Element, name: str) -> int | None:
    value = node.get(name)
    if value is None:
        return None
    # xs:unsignedShort
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) > 65535:
        raise BadMessage(f"{name} must be a number from 0 to 65535")
    return int(value)


def _short(name: str, text: str) -> str:
    if not 0 < len(text) <= MAX_TEXT:
        raise BadMessage(f"{name} must have 1 to {MAX_TEXT} characters")
    return text


__all__ = [
    "AuthnRequest",
    "BadMessage",
    "BadXml",
    "ChannelBinding",
    "Header",
    "NameID",
    "NameIDPolicy",
    "RequestedAuthnContext",
    "Subject",
    "read_authn_request",
    "read_channel_bindings",
    "read_header",
    "read_instant",
    "read_issuer",
    "read_name_id",
]
