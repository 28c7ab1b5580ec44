"""The AuthnRequest (Core §3.4.1) as plain values: read, not yet judged. What cannot be read is `BadMessage`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.elements import all_children, boolean, only_child, read_instant, unsigned_short
from idp.saml.messages.request_header import RequestHeader, read_header
from idp.saml.messages.xml import Element, text_of


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

    header: RequestHeader
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


def read_authn_request(root: Element) -> AuthnRequest:
    """A samlp:AuthnRequest. Extensions and what else is unknown are passed over (IIP-EXT01).

    Errors: `BadMessage`, `BadXml`.
    """
    if root.tag != f"{{{names.SAMLP}}}AuthnRequest":
        raise BadMessage(f"expected an AuthnRequest, this is {etree.QName(root).localname[:60]}")
    conditions = only_child(root, names.SAML, "Conditions")
    return AuthnRequest(
        header=read_header(root),
        acs_url=root.get("AssertionConsumerServiceURL"),
        acs_index=unsigned_short(root, "AssertionConsumerServiceIndex"),
        protocol_binding=root.get("ProtocolBinding") or None,
        attribute_index=unsigned_short(root, "AttributeConsumingServiceIndex"),
        force_authn=boolean(root, "ForceAuthn") or False,
        is_passive=boolean(root, "IsPassive") or False,
        subject=_subject(only_child(root, names.SAML, "Subject")),
        policy=_policy(only_child(root, names.SAMLP, "NameIDPolicy")),
        context=_context(only_child(root, names.SAMLP, "RequestedAuthnContext")),
        idp_list=_idp_list(only_child(root, names.SAMLP, "Scoping")),
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


def _subject(node: Element | None) -> Subject | None:
    if node is None:
        return None
    identifiers = [n for tag in ("NameID", "EncryptedID", "BaseID") for n in all_children(node, names.SAML, tag)]
    if len(identifiers) > 1:
        raise BadMessage("a Subject names one person")
    methods = tuple(one.get("Method", "") for one in all_children(node, names.SAML, "SubjectConfirmation"))
    return Subject(identifiers[0] if identifiers else None, methods)


def _policy(node: Element | None) -> NameIDPolicy | None:
    if node is None:
        return None
    return NameIDPolicy(node.get("Format") or None, node.get("SPNameQualifier") or None, boolean(node, "AllowCreate"))


def _context(node: Element | None) -> RequestedAuthnContext | None:
    if node is None:
        return None
    refs = tuple(text_of(ref).strip() for ref in all_children(node, names.SAML, "AuthnContextClassRef"))
    declarations = any(True for _ in all_children(node, names.SAML, "AuthnContextDeclRef"))
    return RequestedAuthnContext(node.get("Comparison") or "exact", refs, declarations)


def _idp_list(scoping: Element | None) -> tuple[str, ...] | None:
    listed = None if scoping is None else only_child(scoping, names.SAMLP, "IDPList")
    if listed is None:
        return None
    return tuple(entry.get("ProviderID", "") for entry in all_children(listed, names.SAMLP, "IDPEntry"))
